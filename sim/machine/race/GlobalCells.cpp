// See GlobalCells.h.
#include "sim/machine/race/GlobalCells.h"

namespace tenon::sim {
bool raceGlobal(const Actor &, uint64_t, uint64_t, AccessKind, bool, uint8_t, uint32_t &) { return false; }
std::string describeGlobal(const Actor &, uint32_t) { return ""; }
void refreshGlobalId(Warp &) {}
} // namespace tenon::sim
