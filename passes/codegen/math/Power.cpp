//===- Power.cpp - Powers, roots and remainders -------------------*- C++ -*-===//
//
// pow needs the logarithm to more digits than f64 has: log(x) = high + low, and
// y times it likewise, before the exponential.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/math/Coefficients.h"
#include "passes/codegen/math/Functions.h"

#include <limits>

namespace tenon::math {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// An unevaluated sum, |low| far below |high|.
struct Pair {
  Num high, low;
};

/// a + b exactly, |a| >= |b| or a is 0.
Pair fastTwoSum(Num a, Num b) {
  Num sum = a + b;
  return {sum, b - (sum - a)};
}

/// log of a positive x to about 66 bits: with s = f / (2 + f) the leading term 2s
/// is taken as a pair, the rest is below 1% of it.
Pair logPair(Num x) {
  Bool small = x < 0x1p-1022;
  Int all = bits(select(small, x * 0x1p54, x));
  Int shifted = all + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
  Int exponent = shiftRight(shifted, 52) - 1023;
  Num n = toNum(select(small, exponent - 54, exponent), x);
  Num f = fromBits((shifted & 0xfffffffffffff) + 0x3fe6a09e667f3bcd, x) - 1.0;

  Num denominator = f + 2.0, lost = f - (denominator - 2.0);
  Num s = f / denominator;
  // What the quotient left: (f - s * denominator - s * lost) / denominator.
  Num rest = fma(-s, lost, fma(-s, denominator, f)) / denominator;
  Num z = s * s;
  Num tail = s * z * polynomial(z, kLogPow64);
  Num nHigh = n * 0x1.62e42fefa38p-1, nLow = n * 0x1.ef35793c7673p-45;
  Pair sum = fastTwoSum(nHigh, s * 2.0);
  // Where n is 0, s may be as large as nothing else.
  return fastTwoSum(sum.high, sum.low + (tail + (rest * 2.0 + nLow)));
}

/// |x|^y of f64 numbers, without the special cases.
Num powMagnitude(Num x, Num y) {
  Pair l = logPair(x);
  Num high = y * l.high;
  Num low = fma(y, l.high, -high) + y * l.low;
  // Beyond exp's range, and for infinite y, the low part means nothing.
  low = select(abs(high) < 1000.0, low, x.constant(0));
  Num result = exp(high);
  return select(result == kInfinity, result, fma(result, low, result));
}

Num pow64(Num x, Num y) {
  Num size = abs(x);
  Num magnitude = powMagnitude(size, y);
  // What the logarithm does not know: zero, infinity and one to any power.
  Bool grows = ((size > 1.0) & (y > 0.0)) | ((size < 1.0) & (y < 0.0));
  Num extreme = select(grows, kInfinity, x.constant(0));
  Bool isExtreme = (size == 0.0) | (size == kInfinity) | (abs(y) == kInfinity);
  magnitude = select(isExtreme, extreme, magnitude);
  magnitude = select(size == 1.0, 1.0, magnitude);

  Num half = y * 0.5;
  Bool isInteger = trunc(y) == y;
  Bool isOdd = isInteger & !(trunc(half) == half);
  Bool negative = bits(x) < 0;
  Num result = select(negative & isOdd, -magnitude, magnitude);
  result = select((x < 0.0) & (size < kInfinity) & !isInteger, kNan, result);
  result = select(isNan(x) | isNan(y), kNan, result);
  return select((y == 0.0) | (x == 1.0), 1.0, result);
}

} // namespace

Num pow(Num x, Num y) { return inF64(pow64, x, y); }

/// exp(log(x) / 3), then one step of Newton's method.
Num cbrt(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x);
        Bool small = size < 0x1p-900; // t^3 would lose digits
        Num scaled = select(small, size * 0x1p90, size);
        Num t = exp(log(scaled) / 3.0);
        Num square = t * t;
        Num better = t - fma(square, t, -scaled) / (square * 3.0);
        Num result = copysign(select(small, better * 0x1p-30, better), x);
        return select((size == 0.0) | (size == kInfinity) | isNan(x), x, result);
      },
      x);
}

Num rsqrt(Num x) {
  return inF64([](Num x) { return 1.0 / sqrt(x); }, x);
}

/// The remainder of a division that rounds to zero, with the sign of x. Each step
/// subtracts a quotient of 53 bits exactly; five of them cover all of f32, and f64
/// where |x / y| is below 2^250.
Num fmod(Num x, Num y) {
  return inF64(
      [](Num x, Num y) {
        Num size = abs(x), divisor = abs(y), rest = size;
        for (int step = 0; step < 6; ++step)
          rest = fma(-trunc(rest / divisor), divisor, rest);
        // A quotient rounded up leaves a negative rest.
        rest = select(rest < 0.0, rest + divisor, rest);
        rest = select(divisor == kInfinity, size, rest);
        rest = copysign(rest, x);
        Bool invalid = (size == kInfinity) | (divisor == 0.0) | isNan(x) | isNan(y);
        return select(invalid, kNan, rest);
      },
      x, y);
}

} // namespace tenon::math
