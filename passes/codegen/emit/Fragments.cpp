//===- Fragments.cpp - A tile as a list of native vectors ---------*- C++ -*-===//
//
// Cutting shapes into rows and chunks, and finding pieces under a broadcast.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/Fragments.h"

#include "llvm/Support/MathExtras.h"

using namespace tenon;

TileLayout::TileLayout(llvm::ArrayRef<int64_t> shape, int64_t width) : dims(shape) {
  for (int64_t size : shape.drop_back(shape.empty() ? 0 : 1))
    numRows *= size;
  for (int64_t begin = 0; begin < inner();) {
    int64_t lanes = std::min<int64_t>(width, llvm::bit_floor<uint64_t>(inner() - begin));
    innerChunks.push_back({begin, lanes});
    begin += lanes;
  }
}

llvm::SmallVector<int64_t> TileLayout::coordinates(int64_t row) const {
  llvm::SmallVector<int64_t> result(dims.empty() ? 0 : dims.size() - 1);
  for (size_t dim = result.size(); dim-- > 0; row /= dims[dim])
    result[dim] = row % dims[dim];
  return result;
}

int64_t TileLayout::rowAt(llvm::ArrayRef<int64_t> coordinates) const {
  int64_t row = 0;
  for (auto [dim, coordinate] : llvm::enumerate(coordinates))
    row = row * dims[dim] + (dims[dim] == 1 ? 0 : coordinate);
  return row;
}

Piece Fragments::broadcastPiece(const TileLayout &wanted, int64_t row, int64_t chunk) const {
  if (isScalar())
    return {pieces.front().value, true};
  int64_t from = layout.rowAt(wanted.coordinates(row)) * layout.chunks().size();
  if (layout.inner() == wanted.inner())
    return pieces[from + chunk];
  return {pieces[from].value, true};
}
