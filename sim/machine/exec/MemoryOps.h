// What memory instructions do when no fast path of the handlers takes them: every
// lane on its own, with all checks.
#pragma once

#include "sim/machine/exec/Warp.h"

namespace tenon::sim {

/// ld, st of any space, width and vector; atom and red. Two slots each.
void loadLanes(Warp &warp, const Op *op, uint32_t mask);
void storeLanes(Warp &warp, const Op *op, uint32_t mask);
void atomicLanes(Warp &warp, const Op *op, uint32_t mask);

/// Looks up the allocation that holds the address and remembers it;
/// nothing is reported.
void warmBounds(Warp &warp, uint64_t address, BoundsCache &cache);

/// %clock64 (instructions of the warp so far) or, if `timer`, %globaltimer.
uint64_t readClock(Warp &warp, bool timer);

/// fence and membar: earlier accesses are released, later ones acquire.
void fence(Warp &warp, bool asyncProxy);

} // namespace tenon::sim
