// Shared memory with all lanes active: 4 bytes a lane at unit stride, and loads of
// 4 to 16 bytes a lane at any addresses. Races are passed when every word's state
// is one that this warp has looked at before (two memo tables of 16 states).
#pragma once

#include "sim/machine/handlers/GlobalFast.h"
#include "sim/machine/race/SharedCells.h"
#include "sim/machine/report/Coalescing.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace tenon::sim::TENON_LANES {

typedef u32 Memo __attribute__((ext_vector_type(16)));

/// As writeSlot and readerSlot, for 16 states.
inline __attribute__((always_inline)) Vec16 writeSlots(Vec16 w) { return (w >> 22 ^ w >> 1) & 15; }
inline __attribute__((always_inline)) Vec16 readerSlots(Vec16 r) {
  Vec16 number = r >> 1 & 15;
  number |= Vec16(number == 0) & 1;
  return number & (0 - (r & 1));
}

/// Which of 16 states are not in a memo table (as a vector of 0 or not 0).
inline __attribute__((always_inline)) Vec16 unknown(Vec16 states, Vec16 slot, const u32 *table) {
  Vec16 found;
#if defined(__AVX512F__)
  Vec16 entries = *reinterpret_cast<const Vec16 *>(table);
  found = __builtin_bit_cast(Vec16, _mm512_permutexvar_epi32(__builtin_bit_cast(__m512i, slot),
                                                             __builtin_bit_cast(__m512i, entries)));
#else
  for (unsigned i = 0; i < 16; ++i)
    found[i] = table[slot[i]];
#endif
  return found ^ states;
}

inline __attribute__((always_inline)) bool anySet(Vec16 v) {
  return __builtin_reduce_or(v) != 0;
}

/// Offsets of a shared access into `offset`; false if one is out of bounds or
/// misaligned, or the access is not plain.
inline bool sharedOffsets(const Op *op, u8 *file, Warp &warp, unsigned bytes, u32 offset[laneCount]) {
  const u32 *address = lanesOf<u32>(file, op->a);
  u32 last = warp.sharedBytes - bytes, bad = 0;
  if (warp.sharedBytes < bytes)
    return false;
  for (unsigned i = 0; i < laneCount; ++i) {
    offset[i] = address[i] + u32(op->imm);
    bad |= u32(offset[i] > last) | (offset[i] & (bytes - 1));
  }
  return bad == 0;
}

/// All 32 words from `word` in one state, as after a whole-warp access.
inline bool uniform(const u32 *cells, u32 &state) {
  state = cells[0];
  u32 differs = 0;
  for (unsigned i = 0; i < laneCount; ++i)
    differs |= cells[i] ^ state;
  return differs == 0;
}

inline bool orderedEpoch(const Warp &warp, u32 epoch) {
  return !(epoch & 1) && (epochEntity(epoch) == warp.entity || epochClock(epoch) <= warp.clock[epochEntity(epoch)]);
}

inline u32 ownEpoch(const Warp &warp) { return makeEpoch(warp.entity, warp.clock[warp.entity]); }

/// A row of 32 words, read or written by the whole warp.
template <bool Write> inline bool passRow(Warp &warp, SharedShadow &shadow, u32 word) {
  u32 write, read, me = ownEpoch(warp);
  u32 *writes = shadow.write.data() + word, *reads = shadow.read.data() + word;
  if (!uniform(writes, write) || !uniform(reads, read))
    return false;
  if (write && !orderedEpoch(warp, write))
    return false;
  if (Write && read && !readersOrdered(warp, shadow, read))
    return false;
  u32 next = me;
  if (!Write && read && read != me && warp.memo->readers[readerSlot(read)] == read)
    return true;
  if (!Write && read && read != me && !orderedEpoch(warp, read)) {
    next = joinReaders(warp, shadow, read);
    if (!next)
      return false;
    warp.memo->readers[readerSlot(next)] = next;
  }
  if (Write) {
    for (unsigned i = 0; i < laneCount; ++i)
      writes[i] = me;
    if (read)
      for (unsigned i = 0; i < laneCount; ++i)
        reads[i] = 0;
  } else if (read != me) {
    for (unsigned i = 0; i < laneCount; ++i)
      reads[i] = next;
  }
  return true;
}

inline bool sharedChecked(const Warp &warp) { return warp.checkShared; }

inline __attribute__((always_inline)) bool loadRow(const Op *op, u8 *file, Warp &warp, u32 first) {
  SharedShadow &shadow = *warp.sharedShadow;
  if (!allSet(shadow.init.data() + first / 8, 16))
    return false;
  if (sharedChecked(warp) && !passRow<false>(warp, shadow, first / 4))
    return false;
  __builtin_memcpy(file + op[1].d * rowBytes, warp.shared + first, 128);
  warp.counters[op[1].handler].sharedBytesRead += 128;
  return true;
}

