// Counters of a launch from what its host threads counted.
#pragma once

#include "sim/machine/exec/Launch.h"

namespace tenon::sim {

KernelCounters sumCounters(const Launch &launch, const std::vector<WorkerCounters> &counters);

} // namespace tenon::sim
