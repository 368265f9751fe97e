// Shuffles, votes, matches, reductions and elections of a warp.
#include "sim/machine/exec/WarpOps.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/exec/ScalarOps.h"
#include "sim/machine/exec/Taint.h"
#include "sim/machine/race/Strong.h"
#include <bit>
#include <cstring>

namespace tenon::sim {
namespace {

/// Calls f(lane) for each lane of the mask.
template <class F> inline void forLanes(uint32_t mask, F f) {
  for (; mask; mask &= mask - 1)
    f(unsigned(__builtin_ctz(mask)));
}

void putFlag(Warp &warp, const RegisterUse &use, uint32_t lanes, uint32_t mask) {
  uint32_t &p = warp.predicate(uint16_t(use.reg));
  p = (p & ~mask) | (lanes & mask);
}

} // namespace

uint32_t WarpOp::required(const Warp &warp, uint32_t mask) const {
  return warp.row(uint16_t(operands.back().reg))[__builtin_ctz(mask)];
}

uint32_t WarpOp::together(const Warp &warp, uint32_t mask) const {
  if (oneMask)
    return mask;
  const uint32_t *members = warp.row(uint16_t(operands.back().reg));
  uint32_t first = members[__builtin_ctz(mask)], same = 0;
  for (unsigned lane = 0; lane < laneCount; ++lane)
    same |= uint32_t(members[lane] == first) << lane;
  return same & mask;
}

/// What every participant contributed counts for every result.
void WarpOp::propagateTaint(Warp &warp, uint32_t mask) const {
  uint32_t unset = 0;
  for (size_t i = 2; i < operands.size(); ++i)
    unset |= warp.taint->lanes(operands[i]) & mask;
  for (size_t i = 0; i < 2; ++i)
    warp.taint->set(operands[i], mask, unset ? mask : 0);
}

unsigned ShuffleOp::sourceOf(const Warp &warp, unsigned lane, bool &inRange) const {
  uint32_t b = warp.row(uint16_t(operands[3].reg))[lane] & 31;
  uint32_t c = warp.row(uint16_t(operands[4].reg))[lane];
  uint32_t segment = c >> 8 & 31, clamp = c & 31;
  uint32_t maxLane = (lane & segment) | (clamp & ~segment), minLane = lane & segment;
  uint32_t source = 0;
  switch (mode) {
  case Up:
    source = lane - b;
    inRange = int32_t(source) >= int32_t(maxLane);
    break;
  case Down:
    source = lane + b;
    inRange = source <= maxLane;
    break;
  case Butterfly:
    source = lane ^ b;
    inRange = source <= maxLane;
    break;
  case Index:
    source = minLane | (b & ~segment);
    inRange = source <= maxLane;
    break;
  }
  return inRange ? source & 31 : lane;
}

Step ShuffleOp::run(Warp &warp, uint32_t mask) const {
  uint32_t values[laneCount], flags = 0;
  std::memcpy(values, warp.row(uint16_t(operands[2].reg)), sizeof values);
  uint32_t results[laneCount];
  forLanes(mask, [&](unsigned lane) {
    bool inRange = false;
    results[lane] = values[sourceOf(warp, lane, inRange)];
    flags |= uint32_t(inRange) << lane;
  });
  uint32_t *d = warp.row(uint16_t(operands[0].reg));
  forLanes(mask, [&](unsigned lane) { d[lane] = results[lane]; });
  putFlag(warp, operands[1], flags, mask);
  return Step::Done;
}

void ShuffleOp::propagateTaint(Warp &warp, uint32_t mask) const {
  auto from = warp.taint->rows[operands[2].reg];
  auto &to = warp.taint->rows[operands[0].reg];
  forLanes(mask, [&](unsigned lane) {
    bool inRange = false;
    unsigned source = sourceOf(warp, lane, inRange);
    for (unsigned b = 0; b < 4; ++b)
      to[b] = (to[b] & ~(1u << lane)) | (from[b] >> source & 1) << lane;
  });
  warp.taint->set(operands[1], mask, 0);
}

Step VoteOp::run(Warp &warp, uint32_t mask) const {
  uint32_t yes = warp.predicate(uint16_t(operands[2].reg)) & mask;
  if (mode == Ballot) {
    uint32_t *d = warp.row(uint16_t(operands[0].reg));
    forLanes(mask, [&](unsigned lane) { d[lane] = yes; });
    return Step::Done;
  }
  bool result = mode == All ? yes == mask : mode == Any ? yes != 0 : yes == mask || yes == 0;
  putFlag(warp, operands[0], result ? allLanes : 0, mask);
  return Step::Done;
}

Step MatchOp::run(Warp &warp, uint32_t mask) const {
  const RegisterUse &source = operands[2];
  auto value = [&](unsigned lane) -> uint64_t {
    return source.bits == 64 ? warp.row64(uint16_t(source.reg))[lane] : warp.row(uint16_t(source.reg))[lane];
  };
  uint32_t results[laneCount] = {};
  forLanes(mask, [&](unsigned lane) {
    forLanes(mask, [&](unsigned other) {
      results[lane] |= uint32_t(value(other) == value(lane)) << other;
    });
  });
  bool same = results[__builtin_ctz(mask)] == mask;
  uint32_t *d = warp.row(uint16_t(operands[0].reg));
  forLanes(mask, [&](unsigned lane) { d[lane] = all ? (same ? mask : 0) : results[lane]; });
  putFlag(warp, operands[1], same ? allLanes : 0, mask);
  return Step::Done;
}

uint32_t ReduceOp::combine(uint32_t a, uint32_t b) const {
  if (isFloat) {
    ScalarFlags flags;
    flags.type = LaneKind::F32;
    flags.nan = nan;
    flags.abs = abs;
    return uint32_t(scalarFunction(mode == Min ? ScalarOp::FMin : ScalarOp::FMax)(a, b, 0, flags));
  }
  bool less = isSigned ? int32_t(a) < int32_t(b) : a < b;
  switch (mode) {
  case Add: return a + b;
  case Min: return less ? a : b;
  case Max: return less ? b : a;
  case And: return a & b;
  case Or: return a | b;
  default: return a ^ b;
  }
}

Step ReduceOp::run(Warp &warp, uint32_t mask) const {
  const uint32_t *values = warp.row(uint16_t(operands[2].reg));
  uint32_t result = values[__builtin_ctz(mask)];
  if (isFloat && abs)
    result &= 0x7fffffff;
  forLanes(mask & (mask - 1), [&](unsigned lane) { result = combine(result, values[lane]); });
  uint32_t *d = warp.row(uint16_t(operands[0].reg));
  forLanes(mask, [&](unsigned lane) { d[lane] = result; });
  return Step::Done;
}

Step ElectOp::run(Warp &warp, uint32_t mask) const {
  unsigned leader = unsigned(__builtin_ctz(mask));
  uint32_t *d = warp.row(uint16_t(operands[0].reg));
  forLanes(mask, [&](unsigned lane) { d[lane] = leader; });
  putFlag(warp, operands[1], 1u << leader, mask);
  return Step::Done;
}

Step WarpSyncOp::run(Warp &warp, uint32_t) const {
  takePending(warp);
  return Step::Done;
}

Step ClusterBarrierOp::run(Warp &warp, uint32_t mask) const {
  if (arrive) {
    clusterArrive(warp, mask, release);
    return Step::Done;
  }
  return clusterWait(warp, mask) ? Step::Done : Step::Wait;
}

} // namespace tenon::sim
