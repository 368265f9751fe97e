// What a launch knows for the races of global memory.
#pragma once

#include "sim/machine/race/LaunchRegistry.h"
#include <cstdint>

namespace tenon::sim {

struct GlobalRaceState {
  uint32_t minLive = 0; // ids below are ordered before this launch
  uint32_t endId = 0;   // of the initial ids
  uint32_t warpsPerCluster = 1;
  uint32_t firstId = 0; // of warp 0 of cluster 0
  uint64_t serial = 0;
  bool enabled = false;
  LaunchRegistry *registry = nullptr;
};

} // namespace tenon::sim
