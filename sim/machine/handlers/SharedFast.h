// Shared memory: all lanes side by side as one access of a range; else by the
// pattern of the lanes' addresses, of which most share theirs with others; else
// lane by lane, still without leaving the handlers.
#pragma once

#include "sim/machine/exec/AccessPattern.h"
#include "sim/machine/handlers/MemoryKinds.h"
#include "sim/machine/handlers/SharedCheck.h"
#include "sim/machine/report/Coalescing.h"

namespace tenon::sim::TENON_LANES {

/// Lanes' offsets in the block's shared memory, as far as 32 bits hold them; false
/// if a 64-bit address lies elsewhere.
inline __attribute__((always_inline)) bool sharedOffsets(const Op *op, u8 *file, Vec<u32> &offset) {
  if (__builtin_expect(op[1].guard >> 12 & 1, 0)) {
    Vec<u64> address = rowOf<u64>(file, op->a) + u64(s64(op->imm));
    offset = __builtin_convertvector(address, Vec<u32>);
    return !anySet(address >> 32);
  }
  offset = rowOf<u32>(file, op->a) + u32(op->imm);
  return true;
}

inline bool allInit(const u8 *map, u32 offset, unsigned bytes) {
  u32 bits;
  __builtin_memcpy(&bits, map + offset / 8, 4);
  return ((bits >> (offset & 7)) | ~((1u << bytes) - 1)) == ~0u;
}

inline void countShared(Warp &warp, const Op *op, unsigned bytes, unsigned conflicts, bool write) {
  MemoryCounters &c = warp.counters[op[1].handler];
  (write ? c.sharedBytesWritten : c.sharedBytesRead) += bytes;
  c.bankConflicts += conflicts;
}

/// One range from `first` on, a multiple of 4 and of the lane's access.
template <class Kind, bool Write>
inline __attribute__((always_inline)) bool sharedRange(const Op *op, u8 *file, Warp &warp, u32 first) {
  SharedShadow &shadow = *warp.sharedShadow;
  if (first % (Kind::bytes < 4 ? 4 : Kind::bytes) || warp.sharedBytes < Kind::size || first > warp.sharedBytes - Kind::size)
    return false;
  u8 *init = shadow.init.data();
  if (!Write && !isWrittenAt<Kind::size>(init, first))
    return false;
  constexpr unsigned words = Kind::size / 4, row = words < 32 ? words : 32;
  if (warp.checkShared)
    for (unsigned word = 0; word < words; word += row)
      if (!passRow<Write, row>(warp, shadow, first / 4 + word))
        return false;
  if constexpr (Write) {
    markWrittenAt<Kind::size>(init, first);
    Kind::store(op[1], file, warp.shared + first);
    warp.wrote = true;
  } else {
    Kind::load(op[1], file, warp.shared + first);
  }
  countShared(warp, op, Kind::size, 0, Write);
  return true;
}

/// Up to 32 words of distinct pieces, to all lanes.
template <class Kind>
inline __attribute__((always_inline)) void spread(const Op &to, u8 *file, const u8 *from, const AccessPattern &pattern,
                                                  const u32 *offset) {
  constexpr unsigned words = Kind::bytes / 4, perVector = 16 / words;
  u32 *const rows[4] = {rowPointer(file, to.d), rowPointer(file, to.a), rowPointer(file, to.b), rowPointer(file, to.c)};
  Vec16 low = gatherPieces<words>(from, offset);
  Vec16 high = pattern.pieces > perVector ? gatherPieces<words>(from, offset + perVector) : low;
  for (unsigned lane = 0; lane < laneCount; lane += 16) {
    Vec16 number = load16(pattern.number + lane) * words;
    for (unsigned k = 0; k < words; ++k)
      store16(rows[k] + lane, lookUp(low, high, number + k));
  }
}

/// Any addresses of all lanes: checks once per distinct piece.
template <class Kind, bool Write>
inline __attribute__((always_inline)) bool sharedPieces(const Op *op, u8 *file, Warp &warp, const u32 *address,
                                                        const AccessPattern &pattern) {
  SharedShadow &shadow = *warp.sharedShadow;
  s64 first = s64(address[0]) + pattern.low;
  if (!pattern.aligned || address[0] % Kind::bytes || first < 0 || u64(first) + pattern.span > warp.sharedBytes)
    return false;
  constexpr unsigned words = Kind::bytes / 4, perVector = 16 / words;
  alignas(64) u32 offset[laneCount];
  *reinterpret_cast<Row<u32> *>(offset) = *reinterpret_cast<const Row<u32> *>(pattern.piece) + address[0];
  u8 *init = shadow.init.data();
  if constexpr (!Write) {
    bool all = true;
    for (unsigned i = 0; i < pattern.pieces; ++i)
      all &= allInit(init, offset[i], Kind::bytes);
    if (!all)
      return false;
  }
  if (warp.checkShared &&
      !passPieces<Write, words>(warp, shadow, offset, (pattern.pieces + perVector - 1) / perVector * perVector))
    return false;
  if constexpr (Write) {
    for (unsigned i = 0; i < pattern.pieces; ++i)
      setBits(init, offset[i], Kind::bytes);
    for (unsigned lane = 0; lane < laneCount; ++lane)
      Kind::storeLane(op[1], file, lane, warp.shared + address[lane]);
    warp.wrote = true;
  } else if (Kind::elementBytes == 4 && pattern.pieces <= 2 * perVector) {
    spread<Kind>(op[1], file, warp.shared, pattern, offset);
  } else {
    for (unsigned lane = 0; lane < laneCount; ++lane)
      Kind::loadLane(op[1], file, lane, warp.shared + address[lane]);
  }
  countShared(warp, op, Kind::size, pattern.conflicts, Write);
  return true;
}

/// The lanes of `mask`.
template <class Kind, bool Write>
__attribute__((noinline)) bool sharedLanes(const Op *op, u8 *file, Warp &warp, const u32 *address, u32 mask) {
  SharedShadow &shadow = *warp.sharedShadow;
  if (warp.sharedBytes < Kind::bytes)
    return false;
  u32 offset[laneCount];
  unsigned count = 0;
  bool good = true;
  for (u32 left = mask; left; left &= left - 1) {
    u32 a = address[__builtin_ctz(left)];
    good &= a % Kind::bytes == 0 && a <= warp.sharedBytes - Kind::bytes;
    offset[count++] = a;
  }
  u8 *init = shadow.init.data();
  for (unsigned i = 0; i < count && good && !Write; ++i)
    good = allInit(init, offset[i], Kind::bytes);
  if (!good || (warp.checkShared && !(Write ? passWrites : passReads)(warp, shadow, offset, count, Kind::bytes / 4)))
    return false;
  u64 wide[laneCount];
  for (unsigned lane = 0; lane < laneCount; ++lane)
    wide[lane] = address[lane];
  for (u32 left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    if constexpr (Write) {
      setBits(init, address[lane], Kind::bytes);
      Kind::storeLane(op[1], file, lane, warp.shared + address[lane]);
    } else {
      Kind::loadLane(op[1], file, lane, warp.shared + address[lane]);
    }
  }
  warp.wrote |= Write;
  countShared(warp, op, count * Kind::bytes, bankConflicts(wide, mask, Kind::bytes), Write);
  return true;
}

template <bool Full, bool Write, class Kind>
inline __attribute__((always_inline)) bool sharedFast(const Op *op, u8 *file, Warp &warp, u32 mask) {
  Vec<u32> address;
  if (__builtin_expect(warp.tainted || !sharedOffsets(op, file, address), 0))
    return false;
  alignas(64) u32 offset[laneCount];
  *reinterpret_cast<Row<u32> *>(offset) = address;
  if constexpr (Full) {
    constexpr Vec<u32> number = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    Vec<u32> relative = address - offset[0];
    if (!anySet(relative ^ (number * Kind::bytes)))
      return sharedRange<Kind, Write>(op, file, warp, offset[0]);
    if constexpr (Kind::bytes >= 4) {
      AccessPattern &pattern = warp.patterns[op[1].handler];
      if (anySet(relative ^ *reinterpret_cast<const Row<u32> *>(pattern.relative)))
        learnPattern(pattern, offset, Kind::bytes);
      return sharedPieces<Kind, Write>(op, file, warp, offset, pattern);
    }
  }
  if constexpr (Kind::bytes >= 4)
    return sharedLanes<Kind, Write>(op, file, warp, offset, mask);
  return false;
}

} // namespace tenon::sim::TENON_LANES
