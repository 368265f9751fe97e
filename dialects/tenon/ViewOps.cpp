//===- ViewOps.cpp - operations that only move data -----------------------===//
//
// Index maps, verifiers and folds of the views, in the order of ViewOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/Indexed.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using llvm::all_of;
using llvm::any_of;
using llvm::enumerate;
using llvm::map_to_vector;
using llvm::zip;
namespace tenon {

static DimExpr factor(Operation *op, unsigned index) {
  return DimExpr::factor(op->getContext(), index);
}
static DimExpr constant(Operation *op, int64_t value) {
  return DimExpr::constant(op->getContext(), value);
}
static SmallVector<DimExpr> exprs(ArrayAttr attrs) {
  return map_to_vector(attrs, [](Attribute attr) { return DimExpr(attr); });
}
/// An element of the operand, unchanged.
static Scalar identity(BodyArgs args) { return args.operands[0]; }

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

namespace {
/// Walks two shapes from the minor end and gives each input dimension an index
/// over the result's factors. Dimensions are taken in groups whose products are
/// equal; inside a group the position is linearised over the result and split
/// over the input, which simplifies to a single factor where the groups are 1:1.
class ReshapeIndex {
public:
  ReshapeIndex(ArrayRef<DimExpr> from, ArrayRef<DimExpr> to) : from(from), to(to) {}

  SmallVector<DimExpr> compute(MLIRContext *context) {
    SmallVector<DimExpr> index(from.size(), DimExpr::constant(context, 0));
    size_t fromEnd = from.size(), toEnd = to.size();
    while (fromEnd > 0) {
      size_t fromBegin = fromEnd - 1, toBegin = toEnd;
      if (from[fromBegin].isConstant(1)) {
        fromEnd = fromBegin;
        continue;
      }
      bool closed = close(fromBegin, fromEnd, toBegin, toEnd, context);
      if (!closed) {
        fromBegin = 0;
        toBegin = 0;
      }
      assign(index, fromBegin, fromEnd, toBegin, toEnd, context);
      fromEnd = fromBegin;
      toEnd = toBegin;
    }
    return index;
  }

private:
  /// Grows [fromBegin, fromEnd) and [toBegin, toEnd) to the smallest groups of
  /// equal product.
  bool close(size_t &fromBegin, size_t fromEnd, size_t &toBegin, size_t toEnd,
             MLIRContext *context) {
    for (size_t f = fromEnd; f-- > 0;) {
      DimExpr whole = product(context, from.slice(f, fromEnd - f));
      for (size_t t = toEnd; t-- > 0;) {
        if (product(context, to.slice(t, toEnd - t)) != whole)
          continue;
        fromBegin = f;
        toBegin = t;
        return true;
      }
    }
    return false;
  }

  void assign(SmallVectorImpl<DimExpr> &index, size_t fromBegin, size_t fromEnd, size_t toBegin,
              size_t toEnd, MLIRContext *context) {
    DimExpr linear = DimExpr::constant(context, 0), stride = DimExpr::constant(context, 1);
    for (size_t t = toEnd; t-- > toBegin;) {
      if (to[t].isConstant(1))
        continue;
      linear = linear + DimExpr::factor(context, t) * stride;
      stride = stride * to[t];
    }
    stride = DimExpr::constant(context, 1);
    for (size_t f = fromEnd; f-- > fromBegin;) {
      bool first = all_of(from.slice(fromBegin, f - fromBegin),
                          [](DimExpr dim) { return dim.isConstant(1); });
      DimExpr digit = linear.floorDiv(stride);
      index[f] = from[f].isConstant(1) ? DimExpr::constant(context, 0)
                                       : (first ? digit : digit.mod(from[f]));
      stride = stride * from[f];
    }
  }

  ArrayRef<DimExpr> from, to;
};
} // namespace

FactorRule ReshapeOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  SmallVector<DimExpr> from = getDims(getInput().getType()), to = getDims(getType());
  rule.operands.push_back({ReshapeIndex(from, to).compute(getContext()), {}});
  return rule;
}
Scalar ReshapeOp::emitBody(BodyArgs args) { return identity(args); }
bool ReshapeOp::isView() { return true; }

