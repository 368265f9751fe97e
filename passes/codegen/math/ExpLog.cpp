//===- ExpLog.cpp - Exponentials and logarithms -------------------*- C++ -*-===//
//
// exp:  x = n ln(2) + r, |r| <= ln(2)/2; 2^n exp(r)
// log:  x = 2^n (1 + f), sqrt(1/2) <= 1 + f <= sqrt(2); n ln(2) + log(1 + f)
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/math/Coefficients.h"
#include "passes/codegen/math/Functions.h"

#include <cmath>
#include <limits>

namespace tenon::math {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2 = 0.693147180559945309417232121458;
constexpr double kLog2E = 1.44269504088896340735992468100;
constexpr double kLog10E = 0.434294481903251827651128918917;
constexpr double kLog10Of2 = 0.301029995663981195213738894724;
// ln(2) in two parts, the first with so few bits that n times it is exact.
constexpr double kLn2High32 = 0x1.62e4p-1, kLn2Low32 = kLn2 - kLn2High32;
constexpr double kLn2High64 = 0x1.62e42fefa38p-1, kLn2Low64 = 0x1.ef35793c7673p-45;

/// exp(x) - 1 = 2^n (1 + tail) - 1.
struct Reduced {
  Int n;
  Num tail;
};

/// exp(r) - 1 for |r| <= ln(2)/2.
Num expTail(Num r) {
  Num p = r.isF64() ? polynomial(r, kExp64) : polynomial(r, kExp32);
  return fma(r * r, p, r);
}

Reduced reduceExp(Num x) {
  Rounded n = roundToInt(x * kLog2E);
  Num r = fma(n.number, x.isF64() ? -kLn2High64 : -kLn2High32, x);
  r = fma(n.number, x.isF64() ? -kLn2Low64 : -kLn2Low32, r);
  return {n.integer, expTail(r)};
}

/// y * 2^n in two steps, so that neither factor overflows or is subnormal.
Num scale(Num y, Int n) {
  Int half = shiftRight(n, 1);
  return y * powerOfTwo(half, y) * powerOfTwo(n - half, y);
}

/// x = 2^n (1 + f) of a positive normal or subnormal x.
struct Split {
  Num n, f;
};

Split splitLog(Num x) {
  bool wide = x.isF64();
  int64_t mantissa = wide ? 52 : 23, bias = wide ? 1023 : 127;
  // Subnormal numbers get an exponent first.
  Bool small = x < (wide ? 0x1p-1022 : 0x1p-126);
  Int all = bits(select(small, x * (wide ? 0x1p54 : 0x1p24), x));
  // Adding 1 - sqrt(1/2) to the mantissa carries into the exponent above sqrt(2).
  int64_t one = wide ? 0x3ff0000000000000 : 0x3f800000;
  int64_t half = wide ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  Int shifted = all + (one - half);
  Int n = shiftRight(shifted, mantissa) - bias;
  Int rest = (shifted & ((int64_t(1) << mantissa) - 1)) + half;
  n = select(small, n - (wide ? 54 : 24), n);
  return {toNum(n, x), fromBits(rest, x) - 1};
}

/// log(1 + f) of a split f in f64, short of f: log = f + correction.
Num logCorrection64(Num f) {
  Num s = f / (2.0 + f), z = s * s, half = f * f * 0.5;
  Num r = polynomial(z, kLog64) * z; // log(1+f) = f - (half - s (half + r))
  return s * (half + r) - half;
}

Num logCorrection32(Num f) {
  Num square = f * f;
  return fma(square * f, polynomial(f, kLog32), square * -0.5);
}

/// Zero, infinity, negative and NaN arguments of a logarithm.
Num logSpecials(Num x, Num result) {
  result = select(x == kInfinity, x, result);
  result = select(x == 0.0, -kInfinity, result);
  return select((x < 0.0) | isNan(x), kNan, result);
}

} // namespace

Num exp(Num x) {
  Reduced r = reduceExp(x.isF64() ? clamp(x, -746, 710) : clamp(x, -104, 89));
  return scale(r.tail + 1.0, r.n);
}

Num exp2(Num x) {
  Num bounded = x.isF64() ? clamp(x, -1076, 1025) : clamp(x, -151, 129);
  Rounded n = roundToInt(bounded);
  return scale(expTail((bounded - n.number) * kLn2) + 1.0, n.integer);
}

/// 2^n (1 + tail) - 1 = 2 (2^(n-1) tail + (2^(n-1) - 1/2)), so that 2^1024 is not met.
Num expm1(Num x) {
  Reduced r = reduceExp(x.isF64() ? clamp(x, -40, 710) : clamp(x, -20, 89));
  Num half = powerOfTwo(r.n - 1, x);
  Num result = 2.0 * fma(half, r.tail, half - 0.5);
  return select(x == 0.0, x, result);
}

Num log(Num x) {
  Split split = splitLog(x);
  bool wide = x.isF64();
  Num correction = wide ? logCorrection64(split.f) : logCorrection32(split.f);
  correction = fma(split.n, wide ? kLn2Low64 : kLn2Low32, correction);
  Num high = split.n * (wide ? kLn2High64 : kLn2High32);
  // Where n is 0 the sum is f + correction; else the large part is added last.
  return logSpecials(x, high + (split.f + correction));
}

Num log2(Num x) {
  return inF64(
      [](Num x) {
        Split split = splitLog(x);
        Num tail = split.f + logCorrection64(split.f);
        return logSpecials(x, fma(tail, kLog2E, split.n));
      },
      x);
}

Num log10(Num x) {
  return inF64(
      [](Num x) {
        Split split = splitLog(x);
        Num tail = split.f + logCorrection64(split.f);
        return logSpecials(x, fma(tail, kLog10E, split.n * kLog10Of2));
      },
      x);
}

/// log(u) + (x - (u - 1)) / u where u is 1 + x rounded.
Num log1p(Num x) {
  return inF64(
      [](Num x) {
        Num u = 1.0 + x;
        Num lost = select(abs(x) < 1.0, x - (u - 1.0), 1.0 - (u - x)) / u;
        Num result = log(u) + lost;
        // Infinite u: no correction; zeros keep their sign.
        result = select(u == kInfinity, u, result);
        result = select(u == 0.0, -kInfinity, result);
        return select(x == 0.0, x, result);
      },
      x);
}

} // namespace tenon::math
