//===- MapPatterns.cpp - canonical forms of element-wise operations -------===//
//
// Neutral elements, constants joined, casts there and back, selects that are
// decided. A pattern refuses where leaving an operand out would change the
// result's shape.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
namespace tenon {
namespace {

/// The one value of a splat or scalar constant.
std::optional<double> asNumber(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  if (!elements || !elements.isSplat())
    return std::nullopt;
  if (auto type = dyn_cast<FloatType>(elements.getElementType()))
    return elements.getSplatValue<APFloat>().convertToDouble();
  auto type = cast<IntegerType>(elements.getElementType());
  APInt number = elements.getSplatValue<APInt>();
  bool isUnsigned = type.isUnsigned() || type.getWidth() == 1;
  return isUnsigned ? double(number.getZExtValue()) : double(number.getSExtValue());
}

/// A scalar constant of a float type.
Value makeNumber(PatternRewriter &rewriter, Location loc, double value, Type elementType) {
  auto type = RankedTensorType::get({}, elementType);
  auto attr = DenseElementsAttr::get(type, rewriter.getFloatAttr(elementType, value));
  return ConstantOp::create(rewriter, loc, attr);
}

/// x + 0, x - 0, x * 1, x / 1, pow(x, 1) are x.
template <typename Op> class DropNeutral : public OpRewritePattern<Op> {
public:
  DropNeutral(MLIRContext *context, double neutral, bool isCommutative)
      : OpRewritePattern<Op>(context), neutral(neutral), isCommutative(isCommutative) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (replaceWith(op, op.getX(), op.getY(), rewriter) ||
        (isCommutative && replaceWith(op, op.getY(), op.getX(), rewriter)))
      return success();
    return rewriter.notifyMatchFailure(op, "no operand is neutral");
  }

private:
  bool replaceWith(Op op, Value kept, Value other, PatternRewriter &rewriter) const {
    std::optional<double> number = asNumber(other);
    // -0.0 + 0.0 is 0.0: the sign of zero is given up.
    if (!number || *number != neutral || kept.getType() != op.getType())
      return false;
    rewriter.replaceOp(op, kept);
    return true;
  }
  double neutral;
  bool isCommutative;
};

/// (x op c1) op c2 is x op (c1 op c2), for scalars of floats.
template <typename Op> class JoinConstants : public OpRewritePattern<Op> {
public:
  JoinConstants(MLIRContext *context, double (*combine)(double, double))
      : OpRewritePattern<Op>(context), combine(combine) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().template getDefiningOp<Op>();
    Type elementType = getElementTypeOrSelf(op.getType());
    if (!inner || !isa<FloatType>(elementType) || !inner->hasOneUse())
      return rewriter.notifyMatchFailure(op, "operand is not the same operation");
    std::optional<double> first = asNumber(inner.getY()), second = asNumber(op.getY());
    if (!first || !second || inner.getX().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "second operands are not constants");
    double joined = combine(*first, *second);
    if (!std::isfinite(joined))
      return rewriter.notifyMatchFailure(op, "the joined constant overflows");
    Value constant = makeNumber(rewriter, op.getLoc(), joined, elementType);
    rewriter.replaceOpWithNewOp<Op>(op, op.getType(), inner.getX(), constant);
    return success();
  }

private:
  double (*combine)(double, double);
};

/// A constant on the left of a commutative operation moves to the right.
template <typename Op> class ConstantRight : public OpRewritePattern<Op> {
public:
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!op.getX().template getDefiningOp<ConstantOp>() ||
        op.getY().template getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "no constant on the left");
    rewriter.replaceOpWithNewOp<Op>(op, op.getType(), op.getY(), op.getX());
    return success();
  }
};

/// pow(x, 2) is x * x, pow(x, 0.5) is sqrt(x).
class SimplifyPow : public OpRewritePattern<PowOp> {
public:
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    std::optional<double> exponent = asNumber(op.getY());
    if (!exponent || op.getX().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "exponent is not one constant");
    if (*exponent == 2)
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getX(), op.getX());
    else if (*exponent == 0.5 && isa<FloatType>(getElementTypeOrSelf(op.getType())))
      rewriter.replaceOpWithNewOp<SqrtOp>(op, op.getType(), op.getX());
    else
      return rewriter.notifyMatchFailure(op, "exponent is neither 2 nor 0.5");
    return success();
  }
};

/// select with a decided condition, or of twice the same.
class DecideSelect : public OpRewritePattern<SelectOp> {
public:
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SelectOp op, PatternRewriter &rewriter) const override {
    std::optional<double> condition = asNumber(op.getCondition());
    if (!condition && op.getX() != op.getY())
      return rewriter.notifyMatchFailure(op, "condition is not known");
    Value chosen = !condition || *condition != 0 ? op.getX() : op.getY();
    if (chosen.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "the chosen operand is broadcast");
    rewriter.replaceOp(op, chosen);
    return success();
  }
};

/// True if every value of \p from is a value of \p to.
bool isLossless(Type from, Type to) {
  if (from == to)
    return true;
  if (auto toFloat = dyn_cast<FloatType>(to)) {
    if (auto fromFloat = dyn_cast<FloatType>(from))
      return fromFloat.getFPMantissaWidth() <= toFloat.getFPMantissaWidth() &&
             fromFloat.getWidth() < toFloat.getWidth();
    return from.getIntOrFloatBitWidth() < toFloat.getFPMantissaWidth();
  }
  auto fromInt = dyn_cast<IntegerType>(from), toInt = dyn_cast<IntegerType>(to);
  if (!fromInt || !toInt || toInt.getWidth() == 1)
    return false;
  bool fromUnsigned = fromInt.isUnsigned() || fromInt.getWidth() == 1;
  return fromInt.getWidth() < toInt.getWidth() && (fromUnsigned || !toInt.isUnsigned());
}

/// cast(cast(x)) is one cast if the first loses nothing.
class JoinCasts : public OpRewritePattern<CastOp> {
public:
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<CastOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is no cast");
    Type from = getElementTypeOrSelf(inner.getX().getType());
    if (!isLossless(from, getElementTypeOrSelf(inner.getType())))
      return rewriter.notifyMatchFailure(op, "the first cast may change values");
    if (inner.getX().getType() == op.getType())
      rewriter.replaceOp(op, inner.getX());
    else
      rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), inner.getX());
    return success();
  }
};

} // namespace

void addMapPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<DropNeutral<AddOp>>(context, 0.0, true);
  patterns.add<DropNeutral<SubOp>>(context, 0.0, false);
  patterns.add<DropNeutral<MulOp>>(context, 1.0, true);
  patterns.add<DropNeutral<DivOp>>(context, 1.0, false);
  patterns.add<DropNeutral<PowOp>>(context, 1.0, false);
  patterns.add<JoinConstants<AddOp>>(context, [](double a, double b) { return a + b; });
  patterns.add<JoinConstants<MulOp>>(context, [](double a, double b) { return a * b; });
  patterns.add<ConstantRight<AddOp>, ConstantRight<MulOp>, SimplifyPow, DecideSelect, JoinCasts>(
      context);
}

} // namespace tenon
