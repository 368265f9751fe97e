//===- Num.cpp - Arithmetic on IR values as on numbers ------------*- C++ -*-===//
//
// See Num.h.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/math/Num.h"

using namespace mlir;

namespace tenon::math {

static Type like(Type shape, Type element) {
  auto vector = dyn_cast<VectorType>(shape);
  return vector ? Type(VectorType::get(vector.getShape(), element)) : element;
}

static Value constantOf(ImplicitLocOpBuilder &builder, Type type, TypedAttr element) {
  if (auto vector = dyn_cast<VectorType>(type))
    element = DenseElementsAttr::get(vector, Attribute(element));
  return arith::ConstantOp::create(builder, element);
}

Int Int::constant(int64_t number) const {
  Type element = getElementTypeOrSelf(value.getType());
  APInt bits(element.getIntOrFloatBitWidth(), number, /*isSigned=*/true, /*implicitTrunc=*/true);
  return {builder, constantOf(*builder, value.getType(), builder->getIntegerAttr(element, bits))};
}

Num Num::constant(double number) const {
  return {builder, constantOf(*builder, type(),
                              builder->getFloatAttr(getElementTypeOrSelf(type()), number))};
}

template <class Op, class T>
static T make(T a, T b) {
  return {a.builder, Op::create(*a.builder, a.value, b.value)};
}

Bool operator&(Bool a, Bool b) { return make<arith::AndIOp>(a, b); }
Bool operator|(Bool a, Bool b) { return make<arith::OrIOp>(a, b); }
Bool operator!(Bool a) {
  Int one = Int{a.builder, a.value}.constant(1);
  return make<arith::XOrIOp>(a, Bool{a.builder, one.value});
}

Int operator+(Int a, Int b) { return make<arith::AddIOp>(a, b); }
Int operator-(Int a, Int b) { return make<arith::SubIOp>(a, b); }
Int operator*(Int a, Int b) { return make<arith::MulIOp>(a, b); }
Int operator+(Int a, int64_t b) { return a + a.constant(b); }
Int operator-(Int a, int64_t b) { return a - a.constant(b); }
Int operator&(Int a, int64_t b) { return make<arith::AndIOp>(a, a.constant(b)); }
Int operator|(Int a, Int b) { return make<arith::OrIOp>(a, b); }
Int operator<<(Int a, int64_t b) { return make<arith::ShLIOp>(a, a.constant(b)); }
Int shiftRight(Int a, int64_t b) { return make<arith::ShRSIOp>(a, a.constant(b)); }
Int shiftRightUnsigned(Int a, int64_t b) { return make<arith::ShRUIOp>(a, a.constant(b)); }
Int shiftRightUnsigned(Int a, Int b) { return make<arith::ShRUIOp>(a, b); }
Int shiftLeft(Int a, Int b) { return make<arith::ShLIOp>(a, b); }

static Bool compare(arith::CmpIPredicate how, Int a, int64_t b) {
  return {a.builder, arith::CmpIOp::create(*a.builder, how, a.value, a.constant(b).value)};
}
Bool operator<(Int a, int64_t b) { return compare(arith::CmpIPredicate::slt, a, b); }
Bool operator==(Int a, int64_t b) { return compare(arith::CmpIPredicate::eq, a, b); }
Bool operator!=(Int a, int64_t b) { return compare(arith::CmpIPredicate::ne, a, b); }

Int select(Bool condition, Int a, Int b) {
  return {a.builder, arith::SelectOp::create(*a.builder, condition.value, a.value, b.value)};
}

Num operator+(Num a, Num b) { return make<arith::AddFOp>(a, b); }
Num operator-(Num a, Num b) { return make<arith::SubFOp>(a, b); }
Num operator*(Num a, Num b) { return make<arith::MulFOp>(a, b); }
Num operator/(Num a, Num b) { return make<arith::DivFOp>(a, b); }
Num operator-(Num a) { return {a.builder, arith::NegFOp::create(*a.builder, a.value)}; }

static Bool compare(arith::CmpFPredicate how, Num a, Num b) {
  return {a.builder, arith::CmpFOp::create(*a.builder, how, a.value, b.value)};
}
Bool operator<(Num a, Num b) { return compare(arith::CmpFPredicate::OLT, a, b); }
Bool operator>(Num a, Num b) { return compare(arith::CmpFPredicate::OGT, a, b); }
Bool operator>=(Num a, Num b) { return compare(arith::CmpFPredicate::OGE, a, b); }
Bool operator==(Num a, Num b) { return compare(arith::CmpFPredicate::OEQ, a, b); }
Bool isNan(Num a) { return compare(arith::CmpFPredicate::UNO, a, a); }

Num select(Bool condition, Num a, Num b) {
  return {a.builder, arith::SelectOp::create(*a.builder, condition.value, a.value, b.value)};
}
Num fma(Num a, Num b, Num c) {
  return {a.builder, mlir::math::FmaOp::create(*a.builder, a.value, b.value, c.value)};
}
Num abs(Num a) { return {a.builder, mlir::math::AbsFOp::create(*a.builder, a.value)}; }
Num sqrt(Num a) { return {a.builder, mlir::math::SqrtOp::create(*a.builder, a.value)}; }
Num trunc(Num a) { return {a.builder, mlir::math::TruncOp::create(*a.builder, a.value)}; }
Num copysign(Num a, Num sign) {
  return {a.builder, mlir::math::CopySignOp::create(*a.builder, a.value, sign.value)};
}
Num clamp(Num a, double low, double high) {
  Num upper = select(a > high, high, a);
  return select(upper < low, low, upper);
}

Int bits(Num a) {
  Type integer = a.isF64() ? a.builder->getI64Type() : a.builder->getI32Type();
  return {a.builder, arith::BitcastOp::create(*a.builder, like(a.type(), integer), a.value)};
}
Num fromBits(Int a, Num other) {
  return {a.builder, arith::BitcastOp::create(*a.builder, other.type(), a.value)};
}
Num powerOfTwo(Int n, Num other) {
  return other.isF64() ? fromBits((n + 1023) << 52, other) : fromBits((n + 127) << 23, other);
}
Num toF64(Num a) {
  Type type = like(a.type(), a.builder->getF64Type());
  return {a.builder, arith::ExtFOp::create(*a.builder, type, a.value)};
}
Num toF32(Num a) {
  Type type = like(a.type(), a.builder->getF32Type());
  return {a.builder, arith::TruncFOp::create(*a.builder, type, a.value)};
}
Num toNum(Int a, Num other) {
  return {a.builder, arith::SIToFPOp::create(*a.builder, other.type(), a.value)};
}

/// Adding 1.5 * 2^23 (2^52) leaves the integer in the low bits of the sum.
Rounded roundToInt(Num a) {
  Num magic = a.constant(a.isF64() ? 0x1.8p52 : 0x1.8p23);
  Num sum = a + magic;
  return {sum - magic, bits(sum) - bits(magic)};
}

Num polynomial(Num x, llvm::ArrayRef<double> coefficients) {
  Num result = x.constant(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    result = fma(result, x, x.constant(coefficient));
  return result;
}

} // namespace tenon::math
