//===- Pipeline.cpp - the tile stage --------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/tile/Passes.h"

namespace tenon {

/// A GPU's tiles lie over threads: long along the vector dimension, and a block
/// takes few of them, so that there are many blocks.
static KernelsToTilePassOptions optionsFor(llvm::StringRef device, llvm::StringRef products) {
  KernelsToTilePassOptions options;
  if (device == "gpu") {
    options.lanes = 64;
    options.registers = 20;
    options.blockPoints = 1024;
    options.hasThreads = true;
    options.products = products.str();
  } else {
    options.variantLanes = 8; // avx2
  }
  return options;
}

void buildTilePipeline(mlir::OpPassManager &manager, llvm::StringRef device,
                       llvm::StringRef products) {
  manager.addPass(createMarkInPlacePass());
  // Orders before tiles: they decide along which dimension lanes are contiguous.
  manager.addPass(createAssignOrdersPass());
  if (device != "gpu")
    manager.addPass(createPackPanelsPass());
  manager.addPass(createVerifyOrdersPass());
  manager.addPass(createKernelsToTilePass(optionsFor(device, products)));
  manager.addPass(createExpandSizesPass());
  manager.addPass(mlir::createCSEPass());
  manager.addPass(createVerifyTilesPass());
}

} // namespace tenon
