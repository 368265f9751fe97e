//===- TileToNvvm.cpp - The pass tile-to-nvvm ---------------------*- C++ -*-===//
//
// Emits each tile program by a GpuEmitter and removes it.
//
//===----------------------------------------------------------------------===//
#include "dialects/tenon/FactorRanges.h"
#include "passes/codegen/Passes.h"
#include "passes/codegen/gpu/Division.h"
#include "passes/codegen/gpu/GpuEmitter.h"

namespace tenon {
#define GEN_PASS_DEF_TILETONVVMPASS
#include "passes/codegen/Passes.h.inc"

namespace {
/// Whether a function's scratch memory may exceed what every block has.
bool mayExceedShared(tile::FuncOp func, const FactorRanges &ranges) {
  DimExpr total = DimExpr::constant(func.getContext(), 0);
  func.walk([&](tile::ScratchOp op) { total = total + tile::scratchSize(op); });
  return ranges.maximum(total) > tile::kSharedScratchBytes;
}

struct TileToNvvmPass : impl::TileToNvvmPassBase<TileToNvvmPass> {
  void runOnOperation() override {
    FactorRanges ranges(getOperation());
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<tile::FuncOp>())) {
      if (mlir::failed(tile::GpuEmitter(func, mayExceedShared(func, ranges)).run()))
        return signalPassFailure();
      func.erase();
    }
    tile::expandDivisions(getOperation());
  }
};
} // namespace
} // namespace tenon
