//===- EmitTiles.cpp - Operations that change a tile's shape ------*- C++ -*-===//
//
// Broadcasts choose among existing pieces. Reductions combine pieces pairwise and
// then the lanes of one vector by halves: a fixed tree. A product walks rows
// outermost and columns innermost, the order in which an accumulator of up to 31
// registers stays in registers.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/TileEmitter.h"

using namespace mlir;

namespace tenon::tile {

LogicalResult TileEmitter::emitBroadcast(BroadcastOp op) {
  TileLayout layout = layoutOf(op.getType());
  const Fragments &from = fragments(op.getTile());
  SmallVector<Piece> pieces;
  for (int64_t row = 0; row < layout.rows(); ++row)
    for (size_t chunk = 0; chunk < layout.chunks().size(); ++chunk)
      pieces.push_back(from.broadcastPiece(layout, row, chunk));
  return define(op, std::move(layout), std::move(pieces)), success();
}

LogicalResult TileEmitter::emitIota(IotaOp op) {
  TileLayout layout = layoutOf(op.getType());
  Type element = elementOf(op.getType());
  bool innermost = op.getDim() + 1 == layout.shape().size();
  SmallVector<Piece> pieces;
  for (int64_t index = 0; index < layout.pieces(); ++index) {
    auto [begin, lanes] = layout.chunkOf(index);
    if (!innermost || lanes == 1) {
      int64_t row = index / layout.chunks().size();
      int64_t at = innermost ? begin : layout.coordinates(row)[op.getDim()];
      pieces.push_back({builder.integer(element, at), true});
      continue;
    }
    SmallVector<Attribute> numbers;
    for (int64_t lane = 0; lane < lanes; ++lane)
      numbers.push_back(builder.getIntegerAttr(element, begin + lane));
    auto attr = DenseElementsAttr::get(VectorType::get({lanes}, element), numbers);
    pieces.push_back({arith::ConstantOp::create(builder, attr), false});
  }
  return define(op, std::move(layout), std::move(pieces)), success();
}

/// a combined with b. The sign of a zero among zeros is not specified, as in NumPy.
Value combine(VectorBuilder &builder, ReduceKind kind, Value a, Value b) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(a.getType()));
  auto nsz = arith::FastMathFlags::nsz;
  switch (kind) {
  case ReduceKind::Add:
    return isFloat ? Value(arith::AddFOp::create(builder, a, b))
                   : Value(arith::AddIOp::create(builder, a, b));
  case ReduceKind::Mul:
    return isFloat ? Value(arith::MulFOp::create(builder, a, b))
                   : Value(arith::MulIOp::create(builder, a, b));
  case ReduceKind::Max:
    return isFloat ? Value(arith::MaximumFOp::create(builder, a, b, nsz))
                   : Value(arith::MaxSIOp::create(builder, a, b));
  case ReduceKind::Min:
    return isFloat ? Value(arith::MinimumFOp::create(builder, a, b, nsz))
                   : Value(arith::MinSIOp::create(builder, a, b));
  case ReduceKind::MaxU:
    return arith::MaxUIOp::create(builder, a, b);
  case ReduceKind::MinU:
    return arith::MinUIOp::create(builder, a, b);
  case ReduceKind::And:
    return arith::AndIOp::create(builder, a, b);
  case ReduceKind::Or:
    return arith::OrIOp::create(builder, a, b);
  case ReduceKind::Xor:
    return arith::XOrIOp::create(builder, a, b);
  }
  llvm_unreachable("all kinds are handled");
}

Value combineTree(VectorBuilder &builder, ReduceKind kind, SmallVector<Value> all) {
  while (all.size() > 1) {
    SmallVector<Value> next;
    for (size_t i = 0; i + 1 < all.size(); i += 2)
      next.push_back(combine(builder, kind, all[i], all[i + 1]));
    if (all.size() % 2)
      next.push_back(all.back());
    all = std::move(next);
  }
  return all.front();
}

/// The lanes of a vector into one scalar: upper half with lower half, and again.
static Value combineLanes(VectorBuilder &builder, ReduceKind kind, Value vector) {
  for (int64_t half = lanesOf(vector.getType()) / 2; half >= 1; half /= 2) {
    auto lower = llvm::to_vector(llvm::seq<int32_t>(0, half));
    auto upper = llvm::to_vector(llvm::seq<int32_t>(half, 2 * half));
    vector = combine(builder, kind, builder.shuffle(vector, vector, lower),
                     builder.shuffle(vector, vector, upper));
  }
  return builder.lane(vector, 0);
}

