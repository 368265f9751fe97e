//===- TileToLLVM.cpp - The pass tile-to-llvm ---------------------*- C++ -*-===//
//
// Emits each tile program by a TileEmitter and removes it.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Passes.h"
#include "passes/codegen/emit/TileEmitter.h"

namespace tenon {
#define GEN_PASS_DEF_TILETOLLVMPASS
#include "passes/codegen/Passes.h.inc"

namespace {
struct TileToLLVMPass : impl::TileToLLVMPassBase<TileToLLVMPass> {
  using TileToLLVMPassBase::TileToLLVMPassBase;

  void runOnOperation() override {
    std::optional<CpuFeatures> target = parseCpuFeatures(features);
    if (!target) {
      getOperation().emitError("unknown CPU features '") << features << "'";
      return signalPassFailure();
    }
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<tile::FuncOp>())) {
      if (mlir::failed(tile::TileEmitter(func, *target).run()))
        return signalPassFailure();
      func.erase();
    }
  }
};
} // namespace
} // namespace tenon
