//===- MapOps.cpp - element-wise operations -------------------------------===//
//
// What all maps share: the identity factor rule with broadcasting, and type
// inference. Their bodies are in MapOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/Detail.h"
#include "dialects/tenon/Tenon.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using llvm::enumerate;
using llvm::zip;
namespace tenon {

DimExpr broadcastDim(DimExpr a, DimExpr b, bool *check) {
  if (a == b || b.isConstant(1))
    return a;
  if (a.isConstant(1))
    return b;
  if (!detail::mayBeEqual(a, b))
    return DimExpr();
  if (check)
    *check = true;
  return a.isConstant() || !b.isConstant() ? a : b;
}

/// Whether `part` is an operand of a max in the expression.
static bool joins(DimExpr expr, DimExpr part) {
  SmallVector<DimExpr, 4> operands = expr.getOperands();
  if (expr.getKind() == DimKind::Max && llvm::is_contained(operands, part))
    return true;
  return llvm::any_of(operands, [&](DimExpr operand) { return joins(operand, part); });
}

bool areRelated(DimExpr a, DimExpr b) {
  llvm::StringSet<> names;
  a.walkLeaves([&](DimExpr leaf) {
    if (leaf.isSymbol())
      names.insert(leaf.getSymbol());
  });
  bool shared = false;
  b.walkLeaves([&](DimExpr leaf) { shared |= leaf.isSymbol() && names.contains(leaf.getSymbol()); });
  return shared;
}

bool repeatsAtRunTime(DimExpr size, DimExpr to) {
  return size != to && !size.isConstant() && (!areRelated(size, to) || joins(to, size));
}

std::optional<SmallVector<DimExpr>> broadcastDims(ArrayRef<DimExpr> a, ArrayRef<DimExpr> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<DimExpr> result(a);
  for (size_t i = 0; i < b.size(); ++i) {
    DimExpr &dim = result[a.size() - 1 - i];
    dim = broadcastDim(dim, b[b.size() - 1 - i]);
    if (!dim)
      return std::nullopt;
  }
  return result;
}

namespace detail {

bool mayBeEqual(DimExpr a, DimExpr b) {
  DimExpr difference = a - b;
  return !difference.isConstant() || difference.isConstant(0);
}

LogicalResult verifyDim(Operation *op, StringRef what, unsigned dim, DimExpr actual,
                        DimExpr expected) {
  if (mayBeEqual(actual, expected))
    return success();
  return op->emitOpError() << what << " has size " << actual.str() << " in dimension " << dim
                           << ", expected " << expected.str();
}

LogicalResult verifyDims(Operation *op, StringRef what, Type actual, ArrayRef<DimExpr> expected) {
  SmallVector<DimExpr> dims = getDims(actual);
  if (dims.size() != expected.size())
    return op->emitOpError() << what << " has rank " << dims.size() << ", expected "
                             << expected.size();
  for (auto [i, pair] : enumerate(zip(dims, expected)))
    if (failed(verifyDim(op, what, i, std::get<0>(pair), std::get<1>(pair))))
      return failure();
  return success();
}

FactorRule resultFactors(Operation *op) {
  FactorRule rule;
  for (DimExpr dim : getDims(op->getResult(0).getType()))
    rule.addFactor(dim, FactorKind::Parallel);
  return rule;
}

FactorRule mapRule(Operation *op) {
  FactorRule rule = resultFactors(op);
  MLIRContext *context = op->getContext();
  for (Value operand : op->getOperands()) {
    SmallVector<DimExpr> dims = getDims(operand.getType());
    Access &access = rule.operands.emplace_back();
    unsigned lead = rule.factors.size() - dims.size();
    for (auto [i, dim] : enumerate(dims))
      access.index.push_back(dim.isConstant(1) ? DimExpr::constant(context, 0)
                                               : DimExpr::factor(context, lead + i));
  }
  return rule;
}

Type inferSame(ValueRange operands) { return getElementTypeOrSelf(operands.back().getType()); }
Type inferBool(ValueRange operands) {
  return IntegerType::get(operands.front().getContext(), 1);
}

LogicalResult inferMap(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                       function_ref<Type(ValueRange)> elementType, SmallVectorImpl<Type> &types) {
  SmallVector<DimExpr> dims;
  for (Value operand : operands) {
    std::optional<SmallVector<DimExpr>> joined = broadcastDims(dims, getDims(operand.getType()));
    if (!joined)
      return emitOptionalError(location, "shapes cannot be broadcast: ", operands.front().getType(),
                               " and ", operand.getType());
    dims = *joined;
  }
  types.push_back(makeTensorType(dims, elementType(operands)));
  return success();
}

LogicalResult verifyMap(Operation *op) {
  Type operandType = getElementTypeOrSelf(op->getOperands().back().getType());
  for (Value operand : op->getOperands().drop_front(isa<SelectOp>(op) ? 1 : 0))
    if (getElementTypeOrSelf(operand.getType()) != operandType)
      return op->emitOpError() << "operands have element types "
                               << getElementTypeOrSelf(operand.getType()) << " and "
                               << operandType;
  if (auto select = dyn_cast<SelectOp>(op))
    if (!select.getCondition().getType().getElementType().isInteger(1))
      return op->emitOpError() << "condition has element type "
                               << select.getCondition().getType().getElementType()
                               << ", expected i1";
  return success();
}

} // namespace detail

//===----------------------------------------------------------------------===//
// Cast
//===----------------------------------------------------------------------===//

FactorRule CastOp::getFactorRule() { return detail::mapRule(getOperation()); }
Scalar CastOp::emitBody(BodyArgs args) {
  return cast(args.operands[0], getType().getElementType());
}
LogicalResult CastOp::verify() {
  return detail::verifyDims(getOperation(), "result", getType(), getDims(getX().getType()));
}
OpFoldResult CastOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? getX() : OpFoldResult();
}

} // namespace tenon
