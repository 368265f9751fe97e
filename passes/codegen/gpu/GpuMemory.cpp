//===- GpuMemory.cpp - Loads and stores of a thread's elements ----*- C++ -*-===//
//
// Each element of a tile that this thread holds has a place: an address and a mask.
// Elements of one mask are accessed under one branch, so that a masked-off address
// is never touched. A tile that all threads hold alike is read by all and written
// by the first.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/GpuEmitter.h"

#include "dialects/tile/Schedules.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tenon::tile {

static bool isBool(Type tile) { return getElementTypeOrSelf(tile).isInteger(1); }
static Type storedType(VectorBuilder &builder, Type element) {
  return element.isInteger(1) ? builder.getI8Type() : element;
}

/// The mask of a piece; null if there is none or it always holds.
static Value maskAt(const Fragments *mask, const TileLayout &layout, int64_t piece) {
  if (!mask)
    return {};
  int64_t count = layout.chunks().size();
  Value value = mask->broadcastPiece(layout, piece / count, piece % count).value;
  return matchPattern(value, m_One()) ? Value() : value;
}

SmallVector<GpuEmitter::Place> GpuEmitter::stridedPlaces(Value view, Value offset,
                                                         ArrayRef<OpFoldResult> mixed, Type tile,
                                                         Value maskTile) {
  TileLayout layout = layoutOf(tile);
  SmallVector<OpFoldResult> strides = emittedStrides(mixed);
  Type element = storedType(builder, elementOf(tile));
  const Fragments *mask = maskTile ? &fragments(maskTile) : nullptr;
  auto scaled = [&](OpFoldResult stride, Value count) {
    auto constant = getConstantIntValue(stride);
    return builder.mul(count, constant ? builder.i64(*constant) : cast<Value>(stride));
  };
  Value base = builder.address(element, pointers.lookup(view), scalar(offset));
  ArrayRef<int64_t> shape = shapeOf(tile);
  SmallVector<Spread> spreads;
  for (unsigned dim = 0; dim < shape.size(); ++dim) {
    spreads.push_back(spreadOf(shape, dim));
    if (Value part = isConstantIntValue(strides[dim], 0) ? Value() : threadPart(shape, dim))
      base = builder.address(element, base, scaled(strides[dim], part));
  }

  SmallVector<Place> places;
  std::map<std::pair<std::vector<int64_t>, void *>, int64_t> seen;
  for (int64_t piece = 0; piece < layout.pieces(); ++piece) {
    SmallVector<int64_t> at = layout.coordinates(piece / layout.inner());
    if (!layout.shape().empty())
      at.push_back(piece % layout.inner());
    for (auto [position, spread] : llvm::zip(at, spreads))
      position = spread.registers[position];
    Place place{base, maskAt(mask, layout, piece)};
    int64_t fixed = 0;
    for (auto [coordinate, stride] : llvm::zip(at, strides)) {
      auto constant = getConstantIntValue(stride);
      if (constant == 0)
        coordinate = 0;
      else if (constant)
        fixed += *constant * coordinate;
      else if (coordinate)
        place.pointer = builder.address(element, place.pointer,
                                        scaled(stride, builder.i64(coordinate)));
    }
    place.pointer = builder.address(element, place.pointer, fixed);
    auto [known, isNew] = seen.try_emplace(
        {std::vector<int64_t>(at.begin(), at.end()), place.mask.getAsOpaquePointer()}, piece);
    place.same = isNew ? -1 : known->second;
    places.push_back(place);
  }
  return places;
}

SmallVector<GpuEmitter::Place> GpuEmitter::indexedPlaces(Value view, Value indices,
                                                         Value maskTile) {
  TileLayout layout = layoutOf(indices.getType());
  const Fragments *mask = maskTile ? &fragments(maskTile) : nullptr;
  Type i64 = builder.getI64Type();
  SmallVector<Place> places;
  Type element =
      storedType(builder, cast<ViewType>(view.getType()).getElementType());
  for (int64_t piece = 0; piece < layout.pieces(); ++piece) {
    Value index = fragments(indices)[piece].value;
    if (index.getType() != i64)
      index = arith::ExtSIOp::create(builder, i64, index);
    places.push_back({builder.address(element, pointers.lookup(view), index),
                      maskAt(mask, layout, piece)});
  }
  return places;
}

/// The numbers of the places that are accessed, by mask.
template <typename Places>
static llvm::MapVector<Value, SmallVector<int64_t>> byMask(const Places &places) {
  llvm::MapVector<Value, SmallVector<int64_t>> groups;
  for (auto [number, place] : llvm::enumerate(places))
    if (place.same < 0)
      groups[place.mask].push_back(number);
  return groups;
}

/// Aligned neighbours (kVectorAttr) that one thread holds are read at once, 16 bytes
/// at most.
void GpuEmitter::joinNeighbours(LoadOp op, MutableArrayRef<Place> places) {
  auto vector = op->getAttrOfType<IntegerAttr>(kVectorAttr);
  unsigned bits = elementOf(op.getType()).getIntOrFloatBitWidth();
  if (!vector || isBool(op.getType()) || bits < 16 ||
      llvm::any_of(places, [](const Place &place) { return place.same >= 0; }))
    return;
  int64_t lanes = std::min<int64_t>(vector.getInt(), 128 / bits), step = 1;
  ArrayRef<int64_t> shape = shapeOf(op.getType());
  SmallVector<OpFoldResult> strides = op.getMixedStrides();
  for (size_t dim = shape.size(); dim-- > 0;) {
    Spread spread = spreadOf(shape, dim);
    int64_t held = spread.registers.size();
    if (shape[dim] == 1 || !isConstantIntValue(strides[dim], 1)) {
      step *= held;
      continue;
    }
    while (lanes > 1 && (held % lanes || spread.registers[lanes - 1] != lanes - 1))
      lanes /= 2;
    for (int64_t number = 0; number < int64_t(places.size()); ++number) {
      int64_t lane = number / step % held % lanes, leader = number - lane * step;
      places[number].mask = places[leader].mask;
      if (lanes > 1)
        places[number].leader = leader, places[number].lane = lane, places[number].lanes = lanes;
    }
    return;
  }
}

