// Loads, stores and atomics. Shapes that kernels use most have a path of their own
// when all lanes are active and nothing is out of the ordinary; everything else,
// and every case in which a check does not pass at once, goes lane by lane
// (exec/MemoryOps.cpp), which checks again and reports.
#include "sim/machine/code/MemoryShape.h"
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/handlers/GlobalFast.h"
#include "sim/machine/handlers/Handler.h"
#include "sim/machine/handlers/SharedFast.h"

namespace tenon::sim::TENON_LANES {

TENON_BODY(LoadGlobal) {
  if constexpr (Full)
    if (loadGlobalFast(op, file, *warp))
      return;
  loadLanes(*warp, op, mask);
}
TENON_DEFINE_LOAD(LoadGlobal)

TENON_BODY(StoreGlobal) {
  if constexpr (Full)
    if (storeGlobalFast(op, file, *warp))
      return;
  storeLanes(*warp, op, mask);
}
TENON_DEFINE(StoreGlobal, 2)

TENON_BODY(LoadShared) {
  if constexpr (Full)
    if (loadSharedFast(op, file, *warp))
      return;
  loadLanes(*warp, op, mask);
}
TENON_DEFINE_LOAD(LoadShared)

TENON_BODY(StoreShared) {
  if constexpr (Full)
    if (storeSharedFast(op, file, *warp))
      return;
  storeLanes(*warp, op, mask);
}
TENON_DEFINE(StoreShared, 2)

#define TENON_LANEWISE(name, function)                                                             \
  TENON_BODY(name) { function(*warp, op, mask); }                                                  \
  TENON_DEFINE(name, 2)
TENON_BODY(LoadOther) { loadLanes(*warp, op, mask); }
TENON_DEFINE_LOAD(LoadOther)
TENON_LANEWISE(StoreOther, storeLanes)
TENON_LANEWISE(Atomic, atomicLanes)

} // namespace tenon::sim::TENON_LANES
