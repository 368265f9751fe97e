//===- Division.cpp - f32 division without a call -----------------*- C++ -*-===//
//
// `div.rn.f32` has a rare path that the assembler makes a subroutine: around a call it
// saves what an epilogue holds, which is a whole tile. Instead, without branches:
//
//   1. operands below 2^-60 or above 2^60 are scaled by 2^60 or 2^-60, so that nothing
//      below leaves the normal range unless the quotient does;
//   2. r = rcp.approx(b), one step of Newton; q = a * r;
//   3. q + r * (a - b * q), the remainder exact by fused multiply-add: the correctly
//      rounded quotient (Markstein, "Computation of elementary functions on the IBM
//      RISC System/6000 processor", 1990);
//   4. where a * r is zero, infinite or NaN, so is the quotient;
//   5. the scales are taken back, as one power of two. A subnormal quotient may thus
//      be rounded twice: it is wrong by at most its last bit.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/Division.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <limits>

using namespace mlir;

namespace tenon::tile {

namespace {
class Divider {
public:
  explicit Divider(arith::DivFOp op) : builder(op.getLoc(), op) {}

  Value divide(Value a, Value b) {
    Value scaleA = scaleOf(a), scaleB = scaleOf(b);
    a = multiply(a, scaleA);
    b = multiply(b, scaleB);
    Value estimate = NVVM::RcpApproxFtzF32Op::create(builder, a.getType(), b);
    Value minus = arith::NegFOp::create(builder, b);
    Value error = fma(minus, estimate, number(1));
    Value inverse = fma(estimate, error, estimate);
    Value rough = multiply(a, estimate), quotient = multiply(a, inverse);
    Value exact = fma(fma(minus, quotient, a), inverse, quotient);
    Value result = arith::SelectOp::create(builder, isOrdinary(rough), exact, rough);
    return multiply(result, multiply(scaleB, inverseScale(scaleA)));
  }

private:
  Value number(float value) {
    return arith::ConstantOp::create(builder, builder.getF32FloatAttr(value));
  }
  Value multiply(Value a, Value b) { return arith::MulFOp::create(builder, a, b); }
  Value fma(Value a, Value b, Value c) { return LLVM::FMAOp::create(builder, a, b, c); }
  Value compare(arith::CmpFPredicate predicate, Value a, float bound) {
    return arith::CmpFOp::create(builder, predicate, a, number(bound));
  }
  Value choose(Value condition, Value a, Value b) {
    return arith::SelectOp::create(builder, condition, a, b);
  }
  Value magnitude(Value x) {
    return LLVM::FAbsOp::create(builder, x);
  }

  Value scaleOf(Value x) {
    Value size = magnitude(x);
    Value small = compare(arith::CmpFPredicate::OLT, size, 0x1p-60f);
    Value large = compare(arith::CmpFPredicate::OGT, size, 0x1p60f);
    return choose(small, number(0x1p60f), choose(large, number(0x1p-60f), number(1)));
  }
  /// 1 / a scale: of three numbers, the one that it is.
  Value inverseScale(Value scale) {
    Value small = compare(arith::CmpFPredicate::OGT, scale, 1);
    Value large = compare(arith::CmpFPredicate::OLT, scale, 1);
    return choose(small, number(0x1p-60f), choose(large, number(0x1p60f), number(1)));
  }
  /// Neither zero nor infinite nor NaN.
  Value isOrdinary(Value x) {
    Value size = magnitude(x);
    Value nonzero = compare(arith::CmpFPredicate::OGT, size, 0);
    Value finite = compare(arith::CmpFPredicate::OLT, size, std::numeric_limits<float>::infinity());
    return arith::AndIOp::create(builder, nonzero, finite);
  }

  ImplicitLocOpBuilder builder;
};
} // namespace

void expandDivisions(Operation *root) {
  SmallVector<arith::DivFOp> divisions;
  root->walk([&](arith::DivFOp op) {
    if (op.getType().isF32())
      divisions.push_back(op);
  });
  for (arith::DivFOp op : divisions) {
    op.replaceAllUsesWith(Divider(op).divide(op.getLhs(), op.getRhs()));
    op.erase();
  }
}

} // namespace tenon::tile
