// What the engines need to know of a launch.
#pragma once

#include "sim/machine/Options.h"
#include "sim/machine/exec/Block.h"

namespace tenon::sim {

/// Whether the launch was ended by a failure.
bool wasAborted(const Cluster &cluster);
Order asyncOrder(const Cluster &cluster);
/// A seed that differs from cluster to cluster and is the same in every run.
uint64_t asyncSeed(const Cluster &cluster);

} // namespace tenon::sim
