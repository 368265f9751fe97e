// Multicast: the same offsets in every block that the mask names.
#include "sim/machine/async/AsyncOps.h"

namespace tenon::sim {

uint64_t clusterAddress(uint32_t rank, uint32_t offset) {
  return (uint64_t(rank) + 1) * sharedStride + offset;
}

bool multicastTo(Warp &warp, unsigned lane, uint32_t ranks, uint64_t destination,
                 ClusterPlace barrier, std::vector<uint64_t> &destinations,
                 std::vector<ClusterPlace> &barriers) {
  Cluster &cluster = *warp.block->cluster;
  auto place = findShared(warp, lane, destination, false, "the destination of a multicast");
  if (!place)
    return false;
  for (uint32_t rank = 0; rank < 16; ++rank) {
    if (!(ranks >> rank & 1))
      continue;
    if (rank >= cluster.blocks.size()) {
      report(warp, Kind::OutOfBounds, lane, destination,
             "multicast to block " + std::to_string(rank) + " of a cluster of " +
                 std::to_string(cluster.blocks.size()));
      return false;
    }
    destinations.push_back(clusterAddress(rank, place->offset));
    barriers.push_back({cluster.blocks[rank].get(), barrier.offset});
  }
  return true;
}

} // namespace tenon::sim
