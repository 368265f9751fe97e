//===- Trig.cpp - Circular functions and their inverses -----------*- C++ -*-===//
//
// sin, cos, tan: x = n pi/2 + r, |r| <= pi/4, with pi/2 in three parts of 53
// bits, or 2/pi in 192 bits for large x.
// atan: arguments above tan(pi/8) are turned by pi/4 or pi/2.
// asin, acos: beyond 1/2 from the half angle, asin(x) = pi/2 - 2 asin(sqrt((1-x)/2)).
// All in f64.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/math/Coefficients.h"
#include "passes/codegen/math/Functions.h"

#include <limits>

namespace tenon::math {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHalfPi1 = 0x1.921fb54442d18p+0, kHalfPi2 = 0x1.1a62633145c07p-54,
                 kHalfPi3 = -0x1.f1976b7ed8fbcp-110;

/// x = n pi/2 + r.
struct Quadrant {
  Int n;
  Num r;
};

/// |x| below 2^45: n pi/2 is exact in the sum, part by part.
Quadrant reduceModerate(Num x) {
  Rounded n = roundToInt(x * 0.63661977236758134307553505349);
  Num r = fma(n.number, -kHalfPi1, x);
  r = fma(n.number, -kHalfPi2, r);
  return {n.integer, fma(n.number, -kHalfPi3, r)};
}

/// |x| from 2^45 to 2^128, of 24 significant bits (what an f32 has): x = m 2^e, and
/// m times the 64 bits of 2/pi that matter, modulo 2^64, is x * 2/pi modulo 4 as
/// a fixed-point number (Payne and Hanek). 38 bits after the point are right.
Quadrant reduceLarge(Num x) {
  Int all = bits(x);
  Int mantissa = (shiftRightUnsigned(all, 29) & 0x7fffff) + 0x800000;
  Int at = (shiftRightUnsigned(all, 52) & 0x7ff) - (1023 + 23 + 2);
  Int shift = at & 63;
  Bool second = !(at < 64);
  auto word = [&](uint64_t a, uint64_t b) {
    return select(second, all.constant(int64_t(b)), all.constant(int64_t(a)));
  };
  Int high = word(0xa2f9836e4e441529, 0xfc2757d1f534ddc0);
  Int low = word(0xfc2757d1f534ddc0, 0xdb6295993c439041);
  Int window = shiftLeft(high, shift) |
               shiftRightUnsigned(shiftRightUnsigned(low, 1), all.constant(63) - shift);
  Int product = mantissa * window;
  Int n = shiftRightUnsigned(product + (int64_t(1) << 61), 62);
  Num r = toNum(product - (n << 62), x) * (0x1p-62 * kHalfPi1);
  Bool negative = all < 0;
  return {select(negative, all.constant(0) - n, n), select(negative, -r, r)};
}

/// Numbers that neither reduction covers give NaN, as do infinities.
Quadrant reduce(Num x) {
  Num size = abs(x);
  Bool moderate = size < 0x1p45;
  Quadrant a = reduceModerate(x), b = reduceLarge(x);
  Bool covered = moderate | ((size < 0x1p128) & ((bits(x) & 0x1fffffff) == 0));
  Num r = select(moderate, a.r, b.r);
  return {select(moderate, a.n, b.n), select(covered, r, r.constant(kNan))};
}

Num sine(Num r) {
  Num z = r * r;
  return fma(r * z, polynomial(z, kSin64), r);
}

Num cosine(Num r) {
  Num z = r * r;
  return fma(z * z, polynomial(z, kCos64), fma(z, -0.5, r.constant(1)));
}

/// sin, or cos if \p turn is 1: the quadrant chooses the function and the sign.
Num turned(Num x, int64_t turn) {
  Quadrant q = reduce(x);
  Int n = q.n + turn;
  Num value = select((n & 1) != 0, cosine(q.r), sine(q.r));
  return select((n & 2) != 0, -value, value);
}

/// asin for |x| <= 1/2.
Num asinSmall(Num x) {
  Num z = x * x;
  return fma(x * z, polynomial(z, kAsin64), x);
}

Num atan64(Num x) {
  Num size = abs(x);
  Bool large = size > 2.41421356237309504880, middle = size > 0.41421356237309504880;
  Num up = select(large, x.constant(-1), size - 1.0);
  Num down = select(large, size, size + 1.0);
  Num t = select(middle, up / down, size);
  Num turn = select(large, kHalfPi1, select(middle, kHalfPi1 / 2, x.constant(0)));
  Num turnLow = select(large, kHalfPi2, select(middle, kHalfPi2 / 2, x.constant(0)));
  Num z = t * t;
  Num angle = turn + (fma(t * z, polynomial(z, kAtan64), turnLow) + t);
  return copysign(angle, x);
}

Num atan2of64(Num y, Num x) {
  Num up = abs(y), right = abs(x);
  Num ratio = up / right;
  ratio = select((up == kInfinity) & (right == kInfinity), 1.0, ratio);
  ratio = select((up == 0.0) & (right == 0.0), 0.0, ratio);
  Num angle = atan64(ratio);
  angle = select(bits(x) < 0, (2 * kHalfPi1 - angle) + 2 * kHalfPi2, angle);
  return select(isNan(x) | isNan(y), kNan, copysign(angle, y));
}

} // namespace

Num sin(Num x) {
  // Zeros keep their sign.
  return inF64([](Num x) { return select(x == 0.0, x, turned(x, 0)); }, x);
}

Num cos(Num x) {
  return inF64([](Num x) { return turned(x, 1); }, x);
}

Num tan(Num x) {
  return inF64(
      [](Num x) {
        Quadrant q = reduce(x);
        Bool odd = (q.n & 1) != 0;
        Num s = sine(q.r), c = cosine(q.r);
        Num result = select(odd, -c, s) / select(odd, s, c);
        return select(x == 0.0, x, result);
      },
      x);
}

Num asin(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x);
        Bool large = size > 0.5;
        Num s = sqrt((1.0 - size) * 0.5);
        Num small = asinSmall(select(large, s, size));
        Num wide = kHalfPi1 - (2.0 * small - kHalfPi2);
        return copysign(select(large, wide, small), x);
      },
      x);
}

Num acos(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x);
        Bool large = size > 0.5;
        Num s = sqrt((1.0 - size) * 0.5);
        Num small = asinSmall(select(large, s, x));
        Num near = kHalfPi1 - (small - kHalfPi2);
        Num far = 2.0 * small;
        far = select(x < 0.0, 2 * kHalfPi1 - (far - 2 * kHalfPi2), far);
        return select(large, far, near);
      },
      x);
}

Num atan(Num x) { return inF64(atan64, x); }
Num atan2(Num y, Num x) { return inF64(atan2of64, y, x); }

} // namespace tenon::math
