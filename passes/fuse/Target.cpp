//===- Target.cpp - the targets that fusion knows -------------------------===//
//
// Orders of magnitude are what counts here: a factor of two changes few
// decisions (docs/fusion.md).
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Target.h"
#include "llvm/ADT/StringRef.h"

namespace tenon::fuse {

Target cpuTarget(int64_t threads) {
  Target target;
  target.name = "cpu";
  target.units = threads;
  target.launch = 3;
  target.contractRate = 15e3 * threads;
  target.mapRate = 6e3 * threads;
  target.memoryRate = 12e3;
  target.cacheRate = 40e3 * threads;
  target.streamingBlocks = threads;
  target.stagedElements = 128 * 1024;
  target.idealTile = 256;
  target.prologueFactor = 4;
  target.serialShare = 0.5;
  target.rowTiles = {1, 4, 12};
  target.columnTiles = {8, 16, 32};
  target.pointTiles = {1, 8, 64, 1024};
  return target;
}

Target gpuTarget() {
  Target target;
  target.name = "gpu";
  target.units = 108;
  target.launch = 2.5;
  target.contractRate = 15e6;
  target.mapRate = 10e6;
  target.memoryRate = 1.5e6;
  target.cacheRate = 4e6;
  target.streamingBlocks = 40;
  target.stagedElements = 40 * 1024;
  target.idealTile = 1024;
  target.prologueFactor = 1;
  target.rowTiles = {1, 4, 16, 32, 64, 128};
  target.columnTiles = {1, 16, 32, 64, 128};
  target.pointTiles = {1, 4, 16, 64, 256, 1024};
  target.canChain = target.canReduceInPrologue = target.canStageMismatched = true;
  target.canBranchOnGuards = target.canStorePartially = target.canTileInnerRows =
      target.canJoinSiblings = true;
  return target;
}

Target genericGpuTarget() {
  Target target = gpuTarget();
  target.name = "gpu:generic";
  target.canChain = target.canReduceInPrologue = target.canStageMismatched = false;
  target.canBranchOnGuards = target.canStorePartially = target.canTileInnerRows =
      target.canJoinSiblings = false;
  return target;
}

std::optional<Target> findTarget(llvm::StringRef name) {
  int64_t threads;
  if (name == "gpu")
    return gpuTarget();
  if (name == "gpu:generic")
    return genericGpuTarget();
  if (name == "cpu")
    return cpuTarget(2);
  if (name.consume_front("cpu:") && !name.getAsInteger(10, threads) && threads > 0 &&
      threads <= 4096)
    return cpuTarget(threads);
  return std::nullopt;
}

} // namespace tenon::fuse
