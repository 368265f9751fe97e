//===- BodyCost.cpp - what a scalar body costs ----------------------------===//
//
// Runs an operation's body with an emitter that emits nothing and counts. So a
// new operation has its price without being named anywhere.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Graph.h"

using namespace mlir;
namespace tenon::fuse {
namespace {

/// Simple vector operations that one primitive is worth.
double priceOf(ScalarFn fn) {
  switch (fn) {
  case ScalarFn::Div:
  case ScalarFn::Sqrt:
  case ScalarFn::Rsqrt:
    return 4;
  case ScalarFn::Mod:
  case ScalarFn::Rem:
    return 8;
  case ScalarFn::Exp:
  case ScalarFn::Log:
    return 10;
  case ScalarFn::Erf:
  case ScalarFn::Tanh:
  case ScalarFn::Sin:
  case ScalarFn::Cos:
    return 16;
  case ScalarFn::Pow:
  case ScalarFn::Tan:
  case ScalarFn::Asin:
  case ScalarFn::Acos:
  case ScalarFn::Atan:
  case ScalarFn::Atan2:
  case ScalarFn::Sinh:
  case ScalarFn::Cosh:
  case ScalarFn::Asinh:
  case ScalarFn::Acosh:
  case ScalarFn::Atanh:
    return 25;
  default:
    return 1;
  }
}

class CountingEmitter : public ScalarEmitter {
public:
  double total = 0;

  Scalar apply(ScalarFn fn, ArrayRef<Scalar> args) override {
    total += priceOf(fn);
    bool isPredicate = fn >= ScalarFn::Eq && fn <= ScalarFn::IsInf;
    return {this, {}, isPredicate ? IntegerType::get(args.back().type.getContext(), 1)
                                  : args.back().type};
  }
  Scalar constant(double, Type type) override { return {this, {}, type}; }
  Scalar cast(Scalar value, Type type) override {
    total += value.type == type ? 0 : 1;
    return {this, {}, type};
  }
};

} // namespace

double bodyCost(FactorRuleInterface op) {
  FactorRule rule = op.getFactorRule();
  CountingEmitter emitter;
  Type i1 = IntegerType::get(op->getContext(), 1), i64 = IntegerType::get(op->getContext(), 64);
  SmallVector<Scalar> operands, inRange;
  for (auto [operand, access] : llvm::zip(op->getOperands(), rule.operands)) {
    operands.push_back({&emitter, {}, getElementTypeOrSelf(operand.getType())});
    inRange.push_back(access.guards.empty() ? Scalar() : Scalar{&emitter, {}, i1});
  }
  SmallVector<Scalar> factors(rule.factors.size(), Scalar{&emitter, {}, i64});
  op.emitBody({operands, inRange, factors});
  return emitter.total + (rule.hasReduction() ? 1 : 0);
}

} // namespace tenon::fuse