LogicalResult TileEmitter::emitReduce(ReduceOp op) {
  const Fragments &from = fragments(op.getTile());
  TileLayout layout = layoutOf(op.getType());
  ArrayRef<Chunk> chunks = from.layout.chunks();
  auto vectorAt = [&](int64_t row, size_t chunk) {
    return vectorOf(from[row * chunks.size() + chunk], chunks[chunk].lanes);
  };
  SmallVector<Piece> pieces;
  if (op.getDim() + 1 == layout.shape().size()) {
    for (int64_t row = 0; row < layout.rows(); ++row) {
      // Full vectors first, then what is narrower.
      SmallVector<Value> parts, scalars;
      for (size_t chunk = 0; chunk < chunks.size(); ++chunk) {
        if (chunks[chunk].lanes == chunks[0].lanes)
          parts.push_back(vectorAt(row, chunk));
        else
          scalars.push_back(combineLanes(builder, op.getKind(), vectorAt(row, chunk)));
      }
      Value whole =
          combineLanes(builder, op.getKind(), combineTree(builder, op.getKind(), std::move(parts)));
      scalars.insert(scalars.begin(), whole);
      pieces.push_back({combineTree(builder, op.getKind(), std::move(scalars)), false});
    }
    return define(op, std::move(layout), std::move(pieces)), success();
  }
  for (int64_t row = 0; row < layout.rows(); ++row)
    for (size_t chunk = 0; chunk < chunks.size(); ++chunk) {
      SmallVector<int64_t> at = layout.coordinates(row);
      SmallVector<Value> parts;
      for (int64_t i = 0; i < from.layout.shape()[op.getDim()]; ++i) {
        at[op.getDim()] = i;
        parts.push_back(vectorAt(from.layout.rowAt(at), chunk));
      }
      pieces.push_back({combineTree(builder, op.getKind(), std::move(parts)), false});
    }
  return define(op, std::move(layout), std::move(pieces)), success();
}

/// An operand of a product in the type that it is accumulated in.
static Value widen(VectorBuilder &builder, Value value, Type accumulator) {
  Type type = vectorType(getElementTypeOrSelf(accumulator), lanesOf(value.getType()));
  if (value.getType() == type)
    return value;
  if (isa<FloatType>(getElementTypeOrSelf(type)))
    return arith::ExtFOp::create(builder, type, value);
  return arith::ExtSIOp::create(builder, type, value);
}

static Value multiplyAdd(VectorBuilder &builder, Value a, Value b, Value acc) {
  if (isa<FloatType>(getElementTypeOrSelf(acc.getType())))
    return math::FmaOp::create(builder, a, b, acc);
  return arith::AddIOp::create(builder, acc, arith::MulIOp::create(builder, a, b));
}

/// Element (row, k) of a tile as a scalar.
static Value elementAt(VectorBuilder &builder, const Fragments &tile, int64_t row, int64_t k) {
  ArrayRef<Chunk> chunks = tile.layout.chunks();
  const Chunk *chunk = llvm::find_if(chunks, [&](const Chunk &c) { return k < c.begin + c.lanes; });
  Piece piece = tile[row * chunks.size() + (chunk - chunks.begin())];
  return piece.splat ? piece.value : builder.lane(piece.value, k - chunk->begin);
}

LogicalResult TileEmitter::emitDot(DotOp op) {
  const Fragments &a = fragments(op.getA()), &b = fragments(op.getB());
  const Fragments &acc = fragments(op.getAcc());
  TileLayout layout = acc.layout;
  int64_t rank = layout.shape().size(), rows = layout.shape()[rank - 2];
  int64_t depth = shapeOf(op.getB().getType())[rank - 2];
  ArrayRef<Chunk> chunks = layout.chunks();
  Type element = elementOf(op.getType());
  SmallVector<Value> sums;
  for (auto [index, piece] : llvm::enumerate(acc.pieces))
    sums.push_back(vectorOf(piece, layout.chunkOf(index).lanes));

  for (int64_t batch = 0; batch < layout.rows() / rows; ++batch)
    for (int64_t k = 0; k < depth; ++k) {
      SmallVector<Value> right;
      for (auto [index, chunk] : llvm::enumerate(chunks)) {
        Piece piece = b[(batch * depth + k) * chunks.size() + index];
        right.push_back(widen(builder, vectorOf(piece, chunk.lanes), element));
      }
      for (int64_t row = batch * rows; row < (batch + 1) * rows; ++row) {
        Value left = widen(builder, elementAt(builder, a, row, k), element);
        for (auto [index, chunk] : llvm::enumerate(chunks)) {
          Value &sum = sums[row * chunks.size() + index];
          sum = multiplyAdd(builder, builder.splat(left, chunk.lanes), right[index], sum);
        }
      }
    }
  SmallVector<Piece> pieces;
  for (Value sum : sums)
    pieces.push_back({sum, false});
  return define(op, std::move(layout), std::move(pieces)), success();
}

} // namespace tenon::tile
