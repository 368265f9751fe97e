//===- Transpose.cpp - Tiles that lie transposed in memory --------*- C++ -*-===//
//
// See Transpose.h.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/Transpose.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tenon::tile {

static constexpr int64_t kSmallestSquare = 4;

std::optional<int64_t> adjacentDimension(const TileLayout &layout, ArrayRef<OpFoldResult> strides) {
  if (layout.shape().size() < 2 || layout.inner() < kSmallestSquare ||
      isConstantIntValue(strides.back(), 0) || isConstantIntValue(strides.back(), 1))
    return std::nullopt;
  for (size_t dim = 0; dim + 1 < strides.size(); ++dim)
    if (isConstantIntValue(strides[dim], 1) && layout.shape()[dim] >= kSmallestSquare)
      return dim;
  return std::nullopt;
}

SmallVector<Value> transposeSquare(VectorBuilder &builder, SmallVector<Value> vectors) {
  int64_t size = vectors.size(), half = size / 2;
  SmallVector<int32_t> lower, upper;
  for (int64_t lane = 0; lane < size; ++lane) {
    lower.push_back(lane / 2 + lane % 2 * size);
    upper.push_back(lane / 2 + half + lane % 2 * size);
  }
  for (int64_t round = 1; round < size; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < half; ++i) {
      next.push_back(builder.shuffle(vectors[i], vectors[i + half], lower));
      next.push_back(builder.shuffle(vectors[i], vectors[i + half], upper));
    }
    vectors = std::move(next);
  }
  return vectors;
}

/// The squares whose first row is \p row, \p size rows along \p dim.
static void addSquares(const TileLayout &layout, int64_t dim, int64_t row, int64_t size,
                       SmallVectorImpl<Square> &squares) {
  for (auto [index, chunk] : llvm::enumerate(layout.chunks()))
    for (int64_t lane = 0; size <= chunk.lanes && lane < chunk.lanes; lane += size) {
      Square square{{}, int64_t(index), lane, size};
      SmallVector<int64_t> at = layout.coordinates(row);
      for (int64_t i = 0; i < size; ++i, ++at[dim])
        square.rows.push_back(layout.rowAt(at));
      squares.push_back(std::move(square));
    }
}

SmallVector<Square> squaresOf(const TileLayout &layout, int64_t dim, int64_t width) {
  // Full squares first, then smaller powers of two along the rest of `dim`.
  TileLayout along({layout.shape()[dim]}, std::min(width, layout.chunks().front().lanes));
  SmallVector<Square> squares;
  for (int64_t row = 0; row < layout.rows(); ++row)
    for (const Chunk &part : along.chunks())
      if (layout.coordinates(row)[dim] == part.begin && part.lanes >= kSmallestSquare)
        addSquares(layout, dim, row, part.lanes, squares);
  return squares;
}

} // namespace tenon::tile
