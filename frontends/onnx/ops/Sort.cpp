//===- Sort.cpp - top-k, one-hot and triangles ----------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

/// The k first of the sorted axis. `sorted = 0` allows any order: this one.
static void topK(Node &n) {
  n.requireRank(0, 1);
  TensorBuilder &b = n.b;
  int64_t axis = Node::dimIndex(n.getInt("axis", -1), n.rank(0));
  Dims dims = TensorBuilder::dims(n[0]);
  DimExpr count = n.version < 10 ? b.size(n.getInt("k", 0)) : n.sizes(1).front();
  Dims to = dims;
  to[axis] = count;
  count = n.settle(to, 0)[axis];
  if (b.ranges.isLess(dims[axis], count) == true || count.isConstant(-1))
    refuse("k is " + count.str() + " for a dimension of size " + dims[axis].str());
  auto sorted = SortOp::create(b.builder, b.location, n[0].getType(), b.type(dims, b.i64()), n[0],
                               axis, n.getInt("largest", 1) != 0);
  n.set(0, b.sliceDim(sorted.getValues(), axis, b.size(0), count));
  n.set(1, b.sliceDim(sorted.getIndices(), axis, b.size(0), count));
}

static void oneHot(Node &n) {
  TensorBuilder &b = n.b;
  Dims from = TensorBuilder::dims(n[0]), to = from;
  int64_t rank = from.size(), axis = Node::dimIndex(n.getInt("axis", -1), rank + 1);
  Value depthValue = n[1];
  DimExpr depth = b.sizesOf(b.reshape(b.cast(depthValue, b.i64()), {}), n.name).front();
  to.insert(to.begin() + axis, depth);
  to = n.settle(to, 0);
  Value indices = b.cast(n[0], b.i64());
  indices = b.wrapIndex(indices, to[axis]);
  Value hit = b.eq(b.iota(to, axis, b.i64()), b.unsqueeze(indices, {axis}));
  Value off = b.pick(n[2], 0, b.size(0)), on = b.pick(n[2], 0, b.size(1));
  n.set(0, b.select(hit, on, off));
}

static void trilu(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 2);
  int64_t rank = n.rank(0);
  Dims dims = TensorBuilder::dims(n[0]), plane(ArrayRef(dims).take_back(2));
  Value distance = b.sub(b.iota(plane, 1, b.i64()), b.iota(plane, 0, b.i64()));
  Value k = n.has(1) ? b.reshape(n[1], {}) : b.scalarInt(0);
  Value keep = n.getInt("upper", 1) != 0 ? b.ge(distance, k) : b.le(distance, k);
  (void)rank;
  n.set(0, b.select(keep, n[0], b.number(0, n.elementType(0))));
}

static void eyeLike(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 2, 2);
  Type to = n.getType("dtype");
  Dims dims = TensorBuilder::dims(n[0]);
  Value distance = b.sub(b.iota(dims, 1, b.i64()), b.iota(dims, 0, b.i64()));
  Value hit = b.eq(distance, static_cast<double>(n.getInt("k", 0)));
  n.set(0, b.cast(hit, to ? to : n.elementType(0)));
}

ArrayRef<OperatorEntry> getSortOperators() {
  static const OperatorEntry entries[] = {
      {"TopK", topK}, {"OneHot", oneHot}, {"Trilu", trilu}, {"EyeLike", eyeLike}};
  return entries;
}

} // namespace tenon::onnximport
