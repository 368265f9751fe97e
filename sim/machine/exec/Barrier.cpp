// Barriers of a block: bar.sync, bar.arrive, bar.red and barrier.*, by thread.
//
// Lanes that wait are parked behind the instruction. Threads that have exited
// count as arrived where no count is given. At completion every waiting lane
// takes over the clocks of all that arrived.
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/BarrierBits.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/exec/WholeBarrier.h"
#include "sim/machine/race/Strong.h"
#include <algorithm>

namespace tenon::sim {
namespace {

/// Results of bar.red go to the lanes that wait.
void deliver(Warp &warp, const Op *op, uint32_t mask, const NamedBarrier &barrier) {
  BarrierBits bits = BarrierBits::unpack(op->imm);
  if (bits.kind != BarrierBits::Reduce)
    return;
  if (bits.reduction == BarrierBits::Popc) {
    for (unsigned lane = 0; lane < laneCount; ++lane)
      if (mask >> lane & 1)
        warp.row(op->d)[lane] = barrier.reduction;
    return;
  }
  bool value = bits.reduction == BarrierBits::And ? barrier.reductionAll : barrier.reduction != 0;
  uint32_t &p = warp.predicate(op->d);
  p = value ? p | mask : p & ~mask;
}

/// Lanes of one warp that wait for one aligned barrier at several instructions.
void checkAlignment(Warp &warp, uint32_t id) {
  const Op *first = nullptr;
  for (const WaitingSplit &w : warp.waiting) {
    if (w.kind != WaitKind::Barrier || w.object != id)
      continue;
    const Op *op = w.split.pc - 1;
    if (!BarrierBits::unpack(op->imm).aligned)
      continue;
    if (first && first != op) {
      warp.current = op;
      report(warp, Kind::Barrier, unsigned(__builtin_ctz(w.split.mask)), 0,
             "lanes of one warp wait for barrier " + std::to_string(id) +
                 " at different instructions");
      return;
    }
    first = op;
  }
}

} // namespace

void completeBarrier(Block &block, uint32_t id) {
  NamedBarrier &barrier = block.barriers[id];
  settleBarrier(block, id);
  bool proxies = block.launch->program->usesAsync;
  for (Warp &warp : block.warps) {
    bool waits = false;
    for (WaitingSplit &w : warp.waiting)
      if (w.kind == WaitKind::Barrier && w.object == id) {
        deliver(warp, w.split.pc - 1, w.split.mask, barrier);
        waits = true;
      }
    if (!waits)
      continue;
    checkAlignment(warp, id);
    acquireFrom(warp, barrier.clock, proxies ? &barrier.proxyClock : nullptr);
    if (barrier.acquiredOutside) {
      warp.acquiredOutside = true;
      if (!warp.sync)
        warp.sync = std::make_unique<WarpSync>();
      joinKnowledge(warp.sync->outside, barrier.outside);
    }
    wake(warp, WaitKind::Barrier, id);
  }
  ++barrier.generation;
  barrier.active = barrier.acquiredOutside = false;
  barrier.expected = barrier.arrived = barrier.padding = barrier.reduction = 0;
  barrier.reductionAll = true;
  std::fill(barrier.clock.begin(), barrier.clock.end(), 0);
  std::fill(barrier.proxyClock.begin(), barrier.proxyClock.end(), 0);
  barrier.outside.clear();
  signalChange(block);
}

namespace {

bool isComplete(const Block &block, const NamedBarrier &barrier) {
  if (!barrier.active)
    return false;
  if (barrier.expected)
    return barrier.arrived + barrier.padding >= barrier.expected;
  return barrier.arrived >= block.liveThreads;
}

void reduce(NamedBarrier &barrier, uint32_t values, uint32_t mask) {
  barrier.reduction += unsigned(__builtin_popcount(values & mask));
  barrier.reductionAll &= (values & mask) == mask;
}

/// One arrival of lanes that name the same barrier and count.
void arrive(Warp &warp, const Op *op, uint32_t mask, uint32_t id, uint32_t count) {
  Block &block = *warp.block;
  BarrierBits bits = BarrierBits::unpack(op->imm);
  unsigned lane = unsigned(__builtin_ctz(mask));
  if (id > 15) {
    report(warp, Kind::Barrier, lane, 0, "barrier " + std::to_string(id) + " does not exist");
    return exitLanes(warp, mask);
  }
  NamedBarrier &barrier = block.barriers[id];
  settleBarrier(block, id);
  if (bits.hasCount && (count % laneCount || count == 0))
    report(warp, Kind::Barrier, lane, 0,
           "barrier " + std::to_string(id) + " expects " + std::to_string(count) +
               " threads, which is no multiple of the warp size");
  if (barrier.active && barrier.expected != (bits.hasCount ? count : 0) &&
      (barrier.expected ? barrier.expected : block.threads) != (bits.hasCount ? count : block.threads))
    report(warp, Kind::Barrier, lane, 0,
           "barrier " + std::to_string(id) + " expects " + std::to_string(count) +
               " threads here, " + std::to_string(barrier.expected) + " at an earlier arrival");
  if (!barrier.active) {
    barrier.active = true;
    barrier.expected = bits.hasCount ? count : 0;
  }
  barrier.arrived += unsigned(__builtin_popcount(mask));
  if (mask & (warp.live & (0u - warp.live)))
    barrier.padding += unsigned(__builtin_popcount(~warp.exists));
  if (bits.kind == BarrierBits::Reduce) {
    uint32_t values = warp.predicate(op->c);
    reduce(barrier, values, mask);
  }
  takePending(warp);
  releaseTo(warp, barrier.clock, block.launch->program->usesAsync ? &barrier.proxyClock : nullptr);
  if (warp.acquiredOutside) {
    barrier.acquiredOutside = true;
    joinKnowledge(barrier.outside, warp.sync->outside);
  }
  if (bits.kind == BarrierBits::Arrive)
    addSplit(warp, op + 1, mask, warp.frame);
  else
    park(warp, op + 1, mask, WaitKind::Barrier, id);
  if (barrier.expected && barrier.arrived + barrier.padding > barrier.expected)
    report(warp, Kind::Barrier, lane, 0,
           "more threads arrive at barrier " + std::to_string(id) + " than the " +
               std::to_string(barrier.expected) + " it expects");
  if (isComplete(block, barrier))
    completeBarrier(block, id);
}

} // namespace

void barrierOp(Warp &warp, const Op *op, uint32_t mask) {
  warp.current = op;
  const uint32_t *ids = warp.row(op->a), *counts = warp.row(op->b);
  BarrierBits bits = BarrierBits::unpack(op->imm);
  bool hasCount = bits.hasCount;
  if (bits.uniform)
    return arrive(warp, op, mask, ids[0], hasCount ? counts[0] : 0);
  while (mask) {
    unsigned lane = unsigned(__builtin_ctz(mask));
    uint32_t same = 0;
    for (unsigned l = lane; l < laneCount; ++l)
      same |= uint32_t((mask >> l & 1) && ids[l] == ids[lane] &&
                       (!hasCount || counts[l] == counts[lane])) << l;
    arrive(warp, op, same, ids[lane], hasCount ? counts[lane] : 0);
    mask &= ~same;
  }
}

void checkBarriers(Block &block) {
  for (uint32_t id = 0; id < block.barriers.size(); ++id)
    if (isComplete(block, block.barriers[id]) && !block.barriers[id].expected)
      completeBarrier(block, id);
}

void exitLanes(Warp &warp, uint32_t mask) {
  Block &block = *warp.block;
  mask &= warp.live;
  warp.live &= ~mask;
  block.liveThreads -= unsigned(__builtin_popcount(mask));
  block.cluster->liveThreads -= unsigned(__builtin_popcount(mask));
  // A meeting may now be complete: its lanes look again.
  if (warp.live)
    wake(warp, WaitKind::Meeting, 0);
  signalChange(block);
  checkBarriers(block);
  checkClusterBarrier(*block.cluster);
}

} // namespace tenon::sim
