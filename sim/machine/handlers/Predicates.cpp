// Predicates as lane masks, selection, three-input logic, and functions per lane.
#include "sim/machine/exec/ScalarOps.h"
#include "sim/machine/handlers/Handler.h"

namespace tenon::sim::TENON_LANES {

#define TENON_PREDICATE(name, expression)                                                          \
  TENON_BODY(name) {                                                                               \
    u32 a = predicateOf(file, op->a), b = predicateOf(file, op->b);                                \
    (void)b;                                                                                       \
    putPredicate<Full>(file, op->d, expression, mask);                                             \
  }                                                                                                \
  TENON_DEFINE(name, 1)
TENON_PREDICATE(PMov, a)
TENON_PREDICATE(PNot, ~a)
TENON_PREDICATE(PAnd, a &b)
TENON_PREDICATE(POr, a | b)
TENON_PREDICATE(PXor, a ^ b)
TENON_PREDICATE(PAndNot, a & ~b)
TENON_PREDICATE(POrNot, a | ~b)
TENON_PREDICATE(PXorNot, a ^ ~b)

template <bool Full, class T>
static inline __attribute__((always_inline)) void select(const Op *op, u8 *file, u32 mask) {
  using S = std::make_signed_t<T>;
  Vec<T> a = rowOf<T>(file, op->a), b = rowOf<T>(file, op->b);
  Flags flags = flagsOf(predicateOf(file, op->c));
  Vec<T> keep = __builtin_bit_cast(Vec<T>, -__builtin_convertvector(flags, Vec<S>));
  put<Full, T>(file, op->d, (a & keep) | (b & ~keep), mask);
}
TENON_BODY(Select32) { select<Full, u32>(op, file, mask); }
TENON_DEFINE(Select32, 1)
TENON_BODY(Select64) { select<Full, u64>(op, file, mask); }
TENON_DEFINE(Select64, 1)

TENON_BODY(Lop3) {
  Vec<u32> a = rowOf<u32>(file, op->a), b = rowOf<u32>(file, op->b), c = rowOf<u32>(file, op->c);
  Vec<u32> d = 0;
  for (unsigned k = 0; k < 8; ++k)
    if (op->imm >> k & 1)
      d |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
  put<Full, u32>(file, op->d, d, mask);
}
TENON_DEFINE(Lop3, 1)

/// The value of a lane of a register of 0 (none), 1, 32 or 64 bits.
static inline u64 laneOf(u8 *file, u16 index, unsigned bits, unsigned lane) {
  switch (bits) {
  case 1:
    return predicateOf(file, index) >> lane & 1;
  case 32:
    return lanesOf<u32>(file, index)[lane];
  case 64:
    return lanesOf<u64>(file, index)[lane];
  default:
    return 0;
  }
}

TENON_BODY(Scalar) {
  const Op &kinds = op[1];
  ScalarFunction fn = scalarFunction(ScalarOp(op->imm));
  ScalarFlags flags = ScalarFlags::unpack(u32(kinds.imm));
  u64 results[laneCount];
  for (u32 left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    results[lane] = fn(laneOf(file, op->a, kinds.a, lane), laneOf(file, op->b, kinds.b, lane),
                       laneOf(file, op->c, kinds.c, lane), flags);
  }
  for (u32 left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    if (kinds.d == 1)
      putPredicate<false>(file, op->d, results[lane] ? ~0u : 0, 1u << lane);
    else if (kinds.d == 64)
      rowOf<u64>(file, op->d)[lane] = results[lane];
    else
      rowOf<u32>(file, op->d)[lane] = u32(results[lane]);
  }
}
TENON_DEFINE(Scalar, 2)

} // namespace tenon::sim::TENON_LANES