LogicalResult ReshapeOp::verify() {
  if (getElementTypeOrSelf(getInput().getType()) != getType().getElementType())
    return emitOpError("changes the element type");
  DimExpr from = product(getContext(), getDims(getInput().getType()));
  DimExpr to = product(getContext(), getDims(getType()));
  if (!detail::mayBeEqual(from, to))
    return emitOpError() << "changes the number of elements from " << from.str() << " to "
                         << to.str();
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto value = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    if (getType().hasStaticShape() && value.getNumElements() == getType().getNumElements())
      return value.reshape(getType());
  return {};
}

namespace {
/// reshape(reshape(x)) -> reshape(x).
struct ComposeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "the input is no reshape");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getInput());
    return success();
  }
};

/// transpose(transpose(x)) -> transpose(x).
struct ComposeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "the input is no transpose");
    SmallVector<int64_t> permutation;
    for (int64_t dim : op.getPermutation())
      permutation.push_back(inner.getPermutation()[dim]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(), permutation);
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ComposeReshapes>(context);
}

//===----------------------------------------------------------------------===//
// Transpose
//===----------------------------------------------------------------------===//

void TransposeOp::build(OpBuilder &builder, OperationState &state, Value input,
                        ArrayRef<int64_t> permutation) {
  SmallVector<DimExpr> dims = getDims(input.getType()), permuted;
  for (int64_t dim : permutation)
    permuted.push_back(dims[dim]);
  build(builder, state, makeTensorType(permuted, getElementTypeOrSelf(input.getType())), input,
        permutation);
}

FactorRule TransposeOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  SmallVector<DimExpr> index(getPermutation().size());
  for (auto [i, dim] : enumerate(getPermutation()))
    index[dim] = factor(getOperation(), i);
  rule.operands.push_back({index, {}});
  return rule;
}
Scalar TransposeOp::emitBody(BodyArgs args) { return identity(args); }
bool TransposeOp::isView() { return true; }

LogicalResult TransposeOp::verify() {
  SmallVector<DimExpr> dims = getDims(getInput().getType()), permuted;
  SmallVector<bool> seen(dims.size());
  for (int64_t dim : getPermutation()) {
    if (dim < 0 || dim >= int64_t(dims.size()) || seen[dim])
      return emitOpError("permutation is not one of 0..rank-1");
    seen[dim] = true;
    permuted.push_back(dims[dim]);
  }
  if (permuted.size() != dims.size())
    return emitOpError() << "permutation has " << permuted.size() << " entries, expected "
                         << dims.size();
  return detail::verifyDims(getOperation(), "result", getType(), permuted);
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  for (auto [i, dim] : enumerate(getPermutation()))
    if (int64_t(i) != dim)
      return {};
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}
void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ComposeTransposes>(context);
}

//===----------------------------------------------------------------------===//
// Broadcast
//===----------------------------------------------------------------------===//

FactorRule BroadcastOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  Access &access = rule.operands.emplace_back();
  SmallVector<DimExpr> to = tenon::getDims(getType());
  for (auto [dim, target] : zip(tenon::getDims(getInput().getType()), getDims())) {
    DimExpr index = dim.isConstant(1) ? constant(getOperation(), 0) : factor(getOperation(), target);
    if (repeatsAtRunTime(dim, to[target])) // a stride of 0 if the size is 1, else of 1
      index = index * (dim.max(constant(getOperation(), 1)) - 1).min(constant(getOperation(), 1));
    access.index.push_back(index);
  }
  return rule;
}
Scalar BroadcastOp::emitBody(BodyArgs args) { return identity(args); }
bool BroadcastOp::isView() { return true; }

