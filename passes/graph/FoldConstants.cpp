//===- FoldConstants.cpp - computes what depends on constants only --------===//
//
// Every operation with a factor rule is tried in program order: its elements
// are asked of SymbolicValues, which interprets rule and body within a bound.
// Known numbers become a constant, a known size becomes `tenon.dim`.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolicValues.h"
#include "mlir/IR/Builders.h"
#include "passes/graph/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/graph/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class FoldConstantsPass : public impl::FoldConstantsBase<FoldConstantsPass> {
public:
  void runOnOperation() override {
    auto symbols = getOperation()->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName);
    SymbolRanges ranges(symbols);
    for (FuncOp func : getOperation().getOps<FuncOp>()) {
      SymbolicValues values(ranges);
      SmallVector<FactorRuleInterface> candidates;
      func.walk([&](FactorRuleInterface op) { candidates.push_back(op); });
      for (FactorRuleInterface op : candidates)
        fold(op, values);
    }
  }

private:
  static void fold(FactorRuleInterface op, SymbolicValues &values) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    OpBuilder builder(op);
    Operation *folded = foldSplat(builder, op, type);
    if (!folded && isSmall(type))
      folded = foldElements(builder, op, type, values);
    // The original stays for what the cache knows of it; it is dead.
    if (folded)
      op->getResult(0).replaceAllUsesWith(folded->getResult(0));
  }

  static bool isSmall(RankedTensorType type) {
    if (!type.hasStaticShape())
      return false;
    if (llvm::is_contained(type.getShape(), 0))
      return true;
    int64_t bits = type.getElementTypeBitWidth();
    for (int64_t size : type.getShape())
      if (llvm::MulOverflow(bits, size, bits) || bits > kMaxConstantBytes * 8)
        return false;
    return true;
  }

  /// A view of a splat is a splat, however large; windows and pads put in
  /// something else.
  static Operation *foldSplat(OpBuilder &builder, Operation *op, RankedTensorType type) {
    if (!isa<ReshapeOp, TransposeOp, BroadcastOp, SliceOp>(op) || !type.hasStaticShape())
      return nullptr;
    auto constant = op->getOperand(0).getDefiningOp<ConstantOp>();
    auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
    if (!elements || !elements.isSplat())
      return nullptr;
    return ConstantOp::create(builder, op->getLoc(), elements.resizeSplat(type));
  }

  static Operation *foldElements(OpBuilder &builder, Operation *op, RankedTensorType type,
                                 SymbolicValues &values) {
    const HostElements *elements = values.get(op->getResult(0));
    if (!elements)
      return nullptr;
    if (DenseElementsAttr value = constantOf(type, *elements))
      return ConstantOp::create(builder, op->getLoc(), value);
    bool isSize = type.getRank() == 0 && type.getElementType().isSignlessInteger(64);
    auto expr = isSize ? dyn_cast_or_null<DimExprAttr>(elements->front()) : DimExprAttr();
    return expr ? DimOp::create(builder, op->getLoc(), type, expr).getOperation() : nullptr;
  }
};

} // namespace
} // namespace tenon
