// The checks of a plain access to a warp's own shared memory that finds nothing
// out of the ordinary. Words in one state are decided at once; others are looked
// up among the states this warp has met before, 16 words at a time. False means:
// look closer (what was noted until then has passed and may stay).
#pragma once

#include "sim/machine/handlers/Written.h"
#include "sim/machine/lanes/Transpose.h"
#include "sim/machine/race/SharedCells.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace tenon::sim::TENON_LANES {

template <class V> inline __attribute__((always_inline)) bool anySet(V v) { return __builtin_reduce_or(v) != 0; }

/// Entries of a table of 16 by number.
inline __attribute__((always_inline)) Vec16 lookUp(const u32 *table, Vec16 number) {
#if defined(__AVX512F__)
  return __builtin_bit_cast(Vec16, _mm512_permutexvar_epi32(__builtin_bit_cast(__m512i, number),
                                                            __builtin_bit_cast(__m512i, load16(table))));
#else
  Vec16 found;
  for (unsigned i = 0; i < 16; ++i)
    found[i] = table[number[i] & 15];
  return found;
#endif
}

/// The same of two tables side by side.
inline __attribute__((always_inline)) Vec16 lookUp(Vec16 low, Vec16 high, Vec16 number) {
#if defined(__AVX512F__)
  return __builtin_bit_cast(Vec16, _mm512_permutex2var_epi32(__builtin_bit_cast(__m512i, low),
                                                             __builtin_bit_cast(__m512i, number),
                                                             __builtin_bit_cast(__m512i, high)));
#else
  alignas(64) u32 table[32];
  store16(table, low);
  store16(table + 16, high);
  Vec16 found;
  for (unsigned i = 0; i < 16; ++i)
    found[i] = table[number[i] & 31];
  return found;
#endif
}

inline __attribute__((always_inline)) Vec16 memoSlots(Vec16 state) { return (state >> 22 ^ state >> 1) & 15; }

/// What 16 words become by a read or write of the warp, if it has met their states.
template <bool Write> inline __attribute__((always_inline)) bool passStates(const MemoTables &memo, u32 me,
                                                                            Vec16 &writes, Vec16 &readers) {
  Vec16 slots = memoSlots(readers);
  Vec16 strange = lookUp(memo.writes, memoSlots(writes)) ^ writes;
  if constexpr (Write)
    strange |= (lookUp(memo.passed, slots) ^ readers) & Vec16(readers != 0);
  else
    strange |= lookUp(memo.readers, slots) ^ readers;
  if (anySet(strange))
    return false;
  if constexpr (Write) {
    writes = me;
    readers = 0;
  } else {
    readers = lookUp(memo.joined, slots);
  }
  return true;
}

/// `Words` (up to 32) words from `word` on.
template <bool Write, unsigned Words>
inline __attribute__((always_inline)) bool passRow(Warp &warp, SharedShadow &shadow, u32 word) {
  using States = u32 __attribute__((ext_vector_type(Words)));
  States writes, readers;
  u32 *writeCells = shadow.write.data() + word, *readCells = shadow.read.data() + word;
  __builtin_memcpy(&writes, writeCells, sizeof writes);
  __builtin_memcpy(&readers, readCells, sizeof readers);
  u32 write = *writeCells, read = *readCells, me = ownEpoch(warp), offset = word * 4;
  if (__builtin_expect(anySet((writes ^ write) | (readers ^ read)), 0))
    return Write ? passWrites(warp, shadow, &offset, 1, Words) : passReads(warp, shadow, &offset, 1, Words);
  if (!orderedEpoch(warp, write))
    return false;
  if constexpr (Write) {
    if (read && !orderedEpoch(warp, read) && !readersOrdered(warp, shadow, read))
      return false;
    States own = me, none = 0;
    __builtin_memcpy(writeCells, &own, sizeof own);
    if (read)
      __builtin_memcpy(readCells, &none, sizeof none);
  } else if (read != me) {
    u32 after = !read || orderedEpoch(warp, read) ? me : readersAfter(warp, shadow, read);
    if (__builtin_expect(!after, 0))
      return false;
    States all = after;
    if (after != read)
      __builtin_memcpy(readCells, &all, sizeof all);
  }
  return true;
}

/// 16 words from pieces of `Words` words each, at these offsets.
template <unsigned Words> inline __attribute__((always_inline)) Vec16 gatherPieces(const void *from, const u32 *offset) {
  auto at = [&](unsigned i) { return static_cast<const u8 *>(from) + offset[i]; };
  if constexpr (Words == 4) {
    auto ab = __builtin_shufflevector(load4(at(0)), load4(at(1)), 0, 1, 2, 3, 4, 5, 6, 7);
    auto ce = __builtin_shufflevector(load4(at(2)), load4(at(3)), 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(ab, ce, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  } else if constexpr (Words == 2) {
    auto word = [&](unsigned i) { u64 w; __builtin_memcpy(&w, at(i), 8); return w; };
    typedef u64 Vec8 __attribute__((ext_vector_type(8)));
    Vec8 v = {word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7)};
    return __builtin_bit_cast(Vec16, v);
  } else {
    auto word = [&](unsigned i) { u32 w; __builtin_memcpy(&w, at(i), 4); return w; };
    return Vec16{word(0), word(1), word(2),  word(3),  word(4),  word(5),  word(6),  word(7),
                 word(8), word(9), word(10), word(11), word(12), word(13), word(14), word(15)};
  }
}

template <unsigned Words> inline __attribute__((always_inline)) void scatterPieces(void *to, const u32 *offset, Vec16 words) {
  alignas(64) u32 all[16];
  store16(all, words);
  for (unsigned i = 0; i < 16 / Words; ++i)
    __builtin_memcpy(static_cast<u8 *>(to) + offset[i], all + i * Words, Words * 4);
}

/// Pieces of `Words` words at `count` offsets (a multiple of 16 / Words; pieces may
/// stand there twice).
template <bool Write, unsigned Words>
inline __attribute__((always_inline)) bool passPieces(Warp &warp, SharedShadow &shadow, const u32 *offset, unsigned count) {
  u32 me = ownEpoch(warp);
  for (unsigned i = 0; i < count; i += 16 / Words) {
    Vec16 writes = gatherPieces<Words>(shadow.write.data(), offset + i);
    Vec16 readers = gatherPieces<Words>(shadow.read.data(), offset + i), before = readers;
    if (__builtin_expect(!passStates<Write>(*warp.memo, me, writes, readers), 0)) {
      if (!(Write ? passWrites : passReads)(warp, shadow, offset + i, 16 / Words, Words))
        return false;
      continue;
    }
    if constexpr (Write)
      scatterPieces<Words>(shadow.write.data(), offset + i, writes);
    if (anySet(before ^ readers))
      scatterPieces<Words>(shadow.read.data(), offset + i, readers);
  }
  return true;
}

} // namespace tenon::sim::TENON_LANES
