// Bits of written bytes (memory/Shadow.h) for ranges of a known size that start at a
// multiple of 4: mostly at a multiple of 8, and then whole bytes of the map.
#pragma once

#include "sim/machine/lanes/Vec.h"
#include "sim/machine/memory/Shadow.h"

namespace tenon::sim::TENON_LANES {

/// Whether `Count` (a multiple of 4) bytes from `at` on are written.
template <unsigned Count> inline __attribute__((always_inline)) bool isWrittenAt(const u8 *map, u64 at) {
  if constexpr (Count <= 32) {
    u64 bits = 0, wanted = (1ull << Count) - 1;
    __builtin_memcpy(&bits, map + at / 8, Count / 8 + 1); // the map's end is padded
    return (bits >> at % 8 & wanted) == wanted;
  } else {
    static_assert(Count % 64 == 0);
    if (__builtin_expect(at % 8 != 0, 0))
      return firstClear(map, at, Count) == Count;
    u64 __attribute__((ext_vector_type(Count / 64))) words;
    __builtin_memcpy(&words, map + at / 8, Count / 8);
    return __builtin_reduce_or(~words) == 0;
  }
}

template <unsigned Count> inline __attribute__((always_inline)) void markWrittenAt(u8 *map, u64 at) {
  if (Count % 8 == 0 && __builtin_expect(at % 8 == 0, 1))
    __builtin_memset(map + at / 8, 0xff, Count / 8);
  else
    setBits(map, at, Count);
}

} // namespace tenon::sim::TENON_LANES
