//===- Irregular.h - kernels of operations without factor rules -*- C++ -*-===//
//
// Scan, scatter, sort and nonzero: each is alone in its kernel and has a
// generator of its own, written in scalar tile operations.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_IRREGULAR_H
#define TENON_PASSES_TILE_IRREGULAR_H

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/Builders.h"

namespace tenon {

/// The irregular operation of a kernel, or null.
mlir::Operation *irregularOp(KernelOp kernel);

/// Emits the tile function of a kernel that holds \p op.
mlir::LogicalResult generateIrregular(mlir::OpBuilder &builder, KernelOp kernel,
                                      mlir::Operation *op, llvm::ArrayRef<mlir::Type> views,
                                      const FactorRanges &ranges,
                                      llvm::ArrayRef<llvm::StringRef> symbols);

} // namespace tenon

#endif // TENON_PASSES_TILE_IRREGULAR_H
