//===- Pipeline.cpp - the fusion stage ------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "passes/fuse/PackedProducts.h"
#include "passes/fuse/Passes.h"

namespace tenon {

void buildFusePipeline(mlir::OpPassManager &manager, llvm::StringRef target, bool merge) {
  manager.addPass(createPackedProducts(merge && target.starts_with("cpu")));
  // Until tile programs are made: their strides are what it is for.
  manager.addPass(createNameSizes());
  manager.addPass(createFuseKernels({target.str(), merge}));
  manager.addPass(createVerifyKernels());
}

} // namespace tenon
