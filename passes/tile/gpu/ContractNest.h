//===- ContractNest.h - a block of a product for a GPU ----------*- C++ -*-===//
#ifndef TENON_PASSES_TILE_GPU_CONTRACTNEST_H
#define TENON_PASSES_TILE_GPU_CONTRACTNEST_H

#include "passes/tile/Evaluator.h"
#include "passes/tile/gpu/ContractPlan.h"

namespace tenon {

/// Emits what block number \p block does: a loop of `tile.dot` over the summed
/// factors, then whatever the kernel makes of the product, stored. Tiles are two-
/// dimensional. Fails after an error was reported.
mlir::LogicalResult emitContraction(TileBuilder &tiles, Evaluator &evaluator,
                                    const ContractPlan &plan,
                                    llvm::ArrayRef<std::pair<mlir::Value, mlir::Value>> stores,
                                    mlir::Value block);

} // namespace tenon

#endif // TENON_PASSES_TILE_GPU_CONTRACTNEST_H
