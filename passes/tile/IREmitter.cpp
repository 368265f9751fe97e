//===- IREmitter.cpp - scalar bodies as operations on tiles ---------------===//
//
// One case per primitive of ScalarFn. Integer division never traps: by zero it
// gives zero, and the one quotient that overflows wraps.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/IREmitter.h"
#include "dialects/tenon/Tenon.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
namespace tenon {

Type computeType(Type type) {
  if (type.isF16() || type.isBF16())
    return Float32Type::get(type.getContext());
  return storageType(type);
}

Type storageType(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), integer.getWidth());
  return type;
}

static Type elementType(Value value) { return getElementTypeOrSelf(value.getType()); }
static RankedTensorType withElement(Value like, Type element) {
  return RankedTensorType::get(tile::shapeOf(like.getType()), element);
}

//===----------------------------------------------------------------------===//
// Shapes and constants
//===----------------------------------------------------------------------===//

Value IREmitter::broadcast(Value value, ArrayRef<int64_t> shape) {
  if (tile::shapeOf(value.getType()) == shape)
    return value;
  return tile::BroadcastOp::create(builder, loc, RankedTensorType::get(shape, elementType(value)),
                                   value);
}

void IREmitter::unify(MutableArrayRef<Value> values) {
  SmallVector<int64_t> shape(rank, 1);
  for (Value value : values)
    for (auto [common, size] : llvm::zip(shape, tile::shapeOf(value.getType())))
      common = std::max(common, size);
  for (Value &value : values)
    value = broadcast(value, shape);
}

Value IREmitter::splat(TypedAttr value, Type like) {
  auto type = cast<RankedTensorType>(like);
  return arith::ConstantOp::create(builder, loc, SplatElementsAttr::get(type, Attribute(value)));
}

Value IREmitter::integerLike(int64_t value, Type like) {
  Type element = getElementTypeOrSelf(like);
  unsigned width = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  APInt bits(64, static_cast<uint64_t>(value));
  return splat(IntegerAttr::get(element, bits.trunc(width)), like);
}

Value IREmitter::indexConstant(int64_t value) {
  SmallVector<int64_t> ones(rank, 1);
  return integerLike(value, RankedTensorType::get(ones, builder.getIndexType()));
}

Scalar IREmitter::constant(double value, Type type) {
  SmallVector<int64_t> ones(rank, 1);
  Type compute = computeType(type);
  auto tensor = RankedTensorType::get(ones, compute);
  if (isa<FloatType>(compute))
    return wrap(splat(FloatAttr::get(compute, value), tensor), type);
  return wrap(integerLike(static_cast<int64_t>(value), tensor), type);
}

//===----------------------------------------------------------------------===//
// Primitives
//===----------------------------------------------------------------------===//

Value IREmitter::unary(ScalarFn fn, Value x, Type type) {
  bool isFloat = isa<FloatType>(elementType(x));
  switch (fn) {
#define MATH(FN, OP)                                                                               \
  case ScalarFn::FN:                                                                               \
    return math::OP::create(builder, loc, x);
    MATH(Sqrt, SqrtOp)
    MATH(Rsqrt, RsqrtOp)
    MATH(Exp, ExpOp)
    MATH(Log, LogOp)
    MATH(Sin, SinOp)
    MATH(Cos, CosOp)
    MATH(Tan, TanOp)
    MATH(Asin, AsinOp)
    MATH(Acos, AcosOp)
    MATH(Atan, AtanOp)
    MATH(Sinh, SinhOp)
    MATH(Cosh, CoshOp)
    MATH(Tanh, TanhOp)
    MATH(Asinh, AsinhOp)
    MATH(Acosh, AcoshOp)
    MATH(Atanh, AtanhOp)
    MATH(Erf, ErfOp)
    MATH(PopCount, CtPopOp)
#undef MATH
  case ScalarFn::Floor:
    return isFloat ? math::FloorOp::create(builder, loc, x).getResult() : x;
  case ScalarFn::Ceil:
    return isFloat ? math::CeilOp::create(builder, loc, x).getResult() : x;
  case ScalarFn::Round:
    return isFloat ? math::RoundEvenOp::create(builder, loc, x).getResult() : x;
  case ScalarFn::Trunc:
    return isFloat ? math::TruncOp::create(builder, loc, x).getResult() : x;
  case ScalarFn::Neg:
    if (isFloat)
      return arith::NegFOp::create(builder, loc, x);
    return arith::SubIOp::create(builder, loc, integerLike(0, x.getType()), x);
  case ScalarFn::Abs:
    if (isFloat)
      return math::AbsFOp::create(builder, loc, x);
    return type.isUnsignedInteger() ? x : math::AbsIOp::create(builder, loc, x).getResult();
  case ScalarFn::Not:
    return arith::XOrIOp::create(builder, loc, x, integerLike(-1, x.getType()));
  default:
    llvm_unreachable("not a unary primitive");
  }
}

