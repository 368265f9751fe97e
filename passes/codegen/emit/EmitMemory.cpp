//===- EmitMemory.cpp - Loads and stores of tiles -----------------*- C++ -*-===//
//
// Finds each piece's address and mask; MemoryAccess.h does the access. Constant
// parts of an address stay constants, so that they end in the instruction. Rows
// that lie at the same address (stride 0) are loaded once. What lies transposed is
// moved in squares (Transpose.h).
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/MemoryAccess.h"
#include "passes/codegen/emit/TileEmitter.h"
#include "passes/codegen/emit/Transpose.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using llvm::BitVector;

namespace tenon::tile {

namespace {

/// Where the pieces of a strided tile lie.
class StridedPieces {
public:
  /// \p strides holds constants and i64 values, one per dimension.
  StridedPieces(VectorBuilder &builder, Type element, Value base, const TileLayout &layout,
                ArrayRef<OpFoldResult> strides)
      : builder(builder), element(element), base(base), layout(layout), strides(strides) {}

  /// The row that lies where \p row does: coordinates of stride 0 read as 0.
  int64_t sourceRow(int64_t row) const {
    SmallVector<int64_t> at = layout.coordinates(row);
    for (auto [dim, coordinate] : llvm::enumerate(at))
      if (isConstantIntValue(strides[dim], 0))
        coordinate = 0;
    return layout.rowAt(at);
  }

  Value pointer(int64_t row, const Chunk &chunk) const {
    int64_t fixed = 0;
    Value dynamic;
    SmallVector<int64_t> at = layout.coordinates(row);
    if (!layout.shape().empty())
      at.push_back(chunk.begin);
    for (auto [dim, coordinate] : llvm::enumerate(at)) {
      if (auto stride = getConstantIntValue(strides[dim])) {
        fixed += *stride * coordinate;
      } else if (coordinate != 0) {
        Value part = builder.mul(cast<Value>(strides[dim]), builder.i64(coordinate));
        dynamic = dynamic ? builder.add(dynamic, part) : part;
      }
    }
    Value start = dynamic ? builder.address(element, base, dynamic) : base;
    return builder.address(element, start, fixed);
  }

  OpFoldResult innerStride() const {
    return strides.empty() ? builder.getIndexAttr(1) : strides.back();
  }

private:
  VectorBuilder &builder;
  Type element;
  Value base;
  const TileLayout &layout;
  ArrayRef<OpFoldResult> strides;
};

} // namespace

/// The mask of a piece, without a value if there is no mask.
static Piece maskOf(const Fragments *mask, const TileLayout &layout, int64_t row, int64_t chunk) {
  if (!mask)
    return {};
  Piece piece = mask->broadcastPiece(layout, row, chunk);
  // A mask that is always on is no mask.
  return matchPattern(piece.value, m_One()) ? Piece{} : piece;
}

/// Strides as this function knows them: constants, or the i64 of a value.
SmallVector<OpFoldResult> TileEmitter::emittedStrides(ArrayRef<OpFoldResult> strides) {
  SmallVector<OpFoldResult> result;
  for (OpFoldResult stride : strides) {
    if (auto constant = getConstantIntValue(stride))
      result.push_back(builder.getIndexAttr(*constant));
    else
      result.push_back(scalar(cast<Value>(stride)));
  }
  return result;
}

/// True if \p op is read only as the left side of products, element by element.
static bool isOnlyLeftOfDot(LoadOp op) {
  return llvm::all_of(op->getUses(), [](OpOperand &use) {
    auto dot = dyn_cast<DotOp>(use.getOwner());
    return dot && use.getOperandNumber() == 0;
  });
}

/// The squares of a tile that lies transposed, turned into the pieces (or parts of
/// pieces) that they cover; other pieces stay empty.
static void loadSquares(VectorBuilder &builder, MemoryAccess &access, const StridedPieces &places,
                        ArrayRef<Square> squares, MutableArrayRef<Piece> pieces,
                        const TileLayout &layout) {
  int64_t count = layout.chunks().size();
  OpFoldResult adjacent = builder.getIndexAttr(1);
  for (const Square &square : squares) {
    const Chunk &chunk = layout.chunks()[square.chunk];
    SmallVector<Value> columns;
    for (int64_t lane = 0; lane < square.size; ++lane) {
      Chunk at{chunk.begin + square.firstLane + lane, 1};
      Value pointer = places.pointer(square.rows.front(), at);
      columns.push_back(access.load(pointer, square.size, adjacent, {}, {}).value);
    }
    SmallVector<Value> rows = transposeSquare(builder, std::move(columns));
    for (auto [row, vector] : llvm::zip(square.rows, rows)) {
      Value &piece = pieces[row * count + square.chunk].value;
      piece = square.firstLane == 0 ? vector : builder.concat(piece, vector);
    }
  }
}

/// The same for a store; \p stored marks the pieces that are done.
static void storeSquares(VectorBuilder &builder, MemoryAccess &access, const StridedPieces &places,
                         ArrayRef<Square> squares, const Fragments &value, BitVector &stored) {
  int64_t count = value.layout.chunks().size();
  OpFoldResult adjacent = builder.getIndexAttr(1);
  for (const Square &square : squares) {
    const Chunk &chunk = value.layout.chunks()[square.chunk];
    SmallVector<Value> rows;
    for (int64_t row : square.rows) {
      Piece piece = value[row * count + square.chunk];
      Value vector = piece.splat ? builder.splat(piece.value, chunk.lanes) : piece.value;
      rows.push_back(builder.slice(vector, square.firstLane, square.size));
      stored.set(row * count + square.chunk);
    }
    for (auto [lane, column] : llvm::enumerate(transposeSquare(builder, std::move(rows)))) {
      Chunk at{chunk.begin + square.firstLane + int64_t(lane), 1};
      access.store({column, false}, places.pointer(square.rows.front(), at), square.size, adjacent,
                   {});
    }
  }
}

/// A load after all that concerns its operands is known.
struct TileEmitter::PlannedLoad {
  MemoryAccess access;
  TileLayout layout;
  SmallVector<OpFoldResult> strides;
  StridedPieces places;
  Value fill;