void GpuEmitter::loadPlaces(Operation *op, Value view, ArrayRef<Place> places, Value fill) {
  Type tile = op->getResult(0).getType(), element = elementOf(tile);
  Type stored = storedType(builder, element);
  if (cast<ViewType>(view.getType()).getSpace() == MemorySpace::Scratch)
    beforeScratch(/*isStore=*/false);
  llvm::DenseMap<int64_t, Value> vectors;
  auto loadOne = [&](const Place &place) -> Value {
    if (place.leader >= 0) {
      Value &vector = vectors[place.leader];
      if (!vector)
        vector = LLVM::LoadOp::create(builder, VectorType::get({place.lanes}, stored),
                                      places[place.leader].pointer,
                                      place.lanes * stored.getIntOrFloatBitWidth() / 8);
      return builder.lane(vector, place.lane);
    }
    Value value = builder.load(stored, place.pointer);
    if (!isBool(tile))
      return value;
    return arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, value, builder.zero(stored));
  };
  SmallVector<Piece> pieces(places.size());
  for (auto &[mask, numbers] : byMask(places)) {
    if (!mask) {
      for (int64_t number : numbers)
        pieces[number] = {loadOne(places[number]), false};
      continue;
    }
    Value other = fill ? fill : builder.zero(element);
    Block *load = newBlock(), *merge = newBlock();
    LLVM::CondBrOp::create(builder, mask, load, ValueRange{}, merge,
                           SmallVector<Value>(numbers.size(), other));
    enter(load);
    SmallVector<Value> loaded;
    for (int64_t number : numbers) {
      loaded.push_back(loadOne(places[number]));
      pieces[number] = {merge->addArgument(element, op->getLoc()), false};
    }
    LLVM::BrOp::create(builder, loaded, merge);
    enter(merge);
  }
  for (auto [piece, place] : llvm::zip(pieces, places))
    if (place.same >= 0)
      piece = pieces[place.same];
  define(op->getResult(0), layoutOf(tile), std::move(pieces));
}

/// Whether this thread writes its elements of such a tile; null if all do.
Value GpuEmitter::owner(Type tile) {
  ArrayRef<int64_t> shape = shapeOf(tile);
  int64_t others = threads - 1; // bits of the thread number that change nothing
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    for (ThreadBit bit : spreadOf(shape, dim).threads)
      others &= ~(int64_t(1) << bit.bit);
  if (others == threads - 1)
    return isFirst;
  if (!others)
    return {};
  Type i32 = builder.getI32Type();
  Value rest = arith::AndIOp::create(builder, thread, builder.integer(i32, others));
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, rest, builder.integer(i32, 0));
}

void GpuEmitter::storePlaces(Value view, ArrayRef<Place> places, Value tile) {
  if (cast<ViewType>(view.getType()).getSpace() == MemorySpace::Scratch)
    beforeScratch(/*isStore=*/true);
  const Fragments &value = fragments(tile);
  Type stored = storedType(builder, elementOf(tile.getType()));
  Value own = owner(tile.getType());
  for (auto &[mask, numbers] : byMask(places)) {
    Value on = mask && own ? arith::AndIOp::create(builder, mask, own).getResult()
               : mask      ? mask
                           : own;
    Block *write = on ? newBlock() : nullptr, *next = on ? newBlock() : nullptr;
    if (on) {
      LLVM::CondBrOp::create(builder, on, write, next);
      enter(write);
    }
    for (int64_t number : numbers) {
      Value element = value[number].value;
      if (isBool(tile.getType()))
        element = arith::ExtUIOp::create(builder, stored, element);
      builder.store(element, places[number].pointer);
    }
    if (on) {
      LLVM::BrOp::create(builder, ValueRange{}, next);
      enter(next);
    }
  }
}

LogicalResult GpuEmitter::emitLoad(LoadOp op) {
  auto places = stridedPlaces(op.getView(), op.getOffset(), op.getMixedStrides(), op.getType(),
                              op.getMask());
  joinNeighbours(op, places);
  loadPlaces(op, op.getView(), places, op.getFill() ? scalar(op.getFill()) : Value());
  return success();
}

LogicalResult GpuEmitter::emitStore(StoreOp op) {
  auto places = stridedPlaces(op.getView(), op.getOffset(), op.getMixedStrides(),
                              op.getValue().getType(), op.getMask());
  storePlaces(op.getView(), places, op.getValue());
  return success();
}

LogicalResult GpuEmitter::emitGather(GatherOp op) {
  auto places = indexedPlaces(op.getView(), op.getIndices(), op.getMask());
  loadPlaces(op, op.getView(), places, op.getFill() ? scalar(op.getFill()) : Value());
  return success();
}

LogicalResult GpuEmitter::emitScatter(ScatterOp op) {
  storePlaces(op.getView(), indexedPlaces(op.getView(), op.getIndices(), op.getMask()),
              op.getValue());
  return success();
}

} // namespace tenon::tile
