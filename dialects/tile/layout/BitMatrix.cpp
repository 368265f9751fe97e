//===- BitMatrix.cpp - Elimination over F2 ------------------------*- C++ -*-===//
//
// One algorithm serves all: vectors are reduced, one by one, by those before them
// that have the same leading bit, while a second word remembers which inputs they
// are made of.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/layout/BitMatrix.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <array>
#include <cassert>

namespace tenon::tile {

namespace {
/// Vectors by leading bit, each with the inputs it is the sum of.
class Echelon {
public:
  /// What remains of \p vector; \p inputs becomes the inputs that sum to the rest.
  uint64_t reduce(uint64_t vector, uint64_t &inputs) const {
    while (vector) {
      const Row &row = rows[lead(vector)];
      if (!row.vector)
        break;
      vector ^= row.vector;
      inputs ^= row.inputs;
    }
    return vector;
  }
  /// False if the vector is a sum of earlier ones: of those in \p inputs.
  bool add(uint64_t vector, uint64_t &inputs) {
    uint64_t rest = reduce(vector, inputs);
    if (rest)
      rows[lead(rest)] = {rest, inputs};
    return rest != 0;
  }
  bool contains(uint64_t vector) const {
    uint64_t ignored = 0;
    return reduce(vector, ignored) == 0;
  }

private:
  static unsigned lead(uint64_t vector) { return 63 - llvm::countl_zero(vector); }
  struct Row {
    uint64_t vector = 0, inputs = 0;
  };
  std::array<Row, 64> rows;
};

Echelon echelonOf(llvm::ArrayRef<uint64_t> columns) {
  Echelon echelon;
  for (auto [i, column] : llvm::enumerate(columns)) {
    uint64_t inputs = uint64_t(1) << i;
    echelon.add(column, inputs);
  }
  return echelon;
}
} // namespace

BitMatrix BitMatrix::identity(unsigned bits) {
  llvm::SmallVector<uint64_t> columns;
  for (unsigned i = 0; i < bits; ++i)
    columns.push_back(uint64_t(1) << i);
  return BitMatrix(columns, bits);
}

uint64_t BitMatrix::apply(uint64_t input) const {
  uint64_t output = 0;
  for (auto [i, image] : llvm::enumerate(images))
    if (input >> i & 1)
      output ^= image;
  return output;
}

BitMatrix BitMatrix::operator*(const BitMatrix &other) const {
  assert(other.rows() == columns() && "the inner sizes agree");
  BitMatrix result({}, numRows);
  for (uint64_t image : other.images)
    result.images.push_back(apply(image));
  return result;
}

BitMatrix BitMatrix::beside(const BitMatrix &other) const {
  assert(other.rows() == rows() && "both have the same outputs");
  BitMatrix result(*this);
  result.images.append(other.images);
  return result;
}

unsigned BitMatrix::rank() const { return basisOf(images).size(); }

std::optional<uint64_t> BitMatrix::solve(uint64_t output) const {
  uint64_t inputs = 0;
  if (echelonOf(images).reduce(output, inputs))
    return std::nullopt;
  return inputs;
}

std::optional<BitMatrix> BitMatrix::rightInverse() const {
  BitMatrix result({}, columns());
  Echelon echelon = echelonOf(images);
  for (unsigned i = 0; i < numRows; ++i) {
    uint64_t inputs = 0;
    if (echelon.reduce(uint64_t(1) << i, inputs))
      return std::nullopt;
    result.images.push_back(inputs);
  }
  return result;
}

llvm::SmallVector<uint64_t> BitMatrix::kernel() const {
  llvm::SmallVector<uint64_t> zero;
  Echelon echelon;
  for (auto [i, image] : llvm::enumerate(images)) {
    uint64_t inputs = uint64_t(1) << i;
    if (!echelon.add(image, inputs))
      zero.push_back(inputs);
  }
  return zero;
}

llvm::SmallVector<uint64_t> basisOf(llvm::ArrayRef<uint64_t> vectors) {
  llvm::SmallVector<uint64_t> basis;
  Echelon echelon;
  for (uint64_t vector : vectors) {
    uint64_t ignored = 0;
    if (echelon.add(vector, ignored))
      basis.push_back(vector);
  }
  return basis;
}

/// Where sum(a) = sum(b), that is the kernel of both side by side, either side of
/// it lies in both spaces.
llvm::SmallVector<uint64_t> intersection(llvm::ArrayRef<uint64_t> a, llvm::ArrayRef<uint64_t> b) {
  llvm::SmallVector<uint64_t> left = basisOf(a), right = basisOf(b), common;
  BitMatrix lefts(left, 64), both = lefts.beside(BitMatrix(right, 64));
  for (uint64_t inputs : both.kernel())
    common.push_back(lefts.apply(inputs & ((uint64_t(1) << left.size()) - 1)));
  return basisOf(common);
}

llvm::SmallVector<uint64_t> complement(llvm::ArrayRef<uint64_t> vectors, unsigned bits) {
  Echelon echelon = echelonOf(vectors);
  llvm::SmallVector<uint64_t> rest;
  for (unsigned i = 0; i < bits; ++i) {
    uint64_t unit = uint64_t(1) << i, ignored = 0;
    if (echelon.add(unit, ignored))
      rest.push_back(unit);
  }
  return rest;
}

} // namespace tenon::tile
