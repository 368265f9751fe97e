// Loads, stores and atomics. The commonest kinds have a handler of their own in
// which nothing out of the ordinary is decided by a few vector compares; everything
// else, and every case in which a check does not pass at once, goes lane by lane
// (exec/MemoryOps.cpp), which checks again and reports.
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/handlers/GlobalFast.h"
#include "sim/machine/handlers/Handler.h"
#include "sim/machine/handlers/SharedFast.h"

namespace tenon::sim::TENON_LANES {

#define TENON_LANEWISE(name, define, function)                                                     \
  TENON_BODY(name) { function(*warp, op, mask); }                                                  \
  define(name)

#define TENON_KIND(name, suffix, define, fast, write, function, ...)                               \
  TENON_BODY(name##suffix) {                                                                       \
    if (!fast<Full, write, MemoryKind<__VA_ARGS__>>(op, file, *warp, mask))                        \
      function(*warp, op, mask);                                                                   \
  }                                                                                                \
  define(name##suffix)

#define TENON_KINDS(name, define, fast, write, function)                                           \
  TENON_LANEWISE(name, define, function)                                                           \
  TENON_KIND(name, 1, define, fast, write, function, 1, 1)                                         \
  TENON_KIND(name, 2, define, fast, write, function, 2, 1)                                         \
  TENON_KIND(name, 4, define, fast, write, function, 4, 1)                                         \
  TENON_KIND(name, 8, define, fast, write, function, 8, 1)                                         \
  TENON_KIND(name, 4x2, define, fast, write, function, 4, 2)                                       \
  TENON_KIND(name, 4x4, define, fast, write, function, 4, 4)                                       \
  TENON_KIND(name, 8x2, define, fast, write, function, 8, 2)

TENON_KINDS(LoadGlobal, TENON_DEFINE_LOAD, globalFast, false, loadLanes)
TENON_KINDS(StoreGlobal, TENON_DEFINE_STORE, globalFast, true, storeLanes)
TENON_KINDS(LoadShared, TENON_DEFINE_LOAD, sharedFast, false, loadLanes)
TENON_KINDS(StoreShared, TENON_DEFINE_STORE, sharedFast, true, storeLanes)
TENON_LANEWISE(LoadOther, TENON_DEFINE_LOAD, loadLanes)
TENON_LANEWISE(StoreOther, TENON_DEFINE_STORE, storeLanes)
TENON_LANEWISE(Atomic, TENON_DEFINE_STORE, atomicLanes)

} // namespace tenon::sim::TENON_LANES
