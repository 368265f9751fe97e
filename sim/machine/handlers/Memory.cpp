// Loads, stores and atomics. The common shapes with all lanes active have a path
// of their own here; everything else goes lane by lane (exec/MemoryOps.cpp).
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/handlers/Handler.h"

namespace tenon::sim::TENON_LANES {

#define TENON_LANEWISE(name, function)                                                             \
  TENON_BODY(name) { function(*warp, op, mask); }                                                  \
  TENON_DEFINE(name, 2)
TENON_LANEWISE(LoadGlobal, loadLanes)
TENON_LANEWISE(StoreGlobal, storeLanes)
TENON_LANEWISE(LoadShared, loadLanes)
TENON_LANEWISE(StoreShared, storeLanes)
TENON_LANEWISE(LoadOther, loadLanes)
TENON_LANEWISE(StoreOther, storeLanes)
TENON_LANEWISE(Atomic, atomicLanes)

} // namespace tenon::sim::TENON_LANES