LogicalResult BroadcastOp::verify() {
  SmallVector<DimExpr> from = tenon::getDims(getInput().getType()), to = tenon::getDims(getType());
  if (getDims().size() != from.size())
    return emitOpError() << "has " << getDims().size() << " dims for an input of rank "
                         << from.size();
  for (auto [i, target] : enumerate(getDims())) {
    if (target < 0 || target >= int64_t(to.size()) || (i && getDims()[i - 1] >= target))
      return emitOpError("dims must ascend and lie within the result");
    if (!from[i].isConstant(1) &&
        failed(detail::verifyDim(getOperation(), "input", i, from[i], to[target])))
      return failure();
  }
  return success();
}
OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

FactorRule SliceOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  Access &access = rule.operands.emplace_back();
  for (auto [i, start] : enumerate(exprs(getStarts())))
    access.index.push_back(factor(getOperation(), i) * getSteps()[i] + start);
  return rule;
}
Scalar SliceOp::emitBody(BodyArgs args) { return identity(args); }
bool SliceOp::isView() { return true; }

LogicalResult SliceOp::verify() {
  size_t rank = getInput().getType().getRank();
  if (getStarts().size() != rank || getSteps().size() != rank ||
      size_t(getType().getRank()) != rank)
    return emitOpError() << "needs a start and a step for each of " << rank << " dimensions";
  for (auto [i, start] : enumerate(exprs(getStarts()))) {
    DimExpr size = getDims(getInput().getType())[i], count = getDims(getType())[i];
    DimExpr last = start + (count - 1) * getSteps()[i];
    bool known = size.isConstant() && count.isConstant() && start.isConstant();
    if (start.isInvalid() || last.isInvalid())
      return emitOpError() << "start of dimension " << i << " overflows";
    if (known && count.getValue() > 0 &&
        (start.getValue() < 0 || last.getValue() < 0 || start.getValue() >= size.getValue() ||
         last.getValue() >= size.getValue()))
      return emitOpError() << "reads from " << start.str() << " to " << last.str()
                           << " in dimension " << i << " of size " << size.str();
  }
  return success();
}
OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool whole = all_of(exprs(getStarts()), [](DimExpr start) { return start.isConstant(0); }) &&
               all_of(getSteps(), [](int64_t step) { return step == 1; });
  return whole && getInput().getType() == getType() ? getInput() : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

FactorRule PadOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  Access access;
  for (auto [i, low] : enumerate(exprs(getLow()))) {
    DimExpr size = getDims(getInput().getType())[i], result = rule.factors[i].extent;
    DimExpr index = factor(getOperation(), i) - low, zero = constant(getOperation(), 0);
    bool same = low.isConstant(0) && size == result;
    if (same) {
      access.index.push_back(index);
      continue;
    }
    switch (getMode()) {
    case PadMode::Constant:
      access.guards.push_back({index, size});
      break;
    case PadMode::Edge:
      index = index.max(zero).min(size - 1);
      break;
    case PadMode::Reflect: {
      // |i|, then mirrored at n-1; a second fold back covers wide pads of 1.
      DimExpr folded = index.max(-index), last = size - 1;
      index = folded.min(last * 2 - folded).max(zero);
      break;
    }
    case PadMode::Wrap:
      index = index.mod(size);
      break;
    }
    access.index.push_back(index);
  }
  rule.operands.push_back(access);
  rule.operands.push_back(
      {SmallVector<DimExpr>(getValue().getType().getRank(), constant(getOperation(), 0)), {}});
  return rule;
}
Scalar PadOp::emitBody(BodyArgs args) {
  return args.inRange[0].emitter ? select(args.inRange[0], args.operands[0], args.operands[1])
                                 : args.operands[0];
}
bool PadOp::isView() { return true; }

LogicalResult PadOp::verify() {
  if (getLow().size() != size_t(getType().getRank()) ||
      getInput().getType().getRank() != getType().getRank())
    return emitOpError() << "needs a low padding for each of " << getType().getRank()
                         << " dimensions";
  for (auto [from, to] : zip(getDims(getInput().getType()), getDims(getType())))
    if (getMode() != PadMode::Constant && from.isConstant(0) && !to.isConstant(0))
      return emitOpError("has nothing to repeat beside an empty dimension");
  return success();
}

