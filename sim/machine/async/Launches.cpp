// The options of a launch, as the engines of one cluster see them.
#include "sim/machine/async/Launches.h"

#include "sim/machine/exec/Launch.h"

namespace tenon::sim {

bool wasAborted(const Cluster &cluster) { return cluster.launch->abort.load(); }

Order asyncOrder(const Cluster &cluster) { return cluster.launch->machine->options().order; }

uint64_t asyncSeed(const Cluster &cluster) {
  uint64_t seed = cluster.launch->machine->options().seed;
  uint64_t index = cluster.blocks.empty() ? 0 : cluster.blocks.front()->linear;
  return seed * 0x2545f4914f6cdd1du + index;
}

} // namespace tenon::sim
