// Elementwise reductions of bulk copies.
#include "sim/machine/async/Reduction.h"

#include "sim/machine/matrix/Element.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace tenon::sim {

std::optional<ReductionOp> reductionOf(const ptx::Instruction &instruction) {
  for (ptx::Mod mod : instruction.mods)
    switch (mod) {
    case ptx::Mod::Add:
      return ReductionOp::Add;
    case ptx::Mod::Min:
      return ReductionOp::Min;
    case ptx::Mod::Max:
      return ReductionOp::Max;
    case ptx::Mod::Inc:
      return ReductionOp::Inc;
    case ptx::Mod::Dec:
      return ReductionOp::Dec;
    case ptx::Mod::And:
      return ReductionOp::And;
    case ptx::Mod::Or:
      return ReductionOp::Or;
    case ptx::Mod::Xor:
      return ReductionOp::Xor;
    default:
      break;
    }
  return std::nullopt;
}

std::optional<TensorElement> tensorElementOf(ptx::Type type) {
  switch (type) {
  case ptx::Type::U32:
  case ptx::Type::B32:
    return TensorElement::U32;
  case ptx::Type::S32:
    return TensorElement::S32;
  case ptx::Type::U64:
  case ptx::Type::B64:
    return TensorElement::U64;
  case ptx::Type::S64:
    return TensorElement::S64;
  case ptx::Type::F16:
    return TensorElement::F16;
  case ptx::Type::BF16:
    return TensorElement::BF16;
  case ptx::Type::F32:
    return TensorElement::F32;
  case ptx::Type::F64:
    return TensorElement::F64;
  default:
    return std::nullopt;
  }
}

static bool isFloat(TensorElement type) { return type >= TensorElement::F16; }

bool canReduce(ReductionOp op, TensorElement type) {
  if (bytesOf(type) == 1 || type == TensorElement::U16)
    return false;
  bool half = type == TensorElement::F16 || type == TensorElement::BF16;
  switch (op) {
  case ReductionOp::Add:
    return true;
  case ReductionOp::Min:
  case ReductionOp::Max:
    return !isFloat(type) || half;
  case ReductionOp::Inc:
  case ReductionOp::Dec:
    return type == TensorElement::U32;
  default:
    return !isFloat(type);
  }
}

namespace {

template <typename T> T integer(ReductionOp op, T a, T b) {
  switch (op) {
  case ReductionOp::Add:
    return T(std::make_unsigned_t<T>(a) + std::make_unsigned_t<T>(b));
  case ReductionOp::Min:
    return std::min(a, b);
  case ReductionOp::Max:
    return std::max(a, b);
  case ReductionOp::Inc:
    return a >= b ? T(0) : T(a + 1);
  case ReductionOp::Dec:
    return a == 0 || a > b ? b : T(a - 1);
  case ReductionOp::And:
    return a & b;
  case ReductionOp::Or:
    return a | b;
  default:
    return a ^ b;
  }
}

uint16_t roundToBrain(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (value != value)
    return 0x7fff;
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// min and max of PTX: a number beats NaN, -0 is below +0.
float pick(ReductionOp op, float a, float b) {
  if (a != a || b != b)
    return a != a ? b : a;
  bool less = a < b || (a == b && std::signbit(a));
  return less == (op == ReductionOp::Min) ? a : b;
}

template <bool Brain> uint16_t narrow(ReductionOp op, uint16_t x, uint16_t y) {
  Element type = Brain ? Element::BF16 : Element::F16;
  float a = decode(type, x), b = decode(type, y);
  // The exact sum of two such values fits a double, so it is rounded once; bf16
  // values far apart are the exception, where f32's rounding decides as well.
  float sum = op == ReductionOp::Add ? a + b : pick(op, a, b);
  return Brain ? roundToBrain(sum) : roundToHalf(op == ReductionOp::Add ? double(a) + b : sum);
}

/// Replaces *to by f(*to) as one atomic step.
template <typename T, typename F> void update(uint8_t *to, F f) {
  std::atomic_ref<T> cell(*reinterpret_cast<T *>(to));
  T old = cell.load(std::memory_order_relaxed);
  while (!cell.compare_exchange_weak(old, f(old), std::memory_order_acq_rel))
    ;
}

template <typename T> T load(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T> void integerUpdate(ReductionOp op, uint8_t *to, const uint8_t *from) {
  T value = load<T>(from);
  update<T>(to, [&](T old) { return integer<T>(op, old, value); });
}

template <typename F, typename Bits> void floatAdd(uint8_t *to, const uint8_t *from) {
  F value = load<F>(from);
  update<Bits>(to, [&](Bits old) { return std::bit_cast<Bits>(std::bit_cast<F>(old) + value); });
}

} // namespace

void reduceElement(ReductionOp op, TensorElement type, uint8_t *to, const uint8_t *from) {
  switch (type) {
  case TensorElement::S32:
    return integerUpdate<int32_t>(op, to, from);
  case TensorElement::U64:
    return integerUpdate<uint64_t>(op, to, from);
  case TensorElement::S64:
    return integerUpdate<int64_t>(op, to, from);
  case TensorElement::F64:
    return floatAdd<double, uint64_t>(to, from);
  case TensorElement::F32:
  case TensorElement::F32Ftz:
  case TensorElement::TF32:
  case TensorElement::TF32Ftz:
    return floatAdd<float, uint32_t>(to, from);
  case TensorElement::F16:
    return update<uint16_t>(
        to, [&](uint16_t old) { return narrow<false>(op, old, load<uint16_t>(from)); });
  case TensorElement::BF16:
    return update<uint16_t>(
        to, [&](uint16_t old) { return narrow<true>(op, old, load<uint16_t>(from)); });
  default:
    return integerUpdate<uint32_t>(op, to, from);
  }
}

} // namespace tenon::sim