//===----------------------------------------------------------------------===//
// Concat
//===----------------------------------------------------------------------===//

void ConcatOp::build(OpBuilder &builder, OperationState &state, ValueRange inputs, int64_t dim) {
  SmallVector<DimExpr> dims = getDims(inputs.front().getType());
  for (Value input : inputs.drop_front())
    dims[dim] = dims[dim] + getDims(input.getType())[dim];
  build(builder, state, makeTensorType(dims, getElementTypeOrSelf(inputs.front().getType())),
        inputs, dim);
}

FactorRule ConcatOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  DimExpr offset = constant(getOperation(), 0);
  for (Value input : getInputs()) {
    Access &access = rule.operands.emplace_back();
    for (unsigned i = 0; i < rule.factors.size(); ++i)
      access.index.push_back(factor(getOperation(), i));
    DimExpr &index = access.index[getDim()];
    index = index - offset;
    DimExpr size = getDims(input.getType())[getDim()];
    access.guards.push_back({index, size});
    offset = offset + size;
  }
  return rule;
}
Scalar ConcatOp::emitBody(BodyArgs args) {
  Scalar result = args.operands.back();
  // An input whose guard is known to hold has no condition: it is the answer.
  for (size_t i = args.operands.size(); i-- > 0;)
    result = !args.inRange[i].emitter        ? args.operands[i]
             : i + 1 == args.operands.size() ? args.operands[i]
                                             : select(args.inRange[i], args.operands[i], result);
  return result;
}
bool ConcatOp::isView() { return true; }

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs at least one input");
  int64_t rank = getType().getRank();
  if (int64_t(getDim()) < 0 || int64_t(getDim()) >= rank)
    return emitOpError() << "dimension " << getDim() << " is not below the rank " << rank;
  SmallVector<DimExpr> expected = getDims(getType());
  DimExpr total = constant(getOperation(), 0);
  for (Value input : getInputs()) {
    SmallVector<DimExpr> dims = getDims(input.getType());
    if (int64_t(dims.size()) != rank)
      return emitOpError() << "input has rank " << dims.size() << ", expected " << rank;
    total = total + dims[getDim()];
    expected[getDim()] = dims[getDim()];
    if (failed(detail::verifyDims(getOperation(), "input", input.getType(), expected)))
      return failure();
  }
  expected[getDim()] = total;
  return detail::verifyDims(getOperation(), "result", getType(), expected);
}
OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? getInputs().front() : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Window
//===----------------------------------------------------------------------===//

FactorRule WindowOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  SmallVector<DimExpr> dims = getDims(getInput().getType());
  size_t lead = dims.size() - getKernel().size();
  Access access;
  for (size_t i = 0; i < lead; ++i)
    access.index.push_back(factor(getOperation(), i));
  for (auto [i, kernel] : enumerate(getKernel())) {
    DimExpr position = factor(getOperation(), lead + 2 * i) * getStrides()[i] - getLow()[i];
    if (kernel != 1)
      position = position + factor(getOperation(), lead + 2 * i + 1) * getDilations()[i];
    DimExpr index = position.floorDiv(getBase()[i]);
    if (getBase()[i] != 1)
      access.guards.push_back({position.mod(getBase()[i]), constant(getOperation(), 1)});
    access.index.push_back(index);
    DimExpr last = (rule.factors[lead + 2 * i].extent - 1) * getStrides()[i] +
                   (kernel - 1) * getDilations()[i] - getLow()[i];
    DimExpr slack = dims[lead + i] * getBase()[i] - 1 - last;
    if (getLow()[i] != 0 || !slack.isConstant() || slack.getValue() < 0)
      access.guards.push_back({index, dims[lead + i]});
  }
  rule.operands.push_back(access);
  return rule;
}
Scalar WindowOp::emitBody(BodyArgs args) { return identity(args); }
bool WindowOp::isView() { return true; }
double WindowOp::getFill(unsigned) { return getFillAttr().getValueAsDouble(); }

