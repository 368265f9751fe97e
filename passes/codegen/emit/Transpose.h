//===- Transpose.h - Tiles that lie transposed in memory ----------*- C++ -*-===//
//
// A tile whose neighbours along the innermost dimension are far apart, but whose
// neighbours along another dimension are adjacent, is moved by whole vectors
// along that dimension and turned in registers, square by square:
//
//   n vectors of n lanes, log2(n) rounds of interleaving v[i] with v[i + n/2]
//
// Half a shuffle per vector and round, instead of an access per element.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_EMIT_TRANSPOSE_H
#define TENON_PASSES_CODEGEN_EMIT_TRANSPOSE_H

#include "passes/codegen/emit/Fragments.h"
#include "passes/codegen/emit/VectorBuilder.h"

#include <optional>

namespace tenon::tile {

/// The dimension along which neighbours are adjacent, if moving by it pays:
/// constant stride 1 and at least 4 long, while the innermost stride is neither 0
/// nor 1 and that dimension is at least 4 long too.
std::optional<int64_t> adjacentDimension(const TileLayout &layout,
                                         llvm::ArrayRef<mlir::OpFoldResult> strides);

/// Rows of a square become its columns; \p vectors are as many as their lanes.
llvm::SmallVector<mlir::Value> transposeSquare(VectorBuilder &builder,
                                               llvm::SmallVector<mlir::Value> vectors);

/// A square of a tile: rows that follow each other along a dimension, and the
/// lanes [firstLane, firstLane + size) of a chunk.
struct Square {
  llvm::SmallVector<int64_t> rows; ///< of the layout, one per row of the square
  int64_t chunk, firstLane, size;
};

/// Cuts a tile into squares along \p dim. Rows that remain (fewer than 4) and
/// narrow chunks are in no square.
llvm::SmallVector<Square> squaresOf(const TileLayout &layout, int64_t dim, int64_t width);

} // namespace tenon::tile

#endif
