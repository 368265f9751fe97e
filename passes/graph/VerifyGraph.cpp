//===- VerifyGraph.cpp - checks what the graph stage must have left -------===//
//
// Each finding is reported at the operation that shows it.
//
//===----------------------------------------------------------------------===//

#include "dialects/spmd/Spmd.h"
#include "dialects/tenon/SymbolRanges.h"
#include "passes/graph/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace tenon {
#define GEN_PASS_DEF_VERIFYGRAPH
#include "passes/graph/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class VerifyGraphPass : public impl::VerifyGraphBase<VerifyGraphPass> {
public:
  void runOnOperation() override {
    if (auto attr = getOperation()->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName))
      ranges = SymbolRanges(attr);
    bool isValid = true;
    getOperation().walk([&](Operation *op) { isValid &= succeeded(verify(op)); });
    if (!isValid)
      signalPassFailure();
  }

private:
  LogicalResult verify(Operation *op) {
    if (isa<ModuleOp>(op))
      return success();
    if (!isa_and_nonnull<TenonDialect, spmd::SpmdDialect>(op->getDialect()))
      return op->emitError() << "operation '" << op->getName()
                             << "' is not of the tenon or the spmd dialect";
    if (isa<KernelOp>(op))
      return op->emitOpError("exists before fusion");
    for (Type type : op->getResultTypes())
      if (failed(verifyType(op, type)))
        return failure();
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        if (failed(verifyType(op, argument.getType())))
          return failure();
    if (auto weight = dyn_cast<WeightOp>(op); weight && failed(verifyType(op, weight.getType())))
      return failure();
    if (auto state = dyn_cast<StateOp>(op); state && failed(verifyType(op, state.getType())))
      return failure();
    if (auto constant = dyn_cast<ConstantOp>(op))
      return verifyConstant(constant);
    return verifyAttributes(op);
  }

  LogicalResult verifyType(Operation *op, Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return op->emitOpError() << "has a value of type " << type << ", expected a ranked tensor";
    for (auto [i, dim] : llvm::enumerate(getDims(tensor))) {
      bool isUnnamed = tensor.isDynamicDim(i) && !tensor.getEncoding();
      if (isUnnamed)
        return op->emitOpError() << "has no size for dimension " << i << " of " << type;
      if (failed(verifyExpr(op, dim)))
        return failure();
    }
    return verifyBytes(op, tensor);
  }

  /// Even at the least sizes of its symbols a tensor must be one that could be:
  /// later stages multiply strides by small numbers without looking.
  LogicalResult verifyBytes(Operation *op, RankedTensorType type) {
    int64_t bytes = elementBytes(type);
    for (auto [i, dim] : llvm::enumerate(getDims(type))) {
      int64_t least = ranges.get(dim).min;
      if (dim.isConstant() && least < 0)
        return op->emitOpError() << "has size " << least << " for dimension " << i;
      if (llvm::MulOverflow(bytes, std::max<int64_t>(least, 1), bytes) || bytes > kMaxTensorBytes)
        return op->emitOpError() << "has a value of type " << type << ", whose bytes exceed 2^56";
    }
    return success();
  }

  LogicalResult verifyExpr(Operation *op, DimExpr expr) {
    if (expr.isInvalid())
      return op->emitOpError("has a size that overflowed 64 bits or divides by zero");
    std::string unknown;
    expr.walkLeaves([&](DimExpr leaf) {
      if (leaf.isSymbol() && !ranges.contains(leaf.getSymbol()))
        unknown = leaf.getSymbol().str();
    });
    if (!unknown.empty())
      return op->emitOpError() << "names the size '" << unknown << "', which is not declared";
    return success();
  }

  LogicalResult verifyAttributes(Operation *op) {
    LogicalResult result = success();
    for (NamedAttribute attr : op->getAttrs()) {
      attr.getValue().walk([&](DimExprAttr expr) {
        if (succeeded(result))
          result = verifyExpr(op, DimExpr(expr));
      });
    }
    return result;
  }

  LogicalResult verifyConstant(ConstantOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    int64_t bits = type.getNumElements() * type.getElementTypeBitWidth();
    if (op.getValue().isSplat() || bits <= kMaxConstantBytes * 8)
      return success();
    return op.emitOpError() << "has " << bits / 8 << " bytes, expected at most "
                            << kMaxConstantBytes;
  }

  SymbolRanges ranges;
};

} // namespace
} // namespace tenon
