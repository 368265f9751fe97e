//===- Passes.h - passes of scheduling --------------------------*- C++ -*-===//
#ifndef TENON_PASSES_SCHEDULE_PASSES_H
#define TENON_PASSES_SCHEDULE_PASSES_H

#include "dialects/exec/Exec.h"
#include "dialects/tile/TileDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace tenon {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/schedule/Passes.h.inc"

/// From functions of kernels, with their tile functions, to programs for "cpu" or
/// "gpu".
void buildSchedulePipeline(mlir::OpPassManager &pm, llvm::StringRef device = "cpu");

} // namespace tenon

#endif
