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

/// The last result as lanes, and back.
#if defined(__AVX512F__)
#define TENON_STORE_LAST(to) (storePiece(to, last0), storePiece(to + 16, last1))
#define TENON_LOAD_LAST(from) (last0 = loadPiece(from), last1 = loadPiece(from + 16))
#elif defined(__AVX2__)
#define TENON_STORE_LAST(to)                                                                       \
  (storePiece(to, last0), storePiece(to + 8, last1), storePiece(to + 16, last2), storePiece(to + 24, last3))
#define TENON_LOAD_LAST(from)                                                                      \
  (last0 = loadPiece(from), last1 = loadPiece(from + 8), last2 = loadPiece(from + 16), last3 = loadPiece(from + 24))
#endif
#if defined(TENON_STORE_LAST)
inline __attribute__((always_inline)) void storePiece(u32 *to, Piece piece) { __builtin_memcpy(to, &piece, sizeof piece); }
inline __attribute__((always_inline)) Piece loadPiece(const u32 *from) {
  Piece piece;
  __builtin_memcpy(&piece, from, sizeof piece);
  return piece;
}
#endif

template <class T> constexpr bool isNarrow = sizeof(typename T::Stored) == 4;

/// Computes all lanes of L into `d`; source number `Carried` (0: none) is `last`.
template <class L, unsigned Carried>
inline __attribute__((always_inline)) void compute(const Op *op, u8 *file, const u32 *last, typename L::D::Stored *d) {
  using A = typename L::A::Stored;
  using B = typename L::B::Stored;
  using C = typename L::C::Stored;
  const A *a = Carried == 1 ? reinterpret_cast<const A *>(last) : lanesOf<A>(file, op->a);
  const B *b = Carried == 2 ? reinterpret_cast<const B *>(last) : lanesOf<B>(file, op->b);
  const C *c = Carried == 3 ? reinterpret_cast<const C *>(last) : lanesOf<C>(file, op->c);
  for (unsigned i = 0; i < laneCount; ++i)
    if constexpr (L::sources == 1)
      d[i] = L::D::out(L::of(L::A::in(a[i])));
    else if constexpr (L::sources == 2)
      d[i] = L::D::out(L::of(L::A::in(a[i]), L::B::in(b[i])));
    else
      d[i] = L::D::out(L::of(L::A::in(a[i]), L::B::in(b[i]), L::C::in(c[i])));
}

template <class L, bool Full> inline __attribute__((always_inline)) void body(const Op *op, u8 *file, u32 mask) {
  alignas(64) typename L::D::Stored d[laneCount];
  compute<L, 0>(op, file, nullptr, d);
  put<Full>(file, op->d, vecOf(d), mask);
}

/// The handler for all lanes: what is computed also stays in registers.
template <class L, unsigned Carried> TENON_HANDLER(laneHandler) {
  using D = typename L::D;
  alignas(64) typename D::Stored d[laneCount];
#if defined(TENON_STORE_LAST)
  alignas(64) u32 last[laneCount];
  if constexpr (Carried != 0)
    TENON_STORE_LAST(last);
  compute<L, Carried>(op, file, last, d);
  put<true>(file, op->d, vecOf(d), allLanes);
  ++op;
  if constexpr (isNarrow<D>) {
    TENON_LOAD_LAST(d);
    TENON_NEXT_KEEP;
  }
#else
  compute<L, 0>(op, file, nullptr, d);
  put<true>(file, op->d, vecOf(d), allLanes);
  ++op;
#endif
  TENON_NEXT;
}

template <class L> void addCarriedOf(HandlerTables &tables, HandlerId id) {
#if defined(TENON_STORE_LAST)
  auto set = [&](unsigned source, Handler handler) {
    tables.full[carriedHandler(id, source)] = reinterpret_cast<const void *>(handler);
  };
  if constexpr (isNarrow<typename L::A>)
    set(1, laneHandler<L, 1>);
  if constexpr (L::sources > 1 && isNarrow<typename L::B>)
    set(2, laneHandler<L, 2>);
  if constexpr (L::sources > 2 && isNarrow<typename L::C>)
    set(3, laneHandler<L, 3>);
#endif
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
#define TENON_LANE_OP(name, count, DType, AType, BType, CType, parameters, expression)             \
  namespace {                                                                                      \
  struct name##Lane {                                                                              \
    using D = DType;                                                                               \
    using A = AType;                                                                               \
    using B = BType;                                                                               \
    using C = CType;                                                                               \
    static constexpr unsigned sources = count;                                                     \
    static inline __attribute__((always_inline)) typename D::Value of parameters {                 \
      return typename D::Value(expression);                                                        \
    }                                                                                              \
  };                                                                                               \
  }                                                                                                \
  TENON_HANDLER(full_##name) {                                                                     \
    [[clang::musttail]] return laneHandler<name##Lane, 0>(op, file, warp, table TENON_LAST);       \
  }                                                                                                \
  void masked_##name(const Op *op, uint8_t *file, Warp *warp, uint32_t mask) {                     \
    body<name##Lane, false>(op, file, mask);                                                       \
  }
#define LANE1(name, D, A, expression) TENON_LANE_OP(name, 1, D, A, A, A, (VALUE(A) a), expression)
#define LANE2(name, D, A, B, expression)                                                           \
  TENON_LANE_OP(name, 2, D, A, B, B, (VALUE(A) a, VALUE(B) b), expression)
#define LANE3(name, D, A, B, C, expression)                                                        \
  TENON_LANE_OP(name, 3, D, A, B, C, (VALUE(A) a, VALUE(B) b, VALUE(C) c), expression)
#define COMPARE(name, A)                                                                           \
  TENON_BODY(name) {                                                                               \
    u32 lanes = compareRows<A>(op, file);                                                          \
    putPredicate<Full>(file, op->d, op->imm & negatedComparison ? ~lanes : lanes, mask);           \
  }                                                                                                \
  TENON_DEFINE(name, 1)
#include "sim/machine/handlers/LaneOps.def"

void addCarried(HandlerTables &tables) {
#define LANE1(name, ...) addCarriedOf<name##Lane>(tables, HandlerId::name);
#define LANE2(name, ...) addCarriedOf<name##Lane>(tables, HandlerId::name);
#define LANE3(name, ...) addCarriedOf<name##Lane>(tables, HandlerId::name);
#define COMPARE(name, ...)
#include "sim/machine/handlers/LaneOps.def"
}

} // namespace tenon::sim::TENON_LANES
