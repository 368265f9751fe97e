// What moves a split from block to block. Everything that needs more than the
// warp's own fields leaves to its loop (exec/WarpLoop.cpp).
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/exec/WholeBarrier.h"
#include "sim/machine/handlers/Handler.h"

namespace tenon::sim::TENON_LANES {

#define TENON_LEAVE(why)                                                                           \
  do {                                                                                             \
    warp->stop = op;                                                                               \
    warp->leave = uint8_t(Leave::why);                                                             \
    return;                                                                                        \
  } while (false)

/// The start of a basic block: counts it, ends turns and quanta.
TENON_HANDLER(full_Block) {
  warp->quantum -= op->d;
  if (__builtin_expect(warp->quantum < 0, 0))
    TENON_LEAVE(Quantum);
  ++warp->blockCounts[op->imm];
  ++op;
  TENON_NEXT;
}

/// With splits about: the first in priority order goes on, equal ones merge.
TENON_HANDLER(masked_Block) {
  bool overtaken = op >= warp->nextPc;
  warp->turn -= op->d;
  warp->quantum -= op->d;
  if (__builtin_expect(warp->entering, 0)) // chosen by the loop: runs at least this block
    overtaken = false;
  else if (warp->quantum < 0)
    TENON_LEAVE(Quantum);
  if (overtaken || (!warp->alone && warp->turn < 0 && !warp->entering))
    TENON_LEAVE(Reschedule);
  warp->entering = false;
  ++warp->maskedCounts[op->imm];
  warp->blockLanes[op->imm] += unsigned(__builtin_popcount(warp->active));
  warp->blockDivergent[op->imm] += warp->active != warp->live;
  ++op;
  TENON_NEXT;
}

TENON_HANDLER(any_Jump) {
  op += op->imm;
  TENON_NEXT;
}

static inline u32 guardLanes(const Op *op, u8 *file) {
  u32 lanes = predicateOf(file, op->guard & ~negatedGuard);
  return op->guard & negatedGuard ? ~lanes : lanes;
}

TENON_HANDLER(any_Branch) {
  u32 taken = guardLanes(op, file) & warp->active;
  if (taken == warp->active) {
    op += op->imm;
  } else if (taken == 0) {
    ++op;
  } else {
    warp->taken = taken;
    TENON_LEAVE(Diverged);
  }
  TENON_NEXT;
}

/// Plain barriers are left only where the scheduler has to choose who runs next.
TENON_HANDLER(full_Barrier) {
  warp = passBarrier(*warp, op);
  if (!warp)
    return;
  file = warp->file;
  op = warp->pc;
  TENON_NEXT;
}

TENON_HANDLER(any_Control) {
  TENON_LEAVE(Control);
}

TENON_BODY(LocalAddress) {
  put<Full, u64>(file, op->d, Vec<u64>(u64(warp->localBase + op->imm)), mask);
}
TENON_DEFINE(LocalAddress, 1)

TENON_BODY(Clock) { put<Full, u64>(file, op->d, Vec<u64>(readClock(*warp, op->imm)), mask); }
TENON_DEFINE(Clock, 1)

TENON_BODY(Fence) { fence(*warp, op->imm != 0); }
TENON_DEFINE(Fence, 1)

TENON_BODY(ActiveMask) { put<Full, u32>(file, op->d, Vec<u32>(mask), mask); }
TENON_DEFINE(ActiveMask, 1)

} // namespace tenon::sim::TENON_LANES
