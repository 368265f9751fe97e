//===- Scalar.h - scalar bodies of operations, written once -----*- C++ -*-===//
//
// The body of an operation is written once, as C++ that reads like the formula:
//
//   let scalar = [{ x * 0.5 * (1 + erf(x * 0.70710678118654752)) }];
//
// A Scalar is a handle; what its operators do is up to the ScalarEmitter behind
// it: IREmitter builds arith and math operations (on scalars or on tiles of one
// shape), HostEmitter computes at once, on numbers and on symbolic sizes (used
// to fold constants and to follow shape computations).
//
// Types are those of the dialect: f64 f32 f16 bf16, signless integers are
// signed, `ui8` ... are unsigned, i1 is boolean. Both operands of a binary
// operator have one type; a C++ number takes the type of the other side.
// Arithmetic on f16 and bf16 is done in f32 and rounded where it is stored.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_SCALAR_H
#define TENON_DIALECTS_TENON_SCALAR_H

#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Types.h"

namespace tenon {

/// The primitive functions from which all bodies are made.
enum class ScalarFn {
  // Arithmetic; Div of integers rounds to zero, Mod takes the divisor's sign,
  // Rem the dividend's; Max and Min propagate NaN.
  Add, Sub, Mul, Div, Mod, Rem, Max, Min, Pow, Neg, Abs, Sign,
  // Bits and logic.
  And, Or, Xor, Not, Shl, Shr, PopCount,
  // Rounding; Round goes to even.
  Floor, Ceil, Round, Trunc,
  // Functions.
  Sqrt, Rsqrt, Exp, Log, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh, Acosh,
  Atanh, Erf, Atan2, Fma,
  // Comparisons give i1; Select takes (i1, x, y).
  Eq, Ne, Lt, Le, Gt, Ge, IsNan, IsInf, Select
};

class ScalarEmitter;

/// A scalar in a body under construction. Payload: an IR value, or an attribute
/// (FloatAttr or DimExprAttr) of the host emitter.
struct Scalar {
  ScalarEmitter *emitter = nullptr;
  mlir::OpFoldResult payload;
  mlir::Type type;

