// The loop of a warp: runs handlers until they leave, then does what they left
// for: parting at a branch, another split's turn, and the control instructions.
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/exec/Taint.h"
#include "sim/machine/exec/WholeBarrier.h"
#include "sim/machine/handlers/Tables.h"
#include "sim/machine/race/Knowledge.h"
#include "sim/machine/race/SharedCells.h"

namespace tenon::sim {

Warp::Warp() = default;
Warp::~Warp() = default;
Warp::Warp(Warp &&) noexcept = default;

namespace {

uint32_t guardMask(const Warp &warp, const Op *op) {
  uint32_t lanes = warp.predicate(op->guard & uint16_t(~negatedGuard));
  return warp.active & (op->guard & negatedGuard ? ~lanes : lanes);
}

/// Lanes of the running split for which the op's guard is false go on behind it.
uint32_t splitByGuard(Warp &warp, const Op *op) {
  uint32_t mask = guardMask(warp, op);
  if (uint32_t rest = warp.active & ~mask)
    addSplit(warp, op + 1, rest, warp.frame);
  return mask;
}

void branchTable(Warp &warp, const Op *op, uint32_t mask) {
  const std::vector<int32_t> &table = warp.program->branchTables[size_t(op->imm)];
  const uint32_t *index = warp.row(op->a);
  const Op *ops = warp.program->ops.data();
  uint32_t wild = 0;
  for (unsigned lane = 0; lane < laneCount; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    if (index[lane] < table.size())
      addSplit(warp, ops + table[index[lane]], 1u << lane, warp.frame);
    else
      wild |= 1u << lane;
  }
  if (!wild)
    return;
  warp.current = op;
  warp.block->launch->fail(LaunchStatus::IllegalInstruction,
                           "branch index outside its table", true);
  exitLanes(warp, wild);
}

/// Lanes that a convergent op needs and that can still come.
bool meetingComplete(Warp &warp, const ExtendedOp &op, uint32_t mask) {
  uint32_t missing = op.required(warp, mask) & warp.exists & ~mask;
  return (missing & warp.live) == 0;
}

/// Performs an op for lanes that act together.
void perform(Warp &warp, const Op *op, const ExtendedOp &extended, uint32_t mask) {
  if (warp.tainted)
    taintBefore(warp, op, mask);
  if (extended.run(warp, mask) == Step::Wait)
    return park(warp, op, mask, WaitKind::Extended, 0);
  if (warp.tainted)
    extended.propagateTaint(warp, mask);
  addSplit(warp, op + 1, mask, warp.frame);
}

/// Each group of lanes that name one another acts once all of it is here.
void meet(Warp &warp, const Op *op, const ExtendedOp &extended, uint32_t mask) {
  uint32_t waiting = 0;
  for (uint32_t left = mask | takeWaiting(warp, WaitKind::Meeting, op, warp.frame), group; left; left &= ~group) {
    group = extended.together(warp, left);
    if (!meetingComplete(warp, extended, group)) {
      waiting |= group;
      continue;
    }
    if (extended.required(warp, group) & warp.exists & ~group)
      report(warp, Kind::MmaDivergence, unsigned(__builtin_ctz(group)), 0,
             std::string(extended.name) + " needs lanes that have exited");
    perform(warp, op, extended, group);
  }
  if (waiting)
    park(warp, op, waiting, WaitKind::Meeting, 0);
}

void runExtended(Warp &warp, const Op *op, uint32_t mask) {
  const ExtendedOp &extended = *warp.program->extended[size_t(op->imm)];
  warp.current = op;
  if (extended.convergent)
    meet(warp, op, extended, mask);
  else
    perform(warp, op, extended, mask);
}

void trap(Warp &warp, const Op *op, uint32_t mask) {
  warp.current = op;
  warp.block->launch->fail(LaunchStatus::Trap, "trap", true);
  exitLanes(warp, mask);
}

/// Runs the control op at warp.stop; afterwards no split is running.
void control(Warp &warp) {
  const Op *op = warp.stop;
  if (HandlerId(op->handler) == HandlerId::Barrier && wholeBarrier(warp, op))
    return;
  uint32_t mask = splitByGuard(warp, op);
  warp.active = 0;
  if (!mask)
    return;
  switch (HandlerId(op->handler)) {
  case HandlerId::Exit:
    return exitLanes(warp, mask);
  case HandlerId::Return:
    return warp.frame ? returnFrom(warp, mask) : exitLanes(warp, mask);
  case HandlerId::Call:
    return callFunction(warp, op, mask);
  case HandlerId::BranchTable:
    return branchTable(warp, op, mask);
  case HandlerId::Barrier:
    return barrierOp(warp, op, mask);
  case HandlerId::Extended:
    return runExtended(warp, op, mask);
  case HandlerId::Yield:
    warp.turn = -1;
    warp.quantum = -1;
    warp.turnPc = op;
    warp.turnFrame = warp.frame;
    return addSplit(warp, op + 1, mask, warp.frame);
  default:
    return trap(warp, op, mask);
  }
}

/// The common case of a control op: all lanes do it and go on right behind it.
bool fastExtended(Warp &warp) {
  const Op *op = warp.stop;
  if (HandlerId(op->handler) != HandlerId::Extended || op->guard || warp.active != allLanes ||
      warp.tainted)
    return false;
  warp.current = op;
  const ExtendedOp &extended = *warp.program->extended[size_t(op->imm)];
  if (extended.convergent && extended.together(warp, allLanes) != allLanes)
    return false;
  if (extended.run(warp, allLanes) == Step::Wait) {
    park(warp, op, allLanes, WaitKind::Extended, 0);
    warp.active = 0;
    return true;
  }
  warp.pc = op + 1;
  return true;
}

const void *tableFor(const Warp &warp) {
  const HandlerTables &tables = handlerTables();
  if (warp.tainted)
    return tables.tainted;
  return warp.active == allLanes ? tables.full : tables.masked;
}

/// Runs a warp, and those that follow it at barriers; the one that left.
Warp &runHandlers(Warp &warp) {
  handlerTables().enter(warp.pc, warp.file, &warp, tableFor(warp));
  Warp &last = *warp.block->running;
  last.pc = last.stop;
  return last;
}

/// Extended ops that wait are asked again when something has changed since.
void retryExtended(Warp &warp) {
  for (size_t i = 0; i < warp.waiting.size();) {
    WaitingSplit &w = warp.waiting[i];
    if (w.kind != WaitKind::Extended || w.since == warp.block->changes) {
      ++i;
      continue;
    }
    addSplit(warp, w.split.pc, w.split.mask, w.split.frame);
    warp.waiting.erase(warp.waiting.begin() + long(i));
  }
}

} // namespace

WarpState runWarp(Warp &first, int64_t quantum) {
  Block &block = *first.block;
  takeOver(first, quantum);
  if (!first.waiting.empty())
    retryExtended(first);
  auto left = [&](WarpState state) {
    Warp &warp = *block.running;
    warp.steps += uint64_t(warp.given - warp.quantum);
    warp.finished = state == WarpState::Done;
    return state;
  };
  while (true) {
    if (Warp &warp = *block.running; !warp.active && !chooseSplit(warp))
      return left(warp.waiting.empty() && !warp.held ? WarpState::Done : WarpState::Blocked);
    Warp &warp = runHandlers(*block.running);
    switch (Leave(warp.leave)) {
    case Leave::Quantum:
      dropTaint(warp);
      return left(WarpState::Runnable);
    case Leave::Reschedule:
      warp.turnPc = warp.pc;
      warp.turnFrame = warp.frame;
      chooseSplit(warp);
      break;
    case Leave::Diverged:
      addSplit(warp, warp.stop + warp.stop->imm, warp.taken, warp.frame);
      warp.pc = warp.stop + 1;
      warp.active &= ~warp.taken;
      chooseSplit(warp);
      break;
    case Leave::Mode:
    case Leave::Arrived:
      break;
    case Leave::Control:
      if (!fastExtended(warp))
        control(warp);
      if (warp.block->launch->abort.load(std::memory_order_relaxed))
        return left(WarpState::Runnable);
      if (warp.quantum < 0 && !warp.active)
        return left(WarpState::Runnable);
      break;
    }
  }
}

} // namespace tenon::sim
