// Encoding and decoding of f16, bf16, tf32, e4m3, e5m2 by way of double.
#include "sim/machine/exec/ScalarFloat.h"
#include <bit>
#include <cmath>

namespace tenon::sim {

const FloatFormat &formatOf(LaneKind kind) {
  static const FloatFormat f16{5, 10, 15, true, 0x7fff, 0x7bff, 16};
  static const FloatFormat bf16{8, 7, 127, true, 0x7fff, 0x7f7f, 16};
  static const FloatFormat tf32{8, 10, 127, true, 0x3ffff, 0x3fbff, 19};
  static const FloatFormat e4m3{4, 3, 7, false, 0x7f, 0x7e, 8};
  static const FloatFormat e5m2{5, 2, 15, true, 0x7f, 0x7b, 8};
  switch (kind) {
  case LaneKind::BF16: case LaneKind::BF16x2: return bf16;
  case LaneKind::TF32: return tf32;
  case LaneKind::E4M3: case LaneKind::E4M3x2: return e4m3;
  case LaneKind::E5M2: case LaneKind::E5M2x2: return e5m2;
  default: return f16;
  }
}

double decodeFloat(uint64_t bits, const FloatFormat &f) {
  uint64_t mantissa = bits & ((1ull << f.mantissaBits) - 1);
  uint64_t exponent = bits >> f.mantissaBits & ((1ull << f.exponentBits) - 1);
  bool negative = bits >> (f.bits - 1) & 1;
  bool top = exponent == (1ull << f.exponentBits) - 1;
  double value;
  if (f.infinity && top)
    value = mantissa ? std::nan("") : HUGE_VAL;
  else if (!f.infinity && (bits & 0x7f) == 0x7f)
    value = std::nan("");
  else if (exponent == 0)
    value = std::ldexp(double(mantissa), 1 - f.bias - f.mantissaBits);
  else
    value = std::ldexp(double(mantissa | 1ull << f.mantissaBits),
                       int(exponent) - f.bias - f.mantissaBits);
  return negative ? -value : value;
}

/// Integer part of |x|, rounded as the sign and the rounding say.
static double roundMagnitude(double x, Rounding rounding, bool negative) {
  double down = std::floor(x), rest = x - down;
  if (rest == 0)
    return down;
  switch (rounding) {
  case Rounding::Zero: return down;
  case Rounding::Down: return negative ? down + 1 : down;
  case Rounding::Up: return negative ? down : down + 1;
  case Rounding::NearestAway: return rest >= 0.5 ? down + 1 : down;
  default:
    return rest > 0.5 || (rest == 0.5 && std::fmod(down, 2) != 0) ? down + 1 : down;
  }
}

uint64_t encodeFloat(double value, const FloatFormat &f, Rounding rounding, bool satfinite) {
  if (std::isnan(value))
    return f.nan;
  bool negative = std::signbit(value);
  uint64_t sign = uint64_t(negative) << (f.bits - 1);
  double magnitude = std::fabs(value);
  uint64_t infinity = ((1ull << f.exponentBits) - 1) << f.mantissaBits;
  if (std::isinf(value))
    return sign | (satfinite ? f.largest : f.infinity ? infinity : f.nan);
  if (magnitude == 0)
    return sign;
  int exponent = std::max(std::ilogb(magnitude), 1 - f.bias);
  double units = roundMagnitude(std::ldexp(magnitude, f.mantissaBits - exponent), rounding, negative);
  // A carry out of the mantissa moves into the exponent by itself.
  uint64_t bits = uint64_t(units) + (uint64_t(exponent + f.bias - 1) << f.mantissaBits);
  if (bits <= f.largest)
    return sign | bits;
  bool towardsZero = rounding == Rounding::Zero || (rounding == Rounding::Down && !negative) ||
                     (rounding == Rounding::Up && negative);
  if (satfinite || towardsZero)
    return sign | f.largest;
  return sign | (f.infinity ? infinity : f.nan);
}

/// Makes an inexact sum odd in its last bit, in the direction of its error.
static double toOdd(double sum, double error) {
  if (error == 0 || std::isinf(sum) || std::isnan(sum))
    return sum;
  auto bits = std::bit_cast<int64_t>(sum);
  if (bits & 1)
    return sum;
  bool away = (error > 0) == (sum > 0);
  return std::bit_cast<double>(away ? bits + 1 : bits - 1);
}

double addToOdd(double a, double b) {
  double sum = a + b;
  double bb = sum - a;
  return toOdd(sum, (a - (sum - bb)) + (b - bb));
}

double fmaToOdd(double a, double b, double c) { return addToOdd(a * b, c); }

} // namespace tenon::sim
