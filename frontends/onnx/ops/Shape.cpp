//===- Shape.cpp - shapes, and operators that only change them ------------===//
//
// Shape and Size become size expressions at once; what computes with them is
// followed by SymbolicValues, so that Reshape, Expand and their like find their
// operand's elements as expressions.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/GraphImporter.h"

using namespace mlir;
namespace tenon::onnximport {

static void shape(Node &n) {
  int64_t rank = n.rank(0), start = n.getInt("start", 0), end = n.getInt("end", rank);
  auto clamp = [&](int64_t at) {
    return std::min(std::max(at < 0 ? at + rank : at, int64_t(0)), rank);
  };
  start = clamp(start);
  end = std::max(clamp(end), start);
  n.set(0, n.b.dimVector(ArrayRef(TensorBuilder::dims(n[0])).slice(start, end - start)));
}

static void size(Node &n) {
  n.set(0, n.b.dimValue(product(n.b.getContext(), TensorBuilder::dims(n[0]))));
}

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

/// The size of the dimension that is -1: what the others leave.
static DimExpr inferred(Node &n, ArrayRef<DimExpr> from, ArrayRef<DimExpr> to, size_t hole) {
  DimExpr total = product(n.b.getContext(), from), rest = n.b.size(1), quotient;
  for (auto [i, dim] : llvm::enumerate(to))
    if (i != hole)
      rest = rest * dim;
  if (rest.isConstant(0))
    return n.b.size(0);
  if (total.divides(rest, quotient))
    return quotient;
  n.b.checkEqual(total.mod(rest), n.b.size(0), "reshape changes the number of elements");
  return total.floorDiv(rest);
}

/// A shape that is fed: the declared one, with which the fed one must agree
/// when it runs (-1 always does, 0 means the input's size).
static bool reshapeAsFed(Node &n, bool keepZero) {
  std::optional<Ints> declared = n.declared(0);
  if (n.b.values.getExprs(n[1]) || !declared || llvm::is_contained(*declared, -1))
    return false;
  n.requireRank(1, 1, 1);
  Dims from = TensorBuilder::dims(n[0]);
  from.resize(declared->size(), n.b.size(0));
  n.b.checkEqual(TensorBuilder::dim(n[1], 0), n.b.size(declared->size()),
                 "the shape has not the declared rank");
  Value given = n[1];
  if (!declared->empty()) {
    given = n.b.select(n.b.eq(given, -1), n.b.ints(*declared), given);
    if (!keepZero)
      given = n.b.select(n.b.eq(given, 0), n.b.dimVector(from), given);
    for (auto [size, expected] : llvm::zip(n.b.sizesOf(given, n.name), *declared))
      n.b.checkEqual(size, n.b.size(expected), "the shape is not the declared one");
  }
  n.set(0, n.b.reshape(n[0], n.b.sizes(*declared)));
  return true;
}

/// The entries of the shape; those known only at run time with 0 and -1 resolved.
static Dims shapeEntries(Node &n, bool keepZero) {
  const HostElements *found = n.b.values.get(n[1]);
  auto isKnown = [](Attribute element) { return isa_and_nonnull<DimExprAttr>(element); };
  if (found && llvm::all_of(*found, isKnown))
    return n.sizes(1);
  n.requireRank(1, 1, 1);
  Dims from = TensorBuilder::dims(n[0]);
  DimExpr total = product(n.b.getContext(), from);
  int64_t count = n.b.staticSize(TensorBuilder::dim(n[1], 0), "the shape");
  HostElements known = found ? *found : HostElements(count);
  from.resize(count, n.b.size(0));
  Value given = n[1];
  if (!keepZero)
    given = n.b.select(n.b.eq(given, 0), n.b.dimVector(from), given);
  Value isHole = n.b.eq(given, -1);
  Value rest = n.b.reduce(Combiner::Mul, n.b.select(isHole, n.b.ints({1}), given), {0}, false);
  given = n.b.select(isHole, n.b.div(n.b.dimValue(total), rest), given);
  Dims to = n.b.sizesOf(given, n.name);
  for (auto [dim, element] : llvm::zip(to, known))
    if (isKnown(element))
      dim = DimExpr(element);
  return to;
}

static void reshape(Node &n) {
  Dims from = TensorBuilder::dims(n[0]), to;
  bool keepZero = n.getInt("allowzero", 0) != 0;
  if (reshapeAsFed(n, keepZero))
    return;
  to = n.settle(shapeEntries(n, keepZero), 0);
  std::optional<size_t> hole;
  for (auto [i, dim] : llvm::enumerate(to)) {
    if (dim.isConstant(0) && !keepZero) {
      if (i >= from.size())
        refuse("entry " + Twine(i) + " of the shape is 0, but the input has rank " +
               Twine(from.size()));
      dim = from[i];
    } else if (dim.isConstant(-1)) {
      if (hole)
        refuse("the shape has two entries of -1");
      hole = i;
    }
  }
  if (hole)
    to[*hole] = inferred(n, from, to, *hole);
  n.set(0, n.b.reshape(n[0], to));
}

static void flatten(Node &n) {
  int64_t rank = n.rank(0), axis = n.getInt("axis", 1);
  if (axis < -rank || axis > rank)
    refuse("axis " + Twine(axis) + " is not within rank " + Twine(rank));
  axis = axis < 0 ? axis + rank : axis;
  Dims dims = TensorBuilder::dims(n[0]);
  MLIRContext *context = n.b.getContext();
  n.set(0, n.b.reshape(n[0], {product(context, ArrayRef(dims).take_front(axis)),
                              product(context, ArrayRef(dims).drop_front(axis))}));
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// Axes from the attribute (up to opset 12) or input 1. Nothing if there are
/// none; an operand known only at run time must be told by the declared output.
static std::optional<Ints> readAxes(Node &n, int64_t rank) {
  std::optional<Ints> axes = n.version < 13 ? n.getInts("axes") : n.constInts(1);
  if (!axes)
    return std::nullopt;
  return Node::dimIndices(*axes, rank);
}

/// The shape that the model declares for the output, where the axes themselves
/// are known only at run time: each must name a dimension of size 1 of the
/// longer shape, without which it is the shorter one.
static void reshapeAsDeclared(Node &n, int64_t rank) {
  std::optional<Ints> declared = n.declared(0);
  if (!declared || llvm::is_contained(*declared, -1) || int64_t(declared->size()) != rank)
    refuse("axes must be known at compile time, or the output's shape declared");
  Dims from = TensorBuilder::dims(n[0]), to = n.b.sizes(*declared);
  bool grows = rank > int64_t(from.size());
  Dims longer = grows ? to : from, shorter = grows ? from : to;
  int64_t count = longer.size() - shorter.size();
  if (count > 0) {
    // Entry i of `kept` is 1 where no axis names dimension i: the j-th of them
    // has the j-th size of the shorter shape.
    Value axes = n.b.reshape(n.b.wrapIndex(n[1], n.b.size(longer.size())), {n.b.size(count)});
    Value kept = ScatterOp::create(
        n.b.builder, n.b.location, n.b.type({n.b.size(longer.size())}, n.b.i64()), Combiner::None,
        n.b.ints(Ints(longer.size(), 1)), ValueRange{axes}, n.b.ints(Ints(count, 0)),
        ArrayRef<int64_t>{0}, ArrayRef<int64_t>{0});
    Value place = n.b.scan(Combiner::Add, kept, 0, /*exclusive=*/true, /*reverse=*/false);
    Dims padded = shorter;
    padded.push_back(n.b.size(1));
    Value expected = n.b.take(n.b.dimVector(padded), n.b.min(place, double(shorter.size())), 0);
    expected = n.b.select(n.b.eq(kept, 1), expected, n.b.ints({1}));
    for (auto [size, wanted] : llvm::zip(n.b.sizesOf(expected, n.name), longer))
      n.b.checkEqual(size, wanted, "the axes do not give the declared shape");
  }
  n.set(0, n.b.reshape(n[0], to));
}

static void unsqueeze(Node &n) {
  int64_t rank = n.rank(0);
  if (n.version >= 13 && !n.constInts(1)) {
    DimExpr count = n.rank(1) == 0 ? n.b.size(1) : TensorBuilder::dim(n[1], 0);
    return reshapeAsDeclared(n, rank + n.b.staticSize(count, "axes"));
  }
  Ints written = n.version < 13 ? n.getInts("axes").value_or(Ints()) : *n.constInts(1);
  n.set(0, n.b.unsqueeze(n[0], Node::dimIndices(written, rank + written.size())));
}

static void squeeze(Node &n) {
  if (n.version >= 13 && n.has(1) && !n.constInts(1)) {
    DimExpr count = n.rank(1) == 0 ? n.b.size(1) : TensorBuilder::dim(n[1], 0);
    return reshapeAsDeclared(n, n.rank(0) - n.b.staticSize(count, "axes"));
  }
  Dims dims = TensorBuilder::dims(n[0]);
  std::optional<Ints> axes = readAxes(n, dims.size());
  if (!axes) {
    axes.emplace();
    for (auto [i, dim] : llvm::enumerate(dims))
      if (dim.isConstant(1))
        axes->push_back(i);
  }
  for (int64_t axis : *axes)
    n.b.checkEqual(dims[axis], n.b.size(1), "squeezed dimension " + Twine(axis) + " is not 1");
  n.set(0, n.b.squeeze(n[0], *axes));
}

static void transpose(Node &n) {
  int64_t rank = n.rank(0);
  Ints reversed(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  Ints permutation = n.getInts("perm").value_or(reversed);
  if (int64_t(permutation.size()) != rank)
    refuse("attribute 'perm' has " + Twine(permutation.size()) + " entries, expected " +
           Twine(rank));
  n.set(0, n.b.transpose(n[0], Node::dimIndices(permutation, rank)));
}

//===----------------------------------------------------------------------===//
// Repetition
//===----------------------------------------------------------------------===//

/// The operand's shape and the wanted one broadcast with each other.
static void expand(Node &n) {
  Dims from = TensorBuilder::dims(n[0]), to = n.sizes(1);
  Dims joined = to.size() >= from.size() ? to : Dims(from.size() - to.size(), n.b.size(1));
  if (to.size() < from.size())
    joined.append(to);
  for (size_t i = 0; i < from.size(); ++i) {
    DimExpr &dim = joined[joined.size() - from.size() + i];
    dim = n.b.joinSizes(from[i], dim);
  }
  n.set(0, n.b.broadcast(n[0], n.settle(joined, 0)));
}

/// [a, b] by [2, 3]: [1, a, 1, b] broadcast to [2, a, 3, b], joined in pairs.
Value tile(TensorBuilder &b, Value x, ArrayRef<DimExpr> repeats) {
  Dims from = TensorBuilder::dims(x), split, wide, joined;
  for (auto [dim, repeat] : llvm::zip(from, repeats)) {
    split.append({b.size(1), dim});
    wide.append({repeat, dim});
    joined.push_back(dim * repeat);
  }
  return b.reshape(b.broadcast(b.reshape(x, split), wide), joined);
}

static void tileNode(Node &n) {
  Dims repeats = n.sizes(1);
  if (int64_t(repeats.size()) != n.rank(0))
    refuse("repeats has " + Twine(repeats.size()) + " entries, expected " + Twine(n.rank(0)));
  Value y = tile(n.b, n[0], repeats);
  n.set(0, n.b.reshape(y, n.settle(TensorBuilder::dims(y), 0)));
}

static void concat(Node &n) {
  n.requireRank(0, 1);
  if (!n.attribute("axis") && n.version >= 4)
    refuse("attribute 'axis' is missing");
  n.set(0, n.b.concat(n.inputs, Node::dimIndex(n.getInt("axis", 1), n.rank(0))));
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static void constant(Node &n) {
  if (const auto *attribute = n.attribute("value"))
    n.set(0, n.importer.importTensor(attribute->t(), n.name));
  else if (n.attribute("value_float"))
    n.set(0, n.b.number(n.getFloat("value_float", 0), n.b.f32()));
  else if (n.attribute("value_int"))
    n.set(0, n.b.scalarInt(n.getInt("value_int", 0)));
  else if (auto ints = n.getInts("value_ints"))
    n.set(0, n.b.ints(*ints));
  else if (auto floats = n.getFloats("value_floats"))
    n.set(0, n.b.numbers(*floats, n.b.f32()));
  else
    refuse("its value is a string or a sparse tensor, which are not supported");
}

static void constantOfShape(Node &n) {
  Dims dims = n.settle(n.sizes(0), 0);
  Value fill = n.b.number(0, n.b.f32());
  if (const auto *attribute = n.attribute("value"))
    fill = n.b.reshape(n.importer.importTensor(attribute->t(), n.name), {});
  n.set(0, n.b.broadcast(fill, dims));
}

ArrayRef<OperatorEntry> getShapeOperators() {
  static const OperatorEntry entries[] = {
      {"Shape", shape},         {"Size", size},           {"Reshape", reshape},
      {"Flatten", flatten},     {"Unsqueeze", unsqueeze}, {"Squeeze", squeeze},
      {"Transpose", transpose}, {"Expand", expand},       {"Tile", tileNode},
      {"Concat", concat},       {"Constant", constant},   {"ConstantOfShape", constantOfShape}};
  return entries;
}

} // namespace tenon::onnximport
