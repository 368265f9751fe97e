//===- VerifyOrders.cpp - checks that all agree on the order of a tensor --===//
//
// A tensor between kernels lies in memory in the order that its producer wrote,
// a weight in the order that the weight itself says. Every kernel that reads it
// must have been told the same, or it would read the wrong elements.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Passes.h"

using namespace mlir;
namespace tenon {

#define GEN_PASS_DEF_VERIFYORDERSPASS
#include "passes/tile/Passes.h.inc"

namespace {
ArrayRef<int64_t> orderAt(std::optional<ArrayAttr> orders, unsigned index) {
  if (!orders || index >= orders->size())
    return {};
  return cast<DenseI64ArrayAttr>((*orders)[index]).asArrayRef();
}

/// The order in which the value lies in memory, by what makes it.
ArrayRef<int64_t> orderOf(Value value) {
  if (auto kernel = value.getDefiningOp<KernelOp>())
    return orderAt(kernel.getResultOrders(), cast<OpResult>(value).getResultNumber());
  if (auto read = value.getDefiningOp<ReadOp>())
    if (auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(read, read.getWeightAttr()))
      return weight.getOrder().value_or(ArrayRef<int64_t>());
  return {};
}

std::string text(ArrayRef<int64_t> order) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  llvm::interleaveComma(order, stream);
  return order.empty() ? "row-major" : "[" + result + "]";
}

struct VerifyOrdersPass : impl::VerifyOrdersPassBase<VerifyOrdersPass> {
  void runOnOperation() override {
    bool isValid = true;
    getOperation().walk([&](Operation *op) {
      for (OpOperand &operand : op->getOpOperands())
        isValid &= succeeded(verify(operand));
    });
    if (!isValid)
      signalPassFailure();
  }

  LogicalResult verify(OpOperand &operand) {
    Operation *user = operand.getOwner();
    unsigned number = operand.getOperandNumber();
    auto kernel = dyn_cast<KernelOp>(user);
    ArrayRef<int64_t> told;
    if (kernel)
      told = orderAt(kernel.getOperandOrders(), number);
    ArrayRef<int64_t> actual = orderOf(operand.get());
    if (told == actual)
      return success();
    return user->emitOpError() << "reads operand " << number << " in the order " << text(told)
                               << ", but it lies in memory in the order " << text(actual);
  }
};
} // namespace
} // namespace tenon
