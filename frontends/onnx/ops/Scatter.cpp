//===- Scatter.cpp - writing at computed indices --------------------------===//

#include "frontends/onnx/Index.h"

using namespace mlir;
namespace tenon::onnximport {

static Combiner readReduction(Node &n) {
  std::string name = n.getString("reduction", "none");
  if (name == "none")
    return Combiner::None;
  if (name == "add")
    return Combiner::Add;
  if (name == "mul")
    return Combiner::Mul;
  if (name == "max")
    return Combiner::Max;
  if (name == "min")
    return Combiner::Min;
  refuse("attribute 'reduction' is '" + name + "'");
}

static Value scatter(Node &n, Value data, ArrayRef<Value> indices, Value updates,
                     ArrayRef<int64_t> dataDims, ArrayRef<int64_t> indexDims) {
  if (TensorBuilder::elementType(updates) != TensorBuilder::elementType(data))
    refuse("data and updates have different element types");
  return ScatterOp::create(n.b.builder, n.b.location, data.getType(), readReduction(n), data,
                           ValueRange(indices), updates, dataDims, indexDims);
}

static void checkShape(Node &n, ArrayRef<DimExpr> actual, ArrayRef<DimExpr> expected) {
  if (actual.size() != expected.size())
    refuse("updates have rank " + Twine(actual.size()) + ", expected " + Twine(expected.size()));
  for (auto [have, want] : llvm::zip(actual, expected))
    n.b.checkEqual(have, want, "updates have not the shape that the indices say");
}

static void scatterElements(Node &n) {
  n.requireRank(0, 1);
  n.requireRank(1, n.rank(0), n.rank(0));
  int64_t rank = n.rank(0), axis = Node::dimIndex(n.getInt("axis", 0), rank);
  checkShape(n, TensorBuilder::dims(n[2]), TensorBuilder::dims(n[1]));
  Value indices = n.b.wrapIndex(n[1], TensorBuilder::dim(n[0], axis));
  Ints dataDims, indexDims = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (int64_t i = 0; i < rank; ++i) {
    if (i != axis)
      checkAtMost(n, TensorBuilder::dim(n[1], i), TensorBuilder::dim(n[0], i),
                  "the indices are wider than the data in dimension " + Twine(i));
    dataDims.push_back(i == axis ? 0 : -1 - i);
  }
  n.set(0, scatter(n, n[0], {indices}, n[2], dataDims, indexDims));
}

static void scatterND(Node &n) {
  n.requireRank(0, 1);
  n.requireRank(1, 1);
  SmallVector<Value> parts = splitIndexTuples(n, n[1], n[0], 0);
  Dims expected(ArrayRef(TensorBuilder::dims(n[1])).drop_back());
  int64_t lead = expected.size();
  Ints dataDims, indexDims = llvm::to_vector(llvm::seq<int64_t>(0, lead));
  for (auto [i, dim] : llvm::enumerate(TensorBuilder::dims(n[0]))) {
    if (i < parts.size()) {
      dataDims.push_back(i);
      continue;
    }
    dataDims.push_back(-1 - int64_t(expected.size()));
    expected.push_back(dim);
  }
  checkShape(n, TensorBuilder::dims(n[2]), expected);
  n.set(0, scatter(n, n[0], parts, n[2], dataDims, indexDims));
}

/// Writes `update` into a cache at write_indices[batch] of an axis.
static void tensorScatter(Node &n) {
  TensorBuilder &b = n.b;
  int64_t rank = n.rank(0), axis = Node::dimIndex(n.getInt("axis", -2), rank);
  n.requireRank(0, 2);
  n.requireRank(1, rank, rank);
  Dims cache = TensorBuilder::dims(n[0]), update = TensorBuilder::dims(n[1]);
  std::string mode = n.getString("mode", "linear");
  if (n.has(2))
    n.requireRank(2, 1, 1);
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      checkAtMost(n, update[i], cache[i],
                  "the update is wider than the cache in dimension " + Twine(i));
  Value at = b.iota(Dims{update[0], update[axis]}, 1, b.i64());
  if (n.has(2))
    at = b.add(at, b.unsqueeze(b.cast(n[2], b.i64()), {1}));
  if (mode == "circular")
    at = b.mod(at, b.dimValue(cache[axis]));
  else if (mode != "linear")
    refuse("attribute 'mode' is '" + mode + "'");
  Ints dataDims;
  for (int64_t i = 0; i < rank; ++i)
    dataDims.push_back(i == axis ? 0 : -1 - i);
  n.set(0, scatter(n, n[0], {at}, n[1], dataDims, {0, axis}));
}

ArrayRef<OperatorEntry> getScatterOperators() {
  static const OperatorEntry entries[] = {{"Scatter", scatterElements},
                                          {"ScatterElements", scatterElements},
                                          {"ScatterND", scatterND},
                                          {"TensorScatter", tensorScatter}};
  return entries;
}

} // namespace tenon::onnximport
