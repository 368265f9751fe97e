//===- IrregularSort.cpp - sort -------------------------------------------===//
//
// One block per row: a bottom-up merge sort of positions. The results' own
// indices and a scratch row take turns; runs of length 1, 2, 4, ... are merged
// until one is left. Stable, O(n log n), no recursion. The number of passes is
// rounded up to an even one so that the order ends in the result.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/IrregularBuilder.h"

using namespace mlir;
namespace tenon {

namespace {
class SortEmitter {
public:
  SortEmitter(IrregularBuilder &emit, SortOp op) : emit(emit), op(op) {}

  void run() {
    Type type = op.getInput().getType();
    element = getElementTypeOrSelf(type);
    emit.begin(emit.rows(type, op.getDim()));
    Block *entry = &emit.getFunc().getBody().front();
    OpBuilder top(entry, entry->begin());
    DimExpr count = getDims(type)[op.getDim()];
    order[0] = tile::ScratchOp::create(top, op.getLoc(), top.getI64Type(), count);
    order[1] = tile::ScratchOp::create(top, op.getLoc(), top.getI64Type(), count);
    std::tie(start, stride) = emit.row(type, op.getDim());
    n = emit.size(count);
    input = emit.viewOf(op.getInput());
    emit.loop(zero(), n, {}, [&](Value i, ValueRange) {
      emit.store(emit.fromIndex(i, i64()), order[0], i);
      return SmallVector<Value>{};
    });
    mergePasses();
    writeResults();
  }

private:
  Value zero() { return emit.index(0); }
  Type i64() { return emit.ir().getI64Type(); }
  Value min(Value a, Value b) { return arith::MinUIOp::create(emit.ir(), op.getLoc(), a, b); }
  Value less(Value a, Value b) {
    return arith::CmpIOp::create(emit.ir(), op.getLoc(), arith::CmpIPredicate::ult, a, b);
  }
  Value both(Value a, Value b) { return arith::AndIOp::create(emit.ir(), op.getLoc(), a, b); }
  Value select(Value c, Value a, Value b) {
    return arith::SelectOp::create(emit.ir(), op.getLoc(), c, a, b);
  }
  Value keyAt(Value position) {
    return emit.load(input, emit.add(start, emit.mul(emit.toIndex(position), stride)));
  }

  /// while (width < n) { merge order[0] -> order[1]; merge back; width *= 4 }
  void mergePasses() {
    Type index = emit.ir().getIndexType();
    auto loop =
        scf::WhileOp::create(emit.ir(), op.getLoc(), TypeRange{index}, ValueRange{emit.index(1)});
    OpBuilder::InsertionGuard guard(emit.ir());
    Block *before = emit.ir().createBlock(&loop.getBefore(), {}, {index}, {op.getLoc()});
    scf::ConditionOp::create(emit.ir(), op.getLoc(), less(before->getArgument(0), n),
                             before->getArguments());
    Block *after = emit.ir().createBlock(&loop.getAfter(), {}, {index}, {op.getLoc()});
    Value width = after->getArgument(0), twice = emit.mul(width, emit.index(2));
    mergeAll(order[0], order[1], width);
    mergeAll(order[1], order[0], twice);
    scf::YieldOp::create(emit.ir(), op.getLoc(), ValueRange{emit.mul(twice, emit.index(2))});
  }

  void mergeAll(Value from, Value to, Value width) {
    Value pair = emit.mul(width, emit.index(2));
    Value rounded = emit.sub(emit.add(n, pair), emit.index(1));
    Value pairs = arith::DivUIOp::create(emit.ir(), op.getLoc(), rounded, pair);
    emit.loop(zero(), pairs, {}, [&](Value p, ValueRange) {
      Value low = emit.mul(p, pair);
      Value middle = min(emit.add(low, width), n), high = min(emit.add(low, pair), n);
      Value inits[] = {low, middle};
      emit.loop(low, high, inits, [&](Value k, ValueRange at) {
        return mergeStep(from, to, k, at[0], at[1], middle, high);
      });
      return SmallVector<Value>{};
    });
  }

  /// to[k] = the lesser of from[i] and from[j]; i wins ties, so order is kept.
  SmallVector<Value> mergeStep(Value from, Value to, Value k, Value i, Value j, Value middle,
                               Value high) {
    Value last = emit.sub(n, emit.index(1));
    Value left = emit.load(from, min(i, last)), right = emit.load(from, min(j, last));
    Value rightFirst = emit.toBool(before(keyAt(right), keyAt(left)));
    Value leftDone =
        arith::CmpIOp::create(emit.ir(), op.getLoc(), arith::CmpIPredicate::uge, i, middle);
    Value takeRight =
        both(less(j, high), arith::OrIOp::create(emit.ir(), op.getLoc(), leftDone, rightFirst));
    emit.store(select(takeRight, right, left), to, k);
    Value one = emit.index(1);
    return {select(takeRight, i, emit.add(i, one)), select(takeRight, emit.add(j, one), j)};
  }

  /// True if a belongs strictly before b; NaN counts as the greatest.
  Scalar before(Value a, Value b) {
    Scalar x = emit.scalar(op.getDescending() ? b : a, element);
    Scalar y = emit.scalar(op.getDescending() ? a : b, element);
    Scalar lesser = x < y;
    return x.isFloat() ? lesser | (isnan(y) & !isnan(x)) : lesser;
  }

  void writeResults() {
    Value values = emit.viewOf(op.getValues()), indices = emit.viewOf(op.getIndices());
    Type indexType = getElementTypeOrSelf(op.getIndices().getType());
    emit.loop(zero(), n, {}, [&](Value i, ValueRange) {
      Value position = emit.load(order[0], i), at = emit.add(start, emit.mul(i, stride));
      if (values)
        emit.store(keyAt(position), values, at);
      if (indices)
        emit.store(emit.fromIndex(emit.toIndex(position), indexType), indices, at);
      return SmallVector<Value>{};
    });
  }

  IrregularBuilder &emit;
  SortOp op;
  Type element;
  Value order[2], start, stride, n, input;
};
} // namespace

LogicalResult generateSort(IrregularBuilder &emit, SortOp op) {
  SortEmitter(emit, op).run();
  return success();
}

} // namespace tenon
