//===- Erf.cpp - The error function -------------------------------*- C++ -*-===//
//
// erf is odd and near zero a polynomial; farther out it is 1 - erfc, and erfc is
// exp(-x^2) times a slowly changing factor. f32, which GELU runs often, folds the
// factor into the exponent.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/math/Coefficients.h"
#include "passes/codegen/math/Functions.h"

#include <limits>

namespace tenon::math {

static Num erf32(Num x) {
  Num size = abs(x);
  Num near = fma(x, polynomial(x * x, kErf32), x);
  Num bounded = select(size > 4.0, 4.0, size); // erf is 1 there
  Num exponent = fma(bounded, polynomial(bounded, kErfTail32), bounded);
  Num far = copysign(1.0 - exp(-exponent), x);
  return select(isNan(x), x, select(size < 0.925, near, far));
}

/// erf for |x| <= 1.
static Num erfNear64(Num x) { return fma(x, polynomial(x * x, kErf64), x); }

/// erfc for x >= 1: x^2 is taken as a rounded square and what it lost.
static Num erfcFar64(Num x) {
  Num bounded = select(x > 28.0, 28.0, x);
  Num square = bounded * bounded, lost = fma(bounded, bounded, -square);
  Num power = exp(-square);
  power = fma(-power, lost, power);
  Num u = (bounded - 4.0) / (bounded + 4.0);
  return power * (polynomial(u, kErfc64) / (bounded + 1.0));
}

static Num erf64(Num x) {
  Num size = abs(x);
  Num far = copysign(1.0 - erfcFar64(select(size < 1.0, 1.0, size)), x);
  return select(isNan(x), x, select(size < 1.0, erfNear64(x), far));
}

Num erf(Num x) { return x.isF64() ? erf64(x) : erf32(x); }

Num erfc(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x);
        // 1 - erf(x), summed so that nothing is lost between 1/4 and 1.
        Num p = x * polynomial(x * x, kErf64);
        Num near = select(x > 0.25, 0.5 - (p + (x - 0.5)), 1.0 - (x + p));
        Num far = erfcFar64(select(size < 1.0, 1.0, size));
        far = select(x < 0.0, 2.0 - far, far);
        return select(isNan(x), x, select(size < 1.0, near, far));
      },
      x);
}

} // namespace tenon::math
