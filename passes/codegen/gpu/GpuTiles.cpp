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
  int64_t size = innerSize(op.getType());
  if (op.getDim() + 1 != shapeOf(op.getType()).size() || size == 1)
    return TileEmitter::emitIota(op);
  TileLayout layout = layoutOf(op.getType());
  Type element = elementOf(op.getType());
  Value first = lane(size);
  if (element.getIntOrFloatBitWidth() < 64)
    first = arith::TruncIOp::create(builder, element, first);
  SmallVector<Piece> pieces;
  for (int64_t index = 0; index < layout.pieces(); ++index) {
    int64_t step = index % layout.inner() * threads;
    pieces.push_back({builder.add(first, builder.integer(element, step)), false});
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

Value GpuEmitter::combineThreads(ReduceKind kind, Value value, int64_t count) {
  for (int64_t distance = std::min<int64_t>(count, 32) / 2; distance >= 1; distance /= 2)
    value = combine(builder, kind, value, exchange(value, distance));
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
  int64_t size = innerSize(op.getTile().getType());
  if (op.getDim() + 1 != shapeOf(op.getType()).size() || size == 1)
    return TileEmitter::emitReduce(op);
  const Fragments &from = fragments(op.getTile());
  TileLayout layout = layoutOf(op.getType());
  int64_t held = from.layout.inner(), count = std::min(size, threads);
  SmallVector<Value> rows;
  for (int64_t row = 0; row < layout.rows(); ++row) {
    SmallVector<Value> own;
    for (int64_t i = 0; i < held; ++i)
      own.push_back(from[row * held + i].value);
    Value sum = combineTree(builder, op.getKind(), std::move(own));
    rows.push_back(combineThreads(op.getKind(), sum, count));
  }
  if (count > 32)
    combineWarps(op.getKind(), rows, count);
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