/// Reads that change nothing: every state is one this warp knows.
inline __attribute__((always_inline)) bool passKnown(Warp &warp, const u32 *offset, unsigned bytes) {
  const SharedShadow &shadow = *warp.sharedShadow;
  const MemoTables &memo = *warp.memo;
  Vec16 bad = 0;
  unsigned words = bytes / 4, perVector = 16 / words;
  for (unsigned lane = 0; lane < laneCount; lane += perVector) {
    alignas(64) u32 w[16], r[16];
    for (unsigned k = 0; k < perVector; ++k) {
      __builtin_memcpy(w + k * words, shadow.write.data() + offset[lane + k] / 4, bytes);
      __builtin_memcpy(r + k * words, shadow.read.data() + offset[lane + k] / 4, bytes);
    }
    Vec16 writes = load16(reinterpret_cast<const u8 *>(w)), readers = load16(reinterpret_cast<const u8 *>(r));
    bad |= unknown(writes, writeSlots(writes), memo.writes) |
           unknown(readers, readerSlots(readers), memo.readers);
  }
  return !anySet(bad);
}

inline bool allInit(const SharedShadow &shadow, const u32 *offset, unsigned bytes) {
  u32 all = ~0u, mask = (1u << bytes) - 1;
  for (unsigned i = 0; i < laneCount; ++i) {
    u32 bits;
    __builtin_memcpy(&bits, shadow.init.data() + offset[i] / 8, 4);
    all &= (bits >> (offset[i] & 7)) | ~mask;
  }
  return all == ~0u;
}

/// Conflicts depend on how the lanes' addresses differ, not on where they lie; an
/// instruction mostly repeats one pattern, which is kept with its count.
inline __attribute__((always_inline)) unsigned conflictsOf(BankMemo &memo, const u32 *offset, unsigned bytes) {
  u32 differs = 0;
  for (unsigned i = 0; i < laneCount; ++i)
    differs |= (offset[i] - offset[0]) ^ memo.pattern[i];
  return differs ? countBankConflicts(memo, offset, bytes) : memo.conflicts;
}

/// The offset of lane 0 of an access of 4 bytes a lane at unit stride that starts
/// on a row boundary of the init bits and lies inside; ~0 otherwise.
inline __attribute__((always_inline)) u32 rowAt(const Op *op, u8 *file, const Warp &warp) {
  const u32 *address = lanesOf<u32>(file, op->a);
  u32 first = address[0] + u32(op->imm);
  if (first % 32 || warp.sharedBytes < 128 || first > warp.sharedBytes - 128 || !unitStride<u32>(address, 4))
    return ~0u;
  return first;
}

template <unsigned Bytes>
inline __attribute__((always_inline)) bool gatherShared(const Op *op, u8 *file, Warp &warp) {
  if constexpr (Bytes == 4)
    if (u32 first = rowAt(op, file, warp); first != ~0u && loadRow(op, file, warp, first))
      return true;
  alignas(64) u32 offset[laneCount];
  if (!sharedOffsets(op, file, warp, Bytes, offset))
    return false;
  if (!allInit(*warp.sharedShadow, offset, Bytes) || (sharedChecked(warp) && !passKnown(warp, offset, Bytes)))
    return false;
  MemoryCounters &c = warp.counters[op[1].handler];
  c.sharedBytesRead += Bytes * laneCount;
  c.bankConflicts += conflictsOf(warp.bankMemos[op[1].handler], offset, Bytes);
  const Op &to = op[1];
  u32 *rows[4] = {reinterpret_cast<u32 *>(file + to.d * rowBytes), reinterpret_cast<u32 *>(file + to.a * rowBytes),
                  reinterpret_cast<u32 *>(file + to.b * rowBytes), reinterpret_cast<u32 *>(file + to.c * rowBytes)};
  if constexpr (Bytes == 4) {
    for (unsigned i = 0; i < laneCount; ++i)
      __builtin_memcpy(&rows[0][i], warp.shared + offset[i], 4);
  } else {
    static_assert(Bytes == 16);
    for (unsigned g = 0; g < laneCount; g += 16) {
      auto quad = [&](unsigned k) __attribute__((always_inline)) {
        alignas(64) u8 bytes[64];
        for (unsigned i = 0; i < 4; ++i)
          __builtin_memcpy(bytes + 16 * i, warp.shared + offset[g + 4 * k + i], 16);
        return load16(bytes);
      };
      split16(quad(0), quad(1), quad(2), quad(3), rows, g);
    }
  }
  return true;
}

inline __attribute__((always_inline)) bool loadSharedFast(const Op *op, u8 *file, Warp &warp) {
  unsigned kind = op[1].guard & 0x1ff & ~(7u << 6);
  if (warp.tainted || op[1].guard >> 9 & 1)
    return false;
  if (kind == 2)
    return gatherShared<4>(op, file, warp);
  if (kind == (2 | 2 << 3))
    return gatherShared<16>(op, file, warp);
  return false;
}

inline __attribute__((always_inline)) bool storeSharedFast(const Op *op, u8 *file, Warp &warp) {
  unsigned kind = op[1].guard & 0x1ff & ~(7u << 6);
  if (kind != 2 || warp.tainted || op[1].guard >> 9 & 1)
    return false;
  u32 first = rowAt(op, file, warp);
  if (first == ~0u)
    return false;
  SharedShadow &shadow = *warp.sharedShadow;
  if (sharedChecked(warp) && !passRow<true>(warp, shadow, first / 4))
    return false;
  __builtin_memset(shadow.init.data() + first / 8, 0xff, 16);
  __builtin_memcpy(warp.shared + first, file + op[1].d * rowBytes, 128);
  warp.counters[op[1].handler].sharedBytesWritten += 128;
  warp.wrote = true;
  return true;
}

} // namespace tenon::sim::TENON_LANES
