//===- Passes.h - fusion passes ---------------------------------*- C++ -*-===//

#ifndef TENON_PASSES_FUSE_PASSES_H
#define TENON_PASSES_FUSE_PASSES_H

#include "dialects/tenon/Tenon.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tenon {

#define GEN_PASS_DECL
#include "passes/fuse/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/fuse/Passes.h.inc"

/// The fusion stage for one target ("cpu", "cpu:<threads>", "gpu"); without
/// \p merge every operation gets a kernel of its own.
void buildFusePipeline(mlir::OpPassManager &manager, llvm::StringRef target, bool merge = true);

} // namespace tenon

#endif // TENON_PASSES_FUSE_PASSES_H
