//===- Num.h - Arithmetic on IR values as on numbers --------------*- C++ -*-===//
//
// A Num is a value of a float type, scalar or vector, with the operators of a
// number, so that a function's expansion reads like its formula. No operation
// has fast-math flags: what is written is what is computed.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_MATH_NUM_H
#define TENON_PASSES_CODEGEN_MATH_NUM_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/ArrayRef.h"

namespace tenon::math {

/// An i1, or a vector of them.
struct Bool {
  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;
};
Bool operator&(Bool a, Bool b);
Bool operator|(Bool a, Bool b);
Bool operator!(Bool a);

/// An integer as wide as the float beside it.
struct Int {
  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;
  Int constant(int64_t number) const;
};
Int operator+(Int a, Int b);
Int operator-(Int a, Int b);
Int operator*(Int a, Int b);
Int operator+(Int a, int64_t b);
Int operator-(Int a, int64_t b);
Int operator&(Int a, int64_t b);
Int operator|(Int a, Int b);
Int operator<<(Int a, int64_t b);
/// Arithmetic and logical shifts right.
Int shiftRight(Int a, int64_t b);
Int shiftRightUnsigned(Int a, int64_t b);
Int shiftRightUnsigned(Int a, Int b);
Int shiftLeft(Int a, Int b);
Bool operator<(Int a, int64_t b);
Bool operator==(Int a, int64_t b);
Bool operator!=(Int a, int64_t b);
Int select(Bool condition, Int a, Int b);

struct Num {
  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;

  mlir::Type type() const { return value.getType(); }
  bool isF64() const { return mlir::getElementTypeOrSelf(type()).isF64(); }
  /// A constant of this type.
  Num constant(double number) const;
};

Num operator+(Num a, Num b);
Num operator-(Num a, Num b);
Num operator*(Num a, Num b);
Num operator/(Num a, Num b);
Num operator-(Num a);
inline Num operator+(Num a, double b) { return a + a.constant(b); }
inline Num operator-(Num a, double b) { return a - a.constant(b); }
inline Num operator*(Num a, double b) { return a * a.constant(b); }
inline Num operator/(Num a, double b) { return a / a.constant(b); }
inline Num operator+(double a, Num b) { return b.constant(a) + b; }
inline Num operator-(double a, Num b) { return b.constant(a) - b; }
inline Num operator*(double a, Num b) { return b.constant(a) * b; }
inline Num operator/(double a, Num b) { return b.constant(a) / b; }

/// Ordered comparisons: false for NaN.
Bool operator<(Num a, Num b);
Bool operator>(Num a, Num b);
Bool operator>=(Num a, Num b);
Bool operator==(Num a, Num b);
inline Bool operator<(Num a, double b) { return a < a.constant(b); }
inline Bool operator>(Num a, double b) { return a > a.constant(b); }
inline Bool operator>=(Num a, double b) { return a >= a.constant(b); }
inline Bool operator==(Num a, double b) { return a == a.constant(b); }
Bool isNan(Num a);

Num select(Bool condition, Num a, Num b);
inline Num select(Bool condition, double a, Num b) { return select(condition, b.constant(a), b); }
/// a * b + c, rounded once.
Num fma(Num a, Num b, Num c);
inline Num fma(Num a, double b, Num c) { return fma(a, a.constant(b), c); }
Num abs(Num a);
Num sqrt(Num a);
Num trunc(Num a);
/// The magnitude of \p a with the sign of \p sign.
Num copysign(Num a, Num sign);
/// \p a where it is not outside [low, high]; NaN stays NaN.
Num clamp(Num a, double low, double high);

/// The bits of a float and back.
Int bits(Num a);
Num fromBits(Int a, Num like);
/// 2^n for integers n whose result is normal.
Num powerOfTwo(Int n, Num like);
/// Conversions between the float types and from integers.
Num toF64(Num a);
Num toF32(Num a);
Num toNum(Int a, Num like);

/// The nearest integer, as a float and as an int; |a| below 2^21 (f32), 2^50.
struct Rounded {
  Num number;
  Int integer;
};
Rounded roundToInt(Num a);

/// c[0] + c[1] x + ... by Horner's rule.
Num polynomial(Num x, llvm::ArrayRef<double> coefficients);

/// \p f in f64 on \p a, which may be f32.
template <class F, class... Nums>
Num inF64(F f, Num a, Nums... rest) {
  return a.isF64() ? f(a, rest...) : toF32(f(toF64(a), toF64(rest)...));
}

} // namespace tenon::math

#endif
