// The handlers of LaneOps.def: each lane computed from the same lane of its
// sources, in whole vectors.
#include "sim/machine/code/Comparison.h"
#include "sim/machine/handlers/Handler.h"

namespace tenon::sim::TENON_LANES {
namespace {

inline float flush(float v) {
  u32 bits = std::bit_cast<u32>(v);
  return std::bit_cast<float>(bits & 0x7f800000 ? bits : bits & 0x80000000);
}
inline float canonical(float v) { return std::bit_cast<float>(F32::out(v)); }
inline double widen(float v) { return v != v ? std::bit_cast<double>(0x7ff8000000000000u) : v; }
inline s32 toS32(float v) {
  s32 inside = s32(v < 2147483648.0f && v >= -2147483648.0f ? v : 0.0f);
  return v >= 2147483648.0f ? 0x7fffffff : v < -2147483648.0f ? s32(0x80000000) : inside;
}

template <bool Full, class D, class A, class F>
inline __attribute__((always_inline)) void lane1(const Op *op, u8 *file, u32 mask, F f) {
  auto *a = lanesOf<typename A::Stored>(file, op->a);
  alignas(64) typename D::Stored d[laneCount];
  for (unsigned i = 0; i < laneCount; ++i)
    d[i] = D::out(f(A::in(a[i])));
  put<Full>(file, op->d, vecOf(d), mask);
}

template <bool Full, class D, class A, class B, class F>
inline __attribute__((always_inline)) void lane2(const Op *op, u8 *file, u32 mask, F f) {
  auto *a = lanesOf<typename A::Stored>(file, op->a);
  auto *b = lanesOf<typename B::Stored>(file, op->b);
  alignas(64) typename D::Stored d[laneCount];
  for (unsigned i = 0; i < laneCount; ++i)
    d[i] = D::out(f(A::in(a[i]), B::in(b[i])));
  put<Full>(file, op->d, vecOf(d), mask);
}

template <bool Full, class D, class A, class B, class C, class F>
inline __attribute__((always_inline)) void lane3(const Op *op, u8 *file, u32 mask, F f) {
  auto *a = lanesOf<typename A::Stored>(file, op->a);
  auto *b = lanesOf<typename B::Stored>(file, op->b);
  auto *c = lanesOf<typename C::Stored>(file, op->c);
  alignas(64) typename D::Stored d[laneCount];
  for (unsigned i = 0; i < laneCount; ++i)
    d[i] = D::out(f(A::in(a[i]), B::in(b[i]), C::in(c[i])));
  put<Full>(file, op->d, vecOf(d), mask);
}

/// Lanes for which `less`, `equal` or `unordered` is among the bits of `wanted`.
template <class A> inline u32 compareRows(const Op *op, u8 *file) {
  using V = typename A::Value;
  auto *a = lanesOf<typename A::Stored>(file, op->a);
  auto *b = lanesOf<typename A::Stored>(file, op->b);
  auto test = [&](auto f) __attribute__((always_inline)) {
    alignas(64) typename A::Stored result[laneCount];
    for (unsigned i = 0; i < laneCount; ++i)
      result[i] = f(V(A::in(a[i])), V(A::in(b[i]))) ? 1 : 0;
    return bitsOf(__builtin_convertvector(vecOf(result) != 0, Flags));
  };
  switch (Comparison(op->imm & 7)) {
  case Comparison::Eq:
    return test([](V x, V y) { return x == y; });
  case Comparison::Lt:
    return test([](V x, V y) { return x < y; });
  case Comparison::Le:
    return test([](V x, V y) { return x <= y; });
  case Comparison::Gt:
    return test([](V x, V y) { return x > y; });
  case Comparison::Ge:
    return test([](V x, V y) { return x >= y; });
  case Comparison::Ordered:
    return test([](V x, V y) { return x == x && y == y; });
  }
  return 0;
}

} // namespace

#define VALUE(T) typename T::Value
#define LANE1(name, D, A, expression)                                                              \
  TENON_BODY(name) {                                                                               \
    lane1<Full, D, A>(op, file, mask, [](VALUE(A) a) { return VALUE(D)(expression); });            \
  }                                                                                                \
  TENON_DEFINE(name, 1)
#define LANE2(name, D, A, B, expression)                                                           \
  TENON_BODY(name) {                                                                               \
    lane2<Full, D, A, B>(op, file, mask,                                                           \
                         [](VALUE(A) a, VALUE(B) b) { return VALUE(D)(expression); });             \
  }                                                                                                \
  TENON_DEFINE(name, 1)
#define LANE3(name, D, A, B, C, expression)                                                        \
  TENON_BODY(name) {                                                                               \
    lane3<Full, D, A, B, C>(op, file, mask, [](VALUE(A) a, VALUE(B) b, VALUE(C) c) {               \
      return VALUE(D)(expression);                                                                 \
    });                                                                                            \
  }                                                                                                \
  TENON_DEFINE(name, 1)
#define COMPARE(name, A)                                                                           \
  TENON_BODY(name) {                                                                               \
    u32 lanes = compareRows<A>(op, file);                                                          \
    putPredicate<Full>(file, op->d, op->imm & negatedComparison ? ~lanes : lanes, mask);           \
  }                                                                                                \
  TENON_DEFINE(name, 1)
#include "sim/machine/handlers/LaneOps.def"

} // namespace tenon::sim::TENON_LANES
