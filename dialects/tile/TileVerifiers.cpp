//===- TileVerifiers.cpp - What a well-formed tile operation is ---*- C++ -*-===//
//
// The numbered constraints of TileOps.td; each number comes back in its message.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"

using namespace mlir;
using namespace tenon::tile;

/// True if every dimension of `from` is that of `to` or 1 and the ranks are equal.
static bool broadcasts(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  return from.size() == to.size() && llvm::all_of(llvm::zip(from, to), [](auto pair) {
           return std::get<0>(pair) == 1 || std::get<0>(pair) == std::get<1>(pair);
         });
}

static LogicalResult verifyElement(Operation *op, Type tile, Type view) {
  Type element = cast<ViewType>(view).getElementType();
  if (getElementTypeOrSelf(tile) == element)
    return success();
  return op->emitOpError("moves elements of type ")
         << getElementTypeOrSelf(tile) << " through a view of " << element << " (access_c1)";
}

static LogicalResult verifyMask(Operation *op, Value mask, Type tile) {
  if (!mask || !isa<RankedTensorType>(mask.getType()) ||
      broadcasts(shapeOf(mask.getType()), shapeOf(tile)))
    return success();
  return op->emitOpError("has a mask of type ")
         << mask.getType() << " that does not broadcast to " << tile << " (access_c3)";
}

static LogicalResult verifyFill(Operation *op, Value mask, Value fill, Type tile) {
  if (fill && !mask)
    return op->emitOpError("has a fill without a mask (access_c4)");
  if (fill && fill.getType() != getElementTypeOrSelf(tile))
    return op->emitOpError("has a fill of type ")
           << fill.getType() << ", not " << getElementTypeOrSelf(tile) << " (access_c4)";
  return success();
}

static LogicalResult verifyStrides(Operation *op, ArrayRef<int64_t> fixed, size_t dynamic,
                                   Type tile) {
  size_t wanted = llvm::count_if(fixed, [](int64_t s) { return ShapedType::isDynamic(s); });
  if (fixed.size() != shapeOf(tile).size() || wanted != dynamic)
    return op->emitOpError("has ") << fixed.size() << " strides for a tile of rank "
                                   << shapeOf(tile).size() << " (access_c2)";
  return success();
}

LogicalResult LoadOp::verify() {
  Type tile = getType();
  if (failed(verifyElement(*this, tile, getView().getType())) ||
      failed(verifyStrides(*this, getStaticStrides(), getStrides().size(), tile)) ||
      failed(verifyMask(*this, getMask(), tile)))
    return failure();
  return verifyFill(*this, getMask(), getFill(), tile);
}

LogicalResult StoreOp::verify() {
  Type tile = getValue().getType();
  if (failed(verifyElement(*this, tile, getView().getType())) ||
      failed(verifyStrides(*this, getStaticStrides(), getStrides().size(), tile)))
    return failure();
  return verifyMask(*this, getMask(), tile);
}

LogicalResult GatherOp::verify() {
  if (shapeOf(getType()) != shapeOf(getIndices().getType()))
    return emitOpError("has indices of type ")
           << getIndices().getType() << " for a tile of type " << getType();
  if (failed(verifyElement(*this, getType(), getView().getType())) ||
      failed(verifyMask(*this, getMask(), getType())))
    return failure();
  return verifyFill(*this, getMask(), getFill(), getType());
}

LogicalResult ScatterOp::verify() {
  Type tile = getValue().getType();
  if (shapeOf(tile) != shapeOf(getIndices().getType()))
    return emitOpError("has indices of type ")
           << getIndices().getType() << " for a tile of type " << tile;
  if (failed(verifyElement(*this, tile, getView().getType())))
    return failure();
  return verifyMask(*this, getMask(), tile);
}

LogicalResult IotaOp::verify() {
  if (getDim() < shapeOf(getType()).size())
    return success();
  return emitOpError("counts along dimension ") << getDim() << " of " << getType() << " (iota_c1)";
}

LogicalResult SplatOp::verify() {
  if (getScalar().getType() == getElementTypeOrSelf(getType()))
    return success();
  return emitOpError("fills ") << getType() << " with " << getScalar().getType() << " (splat_c1)";
}

LogicalResult ExtractOp::verify() {
  auto tile = cast<RankedTensorType>(getTile().getType());
  if (tile.getNumElements() == 1 && tile.getElementType() == getType())
    return success();
  return emitOpError("takes one ") << getType() << " from " << tile << " (extract_c1)";
}

LogicalResult BroadcastOp::verify() {
  Type from = getTile().getType();
  if (getElementTypeOrSelf(from) == getElementTypeOrSelf(getType()) &&
      broadcasts(shapeOf(from), shapeOf(getType())))
    return success();
  return emitOpError("cannot repeat ") << from << " to " << getType() << " (broadcast_c1)";
}

static bool suits(ReduceKind kind, Type element) {
  switch (kind) {
  case ReduceKind::Add:
  case ReduceKind::Mul:
  case ReduceKind::Max:
  case ReduceKind::Min:
    return true;
  default:
    return element.isIntOrIndex();
  }
}

LogicalResult ReduceOp::verify() {
  auto from = cast<RankedTensorType>(getTile().getType());
  SmallVector<int64_t> shape(from.getShape());
  if (getDim() < shape.size())
    shape[getDim()] = 1;
  if (getDim() >= shape.size() || getType() != from.clone(shape))
    return emitOpError("cannot reduce dimension ")
           << getDim() << " of " << from << " to " << getType() << " (reduce_c1)";
  if (!suits(getKind(), from.getElementType()))
    return emitOpError("combines ")
           << from.getElementType() << " by '" << stringifyReduceKind(getKind()) << "' (reduce_c2)";
  return success();
}

/// dot_c2: the element types a product may have.
static bool mayAccumulate(Type a, Type b, Type acc) {
  if (a != b)
    return false;
  return a == acc || (acc.isF32() && (a.isF16() || a.isBF16())) ||
         (acc.isInteger(32) && a.isInteger(8));
}

LogicalResult DotOp::verify() {
  auto a = cast<RankedTensorType>(getA().getType()), b = cast<RankedTensorType>(getB().getType()),
       acc = cast<RankedTensorType>(getAcc().getType());
  int64_t rank = acc.getRank();
  if (rank < 2 || a.getRank() != rank || b.getRank() != rank ||
      a.getShape().drop_back(2) != acc.getShape().drop_back(2) ||
      b.getShape().drop_back(2) != acc.getShape().drop_back(2) ||
      a.getDimSize(rank - 2) != acc.getDimSize(rank - 2) ||
      b.getDimSize(rank - 1) != acc.getDimSize(rank - 1) ||
      a.getDimSize(rank - 1) != b.getDimSize(rank - 2))
    return emitOpError("cannot multiply ") << a << " by " << b << " into " << acc << " (dot_c1)";
  if (!mayAccumulate(a.getElementType(), b.getElementType(), acc.getElementType()))
    return emitOpError("cannot accumulate ")
           << a.getElementType() << " times " << b.getElementType() << " in "
           << acc.getElementType() << " (dot_c2)";
  return success();
}
