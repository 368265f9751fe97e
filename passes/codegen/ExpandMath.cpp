//===- ExpandMath.cpp - Transcendental functions to polynomials ---*- C++ -*-===//
//
// Walks all operations; what has an expansion is replaced by it. math/Functions.h
// holds the functions of numbers, math/Conversions.cpp what arith needs so that
// no operation becomes a call of a library function or traps.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Passes.h"
#include "passes/codegen/math/Conversions.h"
#include "passes/codegen/math/Functions.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tenon {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "passes/codegen/Passes.h.inc"

namespace {

using math::Num;

/// One operand, or two.
using Unary = Num (*)(Num);
using Binary = Num (*)(Num, Num);

Unary unaryExpansion(Operation *op) {
  return llvm::TypeSwitch<Operation *, Unary>(op)
      .Case([](mlir::math::ExpOp) { return math::exp; })
      .Case([](mlir::math::Exp2Op) { return math::exp2; })
      .Case([](mlir::math::ExpM1Op) { return math::expm1; })
      .Case([](mlir::math::LogOp) { return math::log; })
      .Case([](mlir::math::Log2Op) { return math::log2; })
      .Case([](mlir::math::Log10Op) { return math::log10; })
      .Case([](mlir::math::Log1pOp) { return math::log1p; })
      .Case([](mlir::math::CbrtOp) { return math::cbrt; })
      .Case([](mlir::math::RsqrtOp) { return math::rsqrt; })
      .Case([](mlir::math::SinOp) { return math::sin; })
      .Case([](mlir::math::CosOp) { return math::cos; })
      .Case([](mlir::math::TanOp) { return math::tan; })
      .Case([](mlir::math::AsinOp) { return math::asin; })
      .Case([](mlir::math::AcosOp) { return math::acos; })
      .Case([](mlir::math::AtanOp) { return math::atan; })
      .Case([](mlir::math::SinhOp) { return math::sinh; })
      .Case([](mlir::math::CoshOp) { return math::cosh; })
      .Case([](mlir::math::TanhOp) { return math::tanh; })
      .Case([](mlir::math::AsinhOp) { return math::asinh; })
      .Case([](mlir::math::AcoshOp) { return math::acosh; })
      .Case([](mlir::math::AtanhOp) { return math::atanh; })
      .Case([](mlir::math::ErfOp) { return math::erf; })
      .Case([](mlir::math::ErfcOp) { return math::erfc; })
      .Default([](Operation *) { return nullptr; });
}

Binary binaryExpansion(Operation *op) {
  return llvm::TypeSwitch<Operation *, Binary>(op)
      .Case([](mlir::math::PowFOp) { return math::pow; })
      .Case([](mlir::math::Atan2Op) { return math::atan2; })
      .Case([](arith::RemFOp) { return math::fmod; })
      .Default([](Operation *) { return nullptr; });
}

/// An operand as f32 or f64: narrower floats are extended, integers converted.
Num operandOf(ImplicitLocOpBuilder &builder, Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  if (element.isF32() || element.isF64())
    return {&builder, value};
  Type wide = math::withElement(value.getType(), builder.getF32Type());
  return {&builder, arith::ExtFOp::create(builder, wide, value)};
}

/// The value that replaces \p op, or null if it stays.
Value expand(ImplicitLocOpBuilder &builder, Operation *op) {
  Unary unary = unaryExpansion(op);
  Binary binary = unary ? nullptr : binaryExpansion(op);
  if (!unary && !binary)
    return math::expandConversion(builder, op);
  Num a = operandOf(builder, op->getOperand(0));
  Num result = unary ? unary(a) : binary(a, operandOf(builder, op->getOperand(1)));
  Type wanted = op->getResult(0).getType();
  if (result.type() == wanted)
    return result.value;
  return arith::TruncFOp::create(builder, wanted, result.value);
}

struct ExpandMathPass : impl::ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {
    // An expansion may itself hold operations to expand, to a depth of three:
    // an operation on bf16 -> on f32 -> conversions and a polynomial.
    for (int round = 0; round < 3; ++round) {
      SmallVector<Operation *> all;
      getOperation()->walk([&](Operation *op) { all.push_back(op); });
      for (Operation *op : all) {
        ImplicitLocOpBuilder builder(op->getLoc(), op);
        if (Value value = expand(builder, op)) {
          op->getResult(0).replaceAllUsesWith(value);
          op->erase();
        }
      }
    }
  }
};

} // namespace
} // namespace tenon
