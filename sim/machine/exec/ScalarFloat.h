// Small floating-point formats: decoding is exact in double, encoding rounds once.
#pragma once

#include "sim/machine/exec/ScalarOps.h"

namespace tenon::sim {

struct FloatFormat {
  int exponentBits, mantissaBits, bias;
  bool infinity;        // e5m2, f16, bf16, tf32 have one; e4m3 does not
  uint64_t nan;         // canonical
  uint64_t largest;     // finite, positive
  int bits;
};

const FloatFormat &formatOf(LaneKind kind);

/// The value; NaN for NaNs.
double decodeFloat(uint64_t bits, const FloatFormat &format);
/// Rounds once. `satfinite`: overflow and infinity become the largest finite value.
uint64_t encodeFloat(double value, const FloatFormat &format, Rounding rounding, bool satfinite);

/// a + b and a * b + c in double, rounded to odd, so that rounding the result
/// again to a format of at most 26 bits is as good as rounding once.
double addToOdd(double a, double b);
double fmaToOdd(double a, double b, double c);

} // namespace tenon::sim