  /// The pieces that are not there yet.
  void loadPieces(const Fragments *mask, MutableArrayRef<Piece> pieces) {
    int64_t count = layout.chunks().size();
    for (int64_t index = 0; index < layout.pieces(); ++index) {
      int64_t row = index / count, chunk = index % count, source = places.sourceRow(row);
      Piece on = maskOf(mask, layout, row, chunk);
      if (pieces[index].value)
        continue;
      if (source != row && on.value == maskOf(mask, layout, source, chunk).value) {
        pieces[index] = pieces[source * count + chunk];
        continue;
      }
      const Chunk &lanes = layout.chunks()[chunk];
      pieces[index] =
          access.load(places.pointer(row, lanes), lanes.lanes, places.innerStride(), on, fill);
    }
  }
};

/// True if one condition holds for all elements.
static bool isUniform(const Fragments &mask) {
  return mask.pieces.size() == 1 && !isa<VectorType>(mask.pieces.front().value.getType());
}

/// Columns are scalars, and a masked scalar costs several instructions; so does
/// a masked vector whose lanes are apart. Most are inside: if all of the mask
/// holds, the loads of one branch do without it. Where the mask is one for all,
/// the other branch loads nothing.
void TileEmitter::loadByBranch(PlannedLoad &load, const Fragments &mask,
                               MutableArrayRef<Piece> pieces) {
  Block *inside = newBlock(), *edge = newBlock(), *merge = newBlock();
  LLVM::CondBrOp::create(builder, allOf(mask), inside, edge);
  for (Block *block : {inside, edge}) {
    SmallVector<Piece> loaded(pieces.size());
    SmallVector<Value> flat;
    enter(block);
    if (block == inside || !isUniform(mask)) {
      load.loadPieces(block == edge ? &mask : nullptr, loaded);
      for (auto [index, piece] : llvm::enumerate(loaded))
        flat.push_back(vectorOf(piece, load.layout.chunkOf(index).lanes));
    } else {
      for (BlockArgument argument : merge->getArguments())
        flat.push_back(load.fill ? builder.splat(load.fill, lanesOf(argument.getType()))
                                 : builder.zero(argument.getType()));
    }
    LLVM::BrOp::create(builder, flat, merge);
    if (block == inside)
      for (Value value : flat)
        merge->addArgument(value.getType(), value.getLoc());
  }
  for (auto [piece, argument] : llvm::zip(pieces, merge->getArguments()))
    piece = {argument, false};
  enter(merge);
}

LogicalResult TileEmitter::emitLoad(LoadOp op) {
  MemoryAccess access(builder, features, elementOf(op.getType()), spill);
  TileLayout layout(shapeOf(op.getType()), isOnlyLeftOfDot(op) ? 1 : width);
  SmallVector<OpFoldResult> strides = emittedStrides(op.getMixedStrides());
  Value base =
      builder.address(access.stored(), pointers.lookup(op.getView()), scalar(op.getOffset()));
  PlannedLoad load{access, layout, strides,
                   StridedPieces(builder, access.stored(), base, layout, strides),
                   op.getFill() ? scalar(op.getFill()) : Value()};
  const Fragments *mask = op.getMask() ? &fragments(op.getMask()) : nullptr;
  Fragments maskByElement;
  if (mask && layout.inner() > 1 &&
      layout.chunks().size() != layoutOf(op.getType()).chunks().size())
    mask = &(maskByElement = splitLanes(*mask));

  SmallVector<Piece> pieces(layout.pieces());
  if (auto dim = adjacentDimension(layout, strides); dim && !mask)
    loadSquares(builder, load.access, load.places, squaresOf(layout, *dim, width), pieces, layout);
  int64_t lanes = layout.chunks().front().lanes;
  auto stride = lanes > 1 ? getConstantIntValue(load.places.innerStride()) : std::nullopt;
  bool isColumn = layout.pieces() >= 4 && lanes == 1;
  bool isApart = lanes > 1 && (!stride || *stride > 1 || *stride < 0);
  if (mask && (isUniform(*mask) ? isApart : isColumn && mask->pieces.size() > 1))
    loadByBranch(load, *mask, pieces);
  else
    load.loadPieces(mask, pieces);
  return define(op, std::move(layout), std::move(pieces)), success();
}

LogicalResult TileEmitter::emitStore(StoreOp op) {
  Type type = op.getValue().getType();
  MemoryAccess access(builder, features, elementOf(type), spill);
  TileLayout layout = layoutOf(type);
  SmallVector<OpFoldResult> strides = emittedStrides(op.getMixedStrides());
  Value base =
      builder.address(access.stored(), pointers.lookup(op.getView()), scalar(op.getOffset()));
  StridedPieces places(builder, access.stored(), base, layout, strides);
  const Fragments *mask = op.getMask() ? &fragments(op.getMask()) : nullptr;
  const Fragments &value = fragments(op.getValue());
  BitVector stored(layout.pieces());
  if (auto dim = adjacentDimension(layout, strides); dim && !mask && !value.isScalar())
    storeSquares(builder, access, places, squaresOf(layout, *dim, width), value, stored);
  for (int64_t index = 0; index < layout.pieces(); ++index) {
    if (stored[index])
      continue;
    int64_t row = index / layout.chunks().size(), chunk = index % layout.chunks().size();
    const Chunk &lanes = layout.chunks()[chunk];
    access.store(value[index], places.pointer(row, lanes), lanes.lanes, places.innerStride(),
                 maskOf(mask, layout, row, chunk));
  }
  return success();
}

/// The same tile with one lane per piece.
Fragments TileEmitter::splitLanes(const Fragments &from) {
  Fragments result{TileLayout(from.layout.shape(), 1), {}};
  for (auto [index, piece] : llvm::enumerate(from.pieces))
    for (int64_t lane = 0; lane < from.layout.chunkOf(index).lanes; ++lane)
      result.pieces.push_back({piece.splat ? piece.value : builder.lane(piece.value, lane), false});
  return result;
}

/// Indices as i64, which they are already unless they were narrower integers.
static Value wideIndex(VectorBuilder &builder, Value index) {
  Type wide = vectorType(builder.getI64Type(), lanesOf(index.getType()));
  return index.getType() == wide ? index : arith::ExtSIOp::create(builder, wide, index).getResult();
}

LogicalResult TileEmitter::emitGather(GatherOp op) {
  MemoryAccess access(builder, features, elementOf(op.getType()), spill);
  TileLayout layout = layoutOf(op.getType());
  const Fragments &indices = fragments(op.getIndices());
  const Fragments *mask = op.getMask() ? &fragments(op.getMask()) : nullptr;
  Value base = pointers.lookup(op.getView()), fill = op.getFill() ? scalar(op.getFill()) : Value();
  SmallVector<Piece> pieces;
  for (int64_t index = 0; index < layout.pieces(); ++index) {
    int64_t count = layout.chunks().size(), lanes = layout.chunkOf(index).lanes;
    Piece at = indices[index], on = maskOf(mask, layout, index / count, index % count);
    Value pointers = builder.address(access.stored(), base, wideIndex(builder, at.value));
    if (at.splat || lanes == 1)
      pieces.push_back(access.load(pointers, lanes, builder.getIndexAttr(0), on, fill));
    else
      pieces.push_back({access.gather(pointers, on, fill), false});
  }
  return define(op, std::move(layout), std::move(pieces)), success();
}

LogicalResult TileEmitter::emitScatter(ScatterOp op) {
  MemoryAccess access(builder, features, elementOf(op.getValue().getType()), spill);
  const Fragments &value = fragments(op.getValue()), &indices = fragments(op.getIndices());
  const TileLayout &layout = value.layout;
  const Fragments *mask = op.getMask() ? &fragments(op.getMask()) : nullptr;
  Value base = pointers.lookup(op.getView());
  for (int64_t index = 0; index < layout.pieces(); ++index) {
    int64_t count = layout.chunks().size(), lanes = layout.chunkOf(index).lanes;
    Piece on = maskOf(mask, layout, index / count, index % count);
    Value at = wideIndex(builder, vectorOf(indices[index], lanes));
    Value pointers = builder.address(access.stored(), base, at);
    if (lanes == 1)
      access.store(value[index], pointers, 1, builder.getIndexAttr(1), on);
    else
      access.scatter(vectorOf(value[index], lanes), pointers, on);
  }
  return success();
}

} // namespace tenon::tile
