//===- Slice.cpp - slices and splits --------------------------------------===//
//
// Bounds that are size expressions (numbers among them) make a tenon.slice;
// bounds that exist only at run time are clamped by tensor operations and bound
// to symbols, and the slice reads at computed indices.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

namespace {
struct Bounds {
  SmallVector<DimExpr> starts, ends;
  Ints axes, steps;
};
} // namespace

/// A bound counted from the end if negative, clamped to [low, high]. Nothing
/// if its sign is not known.
static std::optional<DimExpr> clampBound(TensorBuilder &b, DimExpr at, DimExpr size, DimExpr low,
                                         DimExpr high) {
  std::optional<bool> negative = b.ranges.isLess(at, b.size(0));
  if (!negative)
    return std::nullopt;
  if (*negative)
    at = at + size;
  return b.ranges.max(low, b.ranges.min(at, high));
}

static bool sliceDimension(Node &n, Value &x, int64_t axis, DimExpr start, DimExpr end,
                           int64_t step) {
  TensorBuilder &b = n.b;
  DimExpr size = TensorBuilder::dim(x, axis), zero = b.size(0), last = size - 1;
  bool back = step < 0;
  // (Backwards through nothing starts before it: -1, where it also stops.)
  DimExpr least = back ? b.ranges.min(zero, last) : zero;
  auto first = clampBound(b, start, size, least, back ? last : size);
  auto stop = clampBound(b, end, size, back ? b.size(-1) : zero, back ? last : size);
  if (!first || !stop)
    return false;
  DimExpr distance = back ? *first - *stop : *stop - *first;
  DimExpr count = b.ranges.max(distance.ceilDiv(b.size(std::abs(step))), zero);
  // What is clamped lies inside: no checks.
  Dims starts(TensorBuilder::rank(x), zero), to = TensorBuilder::dims(x);
  Ints steps(to.size(), 1);
  starts[axis] = *first;
  steps[axis] = step;
  to[axis] = count;
  if (step == 1 && first->isConstant(0) && count == size)
    return true;
  if (first->isInvalid())
    refuse("a start overflows");
  SmallVector<Attribute> attrs;
  for (DimExpr expr : starts)
    attrs.push_back(expr.getAttr());
  x = SliceOp::create(b.builder, b.location, b.type(to, TensorBuilder::elementType(x)), x,
                      b.builder.getArrayAttr(attrs), steps);
  return true;
}

/// The attributes up to opset 9, inputs from 10 on; nothing if an operand is
/// known only at run time.
static std::optional<Bounds> readBounds(Node &n, int64_t rank) {
  Bounds bounds;
  std::optional<Ints> axes, steps;
  if (n.version < 10) {
    Ints starts = n.getInts("starts").value_or(Ints()), ends = n.getInts("ends").value_or(Ints());
    bounds.starts = n.b.sizes(starts);
    bounds.ends = n.b.sizes(ends);
    axes = n.getInts("axes");
  } else {
    auto starts = n.b.values.getExprs(n[1]), ends = n.b.values.getExprs(n[2]);
    axes = n.constInts(3);
    steps = n.constInts(4);
    if (!starts || !ends || (n.has(3) && !axes) || (n.has(4) && !steps))
      return std::nullopt;
    bounds.starts = *starts;
    bounds.ends = *ends;
  }
  size_t count = bounds.starts.size();
  Ints natural = llvm::to_vector(llvm::seq<int64_t>(0, count));
  bounds.axes = Node::dimIndices(axes.value_or(natural), rank);
  bounds.steps = steps.value_or(Ints(count, 1));
  if (bounds.ends.size() != count || bounds.axes.size() != count || bounds.steps.size() != count)
    refuse("starts, ends, axes and steps have different lengths");
  for (int64_t step : bounds.steps)
    if (step == 0 || step == std::numeric_limits<int64_t>::min())
      refuse("a step is " + Twine(step));
  return bounds;
}

//===----------------------------------------------------------------------===//
// Bounds known at run time
//===----------------------------------------------------------------------===//

/// `values` at `axes`, `fallback` elsewhere: one entry per dimension.
static Value perDimension(Node &n, Value fallback, Value values, Value axes) {
  values = n.b.cast(values, n.b.i64());
  return ScatterOp::create(n.b.builder, n.b.location, fallback.getType(), Combiner::None, fallback,
                           ValueRange{axes}, values, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{0});
}