Value IREmitter::binaryFloat(ScalarFn fn, Value x, Value y) {
  switch (fn) {
  case ScalarFn::Add:
    return arith::AddFOp::create(builder, loc, x, y);
  case ScalarFn::Sub:
    return arith::SubFOp::create(builder, loc, x, y);
  case ScalarFn::Mul:
    return arith::MulFOp::create(builder, loc, x, y);
  case ScalarFn::Div:
    return arith::DivFOp::create(builder, loc, x, y);
  case ScalarFn::Max:
    return arith::MaximumFOp::create(builder, loc, x, y);
  case ScalarFn::Min:
    return arith::MinimumFOp::create(builder, loc, x, y);
  case ScalarFn::Pow:
    return math::PowFOp::create(builder, loc, x, y);
  case ScalarFn::Atan2:
    return math::Atan2Op::create(builder, loc, x, y);
  case ScalarFn::Rem:
    return arith::RemFOp::create(builder, loc, x, y);
  case ScalarFn::Mod: {
    // The remainder has the dividend's sign; add the divisor where signs differ.
    Value rest = arith::RemFOp::create(builder, loc, x, y);
    Value zero = splat(FloatAttr::get(elementType(x), 0.0), x.getType());
    Value nonZero = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, rest, zero);
    Value restNegative = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, rest, zero);
    Value negative = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, y, zero);
    Value differ = arith::XOrIOp::create(builder, loc, restNegative, negative);
    Value adjust = arith::AndIOp::create(builder, loc, nonZero, differ);
    Value sum = arith::AddFOp::create(builder, loc, rest, y);
    return arith::SelectOp::create(builder, loc, adjust, sum, rest);
  }
  default:
    llvm_unreachable("not a float primitive");
  }
}

Value IREmitter::divideInteger(ScalarFn fn, Value x, Value y, bool isUnsigned) {
  Value zero = integerLike(0, x.getType()), one = integerLike(1, x.getType());
  Value byZero = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, y, zero);
  Value safe = arith::SelectOp::create(builder, loc, byZero, one, y);
  auto pick = [&](Value value) -> Value {
    return arith::SelectOp::create(builder, loc, byZero, zero, value);
  };
  if (isUnsigned)
    return pick(fn == ScalarFn::Div ? arith::DivUIOp::create(builder, loc, x, safe).getResult()
                                    : arith::RemUIOp::create(builder, loc, x, safe).getResult());
  // -2^31 / -1 traps on x86: negate instead.
  Value minusOne = integerLike(-1, x.getType());
  Value byMinusOne = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, y, minusOne);
  safe = arith::SelectOp::create(builder, loc, byMinusOne, one, safe);
  if (fn == ScalarFn::Div) {
    Value negated = arith::SubIOp::create(builder, loc, zero, x);
    Value quotient = arith::DivSIOp::create(builder, loc, x, safe);
    return pick(arith::SelectOp::create(builder, loc, byMinusOne, negated, quotient));
  }
  Value rest = arith::RemSIOp::create(builder, loc, x, safe);
  if (fn == ScalarFn::Rem)
    return pick(rest);
  Value nonZero = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, rest, zero);
  Value signs = arith::XOrIOp::create(builder, loc, rest, y);
  Value differ = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, signs, zero);
  Value adjust = arith::AndIOp::create(builder, loc, nonZero, differ);
  Value sum = arith::AddIOp::create(builder, loc, rest, y);
  return pick(arith::SelectOp::create(builder, loc, adjust, sum, rest));
}

