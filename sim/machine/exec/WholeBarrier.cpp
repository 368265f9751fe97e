// Plain barriers: arrivals of whole warps, noted and settled (see the header).
#include "sim/machine/exec/WholeBarrier.h"
#include "sim/machine/exec/BarrierBits.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/handlers/Tables.h"
#include "sim/machine/race/SharedCells.h"
#include <cstring>

namespace tenon::sim {
namespace {

template <class F> void forWarps(Block &block, uint32_t warps, F f) {
  for (; warps; warps &= warps - 1)
    f(block.warps[size_t(__builtin_ctz(warps))]);
}

void release(Warp &warp) {
  warp.held = false;
  warp.active = warp.live;
}

/// All arrivals were whole warps: each learns what any of them knew, then steps.
void completeWhole(Block &block, NamedBarrier &barrier) {
  uint32_t *rows[maxWarps], *proxyRows[maxWarps], *readers[maxWarps];
  unsigned count = 0;
  forWarps(block, barrier.whole, [&](Warp &warp) {
    rows[count] = warp.clock;
    proxyRows[count] = warp.proxyClock;
    readers[count++] = warp.memo->readers;
    warp.globalIdStale = true;
    release(warp);
  });
  uint32_t entities = block.cluster->clocks.entities;
  exchangeRows(rows, count, entities);
  if (block.launch->program->usesAsync)
    exchangeRows(proxyRows, count, entities);
  unsigned n = 0;
  forWarps(block, barrier.whole, [&](Warp &warp) {
    uint32_t &own = warp.clock[warp.entity];
    own += own < maxClock;
    std::memset(readers[n++], 0xff, sizeof MemoTables::readers); // as its clock moved
  });
  ++barrier.generation;
  barrier.active = false;
  barrier.arrived = barrier.whole = barrier.wholeThreads = 0;
  signalChange(block);
}

bool isPlain(const Op *op) {
  return !op->guard && (op->imm & BarrierBits::formMask) == BarrierBits::plainForm;
}

bool isBusy(const Warp &warp) {
  return warp.active != warp.live || !warp.runnable.empty() || !warp.waiting.empty() || warp.acquiredOutside ||
         (warp.sync && warp.sync->pending);
}

inline bool arriveWhole(Warp &warp, const Op *op) {
  uint32_t id = warp.row(op->a)[0];
  if (!isPlain(op) || isBusy(warp) || id > 15)
    return false;
  Block &block = *warp.block;
  NamedBarrier &barrier = block.barriers[id];
  if (barrier.active && barrier.expected)
    return false;
  uint32_t threads = unsigned(__builtin_popcount(warp.live));
  barrier.active = true;
  barrier.arrived += threads;
  barrier.wholeThreads += threads;
  barrier.whole |= 1u << warp.index;
  warp.current = op;
  warp.pc = op + 1;
  warp.held = true;
  warp.active = 0;
  if (barrier.arrived < block.liveThreads)
    return true;
  if (barrier.arrived == barrier.wholeThreads)
    completeWhole(block, barrier);
  else
    completeBarrier(block, id);
  return true;
}

} // namespace

bool wholeBarrier(Warp &warp, const Op *op) { return arriveWhole(warp, op); }

Warp *passBarrier(Warp &warp, const Op *op) {
  if (!arriveWhole(warp, op)) {
    warp.stop = op;
    warp.leave = uint8_t(Leave::Control);
    return nullptr;
  }
  Block &block = *warp.block;
  Warp &next = block.warps[warp.index + 1 < block.warps.size() ? warp.index + 1 : 0];
  if (!block.launch->chained || next.active != allLanes || next.tainted) {
    warp.stop = warp.pc;
    warp.leave = uint8_t(Leave::Arrived);
    return nullptr;
  }
  warp.steps += uint64_t(warp.given - warp.quantum);
  takeOver(next, warp.quantum);
  return &next;
}

void settleBarrier(Block &block, uint32_t id) {
  NamedBarrier &barrier = block.barriers[id];
  bool proxies = block.launch->program->usesAsync;
  forWarps(block, barrier.whole, [&](Warp &warp) {
    releaseTo(warp, barrier.clock, proxies ? &barrier.proxyClock : nullptr);
    warp.waiting.push_back({{warp.pc, warp.live, warp.frame}, WaitKind::Barrier, id, block.changes});
    warp.held = false;
  });
  barrier.whole = barrier.wholeThreads = 0;
}

void settleBarriers(Block &block) {
  for (uint32_t id = 0; id < block.barriers.size(); ++id)
    settleBarrier(block, id);
}

void takeOver(Warp &warp, int64_t quantum) {
  warp.quantum = warp.given = quantum;
  warp.polled = warp.wrote = false;
  warp.block->running = &warp;
  if (uint64_t now = warp.block->launch->shrinks->load(std::memory_order_acquire); now != warp.boundsSeen) {
    warp.bounds = warp.writeBounds = {};
    warp.boundsSeen = now;
  }
}

} // namespace tenon::sim
