// Global memory, all lanes at unit stride over whole lines: bounds by two scalar
// compares, initialised bits and line cells by vector compares.
#pragma once

#include "sim/machine/code/MemoryShape.h"
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/lanes/Transpose.h"
#include "sim/machine/memory/Shadow.h"
#include "sim/machine/race/GlobalState.h"

namespace tenon::sim::TENON_LANES {

/// True if lane i's address is lane 0's plus i * stride.
template <class T> inline __attribute__((always_inline)) bool unitStride(const T *address, T stride) {
  T first = address[0], differs = 0;
  for (unsigned i = 0; i < laneCount; ++i)
    differs |= address[i] ^ (first + T(i) * stride);
  return differs == 0;
}

/// The first address if the access may take the fast path, else 0.
inline __attribute__((always_inline)) u64 wholeLines(const Op *op, u8 *file, Warp &warp,
                                                      const MemoryShape &shape, BoundsCache &bounds) {
  unsigned bytes = shape.bytes();
  if (shape.strong || !shape.wideAddress || bytes < 4 || warp.tainted)
    return 0;
  const u64 *address = lanesOf<u64>(file, op->a);
  if (!unitStride<u64>(address, bytes))
    return 0;
  u64 first = address[0] + u64(s64(op->imm)), size = u64(bytes) * laneCount;
  auto inside = [&] {
    return first >= bounds.low && first < bounds.high && size <= bounds.high - first;
  };
  if (first & 127)
    return 0;
  if (!inside()) {
    warmBounds(warp, first, bounds);
    if (!inside())
      return 0;
  }
  return first;
}

/// A line that is kept by word, accessed as a whole. A write makes it one cell again.
template <bool Write> inline bool passWords(RaceCell &line, RaceCell *words, u32 me, u32 oldest) {
  u32 bad = 0;
  for (unsigned i = 0; i < 32; ++i) {
    u32 w = words[i].write, r = words[i].read;
    bad |= u32(w != me) & u32((w & 0x7fffffff) >= oldest);
    bad |= u32(r != me) & u32((r & 0x7fffffff) >= oldest);
  }
  if (bad)
    return false;
  if constexpr (Write)
    line = {me, 0};
  else
    for (unsigned i = 0; i < 32; ++i)
      words[i].read = me;
  return true;
}

/// Line cells of `lines` lines: nothing there that is not ordered, and the access
/// noted. False (nothing noted) where a closer look is needed.
template <bool Write> inline __attribute__((always_inline)) bool passCells(u64 first, unsigned lines, Warp &warp) {
  RaceCell *cells = warp.shadow->line(first);
  const GlobalRaceState &race = *warp.globalRace;
  if (!race.enabled)
    return true;
  if (warp.globalIdStale)
    return false;
  u32 me = warp.globalId, oldest = race.minLive;
  u32 bad = 0;
  for (unsigned i = 0; i < lines; ++i) {
    u32 w = cells[i].write, r = cells[i].read;
    bad |= u32(w != me) & u32((w & 0x7fffffff) >= oldest);
    bad |= u32(r != me) & u32((r & 0x7fffffff) >= oldest);
  }
  if (bad) {
    // Some line may only be kept by word: each is passed, or nothing is.
    for (unsigned i = 0; i < lines; ++i)
      if (cells[i].write != 0xffffffff || !passWords<Write>(cells[i], warp.shadow->word(first + i * 128), me, oldest))
        return false;
    return true;
  }
  for (unsigned i = 0; i < lines; ++i)
    if constexpr (Write)
      cells[i] = {me, 0};
    else
      cells[i].read = me;
  return true;
}

inline void countGlobal(MemoryCounters &c, unsigned size, bool write) {
  ++c.globalRequests;
  (write ? c.globalSectorsWritten : c.globalSectorsRead) += size / 32;
  (write ? c.globalBytesWritten : c.globalBytesRead) += size;
}

inline bool allSet(const u8 *init, unsigned bytes) {
  u64 all = ~0ull;
  unsigned i = 0;
  for (; i + 8 <= bytes; i += 8) {
    u64 word;
    __builtin_memcpy(&word, init + i, 8);
    all &= word;
  }
  for (; i < bytes; ++i)
    all &= init[i] | ~0xffull;
  return all == ~0ull;
}

inline __attribute__((always_inline)) bool loadGlobalFast(const Op *op, u8 *file, Warp &warp) {
  MemoryShape shape = MemoryShape::unpack(op[1].guard);
  u64 first = wholeLines(op, file, warp, shape, warp.bounds);
  if (!first)
    return false;
  unsigned size = shape.bytes() * laneCount;
  const GlobalShadow &shadow = *warp.shadow;
  if (!allSet(shadow.initByte(first), size / 8) || !passCells<false>(first, size / 128, warp))
    return false;
  const u8 *from = reinterpret_cast<const u8 *>(first);
  const Op &to = op[1];
  u32 *rows[4];
  rows[0] = reinterpret_cast<u32 *>(file + to.d * rowBytes);
  rows[1] = reinterpret_cast<u32 *>(file + to.a * rowBytes);
  rows[2] = reinterpret_cast<u32 *>(file + to.b * rowBytes);
  rows[3] = reinterpret_cast<u32 *>(file + to.c * rowBytes);
  switch (op[1].guard & shapeMask) {
  case 2: // 4 bytes
  case 3: // 8 bytes
    __builtin_memcpy(rows[0], from, shape.logBytes == 3 ? 256 : 128);
    break;
  case 2 | 2 << 3: // 4 x 4 bytes
    split16(load16(from), load16(from + 64), load16(from + 128), load16(from + 192), rows, 0);
    split16(load16(from + 256), load16(from + 320), load16(from + 384), load16(from + 448), rows, 16);
    break;
  case 2 | 1 << 3: { // 2 x 4
    const u32 *words = reinterpret_cast<const u32 *>(from);
    for (unsigned i = 0; i < laneCount; ++i) {
      rows[0][i] = words[2 * i];
      rows[1][i] = words[2 * i + 1];
    }
    break;
  }
  case 3 | 1 << 3: { // 2 x 8
    const u64 *words = reinterpret_cast<const u64 *>(from);
    for (unsigned i = 0; i < laneCount; ++i) {
      reinterpret_cast<u64 *>(rows[0])[i] = words[2 * i];
      reinterpret_cast<u64 *>(rows[1])[i] = words[2 * i + 1];
    }
    break;
  }
  default:
    return false;
  }
  countGlobal(warp.counters[op[1].handler], size, false);
  return true;
}

inline __attribute__((always_inline)) bool storeGlobalFast(const Op *op, u8 *file, Warp &warp) {
  MemoryShape shape = MemoryShape::unpack(op[1].guard);
  unsigned kind = op[1].guard & shapeMask;
  if (kind != 2 && kind != 3 && kind != (2 | 2 << 3) && kind != (2 | 1 << 3))
    return false;
  u64 first = wholeLines(op, file, warp, shape, warp.writeBounds);
  if (!first)
    return false;
  unsigned size = shape.bytes() * laneCount;
  const GlobalShadow &shadow = *warp.shadow;
  if (!passCells<true>(first, size / 128, warp))
    return false;
  __builtin_memset(shadow.initByte(first), 0xff, size / 8);
  u8 *to = reinterpret_cast<u8 *>(first);
  const Op &from = op[1];
  const u32 *rows[4] = {lanesOf<u32>(file, from.d), lanesOf<u32>(file, from.a),
                        lanesOf<u32>(file, from.b), lanesOf<u32>(file, from.c)};
  if (kind == (2 | 2 << 3)) {
    join16(to, rows, 0);
    join16(to + 256, rows, 16);
  } else if (kind == (2 | 1 << 3)) {
    u32 *words = reinterpret_cast<u32 *>(to);
    for (unsigned i = 0; i < laneCount; ++i) {
      words[2 * i] = rows[0][i];
      words[2 * i + 1] = rows[1][i];
    }
  } else {
    __builtin_memcpy(to, rows[0], size);
  }
  countGlobal(warp.counters[op[1].handler], size, true);
  warp.wrote = true;
  return true;
}

} // namespace tenon::sim::TENON_LANES
