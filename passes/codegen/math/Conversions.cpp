//===- Conversions.cpp - arith operations that need more than LLVM -*- C++ -*-===//
//
// See Conversions.h. Rounding to a narrower float in two steps is exact if the
// first step rounds to odd: it keeps in its last bit that something was lost.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/math/Conversions.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tenon::math {

Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(VectorType::get(vector.getShape(), element)) : element;
}

/// f64 to f32 rounding to odd: toward zero, then the last bit set if inexact.
static Num roundToOdd(Num x) {
  Num nearest = toF32(x), back = toF64(nearest);
  Int near = bits(nearest);
  Int towardZero = select(abs(back) > abs(x), near - 1, near);
  Int odd = towardZero | near.constant(1);
  Bool inexact = (back < x) | (back > x);
  return fromBits(select(inexact, odd, near), nearest);
}

/// f32 to bf16, ties to even; NaN keeps a mantissa bit.
static Value toBf16(ImplicitLocOpBuilder &builder, Num x) {
  Int all = bits(x);
  Int even = shiftRightUnsigned(all, 16) & 1;
  Int rounded = shiftRightUnsigned(all + even + 0x7fff, 16);
  Int quiet = shiftRightUnsigned(all, 16) | all.constant(0x40);
  Int result = select(isNan(x), quiet, rounded);
  Type i16 = withElement(x.type(), builder.getI16Type());
  Value narrow = arith::TruncIOp::create(builder, i16, result.value);
  return arith::BitcastOp::create(builder, withElement(x.type(), builder.getBF16Type()), narrow);
}

/// bf16 to f32 as integers: LLVM would move operations to bf16 across an fpext,
/// and call a function for them.
static Value expandExtF(ImplicitLocOpBuilder &builder, arith::ExtFOp op) {
  Type from = op.getIn().getType();
  if (!getElementTypeOrSelf(from).isBF16())
    return {};
  Value narrow =
      arith::BitcastOp::create(builder, withElement(from, builder.getI16Type()), op.getIn());
  Int all{&builder,
          arith::ExtUIOp::create(builder, withElement(from, builder.getI32Type()), narrow)};
  Type wide = withElement(from, builder.getF32Type());
  Num result{&builder, arith::BitcastOp::create(builder, wide, (all << 16).value)};
  return getElementTypeOrSelf(op.getType()).isF64() ? toF64(result).value : result.value;
}

static Value expandTruncF(ImplicitLocOpBuilder &builder, arith::TruncFOp op) {
  Type from = getElementTypeOrSelf(op.getIn().getType()), to = getElementTypeOrSelf(op.getType());
  if (!to.isBF16() && !(to.isF16() && from.isF64()))
    return {};
  Num x{&builder, op.getIn()};
  if (from.isF64())
    x = roundToOdd(x);
  else if (!from.isF32())
    x = {&builder, arith::ExtFOp::create(builder, withElement(op.getType(), builder.getF32Type()),
                                         op.getIn())};
  if (to.isBF16())
    return toBf16(builder, x);
  return arith::TruncFOp::create(builder, op.getType(), x.value);
}

/// A division whose divisor is a constant that is neither 0 nor -1 cannot trap.
static bool isSafeDivisor(Value divisor) {
  APInt constant;
  return matchPattern(divisor, m_ConstantInt(&constant)) && !constant.isZero() &&
         !constant.isAllOnes();
}

/// Divides by 1 where the divisor is 0 (or -1) and puts right what that gave.
template <class Op>
static Value expandDivision(ImplicitLocOpBuilder &builder, Op op, bool isSigned, bool isRemainder) {
  if (isSafeDivisor(op.getRhs()) || op->hasAttr("tenon.safe"))
    return {};
  Int a{&builder, op.getLhs()}, b{&builder, op.getRhs()}, zero = a.constant(0);
  Bool byZero = b == 0, byMinus = b == -1;
  Bool trap = isSigned ? byZero | byMinus : byZero;
  auto safe = Op::create(builder, a.value, select(trap, a.constant(1), b).value);
  safe->setAttr("tenon.safe", builder.getUnitAttr());
  Int result{&builder, safe.getResult()};
  if (isSigned && !isRemainder)
    result = select(byMinus, zero - a, result);
  return select(byZero, zero, result).value;
}

