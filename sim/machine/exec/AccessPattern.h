// How the lanes' addresses of one memory instruction lie to one another. Addresses
// move from one execution to the next, the pattern hardly ever does: what depends
// on it alone (bank conflicts, which lanes share bytes) is worked out once and kept
// per instruction.
#pragma once

#include <cstdint>

namespace tenon::sim {

/// For all 32 lanes active and one size of access. Pieces are the distinct
/// accesses among them: lanes of a product share most of theirs.
struct alignas(64) AccessPattern {
  uint32_t relative[32] = {1}; // to lane 0; at first none that can be
  uint32_t number[32] = {};    // of each lane's piece
  int32_t piece[32] = {};      // relative to lane 0, ascending; then the last one again
  uint32_t pieces = 0;
  int32_t low = 0;   // the lowest relative offset
  uint64_t span = 0; // bytes from there to the end of the highest
  uint32_t conflicts = 0;
  bool aligned = false; // every relative offset is a multiple of the access
};

/// Works out the pattern of these addresses.
void learnPattern(AccessPattern &pattern, const uint32_t address[32], unsigned bytes);

} // namespace tenon::sim
