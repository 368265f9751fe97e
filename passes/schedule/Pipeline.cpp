//===- Pipeline.cpp - the scheduling stage ----------------------*- C++ -*-===//
//
// Programs first, with a place for every tensor; then loops of small kernels as
// kernels, which a GPU's one block would be too slow for; then sharing, which
// needs the final order.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/Passes.h"

#include "mlir/Pass/PassManager.h"

void tenon::buildSchedulePipeline(mlir::OpPassManager &pm, llvm::StringRef device) {
  pm.addPass(createTenonToExecPass());
  if (device != "gpu")
    pm.addPass(createLaunchLoopsPass());
  pm.nest<exec::ProgramOp>().addPass(createPlanMemoryPass());
  pm.addPass(createVerifyExecPass());
}
