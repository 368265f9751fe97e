// Counting memory traffic: sectors of 32 bytes that a request touches, bank
// conflicts of shared memory, bytes.
#pragma once

#include "sim/machine/exec/Access.h"

namespace tenon::sim {

/// Counts one access of a warp at the op's site; `good` lanes took part.
void countAccess(Warp &warp, const Op *op, const LaneAccess &access, uint32_t good);

/// Passes that a shared access needs beyond one per phase (4 bytes a lane: one
/// phase of 32 lanes; 8: two of 16; 16: four of 8). Distinct words only.
unsigned bankConflicts(const uint64_t address[32], uint32_t mask, unsigned bytes);

/// Distinct 32-byte sectors.
unsigned distinctSectors(const uint64_t address[32], uint32_t mask, unsigned bytes);

} // namespace tenon::sim
