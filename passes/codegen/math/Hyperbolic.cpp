//===- Hyperbolic.cpp - Hyperbolic functions and their inverses ---*- C++ -*-===//
//
// From exp, expm1, log and log1p in f64; tanh, which networks run often, has its
// own form in f32.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/math/Coefficients.h"
#include "passes/codegen/math/Functions.h"

#include <limits>

namespace tenon::math {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2 = 0.693147180559945309417232121458;

/// exp(x) / 2 without overflowing before the result does.
Num halfExp(Num x) {
  Num root = exp(x * 0.5);
  return root * 0.5 * root;
}

} // namespace

Num sinh(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x), e = expm1(size);
        Num small = (e + e / (e + 1.0)) * 0.5;
        return copysign(select(size < 22.0, small, halfExp(size)), x);
      },
      x);
}

Num cosh(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x), e = exp(size);
        return select(size < 22.0, e * 0.5 + 0.5 / e, halfExp(size));
      },
      x);
}

/// A polynomial near zero, else 1 - 2 / (exp(2x) + 1).
static Num tanh32(Num x) {
  Num size = abs(x), z = x * x;
  Num near = fma(x * z, polynomial(z, kTanh32), x);
  Num far = 1.0 - 2.0 / (exp(size + size) + 1.0);
  return copysign(select(size < 0.625, near, far), x);
}

Num tanh(Num x) {
  if (!x.isF64())
    return tanh32(x);
  Num size = abs(x);
  Num e = expm1(2.0 * select(size > 22.0, 22.0, size));
  return copysign(select(isNan(x), x, e / (e + 2.0)), x);
}

Num asinh(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x), square = size * size;
        Num small = log1p(size + square / (1.0 + sqrt(square + 1.0)));
        Num large = log(size) + kLn2;
        return copysign(select(size > 0x1p28, large, small), x);
      },
      x);
}

Num acosh(Num x) {
  return inF64(
      [](Num x) {
        Num t = x - 1.0;
        Num small = log1p(t + sqrt(fma(t, t, 2.0 * t)));
        Num result = select(x > 0x1p28, log(x) + kLn2, small);
        return select(x < 1.0, kNan, result);
      },
      x);
}

Num atanh(Num x) {
  return inF64(
      [](Num x) {
        Num size = abs(x);
        Num result = 0.5 * log1p(2.0 * size / (1.0 - size));
        return select(size > 1.0, kNan, copysign(result, x));
      },
      x);
}

} // namespace tenon::math
