//===- PipelineCopy.cpp - Operands from global to shared memory ---*- C++ -*-===//
//
// Threads lie along the contiguous dimension first, each with a vector, so that a
// warp reads whole lines. What does not change from step to step is computed once.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/Pipeline.h"

#include "dialects/tile/Schedules.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tenon::tile {

/// The dimension of stride 1 of a load; -1 if there is none.
static int contiguousDim(LoadOp load) {
  ArrayRef<int64_t> shape = shapeOf(load.getType());
  for (auto [dim, stride] : llvm::enumerate(load.getMixedStrides()))
    if (shape[dim] > 1 && isConstantIntValue(stride, 1))
      return dim;
  return -1;
}

/// The operations of the body that a tile is computed from, in order; those that
/// depend on the induction variable in `perStep`.
static void collectSlice(Value tile, scf::ForOp loop, SmallVectorImpl<Operation *> &once,
                         SmallVectorImpl<Operation *> &perStep) {
  llvm::SetVector<Operation *> slice;
  SmallVector<Value> open{tile};
  while (!open.empty()) {
    Operation *op = open.pop_back_val().getDefiningOp();
    if (op && op->getBlock() == loop.getBody() && slice.insert(op))
      open.append(op->operand_begin(), op->operand_end());
  }
  llvm::DenseSet<Value> moving{loop.getInductionVar()};
  for (Operation &op : *loop.getBody()) {
    if (!slice.contains(&op))
      continue;
    bool moves = llvm::any_of(op.getOperands(), [&](Value v) { return moving.contains(v); });
    if (moves)
      moving.insert(op.getResults().begin(), op.getResults().end());
    (moves ? perStep : once).push_back(&op);
  }
}

/// Along which dimension the operand lies contiguous in shared memory: as its memory
/// does.
void Pipeline::chooseInner(Side &side) {
  side.innerDim = 1;
  for (ArrayRef<Operation *> ops : {ArrayRef(side.once), ArrayRef(side.perStep)})
    for (Operation *op : ops)
      if (auto load = dyn_cast<LoadOp>(op))
        if (int dim = contiguousDim(load);
            dim >= 0 && shapeOf(load.getType()) == shapeOf(side.tile.getType()))
          side.innerDim = dim;
}

LogicalResult Pipeline::planSide(Side &side, Value tile, unsigned depthDim) {
  side.tile = tile;
  side.depthDim = depthDim;
  collectSlice(tile, loop, side.once, side.perStep);
  for (ArrayRef<Operation *> ops : {ArrayRef(side.once), ArrayRef(side.perStep)})
    for (Operation *op : ops)
      if (op->getNumRegions() || isa<CheckOp, StoreOp, ScatterOp, ReduceOp, DotOp>(op))
        return op->emitError("cannot stand below a product in a pipeline");
  chooseInner(side);
  ArrayRef<int64_t> shape = shapeOf(tile.getType());
  side.shape[0] = shape[1 - side.innerDim];
  side.shape[1] = shape[side.innerDim];
  side.elementBytes = getElementTypeOrSelf(tile.getType()).getIntOrFloatBitWidth() / 8;
  side.vector = 16 / side.elementBytes;
  if (auto load = tile.getDefiningOp<LoadOp>()) {
    auto vector = load->getAttrOfType<IntegerAttr>(kVectorAttr);
    int64_t neighbours = vector ? std::min(vector.getInt(), side.vector) : 1;
    if (!load.getFill() && contiguousDim(load) == int(side.innerDim) &&
        neighbours * side.elementBytes >= 4) {
      side.direct = load;
      side.vector = neighbours;
    }
  }
  return layOut(side);
}

/// The element numbers that a layout's thread bits stand for.
static SmallVector<std::pair<unsigned, uint64_t>> threadElements(const Layout &layout) {
  SmallVector<std::pair<unsigned, uint64_t>> result;
  SmallVector<uint64_t> all(layout.laneBasis());
  all.append(layout.warpBasis().begin(), layout.warpBasis().end());
  for (auto [bit, element] : llvm::enumerate(all))
    if (element)
      result.push_back({unsigned(bit), element});
  return result;
}

/// How the eight lanes of a phase read 16 bytes each: ldmatrix takes neighbours across
/// the contiguous dimension; on CUDA cores lanes are four rows or columns apart.
static Layout readLayout(ArrayRef<int64_t> shape, int64_t vector, bool isTensor, bool depthInner) {
  SmallVector<uint64_t> registers, lanes;
  for (int64_t bit = 1; bit < vector; bit *= 2)
    registers.push_back(bit);
  bool isAcross = isTensor || depthInner;
  int64_t first = isTensor ? 1 : 4, step = isAcross ? shape[1] : 1, size = shape[isAcross ? 0 : 1];
  for (int64_t at = first; at < first * 8 && at < size; at *= 2)
    lanes.push_back(at * step);
  lanes.resize(3, 0);
  return Layout(shape, registers, lanes, {});
}

LogicalResult Pipeline::layOut(Side &side) {
  Layout copy = Layout::blocked(side.shape, side.vector, schedule.threads());
  unsigned outerDim = 1 - side.innerDim;
  side.copies = Distribution(copy, {outerDim, side.innerDim});
  // Neighbours that a read moves: 16 bytes, whatever a copy does.
  int64_t wide = 16 / side.elementBytes;
  Layout writer = Layout::blocked(side.shape, wide, schedule.threads());
  Layout reader = readLayout(side.shape, wide, isTensor, side.depthInner());
  SharedLayout swizzle = swizzleFor(writer, reader, side.elementBytes);
  for (int64_t bit = 1; bit < wide; bit *= 2)
    if (swizzle.offsets().apply(bit) != uint64_t(bit))
      return dot.emitError("has an operand too small to be read in vectors");
  side.write = SharedAddresses(swizzle.offsets(), side.elementBytes, threadElements(copy));
  side.read = SharedAddresses(swizzle.offsets(), side.elementBytes, {});
  return success();
}