Value IREmitter::shift(ScalarFn fn, Value x, Value y, bool isUnsigned) {
  // A shift by the width or more (or less than nothing) is defined here: all
  // bits leave, and the sign's copies take their place.
  int64_t width = elementType(x).getIntOrFloatBitWidth();
  Value limit = integerLike(width, x.getType());
  Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, y, limit);
  Value zero = integerLike(0, x.getType());
  if (fn == ScalarFn::Shr && !isUnsigned) {
    Value most = integerLike(width - 1, x.getType());
    Value amount = arith::SelectOp::create(builder, loc, inside, y, most);
    return arith::ShRSIOp::create(builder, loc, x, amount);
  }
  Value amount = arith::SelectOp::create(builder, loc, inside, y, zero);
  Value shifted = fn == ScalarFn::Shl ? arith::ShLIOp::create(builder, loc, x, amount).getResult()
                                      : arith::ShRUIOp::create(builder, loc, x, amount).getResult();
  return arith::SelectOp::create(builder, loc, inside, shifted, zero);
}

/// Square and multiply over the exponent's bits; a negative exponent gives 0
/// except of 1 and -1, as integer division of 1 would.
Value IREmitter::powInteger(Value x, Value y, bool isUnsigned) {
  int64_t width = elementType(x).getIntOrFloatBitWidth();
  Value one = integerLike(1, x.getType()), zero = integerLike(0, x.getType());
  Value result = one, base = x, exponent = y;
  for (int64_t bit = 0; bit < width; ++bit) {
    Value low = arith::AndIOp::create(builder, loc, exponent, one);
    Value odd = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, low, zero);
    Value product = arith::MulIOp::create(builder, loc, result, base);
    result = arith::SelectOp::create(builder, loc, odd, product, result);
    base = arith::MulIOp::create(builder, loc, base, base);
    exponent = arith::ShRUIOp::create(builder, loc, exponent, one);
  }
  if (isUnsigned)
    return result;
  Value negative = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, y, zero);
  Value inverse = divideInteger(ScalarFn::Div, one, x, false);
  Value low = arith::AndIOp::create(builder, loc, y, one);
  Value even = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, low, zero);
  Value squared = arith::MulIOp::create(builder, loc, inverse, inverse);
  inverse = arith::SelectOp::create(builder, loc, even, squared, inverse);
  return arith::SelectOp::create(builder, loc, negative, inverse, result);
}

Value IREmitter::binaryInteger(ScalarFn fn, Value x, Value y, bool isUnsigned) {
  switch (fn) {
  case ScalarFn::Add:
    return arith::AddIOp::create(builder, loc, x, y);
  case ScalarFn::Sub:
    return arith::SubIOp::create(builder, loc, x, y);
  case ScalarFn::Mul:
    return arith::MulIOp::create(builder, loc, x, y);
  case ScalarFn::Max:
    return isUnsigned ? arith::MaxUIOp::create(builder, loc, x, y).getResult()
                      : arith::MaxSIOp::create(builder, loc, x, y).getResult();
  case ScalarFn::Min:
    return isUnsigned ? arith::MinUIOp::create(builder, loc, x, y).getResult()
                      : arith::MinSIOp::create(builder, loc, x, y).getResult();
  case ScalarFn::And:
    return arith::AndIOp::create(builder, loc, x, y);
  case ScalarFn::Or:
    return arith::OrIOp::create(builder, loc, x, y);
  case ScalarFn::Xor:
    return arith::XOrIOp::create(builder, loc, x, y);
  case ScalarFn::Shl:
  case ScalarFn::Shr:
    return shift(fn, x, y, isUnsigned);
  case ScalarFn::Pow:
    return powInteger(x, y, isUnsigned);
  default:
    return divideInteger(fn, x, y, isUnsigned);
  }
}

Value IREmitter::compare(ScalarFn fn, Value x, Value y, Type type) {
  unsigned index = static_cast<unsigned>(fn) - static_cast<unsigned>(ScalarFn::Eq);
  if (isa<FloatType>(elementType(x))) {
    using P = arith::CmpFPredicate;
    static constexpr P table[] = {P::OEQ, P::UNE, P::OLT, P::OLE, P::OGT, P::OGE};
    return arith::CmpFOp::create(builder, loc, table[index], x, y);
  }
  using P = arith::CmpIPredicate;
  static constexpr P isSigned[] = {P::eq, P::ne, P::slt, P::sle, P::sgt, P::sge};
  static constexpr P isUnsigned[] = {P::eq, P::ne, P::ult, P::ule, P::ugt, P::uge};
  bool asUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  return arith::CmpIOp::create(builder, loc, (asUnsigned ? isUnsigned : isSigned)[index], x, y);
}

