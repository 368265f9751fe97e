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

/// The pattern of a shared access seen last at one site, and its conflicts.
struct alignas(64) BankMemo {
  uint32_t pattern[32] = {1}; // offsets relative to lane 0; at first none that can be
  uint32_t conflicts = 0;
};
/// Counts anew, for all lanes, and remembers.
unsigned countBankConflicts(BankMemo &memo, const uint32_t offset[32], unsigned bytes);

/// Distinct 32-byte sectors.
unsigned distinctSectors(const uint64_t address[32], uint32_t mask, unsigned bytes);

} // namespace tenon::sim
