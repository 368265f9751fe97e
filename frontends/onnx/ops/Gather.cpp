//===- Gather.cpp - reading at computed indices ---------------------------===//
//
// Negative indices are counted from the end by a select before the gather,
// which itself takes indices within the data only.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Index.h"

using namespace mlir;
namespace tenon::onnximport {

void checkAtMost(Node &n, DimExpr size, DimExpr limit, const Twine &message) {
  std::optional<bool> beyond = n.b.ranges.isLess(limit, size);
  if (beyond == true)
    refuse(message + ": " + size.str() + " and " + limit.str());
  if (!beyond)
    n.b.checkEqual(n.b.ranges.min(size, limit), size, message);
}

static void gather(Node &n) {
  n.requireRank(0, 1);
  int64_t axis = Node::dimIndex(n.getInt("axis", 0), n.rank(0));
  DimExpr size = TensorBuilder::dim(n[0], axis);
  // One index that is a size expression is a slice.
  if (auto known = n.b.values.getExprs(n[1]); known && known->size() == 1 && n.rank(1) <= 1) {
    DimExpr at = known->front();
    std::optional<bool> negative = n.b.ranges.isLess(at, n.b.size(0));
    bool constant = at.isConstant() && size.isConstant();
    if (constant && (at.getValue() < -size.getValue() || at.getValue() >= size.getValue()))
      refuse("index " + Twine(at.getValue()) + " is not within size " + size.str());
    DimExpr wrapped = negative == true ? at + size : at;
    bool inside = negative && n.b.ranges.isLess(wrapped, size) == true &&
                  n.b.ranges.isLess(wrapped, n.b.size(0)) == false;
    if (constant || inside) {
      Value row = n.b.sliceDim(n[0], axis, wrapped, n.b.size(1));
      return n.set(0, n.rank(1) == 0 ? n.b.squeeze(row, {axis}) : row);
    }
  }
  n.set(0, n.b.take(n[0], n.b.wrapIndex(n[1], size), axis));
}

/// result[i0, .., ik, ..] = data[i0, .., indices[i0, .., ik, ..], ..].
static void gatherElements(Node &n) {
  n.requireRank(0, 1);
  n.requireRank(1, n.rank(0), n.rank(0));
  int64_t rank = n.rank(0), axis = Node::dimIndex(n.getInt("axis", 0), rank);
  Value indices = n.b.wrapIndex(n[1], TensorBuilder::dim(n[0], axis));
  Ints dataDims, indexDims = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (int64_t i = 0; i < rank; ++i) {
    if (i != axis)
      checkAtMost(n, TensorBuilder::dim(n[1], i), TensorBuilder::dim(n[0], i),
                  "the indices are wider than the data in dimension " + Twine(i));
    dataDims.push_back(i == axis ? 0 : -1 - i);
  }
  n.set(0, n.b.gather(n[0], {indices}, dataDims, indexDims, TensorBuilder::dims(n[1])));
}

SmallVector<Value> splitIndexTuples(Node &n, Value tuples, Value data, int64_t batch) {
  int64_t last = TensorBuilder::rank(tuples) - 1;
  int64_t count = n.b.staticSize(TensorBuilder::dim(tuples, last), "the length of index tuples");
  if (count < 1 || batch + count > TensorBuilder::rank(data))
    refuse("index tuples of length " + Twine(count) + " do not fit rank " +
           Twine(TensorBuilder::rank(data)));
  SmallVector<Value> parts;
  for (int64_t i = 0; i < count; ++i)
    parts.push_back(n.b.wrapIndex(n.b.pick(tuples, last, n.b.size(i)),
                                  TensorBuilder::dim(data, batch + i)));
  return parts;
}

static void gatherND(Node &n) {
  n.requireRank(0, 1);
  n.requireRank(1, 1);
  int64_t batch = n.getInt("batch_dims", 0), q = n.rank(1);
  if (batch < 0 || batch >= std::min(q, n.rank(0)))
    refuse("attribute 'batch_dims' is " + Twine(batch));
  SmallVector<Value> parts = splitIndexTuples(n, n[1], n[0], batch);
  Dims data = TensorBuilder::dims(n[0]), to(ArrayRef(TensorBuilder::dims(n[1])).drop_back());
  Ints dataDims, indexDims = llvm::to_vector(llvm::seq<int64_t>(0, q - 1));
  for (int64_t i = 0; i < int64_t(data.size()); ++i) {
    int64_t index = i - batch;
    if (i < batch) {
      n.b.checkEqual(data[i], to[i], "batch dimensions differ");
      dataDims.push_back(-1 - i);
    } else if (index < int64_t(parts.size())) {
      dataDims.push_back(index);
    } else {
      dataDims.push_back(-1 - int64_t(to.size()));
      to.push_back(data[i]);
    }
  }
  n.set(0, n.b.gather(n[0], parts, dataDims, indexDims, to));
}

/// Elements (or rows) where the condition holds; how many is known at run time.
static void compress(Node &n) {
  TensorBuilder &b = n.b;
  Value data = n[0];
  int64_t axis = 0;
  if (n.attribute("axis"))
    axis = Node::dimIndex(n.getInt("axis", 0), n.rank(0));
  else
    data = b.reshape(data, {product(b.getContext(), TensorBuilder::dims(data))});
  n.requireRank(1, 1, 1);
  DimExpr length = TensorBuilder::dim(n[1], 0);
  auto found = NonZeroOp::create(b.builder, b.location, b.type({length, b.size(1)}, b.i64()),
                                 b.type({}, b.i64()), n[1]);
  DimExpr count = b.sizesOf(found.getCount(), n.name).front();
  Dims to = TensorBuilder::dims(data);
  to[axis] = count;
  count = n.settle(to, 0)[axis];
  Value rows = b.sliceDim(b.reshape(found.getPositions(), {length}), 0, b.size(0), count);
  n.set(0, b.take(data, rows, axis));
}

static void nonZero(Node &n) {
  TensorBuilder &b = n.b;
  Value x = n.rank(0) == 0 ? b.reshape(n[0], {b.size(1)}) : n[0];
  int64_t rank = TensorBuilder::rank(x);
  DimExpr total = product(b.getContext(), TensorBuilder::dims(x));
  auto found = NonZeroOp::create(b.builder, b.location, b.type({total, b.size(rank)}, b.i64()),
                                 b.type({}, b.i64()), x);
  DimExpr count = b.sizesOf(found.getCount(), n.name).front();
  count = n.settle(Dims{b.size(rank), count}, 0)[1];
  Value rows = b.sliceDim(found.getPositions(), 0, b.size(0), count);
  n.set(0, b.transpose(rows, {1, 0}));
}

/// Reverses the first lengths[b] entries of the time axis.
static void reverseSequence(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 2);
  int64_t rank = n.rank(0), time = n.getInt("time_axis", 0), batch = n.getInt("batch_axis", 1);
  if (time + batch != 1 || time < 0 || batch < 0)
    refuse("time_axis and batch_axis must be 0 and 1");
  Dims dims = TensorBuilder::dims(n[0]), plane(ArrayRef(dims).take_front(2));
  Value at = b.iota(plane, time, b.i64());
  Value lengths = b.reshape(n[1], batch == 0 ? Dims{plane[0], b.size(1)} : Dims{b.size(1), plane[1]});
  Value turned = b.sub(b.sub(lengths, 1), at);
  Value source = b.select(b.lt(at, lengths), turned, at);
  Ints dataDims;
  for (int64_t i = 0; i < rank; ++i)
    dataDims.push_back(i == time ? 0 : -1 - i);
  n.set(0, b.gather(n[0], {source}, dataDims, {0, 1}, dims));
}

ArrayRef<OperatorEntry> getGatherOperators() {
  static const OperatorEntry entries[] = {{"Gather", gather},
                                          {"GatherElements", gatherElements},
                                          {"GatherND", gatherND},
                                          {"Compress", compress},
                                          {"NonZero", nonZero},
                                          {"ReverseSequence", reverseSequence}};
  return entries;
}

} // namespace tenon::onnximport
