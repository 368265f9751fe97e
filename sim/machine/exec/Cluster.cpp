// The barrier of a cluster, and addresses of its blocks' shared memory.
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/race/Strong.h"

namespace tenon::sim {

void checkClusterBarrier(Cluster &cluster) {
  NamedBarrier &barrier = cluster.barrier;
  if (!barrier.active || barrier.arrived < cluster.liveThreads)
    return;
  uint64_t generation = barrier.generation + 1;
  cluster.passed = std::move(barrier);
  barrier = {};
  barrier.generation = generation;
  for (auto &block : cluster.blocks)
    signalChange(*block);
}

void clusterArrive(Warp &warp, uint32_t mask, bool release) {
  Cluster &cluster = *warp.block->cluster;
  NamedBarrier &barrier = cluster.barrier;
  takePending(warp);
  barrier.active = true;
  barrier.arrived += unsigned(__builtin_popcount(mask));
  if (release)
    releaseTo(warp, barrier.clock, &barrier.proxyClock);
  for (unsigned lane = 0; lane < laneCount; ++lane)
    if (mask >> lane & 1)
      warp.clusterPhase[lane] = barrier.generation;
  checkClusterBarrier(cluster);
}

bool clusterWait(Warp &warp, uint32_t mask) {
  Cluster &cluster = *warp.block->cluster;
  for (unsigned lane = 0; lane < laneCount; ++lane)
    if ((mask >> lane & 1) && warp.clusterPhase[lane] >= cluster.barrier.generation)
      return false;
  if (!cluster.passed.clock.empty())
    acquireFrom(warp, cluster.passed.clock, &cluster.passed.proxyClock);
  return true;
}

Block *blockOfSharedAddress(Cluster &cluster, uint64_t address, uint32_t &offset) {
  uint64_t rank = address / sharedStride;
  if (rank == 0 || rank > cluster.blocks.size())
    return nullptr;
  offset = uint32_t(address % sharedStride);
  return cluster.blocks[rank - 1].get();
}

} // namespace tenon::sim
