//===- Target.h - what fusion knows of a device -----------------*- C++ -*-===//
//
// The numbers that the cost of a kernel depends on, and what the target's
// generator can do. Not instructions, not layouts. Times are in microseconds.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_TARGET_H
#define TENON_PASSES_FUSE_TARGET_H

#include "mlir/Support/LLVM.h"
#include <string>

namespace tenon::fuse {

struct Target {
  std::string name;
  int64_t units;         ///< Blocks that run at once: threads, multiprocessors.
  double launch;         ///< Of a kernel.
  double contractRate;   ///< Multiply-adds per us, all units, best tile.
  double mapRate;        ///< Simple scalar operations per us, all units.
  double memoryRate;     ///< Bytes per us.
  double cacheRate;      ///< Bytes per us between blocks' caches and units.
  int64_t streamingBlocks;  ///< Blocks needed to reach memoryRate.
  int64_t stagedElements;   ///< Room for values staged in a block.
  int64_t idealTile;        ///< Result elements of a tile at contractRate.
  /// How much slower a map runs inside the main loop of a contraction.
  double prologueFactor;
  /// How much of computing and moving does not overlap, 0 to 1.
  double serialShare = 0;
  mlir::SmallVector<int64_t> rowTiles, columnTiles, pointTiles;

  // What the generator can do.
  bool canChain = false;          ///< contraction -> reduction -> contraction.
  bool canReduceInPrologue = false; ///< A reduction before a heavy contraction.
  bool canStageMismatched = false; ///< Values read at unrelated indices.
  bool canBranchOnGuards = false;  ///< Values read in part computed in part.
  bool canStorePartially = false; ///< Results of different shapes without computing twice.
  bool canTileInnerRows = false;  ///< Register tiles for a product whose result is reduced.
  bool canJoinSiblings = false;   ///< Several contractions of one activation.
};

/// A CPU with \p threads cores and 256-bit vectors.
Target cpuTarget(int64_t threads);
/// A GPU like the A100.
Target gpuTarget();
/// The same, as far as the generic generator goes (passes/tile).
Target genericGpuTarget();
/// "cpu", "cpu:<threads>", "gpu" or "gpu:generic"; nothing if it is none of them.
std::optional<Target> findTarget(llvm::StringRef name);

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_TARGET_H