  /// A number of the same type.
  Scalar same(double value) const;
  bool isFloat() const { return llvm::isa<mlir::FloatType>(type); }
  bool isUnsigned() const { return type.isUnsignedInteger() || type.isInteger(1); }
};

class ScalarEmitter {
public:
  virtual ~ScalarEmitter() = default;
  /// Applies a primitive; all arguments have one type (Select: the last two).
  virtual Scalar apply(ScalarFn fn, llvm::ArrayRef<Scalar> args) = 0;
  virtual Scalar constant(double value, mlir::Type type) = 0;
  /// Converts as ONNX Cast does: to bool by != 0, float to integer toward zero.
  virtual Scalar cast(Scalar value, mlir::Type type) = 0;
};

/// The function's name as in ScalarFn, for diagnostics.
llvm::StringRef stringify(ScalarFn fn);

inline Scalar Scalar::same(double value) const { return emitter->constant(value, type); }

namespace scalar {
inline Scalar call(ScalarFn fn, std::initializer_list<Scalar> args) {
  return args.begin()->emitter->apply(fn, {args.begin(), args.size()});
}
} // namespace scalar

#define TENON_SCALAR_BINARY(NAME, FN)                                                              \
  inline Scalar NAME(Scalar a, Scalar b) { return scalar::call(ScalarFn::FN, {a, b}); }            \
  inline Scalar NAME(Scalar a, double b) { return NAME(a, a.same(b)); }                            \
  inline Scalar NAME(double a, Scalar b) { return NAME(b.same(a), b); }
TENON_SCALAR_BINARY(operator+, Add)
TENON_SCALAR_BINARY(operator-, Sub)
TENON_SCALAR_BINARY(operator*, Mul)
TENON_SCALAR_BINARY(operator/, Div)
TENON_SCALAR_BINARY(operator%, Mod)
TENON_SCALAR_BINARY(rem, Rem)
TENON_SCALAR_BINARY(max, Max)
TENON_SCALAR_BINARY(min, Min)
TENON_SCALAR_BINARY(pow, Pow)
TENON_SCALAR_BINARY(atan2, Atan2)
TENON_SCALAR_BINARY(operator&, And)
TENON_SCALAR_BINARY(operator|, Or)
TENON_SCALAR_BINARY(operator^, Xor)
TENON_SCALAR_BINARY(shl, Shl)
TENON_SCALAR_BINARY(shr, Shr)
TENON_SCALAR_BINARY(operator==, Eq)
TENON_SCALAR_BINARY(operator!=, Ne)
TENON_SCALAR_BINARY(operator<, Lt)
TENON_SCALAR_BINARY(operator<=, Le)
TENON_SCALAR_BINARY(operator>, Gt)
TENON_SCALAR_BINARY(operator>=, Ge)
#undef TENON_SCALAR_BINARY

#define TENON_SCALAR_UNARY(NAME, FN)                                                               \
  inline Scalar NAME(Scalar x) { return scalar::call(ScalarFn::FN, {x}); }
TENON_SCALAR_UNARY(operator-, Neg)
TENON_SCALAR_UNARY(operator!, Not)
TENON_SCALAR_UNARY(abs, Abs)
TENON_SCALAR_UNARY(sign, Sign)
TENON_SCALAR_UNARY(popcount, PopCount)
TENON_SCALAR_UNARY(floor, Floor)
TENON_SCALAR_UNARY(ceil, Ceil)
TENON_SCALAR_UNARY(round, Round)
TENON_SCALAR_UNARY(trunc, Trunc)
TENON_SCALAR_UNARY(sqrt, Sqrt)
TENON_SCALAR_UNARY(rsqrt, Rsqrt)
TENON_SCALAR_UNARY(exp, Exp)
TENON_SCALAR_UNARY(log, Log)
TENON_SCALAR_UNARY(sin, Sin)
TENON_SCALAR_UNARY(cos, Cos)
TENON_SCALAR_UNARY(tan, Tan)
TENON_SCALAR_UNARY(asin, Asin)
TENON_SCALAR_UNARY(acos, Acos)
TENON_SCALAR_UNARY(atan, Atan)
TENON_SCALAR_UNARY(sinh, Sinh)
TENON_SCALAR_UNARY(cosh, Cosh)
TENON_SCALAR_UNARY(tanh, Tanh)
TENON_SCALAR_UNARY(asinh, Asinh)
TENON_SCALAR_UNARY(acosh, Acosh)
TENON_SCALAR_UNARY(atanh, Atanh)
TENON_SCALAR_UNARY(erf, Erf)
TENON_SCALAR_UNARY(isnan, IsNan)
TENON_SCALAR_UNARY(isinf, IsInf)
#undef TENON_SCALAR_UNARY

inline Scalar select(Scalar condition, Scalar x, Scalar y) {
  return scalar::call(ScalarFn::Select, {condition, x, y});
}
inline Scalar select(Scalar condition, Scalar x, double y) {
  return select(condition, x, x.same(y));
}
inline Scalar select(Scalar condition, double x, Scalar y) {
  return select(condition, y.same(x), y);
}
inline Scalar cast(Scalar x, mlir::Type type) { return x.emitter->cast(x, type); }

/// What a body sees: an element of each operand (the fill value where the
/// access is out of its guards), whether the guards held (null if there are
/// none), and the factors' values as i64.
struct BodyArgs {
  llvm::ArrayRef<Scalar> operands;
  llvm::ArrayRef<Scalar> inRange;
  llvm::ArrayRef<Scalar> factors;
};

} // namespace tenon

#endif // TENON_DIALECTS_TENON_SCALAR_H
