//===- TenonToExec.cpp - functions of kernels to programs -------*- C++ -*-===//
//
// Every public function becomes a program (ProgramBuilder.h) and is erased.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/schedule/Passes.h"
#include "passes/schedule/ProgramBuilder.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_TENONTOEXECPASS
#include "passes/schedule/Passes.h.inc"

namespace {

struct TenonToExec : impl::TenonToExecPassBase<TenonToExec> {
  void runOnOperation() override {
    SymbolTable table(getOperation());
    bool good = true;
    for (FuncOp func : getOperation().getOps<FuncOp>())
      if (func.isPublic())
        good &= succeeded(ProgramBuilder(func, table).run());
    for (FuncOp func : llvm::make_early_inc_range(getOperation().getOps<FuncOp>()))
      func.erase();
    if (!good)
      signalPassFailure();
  }
};

} // namespace
} // namespace tenon