static void sliceAtRunTime(Node &n) {
  TensorBuilder &b = n.b;
  int64_t rank = n.rank(0);
  for (unsigned i = 1; i < n.inputCount(); ++i) {
    if (!n.has(i))
      continue;
    n.requireRank(i, 1, 1);
    b.checkEqual(TensorBuilder::dim(n[i], 0), TensorBuilder::dim(n[1], 0),
                 "starts, ends, axes and steps have different lengths");
  }
  Dims sizes = TensorBuilder::dims(n[0]);
  Value shape = b.dimVector(sizes), zeros = b.ints(Ints(rank, 0)), ones = b.ints(Ints(rank, 1));
  Value axes = n.has(3) ? b.wrapIndex(n[3], b.size(rank))
                        : b.iota(TensorBuilder::dim(n[1], 0), b.i64());
  Value step = n.has(4) ? perDimension(n, ones, n[4], axes) : ones;
  Value back = b.lt(step, 0), last = b.sub(shape, 1);
  // Default bounds of the dimensions that are not named: all of them.
  Value start = perDimension(n, zeros, n[1], axes), end = perDimension(n, shape, n[2], axes);
  auto clamp = [&](Value at, Value low) {
    at = b.select(b.lt(at, 0), b.add(at, shape), at);
    return b.min(b.max(at, low), b.select(back, last, shape));
  };
  start = clamp(start, zeros);
  end = clamp(end, b.select(back, b.number(-1, b.i64()), zeros));
  Value distance = b.select(back, b.sub(start, end), b.sub(end, start)), stride = b.abs(step);
  Value counts = b.max(b.div(b.sub(b.add(distance, stride), 1), stride), 0);
  Dims to = n.settle(b.sizesOf(counts, n.name), 0);
  Value x = n[0];
  for (int64_t i = 0; i < rank; ++i) {
    Value at = b.iota(to[i], b.i64());
    at = b.add(b.mul(at, b.pick(step, 0, b.size(i))), b.pick(start, 0, b.size(i)));
    x = b.take(x, at, i);
  }
  n.set(0, x);
}

static void slice(Node &n) {
  n.requireRank(0, 1);
  Value x = n[0];
  std::optional<Bounds> bounds = readBounds(n, n.rank(0));
  if (!bounds)
    return sliceAtRunTime(n);
  for (auto [start, end, axis, step] :
       llvm::zip(bounds->starts, bounds->ends, bounds->axes, bounds->steps))
    if (!sliceDimension(n, x, axis, start, end, step))
      return sliceAtRunTime(n);
  n.set(0, x);
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

/// Sizes of the pieces: given, or equal with a smaller last one.
static Dims pieceSizes(Node &n, DimExpr size) {
  if (std::optional<Ints> given = n.version < 13 ? n.getInts("split") : std::nullopt)
    return n.b.sizes(*given);
  if (n.version >= 13 && n.has(1))
    return n.sizes(1);
  int64_t count = n.getInt("num_outputs", n.outputCount());
  if (count < 1 || count > 100000)
    refuse("attribute 'num_outputs' is " + Twine(count));
  DimExpr piece = size.ceilDiv(n.b.size(count));
  Dims sizes(count - 1, piece);
  sizes.push_back(n.b.ranges.max(size - piece * (count - 1), n.b.size(0)));
  return sizes;
}

static void split(Node &n) {
  n.requireRank(0, 1);
  int64_t axis = Node::dimIndex(n.getInt("axis", 0), n.rank(0));
  DimExpr size = TensorBuilder::dim(n[0], axis), start = n.b.size(0);
  Dims pieces = pieceSizes(n, size);
  if (pieces.size() != n.outputCount())
    refuse("has " + Twine(n.outputCount()) + " outputs for " + Twine(pieces.size()) + " pieces");
  for (auto [i, piece] : llvm::enumerate(pieces)) {
    std::optional<Ints> declared = n.declared(i);
    if (!piece.isConstant() && declared && int64_t(declared->size()) > axis &&
        (*declared)[axis] >= 0) {
      n.b.checkEqual(piece, n.b.size((*declared)[axis]), "a piece has not its declared size");
      piece = n.b.size((*declared)[axis]);
    }
    n.set(i, n.b.sliceDim(n[0], axis, start, piece));
    start = start + piece;
  }
  n.b.checkEqual(start, size, "the pieces of a split do not add up");
}

ArrayRef<OperatorEntry> getSliceOperators() {
  static const OperatorEntry entries[] = {{"Slice", slice}, {"Split", split}};
  return entries;
}

} // namespace tenon::onnximport
