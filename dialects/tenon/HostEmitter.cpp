//===- HostEmitter.cpp - scalar bodies computed at once -------------------===//
//
// One function per kind of payload: floats in double, rounded to their type
// after each primitive; constant integers in 64 bits, wrapped to their width;
// expressions as far as the canonical form and the ranges of symbols reach.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/HostEmitter.h"
#include "dialects/tenon/Tenon.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
namespace tenon {

std::optional<int64_t> asInteger(Attribute payload) {
  auto expr = dyn_cast_or_null<DimExprAttr>(payload);
  return expr ? DimExpr(expr).asConstant() : std::nullopt;
}
std::optional<double> asNumber(Attribute payload) {
  if (auto number = dyn_cast_or_null<FloatAttr>(payload))
    return number.getValueAsDouble();
  if (std::optional<int64_t> integer = asInteger(payload))
    return static_cast<double>(*integer);
  return std::nullopt;
}

static Attribute payloadOf(Scalar scalar) { return dyn_cast_if_present<Attribute>(scalar.payload); }
static bool isComparison(ScalarFn fn) {
  return fn == ScalarFn::Eq || fn == ScalarFn::Ne || fn == ScalarFn::Lt || fn == ScalarFn::Le ||
         fn == ScalarFn::Gt || fn == ScalarFn::Ge || fn == ScalarFn::IsNan || fn == ScalarFn::IsInf;
}

/// A 64-bit value wrapped to an integer type; unsigned 64 bits keep the bits.
static int64_t wrap(int64_t value, Type type) {
  auto integer = cast<IntegerType>(type);
  unsigned width = integer.getWidth();
  if (width >= 64)
    return value;
  if (integer.isUnsigned() || width == 1)
    return static_cast<int64_t>(static_cast<uint64_t>(value) & ((uint64_t(1) << width) - 1));
  return llvm::SignExtend64(static_cast<uint64_t>(value), width);
}

Scalar HostEmitter::getInt(DimExpr value, Type type) {
  if (value.isInvalid())
    return unknown(type);
  if (std::optional<int64_t> number = value.asConstant())
    value = DimExpr::constant(context, wrap(*number, type));
  else if (!fits(value, llvm::cast<IntegerType>(type)))
    return unknown(type);
  return get(value.getAttr(), type);
}

Scalar HostEmitter::getFloat(double value, Type type) {
  if (!type.isF64())
    value = static_cast<float>(value);
  return get(FloatAttr::get(Float64Type::get(context), value), type);
}

Scalar HostEmitter::getBool(std::optional<bool> value) {
  Type type = IntegerType::get(context, 1);
  return value ? getInt(DimExpr::constant(context, *value), type) : unknown(type);
}

Scalar HostEmitter::constant(double value, Type type) {
  if (isa<FloatType>(type))
    return getFloat(value, type);
  if (!(std::abs(value) < 9.2e18))
    return unknown(type);
  return getInt(DimExpr::constant(context, static_cast<int64_t>(value)), type);
}

/// A float as an integer, as tenon.cast says; to be wrapped to the type.
static int64_t toInteger(double value, IntegerType type) {
  if (std::isnan(value))
    return 0;
  bool isUnsigned = type.isUnsigned(), narrow = type.getWidth() < (isUnsigned ? 32 : 33);
  double top = std::ldexp(1.0, narrow ? 31 : 63);
  if (isUnsigned && type.getWidth() == 64 && value >= top)
    return static_cast<int64_t>(value < 2 * top ? static_cast<uint64_t>(value) : ~uint64_t(0));
  if (value >= top)
    return narrow ? std::numeric_limits<int32_t>::max() : std::numeric_limits<int64_t>::max();
  if (value <= -top)
    return narrow ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

Scalar HostEmitter::cast(Scalar value, Type type) {
  Attribute payload = payloadOf(value);
  std::optional<double> number = asNumber(payload);
  if (isa<FloatType>(type))
    return number ? getFloat(*number, type) : unknown(type);
  if (type.isInteger(1)) {
    if (number)
      return getBool(*number != 0);
    auto expr = dyn_cast_or_null<DimExprAttr>(payload);
    std::optional<bool> zero;
    if (expr)
      zero = ranges.isEqual(DimExpr(expr), DimExpr::constant(context, 0));
    return getBool(zero ? std::optional(!*zero) : std::nullopt);
  }
  if (value.isFloat() && number) {
    int64_t integer = toInteger(*number, llvm::cast<IntegerType>(type));
    return getInt(DimExpr::constant(context, integer), type);
  }
  if (!payload)
    return unknown(type);
  return getInt(DimExpr(payload), type);
}

/// True if the expression has the same value in \p type, or is assumed to.
bool HostEmitter::fits(DimExpr expr, IntegerType type) {
  DimRange range = ranges.get(expr);
  if (type.getWidth() == 64)
    return !type.isUnsigned() || range.min >= 0;
  int64_t top = (int64_t(1) << (type.getWidth() - (type.isUnsigned() ? 0 : 1))) - 1;
  if (range.min < (type.isUnsigned() ? 0 : -top - 1))
    return false;
  if (range.max <= top)
    return true;
  bool noted = assumptions && llvm::any_of(*assumptions, [&](const SizeAssumption &other) {
                 return other.expr == expr && other.limit == top;
               });
  if (assumptions && !noted)
    assumptions->push_back({expr, top});
  return assumptions != nullptr;
}

Scalar HostEmitter::select(ArrayRef<Scalar> args) {
  if (std::optional<int64_t> condition = asInteger(payloadOf(args[0])))
    return *condition ? args[1] : args[2];
  return payloadOf(args[1]) && payloadOf(args[1]) == payloadOf(args[2]) ? args[1]
                                                                        : unknown(args[1].type);
}

Scalar HostEmitter::apply(ScalarFn fn, ArrayRef<Scalar> args) {
  if (fn == ScalarFn::Select)
    return select(args);
  Type result = isComparison(fn) ? IntegerType::get(context, 1) : args[0].type;
  for (const Scalar &arg : args)
    if (!payloadOf(arg))
      return unknown(result);
  if (args[0].isFloat())
    return applyFloat(fn, args);
  bool constants = llvm::all_of(args, [](Scalar arg) { return bool(asInteger(payloadOf(arg))); });
  return constants ? applyInt(fn, args) : applySymbolic(fn, args);
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

static std::optional<bool> compareFloats(ScalarFn fn, double x, double y) {
  switch (fn) {
  case ScalarFn::Eq: return x == y;
  case ScalarFn::Ne: return x != y;
  case ScalarFn::Lt: return x < y;
  case ScalarFn::Le: return x <= y;
  case ScalarFn::Gt: return x > y;
  case ScalarFn::Ge: return x >= y;
  case ScalarFn::IsNan: return std::isnan(x);
  case ScalarFn::IsInf: return std::isinf(x);
  default: return std::nullopt;
  }
}

static double floorMod(double x, double y) {
  double rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

static std::optional<double> binaryFloat(ScalarFn fn, double x, double y) {
  switch (fn) {
  case ScalarFn::Add: return x + y;
  case ScalarFn::Sub: return x - y;
  case ScalarFn::Mul: return x * y;
  case ScalarFn::Div: return x / y;
  case ScalarFn::Mod: return floorMod(x, y);
  case ScalarFn::Rem: return std::fmod(x, y);
  case ScalarFn::Max: return std::isnan(x) || std::isnan(y) ? NAN : std::max(x, y);
  case ScalarFn::Min: return std::isnan(x) || std::isnan(y) ? NAN : std::min(x, y);
  case ScalarFn::Pow: return std::pow(x, y);
  case ScalarFn::Atan2: return std::atan2(x, y);
  default: return std::nullopt;
  }
}

static std::optional<double> unaryFloat(ScalarFn fn, double x) {
  switch (fn) {
  case ScalarFn::Neg: return -x;
  case ScalarFn::Abs: return std::abs(x);
  case ScalarFn::Sign: return std::isnan(x) ? x : double(x > 0) - double(x < 0);
  case ScalarFn::Floor: return std::floor(x);
  case ScalarFn::Ceil: return std::ceil(x);
  case ScalarFn::Round: return std::nearbyint(x);
  case ScalarFn::Trunc: return std::trunc(x);
  case ScalarFn::Sqrt: return std::sqrt(x);
  case ScalarFn::Rsqrt: return 1 / std::sqrt(x);
  case ScalarFn::Exp: return std::exp(x);
  case ScalarFn::Log: return std::log(x);
  case ScalarFn::Sin: return std::sin(x);
  case ScalarFn::Cos: return std::cos(x);
  case ScalarFn::Tan: return std::tan(x);
  case ScalarFn::Asin: return std::asin(x);
  case ScalarFn::Acos: return std::acos(x);
  case ScalarFn::Atan: return std::atan(x);
  case ScalarFn::Sinh: return std::sinh(x);
  case ScalarFn::Cosh: return std::cosh(x);
  case ScalarFn::Tanh: return std::tanh(x);
  case ScalarFn::Asinh: return std::asinh(x);
  case ScalarFn::Acosh: return std::acosh(x);
  case ScalarFn::Atanh: return std::atanh(x);
  case ScalarFn::Erf: return std::erf(x);
  default: return std::nullopt;
  }
}

Scalar HostEmitter::applyFloat(ScalarFn fn, ArrayRef<Scalar> args) {
  SmallVector<double> x;
  for (const Scalar &arg : args)
    x.push_back(*asNumber(payloadOf(arg)));
  if (isComparison(fn))
    return getBool(compareFloats(fn, x[0], x.back()));
  std::optional<double> result;
  if (fn == ScalarFn::Fma && x.size() == 3)
    result = std::fma(x[0], x[1], x[2]);
  else
    result = x.size() == 2 ? binaryFloat(fn, x[0], x[1]) : unaryFloat(fn, x[0]);
  return result ? getFloat(*result, args[0].type) : unknown(args[0].type);
}

//===----------------------------------------------------------------------===//
// Constant integers
//===----------------------------------------------------------------------===//

static bool less(int64_t x, int64_t y, bool isUnsigned) {
  return isUnsigned ? static_cast<uint64_t>(x) < static_cast<uint64_t>(y) : x < y;
}

static int64_t divideInts(int64_t x, int64_t y, bool isUnsigned) {
  if (y == 0)
    return 0;
  if (isUnsigned)
    return static_cast<uint64_t>(x) / static_cast<uint64_t>(y);
  return y == -1 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x / y;
}
static int64_t remainder(int64_t x, int64_t y, bool isUnsigned) {
  if (y == 0 || (!isUnsigned && y == -1))
    return 0;
  return isUnsigned ? static_cast<int64_t>(static_cast<uint64_t>(x) % static_cast<uint64_t>(y))
                    : x % y;
}
static int64_t powInts(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (; exponent; exponent >>= 1, factor *= factor)
    if (exponent & 1)
      result *= factor;
  return static_cast<int64_t>(result);
}

static std::optional<int64_t> binaryInt(ScalarFn fn, int64_t x, int64_t y, Type type) {
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  unsigned width = llvm::cast<IntegerType>(type).getWidth();
  uint64_t a = static_cast<uint64_t>(x), b = static_cast<uint64_t>(y);
  switch (fn) {
  case ScalarFn::Add: return static_cast<int64_t>(a + b);
  case ScalarFn::Sub: return static_cast<int64_t>(a - b);
  case ScalarFn::Mul: return static_cast<int64_t>(a * b);
  case ScalarFn::Div: return divideInts(x, y, isUnsigned);
  case ScalarFn::Rem: return remainder(x, y, isUnsigned);
  case ScalarFn::Mod: {
    int64_t rest = remainder(x, y, isUnsigned);
    return !isUnsigned && rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
  }
  case ScalarFn::Max: return less(x, y, isUnsigned) ? y : x;
  case ScalarFn::Min: return less(y, x, isUnsigned) ? y : x;
  case ScalarFn::Pow: return powInts(x, y);
  case ScalarFn::And: return x & y;
  case ScalarFn::Or: return x | y;
  case ScalarFn::Xor: return x ^ y;
  case ScalarFn::Shl: return b < width ? static_cast<int64_t>(a << b) : 0;
  case ScalarFn::Shr:
    if (isUnsigned)
      return b < width ? static_cast<int64_t>(a >> b) : 0;
    return x >> std::min<uint64_t>(b, 63);
  case ScalarFn::Eq: return x == y;
  case ScalarFn::Ne: return x != y;
  case ScalarFn::Lt: return less(x, y, isUnsigned);
  case ScalarFn::Le: return !less(y, x, isUnsigned);
  case ScalarFn::Gt: return less(y, x, isUnsigned);
  case ScalarFn::Ge: return !less(x, y, isUnsigned);
  default: return std::nullopt;
  }
}

static std::optional<int64_t> unaryInt(ScalarFn fn, int64_t x, Type type) {
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  uint64_t bits = static_cast<uint64_t>(x);
  unsigned width = llvm::cast<IntegerType>(type).getWidth();
  switch (fn) {
  case ScalarFn::Neg: return static_cast<int64_t>(0 - bits);
  case ScalarFn::Abs: return isUnsigned || x >= 0 ? x : static_cast<int64_t>(0 - bits);
  case ScalarFn::Sign: return isUnsigned ? x != 0 : (x > 0) - (x < 0);
  case ScalarFn::Not: return ~x;
  case ScalarFn::PopCount:
    return llvm::popcount(width == 64 ? bits : bits & ((uint64_t(1) << width) - 1));
  case ScalarFn::Floor: case ScalarFn::Ceil: case ScalarFn::Round: case ScalarFn::Trunc: return x;
  case ScalarFn::IsNan: case ScalarFn::IsInf: return 0;
  default: return std::nullopt;
  }
}

Scalar HostEmitter::applyInt(ScalarFn fn, ArrayRef<Scalar> args) {
  Type type = args[0].type;
  int64_t x = *asInteger(payloadOf(args[0]));
  std::optional<int64_t> result;
  if (args.size() == 1)
    result = unaryInt(fn, x, type);
  else if (args.size() == 2)
    result = binaryInt(fn, x, *asInteger(payloadOf(args[1])), type);
  if (isComparison(fn))
    return getBool(result ? std::optional<bool>(*result != 0) : std::nullopt);
  return result ? getInt(DimExpr::constant(context, *result), type) : unknown(type);
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

static std::optional<bool> negate(std::optional<bool> value) {
  return value ? std::optional(!*value) : std::nullopt;
}

Scalar HostEmitter::applySymbolic(ScalarFn fn, ArrayRef<Scalar> args) {
  Type type = args[0].type;
  DimExpr x(payloadOf(args[0])), y(payloadOf(args.back()));
  switch (fn) {
  case ScalarFn::Eq: return getBool(ranges.isEqual(x, y));
  case ScalarFn::Ne: return getBool(negate(ranges.isEqual(x, y)));
  case ScalarFn::Lt: return getBool(ranges.isLess(x, y));
  case ScalarFn::Ge: return getBool(negate(ranges.isLess(x, y)));
  case ScalarFn::Gt: return getBool(ranges.isLess(y, x));
  case ScalarFn::Le: return getBool(negate(ranges.isLess(y, x)));
  default: break;
  }
  // The order of unsigned 64-bit numbers is not that of expressions.
  if (type.isUnsignedInteger(64))
    return unknown(type);
  bool natural = ranges.get(x).min >= 0, divisible = natural && ranges.get(y).min > 0;
  switch (fn) {
  case ScalarFn::Add: return getInt(x + y, type);
  case ScalarFn::Sub: return getInt(x - y, type);
  case ScalarFn::Mul: return getInt(x * y, type);
  case ScalarFn::Neg: return getInt(-x, type);
  case ScalarFn::Max: return getInt(ranges.max(x, y), type);
  case ScalarFn::Min: return getInt(ranges.min(x, y), type);
  case ScalarFn::Abs: return natural ? args[0] : unknown(type);
  case ScalarFn::Sign: return ranges.get(x).min > 0 ? args[0].same(1) : unknown(type);
  case ScalarFn::Floor: case ScalarFn::Ceil: case ScalarFn::Round: case ScalarFn::Trunc:
    return args[0];
  case ScalarFn::Div: return divisible ? getInt(x.floorDiv(y), type) : unknown(type);
  case ScalarFn::Mod: case ScalarFn::Rem:
    return divisible ? getInt(x.mod(y), type) : unknown(type);
  default: return unknown(type);
  }
}

} // namespace tenon
