// Global memory: all lanes side by side as one access of a range; else lane by
// lane, still without leaving the handlers.
#pragma once

#include "sim/machine/handlers/GlobalCheck.h"
#include "sim/machine/handlers/MemoryKinds.h"
#include "sim/machine/report/Coalescing.h"

namespace tenon::sim::TENON_LANES {

inline void countGlobal(MemoryCounters &c, u64 sectors, u64 bytes, bool write) {
  ++c.globalRequests;
  (write ? c.globalSectorsWritten : c.globalSectorsRead) += sectors;
  (write ? c.globalBytesWritten : c.globalBytesRead) += bytes;
}

inline u64 sectorsOf(u64 first, u64 size) { return (first + size - 1) / 32 - first / 32 + 1; }

/// Lane i's address is lane 0's plus i * Stride.
template <unsigned Stride> inline __attribute__((always_inline)) bool sideBySide(const u8 *addresses) {
  Vec<u64> address = *reinterpret_cast<const Row<u64> *>(addresses);
  constexpr Vec<u64> number = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                               16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
  return __builtin_reduce_or(address ^ (number * Stride + address[0])) == 0;
}

/// The same, unless an access just before has found so (Op::d, code/Lower.cpp).
template <unsigned Stride> inline __attribute__((always_inline)) bool knownSideBySide(const Op *op, u8 *file, Warp &warp) {
  u32 &known = warp.sides[op->a / 2 % 8], key = u32(op->a) << 8 | Stride;
  if (op->d && known == key)
    return true;
  bool found = sideBySide<Stride>(file + op->a * rowBytes);
  known = found ? key : 0;
  return found;
}

/// One range, from an address that is a multiple of 4 and of the lane's access.
template <class Kind, bool Write>
inline __attribute__((always_inline)) bool globalRange(const Op *op, u8 *file, Warp &warp) {
  const u8 *addresses = file + op->a * rowBytes;
  if (!knownSideBySide<Kind::bytes>(op, file, warp))
    return false;
  u64 first = *reinterpret_cast<const u64 *>(addresses) + u64(s64(op->imm));
  const GlobalShadow &shadow = *warp.shadow;
  if (first % (Kind::bytes < 4 ? 4 : Kind::bytes) ||
      !inBounds(warp, Write ? warp.writeBounds : warp.bounds, first, Kind::size) ||
      (!Write && !isWrittenAt<Kind::size>(shadow.init, first - shadow.base)) || !passRaces<Write, Kind::size>(warp, first))
    return false;
  if constexpr (Write) {
    markWrittenAt<Kind::size>(shadow.init, first - shadow.base);
    Kind::store(op[1], file, reinterpret_cast<u8 *>(first));
    warp.wrote = true;
  } else {
    Kind::load(op[1], file, reinterpret_cast<const u8 *>(first));
  }
  countGlobal(warp.counters[op[1].handler], sectorsOf(first, Kind::size), Kind::size, Write);
  return true;
}

/// Lane by lane. Below 4 bytes words are shared between lanes: not here.
template <class Kind, bool Write>
__attribute__((noinline)) bool globalLanes(const Op *op, u8 *file, Warp &warp, u32 mask) {
  const GlobalShadow &shadow = *warp.shadow;
  alignas(64) u64 address[laneCount];
  const u64 *row = reinterpret_cast<const u64 *>(file + op->a * rowBytes);
  BoundsCache &bounds = Write ? warp.writeBounds : warp.bounds;
  u64 offset = u64(s64(op->imm)), low = 0, odd = 0;
  for (unsigned lane = 0; lane < laneCount; ++lane)
    address[lane] = row[lane] + offset;
  if (!inBounds(warp, bounds, address[__builtin_ctz(mask)], Kind::bytes))
    return false;
  for (u32 left = mask; left; left &= left - 1) {
    u64 a = address[__builtin_ctz(left)];
    odd |= a & (Kind::bytes - 1);
    low |= u64(a < bounds.low) | u64(a > bounds.high - Kind::bytes);
  }
  if (odd | low)
    return false;
  u64 last = 0; // lanes often share an address
  for (u32 left = mask; left; left &= left - 1) {
    u64 a = address[__builtin_ctz(left)];
    if (a == last)
      continue;
    last = a;
    if ((!Write && !isWrittenAt<Kind::bytes>(shadow.init, a - shadow.base)) || !passRaces<Write, Kind::bytes>(warp, a))
      return false;
  }
  for (u32 left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    if constexpr (Write) {
      markWrittenAt<Kind::bytes>(shadow.init, address[lane] - shadow.base);
      Kind::storeLane(op[1], file, lane, reinterpret_cast<u8 *>(address[lane]));
    } else {
      Kind::loadLane(op[1], file, lane, reinterpret_cast<const u8 *>(address[lane]));
    }
  }
  warp.wrote |= Write;
  countGlobal(warp.counters[op[1].handler], distinctSectors(address, mask, Kind::bytes),
              u64(unsigned(__builtin_popcount(mask))) * Kind::bytes, Write);
  return true;
}

template <bool Full, bool Write, class Kind>
inline __attribute__((always_inline)) bool globalFast(const Op *op, u8 *file, Warp &warp, u32 mask) {
  if (__builtin_expect(warp.tainted || !(op[1].guard >> 12 & 1), 0))
    return false;
  if constexpr (Full)
    if (__builtin_expect(globalRange<Kind, Write>(op, file, warp), 1))
      return true;
  if constexpr (Kind::bytes >= 4)
    return globalLanes<Kind, Write>(op, file, warp, mask);
  return false;
}

} // namespace tenon::sim::TENON_LANES
