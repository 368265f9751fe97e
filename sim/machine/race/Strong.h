// Synchronisation through memory: what strong accesses (volatile, relaxed,
// acquire, release, atomics) with fences give to one another.
//
// Per address that strong accesses touch, a clock is kept: what the writers knew.
// A release, or a strong write after a fence, joins the warp's row into it; a
// strong read with acquire, or before a fence, joins it into the reader's row.
// A volatile or relaxed access without any fence gives and takes nothing.
#pragma once

#include "sim/machine/exec/Access.h"

namespace tenon::sim {

void acquireStrong(Warp &warp, const LaneAccess &access);
void releaseStrong(Warp &warp, const LaneAccess &access, bool release);
void fenceStrong(Warp &warp);

} // namespace tenon::sim
