// Between registers (one row per component) and memory (a lane's components side
// by side): 4 components of 4 bytes for 32 lanes, as shuffles of whole vectors.
#pragma once

#include "sim/machine/lanes/Vec.h"

namespace tenon::sim::TENON_LANES {

typedef u32 Vec16 __attribute__((ext_vector_type(16)));
typedef u32 Vec4 __attribute__((ext_vector_type(4)));
struct __attribute__((packed, aligned(4), may_alias)) Unaligned16 {
  Vec16 v;
};

inline Vec16 load16(const u8 *p) {
  Vec16 v;
  __builtin_memcpy(&v, p, 64);
  return v;
}
inline void store16(u8 *p, Vec16 v) { __builtin_memcpy(p, &v, 64); }
inline Vec4 load4(const u8 *p) {
  Vec4 v;
  __builtin_memcpy(&v, p, 16);
  return v;
}

/// 64 words in memory order to 16 lanes of each of the four rows, from lane `at`.
inline __attribute__((always_inline)) void split16(Vec16 a, Vec16 b, Vec16 c, Vec16 e, u32 *const rows[4],
                                                   unsigned at) {
#define TENON_PICK(k)                                                                              \
  {                                                                                                \
    auto ab = __builtin_shufflevector(a, b, k, k + 4, k + 8, k + 12, k + 16, k + 20, k + 24, k + 28); \
    auto ce = __builtin_shufflevector(c, e, k, k + 4, k + 8, k + 12, k + 16, k + 20, k + 24, k + 28); \
    Vec16 row = __builtin_shufflevector(ab, ce, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); \
    store16(reinterpret_cast<u8 *>(rows[k] + at), row);                                           \
  }
  TENON_PICK(0) TENON_PICK(1) TENON_PICK(2) TENON_PICK(3)
#undef TENON_PICK
}

/// The other way: 16 lanes of four rows to 64 words in memory order.
inline __attribute__((always_inline)) void join16(u8 *to, const u32 *const rows[4], unsigned at) {
  Vec16 x = load16(reinterpret_cast<const u8 *>(rows[0] + at)), y = load16(reinterpret_cast<const u8 *>(rows[1] + at));
  Vec16 z = load16(reinterpret_cast<const u8 *>(rows[2] + at)), w = load16(reinterpret_cast<const u8 *>(rows[3] + at));
#define TENON_PAIR(v, u, k)                                                                        \
  __builtin_shufflevector(v, u, k, 16 + k, k + 1, 17 + k, k + 2, 18 + k, k + 3, 19 + k)
#define TENON_QUAD(k)                                                                              \
  {                                                                                                \
    auto xy = TENON_PAIR(x, y, k);                                                                 \
    auto zw = TENON_PAIR(z, w, k);                                                                 \
    Vec16 q = __builtin_shufflevector(xy, zw, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15); \
    store16(to + (k) * 16, q);                                                                     \
  }
  TENON_QUAD(0) TENON_QUAD(4) TENON_QUAD(8) TENON_QUAD(12)
#undef TENON_QUAD
#undef TENON_PAIR
}

} // namespace tenon::sim::TENON_LANES
