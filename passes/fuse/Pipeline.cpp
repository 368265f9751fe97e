//===- Pipeline.cpp - the fusion stage ------------------------------------===//

#include "passes/fuse/Passes.h"
#include "mlir/Pass/PassManager.h"

namespace tenon {

void buildFusePipeline(mlir::OpPassManager &manager, llvm::StringRef target) {
  manager.addPass(createFuseKernels({target.str()}));
  manager.addPass(createVerifyKernels());
}

} // namespace tenon
