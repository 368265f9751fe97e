//===- Pipeline.cpp - the tile stage --------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/tile/Passes.h"

namespace tenon {

void buildTilePipeline(mlir::OpPassManager &manager) {
  // Orders first: they decide along which dimension lanes are contiguous.
  manager.addPass(createAssignOrdersPass());
  manager.addPass(createVerifyOrdersPass());
  KernelsToTilePassOptions options;
  options.variantLanes = 8; // avx2
  manager.addPass(createKernelsToTilePass(options));
  manager.addPass(createExpandSizesPass());
  manager.addPass(mlir::createCSEPass());
  manager.addPass(createVerifyTilesPass());
}

} // namespace tenon
