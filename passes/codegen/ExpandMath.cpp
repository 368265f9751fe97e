//===- ExpandMath.cpp - Transcendental functions to polynomials ---*- C++ -*-===//
//
// Walks all operations; what has an expansion is replaced by it, or by a call of
// a function that holds it once. math/Functions.h
// holds the functions of numbers, math/Conversions.cpp what arith needs so that
// no operation becomes a call of a library function or traps.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Passes.h"
#include "passes/codegen/math/Conversions.h"
#include "passes/codegen/math/Functions.h"

#include "llvm/ADT/MapVector.h"
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

bool isFunction(Operation *op) { return unaryExpansion(op) || binaryExpansion(op); }

/// The value of a function of \p operands, in type \p wanted.
Value expandFunction(ImplicitLocOpBuilder &builder, Operation *op, ValueRange operands,
                     Type wanted) {
  Num a = operandOf(builder, operands[0]);
  Unary unary = unaryExpansion(op);
  Num result = unary ? unary(a) : binaryExpansion(op)(a, operandOf(builder, operands[1]));
  if (result.type() == wanted)
    return result.value;
  return arith::TruncFOp::create(builder, wanted, result.value);
}

/// Equal functions of equal types, in the order of the program.
using Uses = llvm::MapVector<std::pair<OperationName, Type>, SmallVector<Operation *>>;

/// Expansions of this many operations in all are inline, more are calls: a tile of
/// many vectors would repeat the same code for each.
constexpr size_t kInlineOperations = 600;

/// A private function that holds the expansion of \p op once.
LLVM::LLVMFuncOp outline(ModuleOp module, Operation *op) {
  auto builder = ImplicitLocOpBuilder::atBlockBegin(op->getLoc(), module.getBody());
  SmallVector<Type> inputs(op->getNumOperands(), op->getOperand(0).getType());
  std::string name = op->getName().getStringRef().str();
  for (int suffix = 0; module.lookupSymbol(name); ++suffix)
    name = (op->getName().getStringRef() + "." + Twine(suffix)).str();
  auto type = LLVM::LLVMFunctionType::get(op->getResult(0).getType(), inputs);
  auto func =
      LLVM::LLVMFuncOp::create(builder, name, type, LLVM::Linkage::Internal, /*dsoLocal=*/true);
  auto none = LLVM::ModRefInfo::NoModRef;
  func.setMemoryEffectsAttr(LLVM::MemoryEffectsAttr::get(op->getContext(), {none, none, none}));
  func.setWillReturn(true);
  Block *entry = func.addEntryBlock(builder);
  builder.setInsertionPointToEnd(entry);
  Value result = expandFunction(builder, op, entry->getArguments(), op->getResult(0).getType());
  LLVM::ReturnOp::create(builder, result);
  return func;
}

void replace(Operation *op, Value value) {
  op->getResult(0).replaceAllUsesWith(value);
  op->erase();
}

void expandUses(ModuleOp module, ArrayRef<Operation *> uses) {
  LLVM::LLVMFuncOp func = outline(module, uses.front());
  bool isCall = uses.size() > 1 &&
                uses.size() * func.getBody().front().getOperations().size() > kInlineOperations;
  for (Operation *op : uses) {
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    if (isCall)
      replace(op, LLVM::CallOp::create(builder, func, op->getOperands()).getResult());
    else
      replace(op, expandFunction(builder, op, op->getOperands(), op->getResult(0).getType()));
  }
  if (!isCall)
    func.erase();
}

struct ExpandMathPass : impl::ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {
    Uses uses;
    getOperation()->walk([&](Operation *op) {
      if (isFunction(op))
        uses[{op->getName(), op->getResult(0).getType()}].push_back(op);
    });
    for (auto &[key, all] : uses)
      expandUses(getOperation(), all);
    // A conversion may become others: an operation on bf16 one on f32 and two
    // conversions, and these integers.
    for (int round = 0; round < 3; ++round) {
      SmallVector<Operation *> all;
      getOperation()->walk([&](Operation *op) { all.push_back(op); });
      for (Operation *op : all) {
        ImplicitLocOpBuilder builder(op->getLoc(), op);
        if (Value value = math::expandConversion(builder, op))
          replace(op, value);
      }
    }
  }
};

} // namespace
} // namespace tenon
