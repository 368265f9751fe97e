// The checks of a plain access to global memory that finds nothing out of the
// ordinary: bounds by two scalar compares, initialised bits and race cells by
// vector compares. False means: look closer (exec/MemoryOps.cpp), which checks all
// again and reports. What was noted until then has passed and may stay.
#pragma once

#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/handlers/Written.h"
#include "sim/machine/race/GlobalState.h"

namespace tenon::sim::TENON_LANES {

/// [first, first + size) lies in the allocation last seen, or in one that is now.
inline __attribute__((always_inline)) bool inBounds(Warp &warp, BoundsCache &bounds, u64 first, u64 size) {
  auto inside = [&] { return first >= bounds.low && first < bounds.high && size <= bounds.high - first; };
  if (__builtin_expect(inside(), 1))
    return true;
  if (first < globalStart)
    return false;
  warmBounds(warp, first, bounds);
  return inside();
}

/// What one warp compares cells with.
struct CellCheck {
  u32 me, oldest;
  bool foreign(u32 id) const { return id != me && (id & 0x7fffffff) >= oldest; }

  template <bool Write> inline __attribute__((always_inline)) bool pass(RaceCell &cell) const {
    if (foreign(cell.write) || foreign(cell.read))
      return false;
    if constexpr (Write)
      cell = {me, 0};
    else
      cell.read = me;
    return true;
  }

  /// `Count` cells side by side: all pass, or nothing is noted.
  template <bool Write, unsigned Count> inline __attribute__((always_inline)) bool passAll(RaceCell *cells) const {
    using Cells = u32 __attribute__((ext_vector_type(2 * Count)));
    Cells ids, keep, own;
    for (unsigned i = 0; i < Count; ++i) { // constants: a read leaves the writer
      keep[2 * i] = Write ? 0 : ~0u;
      keep[2 * i + 1] = 0;
    }
    for (unsigned i = 0; i < 2 * Count; ++i)
      own[i] = Write != (i % 2 != 0) ? me : 0;
    __builtin_memcpy(&ids, cells, sizeof ids);
    auto foreign = (ids != me) & ((ids & 0x7fffffff) >= oldest);
    if (__builtin_reduce_or(foreign))
      return false;
    own |= ids & keep;
    __builtin_memcpy(cells, &own, sizeof own);
    return true;
  }
};

/// The part of one line in [from, to): its own cell, or those of its words.
template <bool Write>
inline __attribute__((always_inline)) bool passLine(const GlobalShadow &shadow, CellCheck check, u64 from, u64 to) {
  RaceCell &line = *shadow.line(from);
  bool whole = to - from == 128;
  if (line.write != openLine) {
    if (whole)
      return check.pass<Write>(line);
    openWords(shadow, from & ~127ull);
  }
  RaceCell *words = shadow.word(from);
  if (whole) {
    if (!check.passAll<Write, 16>(words) || !check.passAll<Write, 16>(words + 16))
      return false;
    if (Write) // one cell again
      line = {check.me, 0};
    return true;
  }
  for (unsigned i = 0; i < (to - from) / 4; ++i)
    if (!check.pass<Write>(words[i]))
      return false;
  return true;
}

/// Line by line: what does not start and end with lines, or is kept by word.
template <bool Write>
__attribute__((noinline)) bool passLines(const GlobalShadow &shadow, CellCheck check, u64 first, u64 size) {
  for (u64 from = first, end = first + size; from < end;) {
    u64 to = (from | 127) + 1 < end ? (from | 127) + 1 : end;
    if (!passLine<Write>(shadow, check, from, to))
      return false;
    from = to;
  }
  return true;
}

/// The race cells of [first, first + Size), both multiples of 4.
template <bool Write, unsigned Size> inline __attribute__((always_inline)) bool passRaces(Warp &warp, u64 first) {
  const GlobalRaceState &race = *warp.globalRace;
  const GlobalShadow &shadow = *warp.shadow;
  if (!race.enabled)
    return true;
  if (__builtin_expect(warp.globalIdStale, 0))
    return false;
  CellCheck check{warp.globalId, race.minLive};
  if constexpr (Size % 128 == 0)
    if (__builtin_expect(first % 128 == 0, 1) && check.passAll<Write, Size / 128>(shadow.line(first)))
      return true;
  return passLines<Write>(shadow, check, first, Size);
}

} // namespace tenon::sim::TENON_LANES