/// x^n by squaring, modulo 2^bits; a negative exponent gives 0, or the inverse of
/// 1 and -1.
static Value expandIPow(ImplicitLocOpBuilder &builder, mlir::math::IPowIOp op) {
  Int x{&builder, op.getLhs()}, n{&builder, op.getRhs()}, one = x.constant(1);
  unsigned width = getElementTypeOrSelf(op.getType()).getIntOrFloatBitWidth();
  Bool negative = n < 0;
  Int exponent = select(negative, x.constant(0) - n, n), result = one, power = x;
  for (unsigned bit = 0; bit < width; ++bit) {
    Bool set = (shiftRightUnsigned(exponent, bit) & 1) != 0;
    result = select(set, result * power, result);
    power = power * power;
  }
  Bool unit = (x == 1) | (x == -1);
  return select(negative & !unit, x.constant(0), result).value;
}

/// Through an integer that holds every value of the narrower one, signed or not.
static Value expandToInteger(ImplicitLocOpBuilder &builder, Operation *op, bool isSigned) {
  Type type = op->getResult(0).getType();
  unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (width > 32 || (width == 32 && isSigned))
    return {};
  Type wide = withElement(type, builder.getIntegerType(width == 32 ? 64 : 32));
  Value integer = arith::FPToSIOp::create(builder, wide, op->getOperand(0));
  return arith::TruncIOp::create(builder, type, integer);
}

static bool isBf16(Type type) { return getElementTypeOrSelf(type).isBF16(); }

/// The operation on f32 (integers that f32 cannot hold: f64), rounded to bf16.
static Value expandInBf16(ImplicitLocOpBuilder &builder, Operation *op) {
  bool isConversion = isa<arith::ExtFOp, arith::TruncFOp, arith::BitcastOp, arith::ConstantOp,
                          arith::SelectOp, arith::FPToSIOp, arith::FPToUIOp>(op);
  if (isConversion || !op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1)
    return {};
  Type result = op->getResult(0).getType();
  if (!isBf16(result) && llvm::none_of(op->getOperandTypes(), isBf16))
    return {};
  Type wide = builder.getF32Type();
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    Type element = getElementTypeOrSelf(operand.getType());
    if (element.isBF16())
      operand = arith::ExtFOp::create(builder, withElement(operand.getType(), wide), operand);
    else if (isa<arith::SIToFPOp, arith::UIToFPOp>(op) && element.getIntOrFloatBitWidth() > 16)
      wide = builder.getF64Type();
    operands.push_back(operand);
  }
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addTypes(isBf16(result) ? withElement(result, wide) : result);
  state.addAttributes(op->getAttrs());
  Value value = builder.create(state)->getResult(0);
  if (isBf16(result))
    value = arith::TruncFOp::create(builder, result, value);
  return value;
}

Value expandConversion(ImplicitLocOpBuilder &builder, Operation *op) {
  if (Value wide = expandInBf16(builder, op))
    return wide;
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](arith::TruncFOp op) { return expandTruncF(builder, op); })
      .Case([&](arith::ExtFOp op) { return expandExtF(builder, op); })
      .Case([&](arith::DivSIOp op) { return expandDivision(builder, op, true, false); })
      .Case([&](arith::RemSIOp op) { return expandDivision(builder, op, true, true); })
      .Case([&](arith::DivUIOp op) { return expandDivision(builder, op, false, false); })
      .Case([&](arith::RemUIOp op) { return expandDivision(builder, op, false, true); })
      .Case([&](mlir::math::IPowIOp op) { return expandIPow(builder, op); })
      .Case([&](arith::FPToSIOp op) { return expandToInteger(builder, op, true); })
      .Case([&](arith::FPToUIOp op) { return expandToInteger(builder, op, false); })
      .Default([](Operation *) { return Value(); });
}

} // namespace tenon::math
