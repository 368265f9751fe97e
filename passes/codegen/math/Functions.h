//===- Functions.h - The math functions as polynomials ------------*- C++ -*-===//
//
// Each function builds the IR of its value for f32 or f64 operands, scalar or
// vector, right for NaN, infinities, zeros of both signs and subnormal numbers.
// The largest errors are in the table of tests/passes/codegen/MathTest.cpp, which
// measures them: at most 2 ulp in f32; in f64 2 to 4, erfc 6, pow 12 (at results near
// the ends of the range); fmod is exact.
//
// sin, cos and tan of an f64 beyond 2^45 with more than 24 significant bits are
// NaN: refused rather than wrong.
//
// How: f32 functions that models run often (exp, log, tanh, erf) have their own
// f32 polynomials; the others are computed in f64 and rounded once.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_MATH_FUNCTIONS_H
#define TENON_PASSES_CODEGEN_MATH_FUNCTIONS_H

#include "passes/codegen/math/Num.h"

namespace tenon::math {

// ExpLog.cpp
Num exp(Num x);
Num exp2(Num x);
Num expm1(Num x);
Num log(Num x);
Num log2(Num x);
Num log10(Num x);
Num log1p(Num x);
// Power.cpp
Num pow(Num x, Num y);
Num cbrt(Num x);
Num rsqrt(Num x);
Num fmod(Num x, Num y);
// Trig.cpp
Num sin(Num x);
Num cos(Num x);
Num tan(Num x);
Num asin(Num x);
Num acos(Num x);
Num atan(Num x);
Num atan2(Num y, Num x);
// Hyperbolic.cpp
Num sinh(Num x);
Num cosh(Num x);
Num tanh(Num x);
Num asinh(Num x);
Num acosh(Num x);
Num atanh(Num x);
// Erf.cpp
Num erf(Num x);
Num erfc(Num x);

} // namespace tenon::math

#endif
