// What a launch knows for the races of global memory.
#pragma once

#include "sim/machine/memory/Shadow.h"
#include "sim/machine/race/LaunchRegistry.h"
#include <algorithm>
#include <cstdint>
#include <vector>

namespace tenon::sim {

struct GlobalRaceState {
  uint32_t minLive = 0; // ids below are ordered before this launch
  uint32_t endId = 0;   // of the initial ids
  uint32_t warpsPerCluster = 1;
  uint32_t firstId = 0; // of warp 0 of cluster 0
  uint64_t serial = 0;
  bool enabled = false;
  LaunchRegistry *registry = nullptr;
  /// Earlier launches with ids above minLive that are not ordered before this
  /// one, sorted. Independent streams interleave their ids, so minLive alone
  /// would accuse a stream's own earlier launches.
  std::vector<uint64_t> unorderedLaunches;

  bool launchIsOrdered(uint64_t other) const {
    return other < serial &&
           !std::binary_search(unorderedLaunches.begin(), unorderedLaunches.end(), other);
  }
};

/// A line's `write` once the line is kept by word.
constexpr uint32_t openLine = 0xffffffff;

/// A line's cell is handed down to its words.
inline void openWords(const GlobalShadow &shadow, uint64_t line) {
  RaceCell *cell = shadow.line(line);
  if (cell->write == openLine)
    return;
  std::fill_n(shadow.word(line), 32, *cell);
  cell->write = openLine;
}

} // namespace tenon::sim
