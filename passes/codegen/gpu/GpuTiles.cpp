//===- GpuTiles.cpp - Coordinates, reductions, products -----------*- C++ -*-===//
//
// A reduction along the innermost dimension:
//
//   1. the thread's own registers, pairwise;
//   2. a butterfly of shuffles inside each warp: log2 rounds, after which every
//      lane holds the result, in the same order of operations for all;
//   3. where several warps hold a row, lane 0 of each writes its part to shared
//      memory and every thread combines the parts in order.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/GpuEmitter.h"

using namespace mlir;

namespace tenon::tile {

LogicalResult GpuEmitter::emitIota(IotaOp op) {
  ArrayRef<int64_t> shape = shapeOf(op.getType());
  unsigned dim = op.getDim();
  Value first = threadPart(shape, dim);
  if (!first)
    return TileEmitter::emitIota(op);
  TileLayout layout = layoutOf(op.getType());
  Spread spread = spreadOf(shape, dim);
  Type element = elementOf(op.getType());
  if (element.getIntOrFloatBitWidth() < 64)
    first = arith::TruncIOp::create(builder, element, first);
  SmallVector<Piece> pieces;
  for (int64_t index = 0; index < layout.pieces(); ++index) {
    SmallVector<int64_t> at = layout.coordinates(index / layout.inner());
    at.push_back(index % layout.inner());
    pieces.push_back(
        {builder.add(first, builder.integer(element, spread.registers[at[dim]])), false});
  }
  return define(op, std::move(layout), std::move(pieces)), success();
}

/// The value of the lane whose number differs in this bit.
Value GpuEmitter::exchange(Value value, int64_t distance) {
  Type type = value.getType(), i32 = builder.getI32Type();
  unsigned bits = type.getIntOrFloatBitWidth();
  auto shuffle = [&](Value word) -> Value {
    return NVVM::ShflOp::create(builder, word.getType(), builder.integer(i32, -1), word,
                                builder.integer(i32, distance), builder.integer(i32, 31),
                                NVVM::ShflKind::bfly, UnitAttr());
  };
  if (type.isF32() || type.isInteger(32))
    return shuffle(value);
  Type whole = builder.getIntegerType(bits);
  Value integer = isa<FloatType>(type) ? arith::BitcastOp::create(builder, whole, value) : value;
  Value result;
  if (bits < 32) {
    Value moved = shuffle(arith::ExtUIOp::create(builder, i32, integer));
    result = arith::TruncIOp::create(builder, whole, moved);
  } else {
    Value half = builder.i64(32);
    Value low = shuffle(arith::TruncIOp::create(builder, i32, integer));
    Value high = shuffle(arith::TruncIOp::create(
        builder, i32, arith::ShRUIOp::create(builder, integer, half).getResult()));
    Value wide = arith::ExtUIOp::create(builder, whole, high);
    result = arith::OrIOp::create(builder, arith::ShLIOp::create(builder, wide, half).getResult(),
                                  arith::ExtUIOp::create(builder, whole, low).getResult());
  }
  return isa<FloatType>(type) ? arith::BitcastOp::create(builder, type, result) : result;
}

/// Over the lanes that the bits number, the highest first.
Value GpuEmitter::combineThreads(ReduceKind kind, Value value, ArrayRef<ThreadBit> bits) {
  for (ThreadBit bit : llvm::reverse(bits))
    if (bit.bit < 5)
      value = combine(builder, kind, value, exchange(value, int64_t(1) << bit.bit));
  return value;
}

/// Each row's parts, one per warp that holds it, into its result in all threads.
void GpuEmitter::combineWarps(ReduceKind kind, MutableArrayRef<Value> rows, int64_t count) {
  int64_t warps = count / 32, all = threads / 32;
  Type i32 = builder.getI32Type(), type = rows.front().getType();
  bool isBool = type.isInteger(1);
  Type stored = isBool ? builder.getI8Type() : type;
  Value warp = arith::ShRUIOp::create(builder, thread, builder.integer(i32, 5));
  Value lane = arith::AndIOp::create(builder, thread, builder.integer(i32, 31));
  Value isLane0 =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, lane, builder.integer(i32, 0));
  if (hazards.reduced)
    barrier();
  auto place = [&](Value number, int64_t row) {
    Value wide = arith::ExtUIOp::create(builder, builder.getI64Type(), number);
    return builder.address(stored, builder.address(stored, partials, wide), row * all);
  };
  Block *write = newBlock(), *next = newBlock();
  LLVM::CondBrOp::create(builder, isLane0, write, next);
  enter(write);
  for (auto [row, value] : llvm::enumerate(rows))
    builder.store(isBool ? arith::ExtUIOp::create(builder, stored, value).getResult() : value,
                  place(warp, row));
  LLVM::BrOp::create(builder, ValueRange{}, next);
  enter(next);
  barrier();
  Value first = arith::AndIOp::create(builder, warp, builder.integer(i32, -warps));
  for (auto [row, value] : llvm::enumerate(rows)) {
    SmallVector<Value> parts;
    Value start = place(first, row);
    for (int64_t i = 0; i < warps; ++i) {
      Value part = builder.load(stored, builder.address(stored, start, i));
      parts.push_back(isBool ? arith::TruncIOp::create(builder, type, part).getResult() : part);
    }
    value = combineTree(builder, kind, std::move(parts));
  }
  hazards.reduced = true;
}

LogicalResult GpuEmitter::emitReduce(ReduceOp op) {
  ArrayRef<int64_t> shape = shapeOf(op.getTile().getType());
  Spread spread = spreadOf(shape, op.getDim());
  if (spread.threads.empty())
    return TileEmitter::emitReduce(op);
  const Fragments &from = fragments(op.getTile());
  TileLayout layout = layoutOf(op.getType());
  int64_t held = spread.registers.size(), inner = 1;
  for (int64_t size : from.layout.shape().drop_front(op.getDim() + 1))
    inner *= size;
  SmallVector<Value> rows;
  for (int64_t row = 0; row < layout.pieces(); ++row) {
    SmallVector<Value> own;
    for (int64_t i = 0; i < held; ++i)
      own.push_back(from[row / inner * held * inner + i * inner + row % inner].value);
    Value sum = combineTree(builder, op.getKind(), std::move(own));
    rows.push_back(combineThreads(op.getKind(), sum, spread.threads));
  }
  bool hasWarps = llvm::any_of(spread.threads, [](ThreadBit bit) { return bit.bit >= 5; });
  if (hasWarps && distribution)
    return op.emitError("reduces over the warps of a product's tile");
  if (hasWarps)
    combineWarps(op.getKind(), rows, std::min(shape[op.getDim()], threads));
  SmallVector<Piece> pieces;
  for (Value row : rows)
    pieces.push_back({row, false});
  return define(op, std::move(layout), std::move(pieces)), success();
}

/// Every thread has its columns of b and acc, and all of a, which must not lie
/// over threads.
LogicalResult GpuEmitter::emitDot(DotOp op) {
  if (innerSize(op.getA().getType()) > 1)
    return op.emitError("has a left side that lies over threads");
  return TileEmitter::emitDot(op);
}

} // namespace tenon::tile
