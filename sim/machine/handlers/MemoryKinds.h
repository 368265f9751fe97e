// The kinds of plain access that have handlers of their own (code/MemoryShape.h):
// how their bytes move between a warp's rows and memory, all lanes side by side or
// one lane at a time.
#pragma once

#include "sim/machine/code/MemoryShape.h"
#include "sim/machine/lanes/Transpose.h"

namespace tenon::sim::TENON_LANES {

inline u32 *rowPointer(u8 *file, u16 row) { return reinterpret_cast<u32 *>(file + row * rowBytes); }

/// `Count` elements of `Element` bytes a lane; the op's second slot names the rows.
template <unsigned Element, unsigned Count> struct MemoryKind {
  static constexpr unsigned elementBytes = Element;
  static constexpr unsigned bytes = Element * Count;
  static constexpr unsigned size = bytes * laneCount;

  /// All lanes, from `size` bytes in the order of lanes.
  static inline __attribute__((always_inline)) void load(const Op &to, u8 *file, const u8 *from) {
    u32 *const rows[4] = {rowPointer(file, to.d), rowPointer(file, to.a), rowPointer(file, to.b),
                          rowPointer(file, to.c)};
    if constexpr (Element == 4 && Count == 4)
      for (unsigned at = 0; at < laneCount; at += 16, from += 256)
        split16(load16(from), load16(from + 64), load16(from + 128), load16(from + 192), rows, at);
    else if constexpr (Element == 4 && Count == 2)
      for (unsigned at = 0; at < laneCount; at += 16, from += 128)
        split16(load16(from), load16(from + 64), rows, at);
    else if constexpr (Element >= 4 && Count == 1)
      __builtin_memcpy(rows[0], from, size);
    else
      for (unsigned lane = 0; lane < laneCount; ++lane)
        loadLane(to, file, lane, from + lane * bytes);
  }

  static inline __attribute__((always_inline)) void store(const Op &from, u8 *file, u8 *to) {
    const u32 *rows[4] = {rowPointer(file, from.d), rowPointer(file, from.a), rowPointer(file, from.b),
                          rowPointer(file, from.c)};
    if constexpr (Element == 4 && Count == 4)
      for (unsigned at = 0; at < laneCount; at += 16, to += 256)
        join16(to, load16(rows[0] + at), load16(rows[1] + at), load16(rows[2] + at), load16(rows[3] + at));
    else if constexpr (Element == 4 && Count == 2)
      for (unsigned at = 0; at < laneCount; at += 16, to += 128)
        join16(to, load16(rows[0] + at), load16(rows[1] + at));
    else if constexpr (Element >= 4 && Count == 1)
      __builtin_memcpy(to, rows[0], size);
    else
      for (unsigned lane = 0; lane < laneCount; ++lane)
        storeLane(from, file, lane, to + lane * bytes);
  }

  static inline __attribute__((always_inline)) void loadLane(const Op &to, u8 *file, unsigned lane,
                                                             const u8 *from) {
    const u16 rows[4] = {to.d, to.a, to.b, to.c};
    for (unsigned n = 0; n < Count; ++n, from += Element) {
      if constexpr (Element == 8)
        __builtin_memcpy(rowPointer(file, rows[n]) + 2 * lane, from, 8);
      else if constexpr (Element == 4)
        __builtin_memcpy(rowPointer(file, rows[n]) + lane, from, 4);
      else
        rowPointer(file, rows[n])[lane] = widen(from, to.guard & signExtendBit);
    }
  }

  static inline __attribute__((always_inline)) void storeLane(const Op &from, u8 *file, unsigned lane, u8 *to) {
    const u16 rows[4] = {from.d, from.a, from.b, from.c};
    for (unsigned n = 0; n < Count; ++n, to += Element)
      __builtin_memcpy(to, rowPointer(file, rows[n]) + lane * (Element == 8 ? 2 : 1), Element);
  }

private:
  static inline u32 widen(const u8 *from, bool isSigned) {
    if constexpr (Element == 1)
      return isSigned ? u32(s32(int8_t(*from))) : *from;
    u16 value;
    __builtin_memcpy(&value, from, 2);
    return isSigned ? u32(s32(s16(value))) : value;
  }
};

} // namespace tenon::sim::TENON_LANES