Scalar IREmitter::apply(ScalarFn fn, ArrayRef<Scalar> args) {
  Type type = args.back().type, boolean = builder.getI1Type();
  SmallVector<Value> values;
  for (Scalar arg : args)
    values.push_back(cast<Value>(arg.payload));
  unify(values);
  bool isFloat = isa<FloatType>(elementType(values.back()));
  switch (fn) {
  case ScalarFn::Select:
    return wrap(arith::SelectOp::create(builder, loc, values[0], values[1], values[2]), type);
  case ScalarFn::Fma:
    return wrap(math::FmaOp::create(builder, loc, values[0], values[1], values[2]), type);
  case ScalarFn::IsNan:
    if (!isFloat)
      return constant(0, boolean);
    return wrap(
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, values[0], values[0]),
        boolean);
  case ScalarFn::IsInf: {
    if (!isFloat)
      return constant(0, boolean);
    Value magnitude = math::AbsFOp::create(builder, loc, values[0]);
    Value infinity =
        splat(FloatAttr::get(elementType(values[0]), std::numeric_limits<double>::infinity()),
              magnitude.getType());
    return wrap(arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, magnitude, infinity),
                boolean);
  }
  case ScalarFn::Sign: {
    Scalar x = args[0], zero = x.same(0);
    Scalar positive = select(x > zero, x.same(1), x); // keeps 0 and NaN
    return x.isUnsigned() ? positive : select(x < zero, x.same(-1), positive);
  }
  default:
    break;
  }
  if (fn >= ScalarFn::Eq && fn <= ScalarFn::Ge)
    return wrap(compare(fn, values[0], values[1], type), boolean);
  if (values.size() == 1)
    return wrap(unary(fn, values[0], type), type);
  if (isFloat)
    return wrap(binaryFloat(fn, values[0], values[1]), type);
  return wrap(binaryInteger(fn, values[0], values[1], args[0].isUnsigned()), type);
}

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

/// The least (or greatest) number of an integer type.
static APInt extreme(Type type, bool least, bool isUnsigned) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (isUnsigned)
    return least ? APInt::getZero(width) : APInt::getAllOnes(width);
  return least ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width);
}

/// Toward zero; what is out of range becomes the least or the greatest number,
/// NaN becomes 0. (The arith operation alone gives poison there.)
Value IREmitter::saturate(Value x, unsigned width, bool isUnsigned) {
  Type element = builder.getIntegerType(width);
  RankedTensorType type = withElement(x, element);
  double high = std::ldexp(1.0, isUnsigned ? width : width - 1), low = isUnsigned ? 0 : -high;
  auto compare = [&](arith::CmpFPredicate predicate, double bound) -> Value {
    return arith::CmpFOp::create(builder, loc, predicate, x,
                                 splat(FloatAttr::get(elementType(x), bound), x.getType()));
  };
  auto number = [&](bool least) {
    return splat(IntegerAttr::get(element, extreme(element, least, isUnsigned)), type);
  };
  Value inside = arith::AndIOp::create(builder, loc, compare(arith::CmpFPredicate::OGT, low),
                                       compare(arith::CmpFPredicate::OLT, high));
  Value zero = splat(FloatAttr::get(elementType(x), 0.0), x.getType());
  Value safe = arith::SelectOp::create(builder, loc, inside, x, zero);
  Value result = isUnsigned ? arith::FPToUIOp::create(builder, loc, type, safe).getResult()
                            : arith::FPToSIOp::create(builder, loc, type, safe).getResult();
  result = arith::SelectOp::create(builder, loc, compare(arith::CmpFPredicate::OLE, low),
                                   number(true), result);
  return arith::SelectOp::create(builder, loc, compare(arith::CmpFPredicate::OGE, high),
                                 number(false), result);
}

