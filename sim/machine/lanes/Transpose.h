// Between registers (one row per component) and memory (a lane's components side
// by side), as shuffles of whole vectors: for 16 lanes at a time, in two steps, so
// that four components take eight shuffles.
#pragma once

#include "sim/machine/lanes/Vec.h"

namespace tenon::sim::TENON_LANES {

typedef u32 Vec16 __attribute__((ext_vector_type(16)));
typedef u32 Vec4 __attribute__((ext_vector_type(4)));

inline Vec16 load16(const void *p) {
  Vec16 v;
  __builtin_memcpy(&v, p, 64);
  return v;
}
inline void store16(void *p, Vec16 v) { __builtin_memcpy(p, &v, 64); }
inline Vec4 load4(const void *p) {
  Vec4 v;
  __builtin_memcpy(&v, p, 16);
  return v;
}

#define TENON_LOW_HALVES(a, b)                                                                     \
  __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define TENON_HIGH_HALVES(a, b)                                                                    \
  __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)

/// 64 words in memory order to 16 lanes of each of four rows, from lane `at`.
inline __attribute__((always_inline)) void split16(Vec16 a, Vec16 b, Vec16 c, Vec16 e,
                                                   u32 *const rows[4], unsigned at) {
#define TENON_PAIR(x, y, k)                                                                        \
  __builtin_shufflevector(x, y, k, k + 4, k + 8, k + 12, k + 16, k + 20, k + 24, k + 28, k + 1,    \
                          k + 5, k + 9, k + 13, k + 17, k + 21, k + 25, k + 29)
  Vec16 ab01 = TENON_PAIR(a, b, 0), ab23 = TENON_PAIR(a, b, 2);
  Vec16 ce01 = TENON_PAIR(c, e, 0), ce23 = TENON_PAIR(c, e, 2);
#undef TENON_PAIR
  store16(rows[0] + at, TENON_LOW_HALVES(ab01, ce01));
  store16(rows[1] + at, TENON_HIGH_HALVES(ab01, ce01));
  store16(rows[2] + at, TENON_LOW_HALVES(ab23, ce23));
  store16(rows[3] + at, TENON_HIGH_HALVES(ab23, ce23));
}

/// 32 words in memory order to 16 lanes of two rows.
inline __attribute__((always_inline)) void split16(Vec16 a, Vec16 b, u32 *const rows[4], unsigned at) {
  store16(rows[0] + at, __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24,
                                                26, 28, 30));
  store16(rows[1] + at, __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25,
                                                27, 29, 31));
}

#define TENON_WEAVE_LOW(x, y)                                                                      \
  __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define TENON_WEAVE_HIGH(x, y)                                                                     \
  __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/// The other way: 16 lanes of four rows to 64 words in memory order. First pairs of
/// lanes i and i + 4 side by side, then 64-bit halves woven within 128 bits.
inline __attribute__((always_inline)) void join16(u8 *to, Vec16 x, Vec16 y, Vec16 z, Vec16 w) {
#define TENON_PAIRS(a, b, k)                                                                       \
  __builtin_shufflevector(a, b, k, k + 16, k + 4, k + 20, k + 1, k + 17, k + 5, k + 21, k + 2,     \
                          k + 18, k + 6, k + 22, k + 3, k + 19, k + 7, k + 23)
#define TENON_QUADS(a, b, k)                                                                       \
  __builtin_shufflevector(a, b, k, k + 1, k + 16, k + 17, k + 4, k + 5, k + 20, k + 21, k + 8,     \
                          k + 9, k + 24, k + 25, k + 12, k + 13, k + 28, k + 29)
  Vec16 xy0 = TENON_PAIRS(x, y, 0), xy1 = TENON_PAIRS(x, y, 8);
  Vec16 zw0 = TENON_PAIRS(z, w, 0), zw1 = TENON_PAIRS(z, w, 8);
  store16(to, TENON_QUADS(xy0, zw0, 0));
  store16(to + 64, TENON_QUADS(xy0, zw0, 2));
  store16(to + 128, TENON_QUADS(xy1, zw1, 0));
  store16(to + 192, TENON_QUADS(xy1, zw1, 2));
#undef TENON_PAIRS
#undef TENON_QUADS
}

/// 16 lanes of two rows to 32 words in memory order.
inline __attribute__((always_inline)) void join16(u8 *to, Vec16 x, Vec16 y) {
  store16(to, TENON_WEAVE_LOW(x, y));
  store16(to + 64, TENON_WEAVE_HIGH(x, y));
}

} // namespace tenon::sim::TENON_LANES
