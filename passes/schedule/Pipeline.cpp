//===- Pipeline.cpp - the scheduling stage ----------------------*- C++ -*-===//
//
// Programs first, with a place for every tensor; then sharing, which needs the
// final order.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/Passes.h"

#include "mlir/Pass/PassManager.h"

void tenon::buildSchedulePipeline(mlir::OpPassManager &pm) {
  pm.addPass(createTenonToExecPass());
  pm.nest<exec::ProgramOp>().addPass(createPlanMemoryPass());
  pm.addPass(createVerifyExecPass());
}
