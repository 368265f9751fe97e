// The splits of a warp: which group of lanes runs next.
//
// The split with the deepest call runs first, then the one with the lowest pc,
// because ops lie in priority order: lanes that are behind catch up, and equal
// ones merge. After a turn's worth of instructions with others waiting, the next
// split in order gets a turn, so that every lane advances (a lane may spin on
// what another lane has yet to do).
#include "sim/machine/exec/Launch.h"
#include <algorithm>

namespace tenon::sim {

static uint32_t depthOf(const Split &split) { return split.frame ? split.frame->depth : 0; }

/// True if `a` runs before `b`.
static bool before(const Split &a, const Split &b) {
  uint32_t da = depthOf(a), db = depthOf(b);
  return da != db ? da > db : a.pc < b.pc;
}

void addSplit(Warp &warp, const Op *pc, uint32_t mask, CallFrame *frame) {
  for (Split &split : warp.runnable)
    if (split.pc == pc && split.frame == frame) {
      split.mask |= mask;
      return;
    }
  warp.runnable.push_back({pc, mask, frame});
}

/// The lowest pc at which the running split meets or is overtaken by another.
static void lookAhead(Warp &warp) {
  warp.alone = warp.runnable.empty();
  warp.nextPc = reinterpret_cast<const Op *>(UINTPTR_MAX);
  uint32_t depth = warp.frame ? warp.frame->depth : 0;
  for (const Split &split : warp.runnable)
    if (depthOf(split) == depth)
      warp.nextPc = std::min(warp.nextPc, split.pc);
}

bool chooseSplit(Warp &warp) {
  if (warp.active) {
    addSplit(warp, warp.pc, warp.active, warp.frame);
    warp.active = 0;
  }
  if (warp.runnable.empty())
    return false;
  if (warp.runnable.size() == 1) {
    Split only = warp.runnable.front();
    warp.runnable.clear();
    warp.pc = only.pc;
    warp.active = only.mask;
    warp.frame = only.frame;
    warp.localBase = warp.frame ? warp.frame->localBase : 0;
    warp.turn = warp.program->turnLength;
    lookAhead(warp);
    warp.entering = true;
    return true;
  }
  auto first = std::min_element(warp.runnable.begin(), warp.runnable.end(), before);
  bool othersTurn = warp.turn < 0 && warp.runnable.size() > 1;
  if (othersTurn) {
    // The next one in order after the split that used up its turn.
    Split last{warp.turnPc, 0, warp.turnFrame};
    auto next = warp.runnable.end();
    for (auto it = warp.runnable.begin(); it != warp.runnable.end(); ++it)
      if (before(last, *it) && (next == warp.runnable.end() || before(*it, *next)))
        next = it;
    if (next != warp.runnable.end())
      first = next;
  }
  if (warp.turn < 0)
    warp.turn = warp.program->turnLength;
  warp.pc = first->pc;
  warp.active = first->mask;
  warp.frame = first->frame;
  warp.localBase = warp.frame ? warp.frame->localBase : 0;
  warp.runnable.erase(first);
  lookAhead(warp);
  if (othersTurn) // is not overtaken before its turn ends
    warp.nextPc = reinterpret_cast<const Op *>(UINTPTR_MAX);
  warp.entering = true;
  return true;
}

void park(Warp &warp, const Op *pc, uint32_t mask, WaitKind kind, uint32_t object) {
  for (WaitingSplit &w : warp.waiting)
    if (w.split.pc == pc && w.split.frame == warp.frame && w.kind == kind && w.object == object) {
      w.split.mask |= mask;
      return;
    }
  warp.waiting.push_back({{pc, mask, warp.frame}, kind, object, warp.block->changes});
}

void wake(Warp &warp, WaitKind kind, uint32_t object) {
  for (size_t i = 0; i < warp.waiting.size();) {
    WaitingSplit &w = warp.waiting[i];
    if (w.kind != kind || w.object != object) {
      ++i;
      continue;
    }
    addSplit(warp, w.split.pc, w.split.mask, w.split.frame);
    warp.waiting.erase(warp.waiting.begin() + long(i));
  }
}

uint32_t takeWaiting(Warp &warp, WaitKind kind, const Op *pc, CallFrame *frame) {
  uint32_t mask = 0;
  std::erase_if(warp.waiting, [&](const WaitingSplit &w) {
    bool same = w.kind == kind && w.split.pc == pc && w.split.frame == frame;
    if (same)
      mask |= w.split.mask;
    return same;
  });
  return mask;
}

} // namespace tenon::sim
