// Thirty-two lanes at once, in clang's portable vector types. This header and
// everything in handlers/ is compiled once per instruction set (TENON_LANES names
// the build: sse2, avx2, avx512); exec/Dispatch.cpp picks one by CPUID.
//
// Functions are written for one lane and applied in a loop over a local vector,
// which clang turns into whole-register code.
#pragma once

#include "sim/machine/exec/Warp.h"
#include <bit>
#include <cstdint>
#include <cstring>

namespace tenon::sim::TENON_LANES {

using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using s16 = int16_t;
using s32 = int32_t;
using s64 = int64_t;

template <class T> using Vec = T __attribute__((ext_vector_type(32)));
using Flags = Vec<bool>;

inline __attribute__((always_inline)) u32 bitsOf(Flags flags) {
  return __builtin_bit_cast(u32, flags);
}
inline __attribute__((always_inline)) Flags flagsOf(u32 mask) {
  return __builtin_bit_cast(Flags, mask);
}

/// How a PTX type sits in a register: `Stored` per lane, `Value` to compute with.
template <class V, class S> struct LaneType {
  using Value = V;
  using Stored = S;
  static V in(S s) {
    if constexpr (sizeof(V) == sizeof(S))
      return std::bit_cast<V>(s);
    else
      return V(s);
  }
  static S out(V v) {
    if constexpr (sizeof(V) == sizeof(S))
      return std::bit_cast<S>(v);
    else
      return S(std::make_unsigned_t<V>(v));
  }
};
struct U16 : LaneType<u16, u32> {};
struct S16 : LaneType<s16, u32> {};
struct U32 : LaneType<u32, u32> {};
struct S32 : LaneType<s32, u32> {};
struct U64 : LaneType<u64, u64> {};
struct S64 : LaneType<s64, u64> {};
/// Floats are canonical on the way out: a NaN of f32 is 0x7fffffff in PTX.
struct F32 {
  using Value = float;
  using Stored = u32;
  static float in(u32 s) { return std::bit_cast<float>(s); }
  static u32 out(float v) { return v != v ? 0x7fffffffu : std::bit_cast<u32>(v); }
};
struct F64 : LaneType<double, u64> {};

/// A register row (u32) or pair of rows (u64) in the file.
template <class T> using Row = T __attribute__((ext_vector_type(32), aligned(64)));

template <class T> inline Row<T> &rowOf(u8 *file, u16 index) {
  return *reinterpret_cast<Row<T> *>(file + index * rowBytes);
}

/// The same as an array, for loops over lanes; results go to a local array first.
template <class T> inline const T *lanesOf(u8 *file, u16 index) {
  return static_cast<const T *>(__builtin_assume_aligned(file + index * rowBytes, 64));
}
template <class T> inline __attribute__((always_inline)) Vec<T> vecOf(const T (&lanes)[laneCount]) {
  return *reinterpret_cast<const Row<T> *>(lanes);
}

/// Writes the lanes of `mask` (all of them when Full).
template <bool Full, class T>
inline __attribute__((always_inline)) void put(u8 *file, u16 index, Vec<T> value, u32 mask) {
  Row<T> &row = rowOf<T>(file, index);
  if constexpr (Full) {
    row = value;
  } else {
    using S = std::make_signed_t<T>;
    Vec<T> keep = __builtin_bit_cast(Vec<T>, -__builtin_convertvector(flagsOf(mask), Vec<S>));
    row = (value & keep) | (row & ~keep);
  }
}

template <bool Full>
inline __attribute__((always_inline)) void putPredicate(u8 *file, u16 index, u32 value, u32 mask) {
  u32 &p = reinterpret_cast<u32 *>(file)[index];
  p = Full ? value : (p & ~mask) | (value & mask);
}

inline u32 predicateOf(u8 *file, u16 index) { return reinterpret_cast<u32 *>(file)[index]; }

} // namespace tenon::sim::TENON_LANES