/// As tenon.cast says: saturating in 32 bits (unsigned: 64), then cut.
Value IREmitter::floatToInteger(Value x, unsigned width, bool isUnsigned) {
  unsigned wide = isUnsigned && width >= 32 ? 64 : std::max(width, 32u);
  Value result = saturate(x, wide, /*isUnsigned=*/false);
  if (isUnsigned && width == 64) {
    Value limit = splat(FloatAttr::get(elementType(x), std::ldexp(1.0, 63)), x.getType());
    Value large = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, x, limit);
    return arith::SelectOp::create(builder, loc, large, saturate(x, 64, true), result);
  }
  if (width == wide)
    return result;
  return arith::TruncIOp::create(builder, loc, withElement(x, builder.getIntegerType(width)),
                                 result);
}

Scalar IREmitter::cast(Scalar value, Type type) {
  Value x = mlir::cast<Value>(value.payload);
  Type from = elementType(x), to = computeType(type);
  RankedTensorType target = withElement(x, to);
  if (type.isInteger(1) && !value.type.isInteger(1))
    return value != value.same(0);
  // Rounding to a narrow float type happens here, computation stays in f32.
  if ((type.isF16() || type.isBF16()) && type != value.type) {
    Scalar wide = isa<Float32Type>(from) ? value : cast(value, builder.getF32Type());
    Value narrow = arith::TruncFOp::create(builder, loc, withElement(x, type),
                                           mlir::cast<Value>(wide.payload));
    return wrap(arith::ExtFOp::create(builder, loc, target, narrow), type);
  }
  if (from == to)
    return wrap(x, type);
  bool toFloat = isa<FloatType>(to), fromFloat = isa<FloatType>(from);
  if (fromFloat && toFloat) {
    bool wider = to.getIntOrFloatBitWidth() > from.getIntOrFloatBitWidth();
    return wrap(wider ? arith::ExtFOp::create(builder, loc, target, x).getResult()
                      : arith::TruncFOp::create(builder, loc, target, x).getResult(),
                type);
  }
  if (fromFloat)
    return wrap(floatToInteger(x, to.getIntOrFloatBitWidth(), type.isUnsignedInteger()), type);
  if (toFloat)
    return wrap(value.isUnsigned() ? arith::UIToFPOp::create(builder, loc, target, x).getResult()
                                   : arith::SIToFPOp::create(builder, loc, target, x).getResult(),
                type);
  unsigned fromWidth = from.getIntOrFloatBitWidth(), toWidth = to.getIntOrFloatBitWidth();
  if (toWidth < fromWidth)
    return wrap(arith::TruncIOp::create(builder, loc, target, x), type);
  return wrap(value.isUnsigned() ? arith::ExtUIOp::create(builder, loc, target, x).getResult()
                                 : arith::ExtSIOp::create(builder, loc, target, x).getResult(),
              type);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Scalar IREmitter::neutral(unsigned combiner, Type type) {
  Type compute = computeType(type);
  SmallVector<int64_t> ones(rank, 1);
  auto tensor = RankedTensorType::get(ones, compute);
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  switch (static_cast<Combiner>(combiner)) {
  case Combiner::Mul:
    return constant(1, type);
  case Combiner::And:
    return wrap(integerLike(-1, tensor), type);
  case Combiner::Max:
  case Combiner::Min: {
    bool least = static_cast<Combiner>(combiner) == Combiner::Max;
    double infinity = std::numeric_limits<double>::infinity();
    if (isa<FloatType>(compute))
      return wrap(splat(FloatAttr::get(compute, least ? -infinity : infinity), tensor), type);
    return wrap(splat(IntegerAttr::get(compute, extreme(compute, least, isUnsigned)), tensor),
                type);
  }
  default:
    return constant(0, type);
  }
}

Value IREmitter::combine(unsigned combiner, Value a, Value b, Type type) {
  static constexpr ScalarFn table[] = {ScalarFn::Add, ScalarFn::Add, ScalarFn::Mul, ScalarFn::Max,
                                       ScalarFn::Min, ScalarFn::And, ScalarFn::Or,  ScalarFn::Xor};
  Scalar result = apply(table[combiner], {wrap(a, type), wrap(b, type)});
  return mlir::cast<Value>(result.payload);
}

} // namespace tenon
