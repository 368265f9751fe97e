//===- Irregular.cpp - kernels of operations without factor rules ---------===//
//
// The dispatch, and what the generators share: a function with one block per
// row (all dimensions but the operation's own), scalar loads and stores.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Irregular.h"
#include "passes/tile/IrregularBuilder.h"

using namespace mlir;
namespace tenon {

Operation *irregularOp(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (auto irregular = dyn_cast<IrregularOpInterface>(op))
      if (irregular.getIrregularKind() != IrregularKind::Row)
        return &op;
  return nullptr;
}

LogicalResult generateIrregular(OpBuilder &builder, KernelOp kernel, Operation *op,
                                ArrayRef<Type> views, const FactorRanges &ranges,
                                ArrayRef<StringRef> symbols) {
  for (Value operand : op->getOperands())
    if (!isa<BlockArgument>(operand))
      return op->emitError("operands of an irregular operation must be the kernel's");
  IrregularBuilder emit(builder, kernel, op, views, symbols);
  if (auto scan = dyn_cast<ScanOp>(op))
    return generateScan(emit, scan);
  if (auto scatter = dyn_cast<ScatterOp>(op))
    return generateScatter(emit, scatter);
  if (auto sort = dyn_cast<SortOp>(op))
    return generateSort(emit, sort);
  return generateNonZero(emit, cast<NonZeroOp>(op));
}

//===----------------------------------------------------------------------===//
// IrregularBuilder
//===----------------------------------------------------------------------===//

IrregularBuilder::IrregularBuilder(OpBuilder &outer, KernelOp kernel, Operation *op,
                                   ArrayRef<Type> views, ArrayRef<StringRef> symbols)
    : outer(outer), kernel(kernel), op(op), views(views), symbols(symbols), inner(op->getContext()),
      scalars(inner, 0) {}

void IrregularBuilder::begin(DimExpr grid) {
  func = tile::FuncOp::create(outer, kernel.getLoc(), kernel.getName(), views, grid, symbols);
  Block *entry = &func.getBody().front();
  inner.setInsertionPointToEnd(entry);
  if (entry->empty())
    tile::ReturnOp::create(inner, op->getLoc());
  inner.setInsertionPoint(entry->getTerminator());
  scalars.setLoc(op->getLoc());
}

Value IrregularBuilder::viewOf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return func.getViews()[argument.getArgNumber()];
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  for (auto [i, result] : llvm::enumerate(yield.getResults()))
    if (result == value)
      return func.getViews()[kernel->getNumOperands() + i];
  return {};
}

Value IrregularBuilder::size(DimExpr expr) {
  if (expr.isConstant())
    return arith::ConstantIndexOp::create(inner, op->getLoc(), expr.getValue());
  return tile::DimOp::create(inner, op->getLoc(), expr);
}
Value IrregularBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(inner, op->getLoc(), value);
}
Value IrregularBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(inner, op->getLoc(), a, b);
}
Value IrregularBuilder::sub(Value a, Value b) {
  return arith::SubIOp::create(inner, op->getLoc(), a, b);
}
Value IrregularBuilder::mul(Value a, Value b) {
  return arith::MulIOp::create(inner, op->getLoc(), a, b);
}

Value IrregularBuilder::load(Value view, Value offset) {
  Type element = cast<tile::ViewType>(view.getType()).getElementType();
  Value value = tile::LoadOp::create(inner, op->getLoc(), RankedTensorType::get({}, element), view,
                                     offset, ArrayRef<OpFoldResult>(), Value(), Value());
  Type compute = computeType(element);
  if (compute != element)
    value = arith::ExtFOp::create(inner, op->getLoc(), RankedTensorType::get({}, compute), value);
  return value;
}

void IrregularBuilder::store(Value value, Value view, Value offset) {
  if (!view)
    return;
  Type element = cast<tile::ViewType>(view.getType()).getElementType();
  if (getElementTypeOrSelf(value.getType()) != element)
    value = arith::TruncFOp::create(inner, op->getLoc(), RankedTensorType::get({}, element), value);
  tile::StoreOp::create(inner, op->getLoc(), value, view, offset, ArrayRef<OpFoldResult>(),
                        Value());
}

SmallVector<Value>
IrregularBuilder::loop(Value from, Value to, ValueRange inits,
                       function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(inner, op->getLoc(), from, to, index(1), inits);
  OpBuilder::InsertionGuard guard(inner);
  if (inits.empty())
    inner.setInsertionPoint(loop.getBody()->getTerminator());
  else
    inner.setInsertionPointToEnd(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!inits.empty())
    scf::YieldOp::create(inner, op->getLoc(), next);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> IrregularBuilder::split(Value linear, ArrayRef<DimExpr> dims) {
  SmallVector<Value> digits(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    if (i == 0) {
      digits[i] = linear;
      break;
    }
    Value extent = size(dims[i]);
    digits[i] = arith::RemUIOp::create(inner, op->getLoc(), linear, extent);
    linear = arith::DivUIOp::create(inner, op->getLoc(), linear, extent);
  }
  return digits;
}

Value IrregularBuilder::offset(ArrayRef<Value> digits, Type type) {
  Value total = index(0);
  for (auto [digit, stride] : llvm::zip(digits, stridesOf(type, {})))
    total = add(total, mul(digit, size(stride)));
  return total;
}

std::pair<Value, Value> IrregularBuilder::row(Type type, int64_t dim) {
  SmallVector<DimExpr> dims = getDims(type);
  DimExpr minor = product(op->getContext(), ArrayRef(dims).drop_front(dim + 1));
  Value stride = size(minor), block = func.getBlockId();
  Value major = arith::DivUIOp::create(inner, op->getLoc(), block, stride);
  Value rest = arith::RemUIOp::create(inner, op->getLoc(), block, stride);
  Value start = add(mul(mul(major, size(dims[dim])), stride), rest);
  return {start, stride};
}

DimExpr IrregularBuilder::rows(Type type, int64_t dim) {
  SmallVector<DimExpr> dims = getDims(type);
  dims.erase(dims.begin() + dim);
  return product(op->getContext(), dims);
}

Value IrregularBuilder::toIndex(Value number) {
  Value scalar =
      tile::ExtractOp::create(inner, op->getLoc(), getElementTypeOrSelf(number.getType()), number);
  return arith::IndexCastOp::create(inner, op->getLoc(), inner.getIndexType(), scalar);
}

Value IrregularBuilder::fromIndex(Value number, Type type) {
  Value scalar = arith::IndexCastOp::create(inner, op->getLoc(), storageType(type), number);
  return tile::SplatOp::create(inner, op->getLoc(), RankedTensorType::get({}, storageType(type)),
                               scalar);
}

Value IrregularBuilder::toBool(Scalar condition) {
  return tile::ExtractOp::create(inner, op->getLoc(), inner.getI1Type(),
                                 cast<Value>(condition.payload));
}

} // namespace tenon
