//===- IrregularScan.cpp - scan, nonzero and scatter ----------------------===//
//
// Scan: one block per row, the running value carried. NonZero and scatter: one
// block, in row-major order, so that positions ascend and the last writer wins.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/IrregularBuilder.h"

using namespace mlir;
namespace tenon {

LogicalResult generateScan(IrregularBuilder &emit, ScanOp op) {
  Type type = op.getInput().getType(), element = getElementTypeOrSelf(type);
  emit.begin(emit.rows(type, op.getDim()));
  Value from = emit.viewOf(op.getInput()), to = emit.viewOf(op.getResult());
  auto [start, stride] = emit.row(type, op.getDim());
  Value count = emit.size(getDims(type)[op.getDim()]);
  unsigned combiner = static_cast<unsigned>(op.getCombiner());
  Value init = cast<Value>(emit.emitter().neutral(combiner, element).payload);
  emit.loop(emit.index(0), count, init, [&](Value i, ValueRange carried) {
    Value position = op.getReverse() ? emit.sub(emit.sub(count, emit.index(1)), i) : i;
    Value at = emit.add(start, emit.mul(position, stride));
    Value value = emit.load(from, at);
    Value next = emit.emitter().combine(combiner, carried[0], value, element);
    emit.store(op.getExclusive() ? carried[0] : next, to, at);
    return SmallVector<Value>{next};
  });
  return success();
}

LogicalResult generateNonZero(IrregularBuilder &emit, NonZeroOp op) {
  Type type = op.getInput().getType(), element = getElementTypeOrSelf(type);
  SmallVector<DimExpr> dims = getDims(type);
  Type i64 = emit.ir().getI64Type();
  emit.begin(DimExpr::constant(op.getContext(), 1));
  Value from = emit.viewOf(op.getInput()), to = emit.viewOf(op.getPositions());
  Value rank = emit.index(dims.size());
  Value total = emit.size(product(op.getContext(), dims));
  Value found = emit.loop(emit.index(0), total, emit.index(0), [&](Value i, ValueRange carried) {
    Scalar value = emit.scalar(emit.load(from, i), element);
    Value hit = emit.toBool(value != value.same(0));
    // Written always, kept only if the count moves on.
    Value base = emit.mul(carried[0], rank);
    for (auto [d, digit] : llvm::enumerate(emit.split(i, dims)))
      emit.store(emit.fromIndex(digit, i64), to, emit.add(base, emit.index(d)));
    Value next = emit.add(carried[0], emit.index(1));
    return SmallVector<Value>{
        arith::SelectOp::create(emit.ir(), op.getLoc(), hit, next, carried[0])};
  })[0];
  Value zero = emit.fromIndex(emit.index(0), i64);
  emit.loop(emit.mul(found, rank), emit.mul(total, rank), {}, [&](Value i, ValueRange) {
    emit.store(zero, to, i);
    return SmallVector<Value>{};
  });
  emit.store(emit.fromIndex(found, i64), emit.viewOf(op.getCount()), emit.index(0));
  return success();
}

LogicalResult generateScatter(IrregularBuilder &emit, ScatterOp op) {
  Type type = op.getData().getType(), element = getElementTypeOrSelf(type);
  Type updatesType = op.getUpdates().getType();
  emit.begin(DimExpr::constant(op.getContext(), 1));
  Value data = emit.viewOf(op.getData()), to = emit.viewOf(op.getResult());
  Value updates = emit.viewOf(op.getUpdates());
  // An update in place finds the data where it is to be (passes/schedule).
  if (!op->hasAttr("tenon.in_place"))
    emit.loop(emit.index(0), emit.size(product(op.getContext(), getDims(type))), {},
              [&](Value i, ValueRange) {
                emit.store(emit.load(data, i), to, i);
                return SmallVector<Value>{};
              });
  SmallVector<DimExpr> dims = getDims(updatesType);
  emit.loop(emit.index(0), emit.size(product(op.getContext(), dims)), {}, [&](Value i, ValueRange) {
    SmallVector<Value> digits = emit.split(i, dims), position;
    for (auto [d, source] : llvm::enumerate(op.getDataDims())) {
      if (source < 0) {
        position.push_back(digits[-1 - source]);
        continue;
      }
      Value indices = op.getIndices()[source];
      SmallVector<Value> at;
      for (int64_t dim : op.getIndexDims())
        at.push_back(digits[dim]);
      Value number = emit.load(emit.viewOf(indices), emit.offset(at, indices.getType()));
      position.push_back(emit.toIndex(number));
      Value inside = arith::CmpIOp::create(emit.ir(), op.getLoc(), arith::CmpIPredicate::ult,
                                           position.back(), emit.size(getDims(type)[d]));
      tile::CheckOp::create(emit.ir(), op.getLoc(), inside, "index out of range");
    }
    Value at = emit.offset(position, type), value = emit.load(updates, i);
    if (op.getCombiner() != Combiner::None)
      value = emit.emitter().combine(static_cast<unsigned>(op.getCombiner()), emit.load(to, at),
                                     value, element);
    emit.store(value, to, at);
    return SmallVector<Value>{};
  });
  return success();
}

} // namespace tenon