SmallVector<std::pair<int64_t, uint64_t>> Pipeline::Side::vectors() const {
  SmallVector<std::pair<int64_t, uint64_t>> result;
  ArrayRef<Spread> spreads = copies.spreads();
  int64_t number = 0;
  for (int64_t first : spreads[0].registers)
    for (int64_t second : spreads[1].registers) {
      int64_t inner = innerDim ? second : first, outer = innerDim ? first : second;
      if (inner % vector == 0)
        result.push_back({number, outer * shape[1] + inner});
      ++number;
    }
  return result;
}

/// Where a vector of the copy goes in a step.
Value Pipeline::writeAddress(Side &side, uint64_t element, Value step) {
  Type i8 = builder.getI8Type();
  uint64_t constant = side.write.constant(element);
  Value offset = builder.add(step, side.writeBases[side.write.low(constant)]);
  return builder.address(i8, builder.address(i8, shared, offset),
                         side.begin + side.write.high(constant));
}

/// Emits operations as the side's copies lie over threads.
LogicalResult Pipeline::emitIn(Side &side, ArrayRef<Operation *> ops, bool isFirst) {
  for (Operation *op : ops) {
    if (op == side.direct)
      continue;
    for (Value operand : op->getOperands())
      if (!side.values.contains(operand) && emitter.values.contains(operand))
        side.values[operand] = emitter.values.find(operand)->second;
    const Distribution *outer = std::exchange(emitter.distribution, &side.copies);
    std::swap(emitter.values, side.values);
    builder.setLoc(op->getLoc());
    LogicalResult result = success();
    if (op->hasAttr(kFirstOnlyAttr) && !isFirst) {
      TileLayout layout = emitter.layoutOf(op->getResult(0).getType());
      SmallVector<Piece> always(layout.pieces(), {builder.integer(builder.getI1Type(), 1), true});
      emitter.define(op->getResult(0), layout, std::move(always));
    } else {
      result = emitter.emitOp(*op);
    }
    std::swap(emitter.values, side.values);
    emitter.distribution = outer;
    if (failed(result))
      return failure();
  }
  return success();
}

/// Whether this thread copies at all; null if all do.
Value Pipeline::ownerOf(Side &side) {
  const Distribution *outer = std::exchange(emitter.distribution, &side.copies);
  Value owner = emitter.owner(side.tile.getType());
  emitter.distribution = outer;
  return owner;
}

LogicalResult Pipeline::copySide(Side &side, Value iv, Value step, bool isFirst) {
  side.values[loop.getInductionVar()] = {TileLayout({}, 1), {Piece{iv, false}}};
  if (failed(emitIn(side, side.perStep, isFirst)))
    return failure();
  Value own = ownerOf(side);
  Block *copy = own ? emitter.newBlock() : nullptr, *next = own ? emitter.newBlock() : nullptr;
  if (own) {
    LLVM::CondBrOp::create(builder, own, copy, next);
    emitter.enter(copy);
  }
  side.direct ? copyDirect(side, step) : storeComputed(side, step);
  if (own) {
    LLVM::BrOp::create(builder, ValueRange{}, next);
    emitter.enter(next);
  }
  return success();
}

/// cp.async of each vector; where it is masked off, zeroes.
void Pipeline::copyDirect(Side &side, Value step) {
  LoadOp load = side.direct;
  const Distribution *outer = std::exchange(emitter.distribution, &side.copies);
  for (Value operand : load->getOperands())
    if (!side.values.contains(operand) && emitter.values.contains(operand))
      side.values[operand] = emitter.values.find(operand)->second;
  std::swap(emitter.values, side.values);
  auto places = emitter.stridedPlaces(load.getView(), load.getOffset(), load.getMixedStrides(),
                                      load.getType(), load.getMask());
  std::swap(emitter.values, side.values);
  emitter.distribution = outer;

  int64_t bytes = side.vector * side.elementBytes;
  Type i32 = builder.getI32Type();
  for (auto [number, element] : side.vectors()) {
    const auto &place = places[number];
    Value count;
    if (place.mask)
      count = builder.select(place.mask, builder.integer(i32, bytes), builder.integer(i32, 0));
    auto cache =
        bytes == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
    NVVM::CpAsyncOp::create(builder, writeAddress(side, element, step), place.pointer, bytes, cache,
                            count);
  }
}

/// Stores what was computed, vector by vector.
void Pipeline::storeComputed(Side &side, Value step) {
  const Fragments &tile = side.values.find(side.tile)->second;
  auto type = VectorType::get({side.vector}, getElementTypeOrSelf(side.tile.getType()));
  int64_t next = side.innerDim == 1 ? 1 : side.copies.spreads()[1].registers.size();
  for (auto [number, element] : side.vectors()) {
    Value vector = LLVM::PoisonOp::create(builder, type);
    for (int64_t i = 0; i < side.vector; ++i)
      vector = builder.withLane(vector, tile[number + i * next].value, i);
    LLVM::StoreOp::create(builder, vector, writeAddress(side, element, step),
                          side.vector * side.elementBytes);
  }
}

} // namespace tenon::tile