LogicalResult WindowOp::verify() {
  size_t count = getKernel().size(), rank = getInput().getType().getRank();
  for (ArrayRef<int64_t> list : {getStrides(), getDilations(), getLow(), getBase()})
    if (list.size() != count)
      return emitOpError() << "attribute lists must have one entry for each of " << count
                           << " windowed dimensions";
  for (ArrayRef<int64_t> list : {getKernel(), getStrides(), getDilations(), getBase()})
    if (any_of(list, [](int64_t value) { return value < 1 || value > (int64_t(1) << 31); }))
      return emitOpError("kernel, strides, dilations and base must be positive");
  if (count > rank || size_t(getType().getRank()) != rank + count)
    return emitOpError() << "result has rank " << getType().getRank() << ", expected "
                         << rank + count;
  SmallVector<DimExpr> result = getDims(getType());
  for (auto [i, kernel] : enumerate(getKernel()))
    if (failed(detail::verifyDim(getOperation(), "result", rank - count + 2 * i + 1,
                                 result[rank - count + 2 * i + 1],
                                 constant(getOperation(), kernel))))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Iota and gather
//===----------------------------------------------------------------------===//

FactorRule IotaOp::getFactorRule() { return detail::resultFactors(getOperation()); }
Scalar IotaOp::emitBody(BodyArgs args) {
  return cast(args.factors[getDim()], getType().getElementType());
}
LogicalResult IotaOp::verify() {
  if (int64_t(getDim()) < 0 || int64_t(getDim()) >= getType().getRank())
    return emitOpError() << "dimension " << getDim() << " is not below the rank "
                         << getType().getRank();
  return success();
}

/// True unless the first size is known to be larger.
static bool mayBeAtMost(DimExpr a, DimExpr b) {
  DimExpr slack = b - a;
  return !slack.isConstant() || slack.getValue() >= 0;
}

LogicalResult detail::verifyIndexed(Operation *op, StringRef name, Type points, Type data,
                                    ArrayRef<int64_t> dataDims, ValueRange indices,
                                    ArrayRef<int64_t> indexDims, bool repeatsOne) {
  StringRef rule = op->getName().stripDialect();
  SmallVector<DimExpr> sizes = getDims(points);
  for (auto [source, size] : zip(dataDims, getDims(data)))
    if (source < 0 && !mayBeAtMost(sizes[-1 - source], size))
      return op->emitOpError() << name << " has size " << sizes[-1 - source].str()
                               << " in dimension " << -1 - source << ", beyond the data's "
                               << size.str() << " (" << rule << "_c1)";
  for (Value operand : indices)
    for (auto [dim, size] : zip(indexDims, getDims(operand.getType())))
      if (!(repeatsOne && size.isConstant(1)) && !detail::mayBeEqual(size, sizes[dim]))
        return op->emitOpError() << "indices have size " << size.str() << " where the " << name
                                 << " has " << sizes[dim].str() << " (" << rule << "_c2)";
  return success();
}

FactorRule GatherOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  Access &data = rule.operands.emplace_back();
  for (int64_t dim : getDataDims())
    data.index.push_back(dim >= 0 ? DimExpr::operand(getContext(), 1 + dim)
                                  : factor(getOperation(), -1 - dim));
  for (Value operand : getIndices()) {
    Access access;
    for (auto [j, size] : enumerate(getDims(operand.getType())))
      access.index.push_back(size.isConstant(1) ? constant(getOperation(), 0)
                                                : factor(getOperation(), getIndexDims()[j]));
    rule.operands.push_back(access);
  }
  return rule;
}
Scalar GatherOp::emitBody(BodyArgs args) { return identity(args); }

LogicalResult GatherOp::verify() {
  if (failed(detail::verifyIndexing(*this, getType().getRank())))
    return failure();
  if (getData().getType().getElementType() != getType().getElementType())
    return emitOpError("changes the element type");
  return detail::verifyIndexed(getOperation(), "result", getType(), getData().getType(),
                               getDataDims(), getIndices(), getIndexDims(), /*repeatsOne=*/true);
}

} // namespace tenon
