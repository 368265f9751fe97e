// Calls: arguments and results are copied between frames in local memory; rows of
// a function that may be entered again are kept aside until it returns.
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/Launch.h"
#include <cstring>

namespace tenon::sim {
namespace {

constexpr uint32_t localLimit = 512 * 1024; // bytes per lane

bool growLocal(Warp &warp, uint32_t bytes) {
  if (bytes <= warp.localBytes)
    return true;
  if (bytes > localLimit)
    return false;
  uint32_t size = std::min(localLimit, std::max(bytes, warp.localBytes * 2));
  warp.localStore.resize(size_t(size) * laneCount);
  warp.localInitStore.resize(size_t(size) / 4 * 16);
  warp.local = warp.localStore.data();
  warp.localInit = warp.localInitStore.data();
  warp.localBytes = size;
  return true;
}

/// Copies words of local memory from one frame offset to another, with marks.
void copyWords(Warp &warp, uint32_t to, uint32_t from, uint32_t bytes, uint32_t mask) {
  for (uint32_t w = 0; w < (bytes + 3) / 4; ++w) {
    auto *d = reinterpret_cast<uint32_t *>(warp.local + size_t(to / 4 + w) * rowBytes);
    auto *s = reinterpret_cast<uint32_t *>(warp.local + size_t(from / 4 + w) * rowBytes);
    auto *di = reinterpret_cast<uint32_t *>(warp.localInit + size_t(to / 4 + w) * 16);
    auto *si = reinterpret_cast<uint32_t *>(warp.localInit + size_t(from / 4 + w) * 16);
    for (unsigned lane = 0; lane < laneCount; ++lane)
      if (mask >> lane & 1)
        d[lane] = s[lane];
    for (unsigned b = 0; b < 4; ++b)
      di[b] = (di[b] & ~mask) | (si[b] & mask);
  }
}

void copyParameters(Warp &warp, uint32_t toBase, const std::vector<CallParameter> &to,
                    uint32_t fromBase, const std::vector<CallParameter> &from, uint32_t mask) {
  for (size_t i = 0; i < to.size() && i < from.size(); ++i)
    copyWords(warp, toBase + to[i].offset, fromBase + from[i].offset,
              std::min(to[i].size, from[i].size), mask);
}

/// Saves (or restores) the lanes' part of a function's rows.
void exchangeRows(Warp &warp, const FunctionCode &code, CallFrame &frame, uint32_t mask, bool save) {
  frame.saved.resize(size_t(code.rows) * rowBytes);
  frame.savedPredicates.resize(code.predicates);
  uint8_t *rows = warp.file + size_t(code.firstRow) * rowBytes;
  auto move = [&](size_t offset, size_t bytes) {
    std::memcpy(save ? frame.saved.data() + offset : rows + offset,
                save ? rows + offset : frame.saved.data() + offset, bytes);
  };
  for (unsigned lane = 0; lane < laneCount; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    for (size_t r = 0; r < code.wideRows; r += 2)
      move(r * rowBytes + lane * 8, 8);
    for (size_t r = code.wideRows; r < code.rows; ++r)
      move(r * rowBytes + lane * 4, 4);
  }
  for (unsigned p = 0; p < code.predicates; ++p) {
    uint32_t &live = warp.predicate(uint16_t(code.firstPredicate + p));
    uint32_t &kept = frame.savedPredicates[p];
    uint32_t &to = save ? kept : live;
    to = (to & ~mask) | ((save ? live : kept) & mask);
  }
}

CallFrame *frameFor(Warp &warp, const Op *call, uint32_t function) {
  for (auto &frame : warp.frames)
    if (frame->parent == warp.frame && frame->call == call && frame->function == function)
      return frame.get();
  const Program &program = *warp.program;
  uint32_t caller = warp.frame ? warp.frame->function : 0;
  auto frame = std::make_unique<CallFrame>();
  frame->parent = warp.frame;
  frame->call = call;
  frame->function = function;
  frame->depth = warp.frame ? warp.frame->depth + 1 : 1;
  frame->localBase = warp.localBase + program.functions[caller].frameBytes;
  warp.frames.push_back(std::move(frame));
  return warp.frames.back().get();
}

void enter(Warp &warp, const Op *op, const CallSite &site, uint32_t function, uint32_t mask) {
  const FunctionCode &callee = warp.program->functions[function];
  CallFrame *frame = frameFor(warp, op, function);
  if (!growLocal(warp, frame->localBase + callee.frameBytes) || frame->depth > 20000) {
    warp.current = op;
    warp.block->launch->fail(LaunchStatus::HardwareStackError,
                             "call stack exceeds 512 KiB per thread in " + callee.name, true);
    return exitLanes(warp, mask);
  }
  if (callee.recursive)
    exchangeRows(warp, callee, *frame, mask, true);
  copyParameters(warp, frame->localBase, callee.params, warp.localBase, site.arguments, mask);
  addSplit(warp, warp.program->ops.data() + callee.entry, mask, frame);
}

} // namespace

void callFunction(Warp &warp, const Op *op, uint32_t mask) {
  const Program &program = *warp.program;
  const CallSite &site = program.calls[size_t(op->imm)];
  warp.current = op;
  if (site.builtin != CallSite::Builtin::None) {
    callBuiltin(warp, site, mask);
    if (uint32_t left = mask & warp.live)
      addSplit(warp, op + 1, left, warp.frame);
    return;
  }
  if (site.function != ~0u)
    return enter(warp, op, site, site.function, mask);
  const uint64_t *target = warp.row64(op->a);
  while (mask) {
    unsigned lane = unsigned(__builtin_ctz(mask));
    uint32_t same = 0;
    for (unsigned l = lane; l < laneCount; ++l)
      same |= uint32_t((mask >> l & 1) && target[l] == target[lane]) << l;
    mask &= ~same;
    auto it = program.functionOfSource.find(uint32_t((target[lane] - functionWindow) / 16));
    bool good = target[lane] >= functionWindow && it != program.functionOfSource.end() &&
                it->second != 0;
    if (good) {
      enter(warp, op, site, it->second, same);
      continue;
    }
    warp.block->launch->fail(LaunchStatus::IllegalInstruction,
                             "indirect call to an address that is no function", true);
    exitLanes(warp, same);
  }
}

void returnFrom(Warp &warp, uint32_t mask) {
  CallFrame &frame = *warp.frame;
  const Program &program = *warp.program;
  const CallSite &site = program.calls[size_t(frame.call->imm)];
  const FunctionCode &callee = program.functions[frame.function];
  uint32_t callerBase = frame.parent ? frame.parent->localBase : 0;
  copyParameters(warp, callerBase, site.results, frame.localBase, callee.results, mask);
  if (callee.recursive)
    exchangeRows(warp, callee, frame, mask, false);
  addSplit(warp, frame.call + 1, mask, frame.parent);
}

} // namespace tenon::sim
