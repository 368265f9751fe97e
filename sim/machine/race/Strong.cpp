// See Strong.h.
#include "sim/machine/race/Strong.h"

namespace tenon::sim {
void acquireStrong(Warp &, const LaneAccess &) {}
void releaseStrong(Warp &, const LaneAccess &, bool) {}
void fenceStrong(Warp &) {}
} // namespace tenon::sim
