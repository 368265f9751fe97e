//===- ViewPatterns.cpp - canonical forms of views ------------------------===//
//
// Views that change nothing go, and a pad goes into the window that reads it.
// Compositions that fusion sees anyway are not spelled out here.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/Detail.h"
#include "passes/graph/Passes.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
namespace tenon {
namespace {

bool isZero(Attribute expr) { return DimExpr(expr).isConstant(0); }

/// A pad that adds nothing.
class DropPad : public OpRewritePattern<PadOp> {
public:
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &rewriter) const override {
    if (op.getInput().getType() != op.getType() || !llvm::all_of(op.getLow(), isZero))
      return rewriter.notifyMatchFailure(op, "pads or crops something");
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// An element-wise operation broadcasts by itself: repeating an operand along
/// leading dimensions, or dimensions of size 1, is not needed before it.
class DropBroadcast : public RewritePattern {
public:
  DropBroadcast(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<FactorRuleInterface>(op) || !isa<InferTypeOpInterface>(op))
      return rewriter.notifyMatchFailure(op, "is not element-wise");
    for (OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<BroadcastOp>();
      if (!broadcast || !isTrailing(broadcast) || !keepsShape(op, operand, broadcast.getInput()))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getInput()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is a broadcast it could do");
  }

private:
  static bool isTrailing(BroadcastOp op) {
    SmallVector<DimExpr> from = getDims(op.getInput().getType()), to = getDims(op.getType());
    int64_t lead = to.size() - from.size();
    for (auto [i, dim] : llvm::enumerate(op.getDims()))
      if (dim != lead + int64_t(i) || repeatsAtRunTime(from[i], to[dim]))
        return false;
    return true;
  }

  static bool keepsShape(Operation *op, OpOperand &changed, Value input) {
    SmallVector<Value> operands(op->getOperands());
    operands[changed.getOperandNumber()] = input;
    SmallVector<Type> types;
    auto infer = cast<InferTypeOpInterface>(op);
    if (failed(infer.inferReturnTypes(op->getContext(), std::nullopt, operands,
                                      op->getAttrDictionary(), op->getPropertiesStorage(),
                                      op->getRegions(), types)))
      return false;
    return types.size() == 1 && types.front() == op->getResult(0).getType();
  }
};

/// A transpose that moves only dimensions of size 1 is a reshape.
class TransposeToReshape : public OpRewritePattern<TransposeOp> {
public:
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    SmallVector<DimExpr> dims = getDims(op.getInput().getType());
    int64_t last = -1;
    for (int64_t dim : op.getPermutation()) {
      if (dims[dim].isConstant(1))
        continue;
      if (dim < last)
        return rewriter.notifyMatchFailure(op, "moves a dimension that is not 1");
      last = dim;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// A constant pad of windowed dimensions by the window's own fill value.
class PadIntoWindow : public OpRewritePattern<WindowOp> {
public:
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WindowOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getInput().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant || !isFill(pad.getValue(), op))
      return rewriter.notifyMatchFailure(op, "input is no pad with the window's fill value");
    SmallVector<DimExpr> before = getDims(pad.getInput().getType()), after = getDims(pad.getType());
    size_t lead = before.size() - op.getKernel().size();
    SmallVector<int64_t> low(op.getLow());
    for (auto [i, expr] : llvm::enumerate(pad.getLow())) {
      std::optional<int64_t> amount = DimExpr(expr).asConstant();
      if (i < lead && (before[i] != after[i] || !isZero(expr)))
        return rewriter.notifyMatchFailure(op, "pads a dimension that is not windowed");
      if (i < lead)
        continue;
      // Cropping is no fill, and holes of a dilated input are not padded.
      std::optional<int64_t> high = (after[i] - before[i] - DimExpr(expr)).asConstant();
      if (!amount || *amount < 0 || !high || *high < 0 || op.getBase()[i - lead] != 1 ||
          llvm::AddOverflow(low[i - lead], *amount, low[i - lead]))
        return rewriter.notifyMatchFailure(op, "pads by an amount that is not known or negative");
    }
    rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), pad.getInput(), op.getKernelAttr(),
                                          op.getStridesAttr(), op.getDilationsAttr(),
                                          rewriter.getDenseI64ArrayAttr(low), op.getBaseAttr(),
                                          op.getFillAttr());
    return success();
  }

private:
  static bool isFill(Value value, WindowOp op) {
    auto constant = value.getDefiningOp<ConstantOp>();
    auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
    if (!elements || !elements.isSplat() || !isa<FloatType>(elements.getElementType()))
      return false;
    return elements.getSplatValue<APFloat>().convertToDouble() ==
           op.getFillAttr().getValueAsDouble();
  }
};

} // namespace

void addViewPatterns(RewritePatternSet &patterns) {
  patterns.add<DropPad, DropBroadcast, TransposeToReshape, PadIntoWindow>(patterns.getContext());
}

} // namespace tenon
