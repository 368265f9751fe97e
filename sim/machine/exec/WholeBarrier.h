// Plain barriers, as most are: all threads of the block, whole warps, nothing else in
// progress. The handlers do these themselves and go on with the block's next warp.
#pragma once

#include "sim/machine/exec/Warp.h"

namespace tenon::sim {

/// Arrives at such a barrier, and completes it as the last; false (nothing done) if
/// it is none.
bool wholeBarrier(Warp &warp, const Op *op);

/// After that, the warp of the block that runs next, on what is left of this one's
/// quantum; null if the scheduler must choose.
Warp *nextAtBarrier(Warp &warp);

} // namespace tenon::sim
