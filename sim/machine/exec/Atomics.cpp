// Atomic updates: a compare-and-swap loop on the host, because blocks run on
// several threads.
#include "sim/machine/exec/Atomics.h"
#include "sim/machine/exec/ScalarOps.h"
#include <algorithm>
#include <bit>

namespace tenon::sim {
namespace {

uint64_t viaFloat(ScalarOp op, LaneKind kind, uint64_t a, uint64_t b) {
  ScalarFlags flags;
  flags.type = flags.from = kind;
  return scalarFunction(op)(a, b, 0, flags);
}

template <class T> uint64_t integers(AtomicOp op, uint64_t oldBits, uint64_t bits, uint64_t c) {
  using U = std::make_unsigned_t<T>;
  T old = T(oldBits), b = T(bits);
  switch (op) {
  case AtomicOp::Add: return U(U(old) + U(b));
  case AtomicOp::Min: return U(std::min(old, b));
  case AtomicOp::Max: return U(std::max(old, b));
  case AtomicOp::Inc: return U(old) >= U(b) ? 0 : U(U(old) + 1);
  case AtomicOp::Dec: return U(old) == 0 || U(old) > U(b) ? U(b) : U(U(old) - 1);
  case AtomicOp::And: return U(old & b);
  case AtomicOp::Or: return U(old | b);
  case AtomicOp::Xor: return U(old ^ b);
  case AtomicOp::Exch: return U(b);
  case AtomicOp::Cas: return U(old) == U(b) ? U(c) : U(old);
  }
  return oldBits;
}

ScalarOp floatOp(AtomicOp op) {
  return op == AtomicOp::Min ? ScalarOp::FMin : op == AtomicOp::Max ? ScalarOp::FMax : ScalarOp::FAdd;
}

template <class T>
uint64_t update(uint8_t *where, const AtomicShape &atomic, uint64_t b, uint64_t c, bool &changed) {
  auto *cell = reinterpret_cast<T *>(where);
  T old = __atomic_load_n(cell, __ATOMIC_SEQ_CST);
  T next;
  do
    next = T(atomicResult(atomic, old, b, c));
  while (!__atomic_compare_exchange_n(cell, &old, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  changed = next != old;
  return old;
}

} // namespace

uint64_t atomicResult(const AtomicShape &atomic, uint64_t old, uint64_t b, uint64_t c) {
  bool bitwise = atomic.op == AtomicOp::Exch || atomic.op == AtomicOp::Cas;
  switch (atomic.type) {
  case AtomicType::B16: return integers<uint16_t>(atomic.op, old, b, c);
  case AtomicType::S32: return integers<int32_t>(atomic.op, old, b, c);
  case AtomicType::U64: case AtomicType::B64: return integers<uint64_t>(atomic.op, old, b, c);
  case AtomicType::S64: return integers<int64_t>(atomic.op, old, b, c);
  case AtomicType::F64:
    return bitwise ? integers<uint64_t>(atomic.op, old, b, c)
                   : viaFloat(floatOp(atomic.op), LaneKind::F64, old, b);
  case AtomicType::F32:
    return bitwise ? integers<uint32_t>(atomic.op, old, b, c)
                   : viaFloat(floatOp(atomic.op), LaneKind::F32, old, b);
  case AtomicType::F16: return viaFloat(floatOp(atomic.op), LaneKind::F16, old, b);
  case AtomicType::BF16: return viaFloat(floatOp(atomic.op), LaneKind::BF16, old, b);
  case AtomicType::F16x2: return viaFloat(floatOp(atomic.op), LaneKind::F16x2, old, b);
  case AtomicType::BF16x2: return viaFloat(floatOp(atomic.op), LaneKind::BF16x2, old, b);
  default: return integers<uint32_t>(atomic.op, old, b, c);
  }
}

uint64_t atomicUpdate(uint8_t *where, const AtomicShape &atomic, uint64_t b, uint64_t c, bool &changed) {
  switch (atomic.type) {
  case AtomicType::B16: case AtomicType::F16: case AtomicType::BF16:
    return update<uint16_t>(where, atomic, b, c, changed);
  case AtomicType::B64: case AtomicType::U64: case AtomicType::S64: case AtomicType::F64:
    return update<uint64_t>(where, atomic, b, c, changed);
  default:
    return update<uint32_t>(where, atomic, b, c, changed);
  }
}

} // namespace tenon::sim
