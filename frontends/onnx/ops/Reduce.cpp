//===- Reduce.cpp - reductions --------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

/// Operators whose axes became an input in opset 18 (ReduceSum: 13).
static bool axesAreInput(Node &n) {
  return n.version >= (n.proto.op_type() == "ReduceSum" ? 13 : 18);
}

/// Axes known only at run time, where the declared output tells them: each
/// reduced dimension is 1 there (keepdims), and no other that is not 1 already.
static Ints axesFromDeclared(Node &n, bool keep) {
  std::optional<Ints> declared = n.declared(0);
  Dims dims = TensorBuilder::dims(n[0]);
  int64_t rank = dims.size(), count = n.b.staticSize(TensorBuilder::dim(n[1], 0), "axes");
  if (count == 0)
    return {};
  Ints found;
  auto matches = [&](ArrayRef<int64_t> axes) {
    Dims to;
    for (int64_t i = 0; i < rank; ++i)
      if (!llvm::is_contained(axes, i))
        to.push_back(dims[i]);
      else if (keep)
        to.push_back(n.b.size(1));
    if (to.size() != declared->size())
      return false;
    for (auto [dim, size] : llvm::zip(to, *declared))
      if (!dim.isConstant(size))
        return false;
    return true;
  };
  int64_t solutions = 0;
  for (uint64_t bits = 0; declared && rank <= 10 && bits < (uint64_t(1) << rank); ++bits) {
    Ints axes;
    for (int64_t i = 0; i < rank; ++i)
      if (bits >> i & 1)
        axes.push_back(i);
    if (int64_t(axes.size()) != count || !matches(axes))
      continue;
    found = axes;
    ++solutions;
  }
  if (solutions != 1)
    refuse("axes must be known at compile time, or the output's shape declared");
  Value sorted = n.b.wrapIndex(n[1], n.b.size(rank));
  if (count > 1)
    sorted = SortOp::create(n.b.builder, n.b.location, sorted.getType(), sorted.getType(), sorted,
                            0, false)
                 .getValues();
  for (auto [at, axis] : llvm::zip(n.b.sizesOf(sorted, n.name, 0, rank - 1), found))
    n.b.checkEqual(at, n.b.size(axis), "axes do not give the declared shape");
  return found;
}

/// The dimensions to reduce; nothing means the input is passed on.
static std::optional<Ints> readAxes(Node &n, bool keep) {
  int64_t rank = n.rank(0);
  std::optional<Ints> axes;
  if (!axesAreInput(n))
    axes = n.getInts("axes");
  else if (n.has(1) && !(axes = n.constInts(1)))
    axes = axesFromDeclared(n, keep);
  if (axes && !axes->empty())
    return Node::dimIndices(*axes, rank);
  if (n.getInt("noop_with_empty_axes", 0) != 0)
    return Ints();
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

namespace {
struct Reduction {
  Node &n;
  Ints axes;
  bool keep;

  explicit Reduction(Node &n) : n(n), keep(n.getInt("keepdims", 1) != 0) {
    axes = *readAxes(n, keep);
  }
  Value over(Combiner combiner, Value x) { return n.b.reduce(combiner, x, axes, keep); }
  Value sum(Value x) { return over(Combiner::Add, x); }
  /// Computes in f32 and rounds once.
  void set(Value x) { n.set(0, n.b.cast(x, n.elementType(0))); }
};
} // namespace

template <Combiner combiner> static void plain(Node &n) {
  Reduction r(n);
  bool logical = n.elementType(0).isInteger(1);
  Combiner actual = !logical                       ? combiner
                    : combiner == Combiner::Max ? Combiner::Or
                    : combiner == Combiner::Min ? Combiner::And
                                                : combiner;
  r.set(r.over(actual, n[0]));
}
static void mean(Node &n) {
  Reduction r(n);
  r.set(n.b.mean(n[0], r.axes, r.keep));
}
static void sumSquare(Node &n) {
  Reduction r(n);
  Value x = n.b.widen(n[0]);
  r.set(r.sum(n.b.mul(x, x)));
}
static void norm1(Node &n) {
  Reduction r(n);
  r.set(r.sum(n.b.abs(n.b.widen(n[0]))));
}
static void norm2(Node &n) {
  Reduction r(n);
  Value x = n.b.widen(n[0]);
  if (!TensorBuilder::isFloat(x))
    x = n.b.cast(x, n.b.builder.getF64Type());
  r.set(n.b.sqrt(r.sum(n.b.mul(x, x))));
}
static Value floating(Node &n) {
  Value x = n.b.widen(n[0]);
  return TensorBuilder::isFloat(x) ? x : n.b.cast(x, n.b.builder.getF64Type());
}
static void logSum(Node &n) {
  Reduction r(n);
  r.set(n.b.log(r.sum(floating(n))));
}
/// log(sum(exp(x - max))) + max; an infinite maximum is left out of the shift.
static void logSumExp(Node &n) {
  Reduction r(n);
  TensorBuilder &b = n.b;
  Value x = floating(n), top = b.reduce(Combiner::Max, x, r.axes, true);
  Value finite = b.select(b.map<IsInfOp>(top), b.number(0, TensorBuilder::elementType(top)), top);
  Value sum = b.log(b.reduce(Combiner::Add, b.exp(b.sub(x, finite)), r.axes, true));
  Value y = b.add(sum, finite);
  r.set(r.keep ? y : b.squeeze(y, r.axes));
}

static void argExtreme(Node &n, Combiner combiner) {
  n.requireRank(0, 1);
  int64_t axis = Node::dimIndex(n.getInt("axis", 0), n.rank(0));
  DimExpr size = TensorBuilder::dim(n[0], axis);
  n.b.checkEqual(n.b.ranges.max(size, n.b.size(1)), size, "there is nothing to choose from");
  Value y = n.b.argReduce(combiner, n[0], axis, n.getInt("select_last_index", 0) != 0);
  n.set(0, n.getInt("keepdims", 1) != 0 ? n.b.unsqueeze(y, {axis}) : y);
}
static void argMax(Node &n) { argExtreme(n, Combiner::Max); }
static void argMin(Node &n) { argExtreme(n, Combiner::Min); }

ArrayRef<OperatorEntry> getReduceOperators() {
  static const OperatorEntry entries[] = {{"ReduceSum", plain<Combiner::Add>},
                                          {"ReduceProd", plain<Combiner::Mul>},
                                          {"ReduceMax", plain<Combiner::Max>},
                                          {"ReduceMin", plain<Combiner::Min>},
                                          {"ReduceMean", mean},
                                          {"ReduceSumSquare", sumSquare},
                                          {"ReduceL1", norm1},
                                          {"ReduceL2", norm2},
                                          {"ReduceLogSum", logSum},
                                          {"ReduceLogSumExp", logSumExp},
                                          {"ArgMax", argMax},
                                          {"ArgMin", argMin}};
  return entries;
}

} // namespace tenon::onnximport
