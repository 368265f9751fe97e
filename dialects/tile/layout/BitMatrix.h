//===- BitMatrix.h - Linear maps over bits ------------------------*- C++ -*-===//
//
// A matrix over F2, kept as the images of the input's bits: column i is what the
// input 1 << i becomes, and an input becomes the exclusive or of the columns of its
// bits. Up to 64 rows and columns.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_DIALECTS_TILE_LAYOUT_BITMATRIX_H
#define TENON_DIALECTS_TILE_LAYOUT_BITMATRIX_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>

namespace tenon::tile {

class BitMatrix {
public:
  BitMatrix() = default;
  /// \p rows is the number of bits of a result.
  BitMatrix(llvm::ArrayRef<uint64_t> columns, unsigned rows) : images(columns), numRows(rows) {}
  static BitMatrix identity(unsigned bits);

  unsigned rows() const { return numRows; }
  unsigned columns() const { return images.size(); }
  llvm::ArrayRef<uint64_t> basis() const { return images; }
  uint64_t column(unsigned index) const { return images[index]; }
  bool operator==(const BitMatrix &other) const = default;

  uint64_t apply(uint64_t input) const;
  /// x -> this(other(x)).
  BitMatrix operator*(const BitMatrix &other) const;
  /// Inputs side by side: the columns of this, then those of \p other.
  BitMatrix beside(const BitMatrix &other) const;

  unsigned rank() const;
  bool isInjective() const { return rank() == columns(); }
  bool isSurjective() const { return rank() == rows(); }
  bool isInvertible() const { return columns() == rows() && isInjective(); }

  /// An input that becomes \p output, with as few of the later bits as possible;
  /// nothing if there is none.
  std::optional<uint64_t> solve(uint64_t output) const;
  /// A map r with this(r(y)) = y for every y: null columns are chosen for inputs that
  /// are not needed. Nothing unless this is surjective.
  std::optional<BitMatrix> rightInverse() const;
  /// A basis of the inputs that become 0.
  llvm::SmallVector<uint64_t> kernel() const;

private:
  llvm::SmallVector<uint64_t> images;
  unsigned numRows = 0;
};

/// A basis of the space that the vectors span, each with a leading bit of its own.
llvm::SmallVector<uint64_t> basisOf(llvm::ArrayRef<uint64_t> vectors);
/// A basis of what two spaces have in common.
llvm::SmallVector<uint64_t> intersection(llvm::ArrayRef<uint64_t> a, llvm::ArrayRef<uint64_t> b);
/// Vectors that complete a basis to that of all of 2^bits.
llvm::SmallVector<uint64_t> complement(llvm::ArrayRef<uint64_t> vectors, unsigned bits);

} // namespace tenon::tile

#endif
