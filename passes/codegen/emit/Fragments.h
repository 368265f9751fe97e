//===- Fragments.h - A tile as a list of native vectors -----------*- C++ -*-===//
//
// A CPU has no tiles, only vectors of a few widths. A tile becomes a list of
// *pieces*: its innermost dimension is cut into chunks that a vector register
// holds, all other dimensions are unrolled into rows. With 16 lanes:
//
//   tensor<12x32xf32>   12 rows x 2 chunks of 16   24 pieces vector<16xf32>
//   tensor<3x20xf32>     3 rows x (16 + 4)          6 pieces
//   tensor<12x1xf32>    12 rows x 1 of 1           12 scalars
//
// A piece may also be a scalar that stands for all lanes (a splat): broadcasting
// then costs nothing until a vector operation needs the vector, and an operation
// all of whose operands are splats is done once, on scalars.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_EMIT_FRAGMENTS_H
#define TENON_PASSES_CODEGEN_EMIT_FRAGMENTS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace tenon {

/// A run of lanes along the innermost dimension.
struct Chunk {
  int64_t begin, lanes;
};

/// How the elements of a tile's shape are divided into pieces.
class TileLayout {
public:
  /// \p width is the number of lanes of a full vector, a power of two.
  TileLayout(llvm::ArrayRef<int64_t> shape, int64_t width);
  TileLayout() = default;

  llvm::ArrayRef<int64_t> shape() const { return dims; }
  llvm::ArrayRef<Chunk> chunks() const { return innerChunks; }
  int64_t rows() const { return numRows; }
  int64_t pieces() const { return numRows * innerChunks.size(); }
  int64_t inner() const { return dims.empty() ? 1 : dims.back(); }
  const Chunk &chunkOf(int64_t piece) const { return innerChunks[piece % innerChunks.size()]; }
  /// The coordinates of a row in the dimensions other than the innermost.
  llvm::SmallVector<int64_t> coordinates(int64_t row) const;
  /// The row at these coordinates, reading dimensions of size 1 at 0.
  int64_t rowAt(llvm::ArrayRef<int64_t> coordinates) const;

private:
  llvm::SmallVector<int64_t> dims;
  llvm::SmallVector<Chunk> innerChunks;
  int64_t numRows = 1;
};

/// One vector of a tile, or the scalar that all its lanes hold.
struct Piece {
  mlir::Value value;
  bool splat = false;
};

/// The pieces of a tile, row by row. A scalar value is one splat that fits every
/// layout.
struct Fragments {
  TileLayout layout;
  llvm::SmallVector<Piece> pieces;

  Piece operator[](int64_t index) const {
    return isScalar() ? Piece{pieces.front().value, true} : pieces[index];
  }
  bool isScalar() const { return layout.shape().empty(); }
  /// The piece that a broadcast to \p wanted puts at row \p row, chunk \p chunk.
  Piece broadcastPiece(const TileLayout &wanted, int64_t row, int64_t chunk) const;
};

} // namespace tenon

#endif
