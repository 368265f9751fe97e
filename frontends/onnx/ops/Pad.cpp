//===- Pad.cpp - padding and cropping -------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

static PadMode readMode(Node &n) {
  std::string mode = n.getString("mode", "constant");
  if (mode == "constant")
    return PadMode::Constant;
  if (mode == "edge")
    return PadMode::Edge;
  if (mode == "reflect")
    return PadMode::Reflect;
  if (mode == "wrap")
    return PadMode::Wrap;
  refuse("attribute 'mode' is '" + mode + "'");
}

static Value readFill(Node &n) {
  if (n.version < 11)
    return n.b.number(n.getFloat("value", 0), n.elementType(0));
  return n.has(2) ? n.b.reshape(n[2], {}) : n.b.number(0, n.elementType(0));
}

/// Takes off what negative pads crop, and leaves the rest of the pads: what is
/// repeated beside a tensor is what is left of it.
static Value crop(TensorBuilder &b, Value x, Dims &low, Dims &high) {
  Dims starts, sizes;
  DimExpr zero = b.size(0);
  for (auto [dim, before, after] : llvm::zip(TensorBuilder::dims(x), low, high)) {
    DimExpr first = b.ranges.max(-before, zero), last = b.ranges.max(-after, zero);
    starts.push_back(first);
    sizes.push_back(dim - first - last);
    before = before + first;
    after = after + last;
  }
  return b.slice(x, starts, sizes);
}

/// `pads` written as [low of each axis..., high of each axis...].
static void pad(Node &n) {
  int64_t rank = n.rank(0);
  Dims pads;
  Ints axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (n.version < 11) {
    pads = n.b.sizes(n.getInts("pads").value_or(Ints()));
  } else {
    pads = n.sizes(1, -(int64_t(1) << 31));
    if (n.has(3))
      axes = Node::dimIndices(n.requireInts(3, "axes"), rank);
  }
  if (pads.size() != 2 * axes.size())
    refuse("pads has " + Twine(pads.size()) + " entries, expected " + Twine(2 * axes.size()));
  Dims low(rank, n.b.size(0)), high = low;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    low[axis] = pads[i];
    high[axis] = pads[axes.size() + i];
  }
  // Sizes bound at run time take the value that the model declares.
  if (std::optional<Ints> declared = n.declared(0); declared && int64_t(declared->size()) == rank)
    for (int64_t i = 0; i < rank; ++i) {
      DimExpr size = TensorBuilder::dim(n[0], i), settled = size + low[i] + high[i];
      bool late = !low[i].isConstant() || !high[i].isConstant();
      if (!late || (*declared)[i] < 0 || !size.isConstant())
        continue;
      n.b.checkEqual(settled, n.b.size((*declared)[i]), "pads do not give the declared shape");
      high[i] = n.b.size((*declared)[i]) - size - low[i];
    }
  PadMode mode = readMode(n);
  Value x = mode == PadMode::Constant ? n[0] : crop(n.b, n[0], low, high);
  n.set(0, n.b.pad(x, readFill(n), low, high, mode));
}

/// Crops or pads around the centre to a wanted shape.
static void centerCropPad(Node &n) {
  int64_t rank = n.rank(0);
  Ints axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (std::optional<Ints> given = n.getInts("axes"))
    axes = Node::dimIndices(*given, rank);
  Dims wanted = n.sizes(1), low(rank, n.b.size(0)), high = low;
  if (wanted.size() != axes.size())
    refuse("the shape has " + Twine(wanted.size()) + " entries, expected " + Twine(axes.size()));
  for (auto [axis, to] : llvm::zip(axes, wanted)) {
    if (std::optional<Ints> declared = n.declared(0);
        !to.isConstant() && declared && int64_t(declared->size()) == rank && (*declared)[axis] >= 0) {
      n.b.checkEqual(to, n.b.size((*declared)[axis]), "the shape is not the declared one");
      to = n.b.size((*declared)[axis]);
    }
    DimExpr from = TensorBuilder::dim(n[0], axis);
    // Both halves round down: of an odd difference the rest is at the end.
    DimExpr before = n.b.ranges.max(to - from, n.b.size(0)).floorDiv(2) -
                     n.b.ranges.max(from - to, n.b.size(0)).floorDiv(2);
    low[axis] = before;
    high[axis] = to - from - before;
  }
  n.set(0, n.b.pad(n[0], n.b.number(0, n.elementType(0)), low, high));
}

ArrayRef<OperatorEntry> getPadOperators() {
  static const OperatorEntry entries[] = {{"Pad", pad}, {"CenterCropPad", centerCropPad}};
  return entries;
}

} // namespace tenon::onnximport
