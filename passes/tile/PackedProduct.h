//===- PackedProduct.h - y = x w' from packed weights -----------*- C++ -*-===//
//
// The tile functions of kernels that passes/fuse/PackedProducts.h forms: x[M, K] by
// a packed weight [N, K]. A block makes the columns of a panel or two (16 rows of
// the weight each).
//
//   few rows of x     each element of the panel is unpacked in a register and
//                     multiplied with all rows: the weight streams by once
//   more, or unknown  the panels are unpacked to a block's scratch memory, and a
//                     product of tiles runs from there
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_PACKEDPRODUCT_H
#define TENON_PASSES_TILE_PACKEDPRODUCT_H

#include "dialects/tenon/Tenon.h"
#include "mlir/IR/Builders.h"

namespace tenon {

bool isPackedProduct(KernelOp kernel);

mlir::LogicalResult generatePackedProduct(mlir::OpBuilder &builder, KernelOp kernel,
                                          llvm::ArrayRef<mlir::Type> views,
                                          llvm::ArrayRef<llvm::StringRef> symbols);

} // namespace tenon

#endif // TENON_PASSES_TILE_PACKEDPRODUCT_H
