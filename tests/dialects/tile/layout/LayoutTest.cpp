// Layouts and the algebra below them: the worked example of Layout.h, the fragments of
// mma.sync element by element, and the laws on a thousand random maps and layouts.
#include "dialects/tile/layout/Layout.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <random>
#include <set>

using namespace tenon::tile;
using llvm::SmallVector;

namespace {

std::mt19937_64 generator(20261123);

uint64_t below(uint64_t limit) { return generator() % limit; }

BitMatrix randomMatrix(unsigned rows, unsigned columns) {
  SmallVector<uint64_t> images;
  for (unsigned i = 0; i < columns; ++i)
    images.push_back(below(uint64_t(1) << rows));
  return BitMatrix(images, rows);
}

/// A layout that covers 2^bits elements of 16-bit shape in two dimensions: the unit
/// vectors mixed by random additions, dealt to registers, lanes and warps.
Layout randomLayout(unsigned bits) {
  SmallVector<uint64_t> basis(BitMatrix::identity(bits).basis());
  for (int i = 0; i < 12; ++i) {
    unsigned a = below(bits), b = below(bits);
    if (a != b)
      basis[a] ^= basis[b];
  }
  std::shuffle(basis.begin(), basis.end(), generator);
  unsigned lanes = std::min(5u, bits), warps = std::min(2u, bits - lanes);
  llvm::ArrayRef<uint64_t> all(basis);
  int64_t rows = int64_t(1) << below(bits + 1);
  return Layout({rows, (int64_t(1) << bits) / rows}, all.drop_front(lanes + warps),
                all.take_front(lanes), all.slice(lanes, warps));
}

} // namespace

TEST(BitMatrix, ComposesAsFunctionsDo) {
  for (int round = 0; round < 1000; ++round) {
    unsigned a = 1 + below(8), b = 1 + below(8), c = 1 + below(8);
    BitMatrix outer = randomMatrix(a, b), inner = randomMatrix(b, c);
    uint64_t x = below(uint64_t(1) << c);
    EXPECT_EQ((outer * inner).apply(x), outer.apply(inner.apply(x)));
  }
}

TEST(BitMatrix, RightInverseUndoesExactlyTheSurjective) {
  int surjective = 0;
  for (int round = 0; round < 1000; ++round) {
    unsigned rows = 1 + below(7), columns = 1 + below(9);
    BitMatrix matrix = randomMatrix(rows, columns);
    std::set<uint64_t> outputs;
    for (uint64_t x = 0; x < uint64_t(1) << columns; ++x)
      outputs.insert(matrix.apply(x));
    EXPECT_EQ(outputs.size(), size_t(1) << matrix.rank());
    auto inverse = matrix.rightInverse();
    EXPECT_EQ(inverse.has_value(), outputs.size() == size_t(1) << rows);
    surjective += inverse.has_value();
    if (inverse) {
      EXPECT_EQ(matrix * *inverse, BitMatrix::identity(rows));
    }
  }
  EXPECT_GT(surjective, 100); // the test saw both kinds
  EXPECT_LT(surjective, 900);
}

TEST(BitMatrix, SolvesWhatHasASolutionAndFindsTheKernel) {
  for (int round = 0; round < 1000; ++round) {
    BitMatrix matrix = randomMatrix(1 + below(8), 1 + below(8));
    uint64_t wanted = below(uint64_t(1) << matrix.rows());
    bool exists = false;
    uint64_t zeros = 0;
    for (uint64_t x = 0; x < uint64_t(1) << matrix.columns(); ++x) {
      exists |= matrix.apply(x) == wanted;
      zeros += matrix.apply(x) == 0;
    }
    auto solution = matrix.solve(wanted);
    EXPECT_EQ(solution.has_value(), exists);
    if (solution) {
      EXPECT_EQ(matrix.apply(*solution), wanted);
    }
    EXPECT_EQ(zeros, uint64_t(1) << matrix.kernel().size());
    for (uint64_t x : matrix.kernel())
      EXPECT_EQ(matrix.apply(x), 0u);
  }
}

TEST(BitMatrix, IntersectsSpaces) {
  auto span = [](llvm::ArrayRef<uint64_t> basis) {
    std::set<uint64_t> all;
    for (uint64_t x = 0; x < uint64_t(1) << basis.size(); ++x)
      all.insert(BitMatrix(basis, 64).apply(x));
    return all;
  };
  for (int round = 0; round < 500; ++round) {
    BitMatrix a = randomMatrix(6, below(6)), b = randomMatrix(6, below(6));
    std::set<uint64_t> left = span(a.basis()), right = span(b.basis()), both;
    std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                          std::inserter(both, both.end()));
    EXPECT_EQ(span(intersection(a.basis(), b.basis())), both);
  }
}

TEST(Layout, WorkedExample) {
  Layout layout = Layout::blocked({4, 8}, 4, 8);
  EXPECT_EQ(layout.str(), "4x8 register[1, 2] lane[4, 8, 16] warp[]");
  EXPECT_EQ(layout.elementAt({2, 5, 0}), (SmallVector<int64_t>{2, 6}));
  EXPECT_EQ(layout.slotOf({2, 6}), (Slot{2, 5, 0}));
  EXPECT_EQ(layout.vectorWidth(), 4);
}

// PTX ISA, matrix fragments of m16n8k16: the formulas of the manual.
TEST(Layout, FragmentsOfMma) {
  for (int64_t lane = 0; lane < 32; ++lane) {
    int64_t group = lane / 4, member = lane % 4;
    for (int64_t i = 0; i < 8; ++i) {
      int64_t row = group + (i & 2 ? 8 : 0), column = member * 2 + (i & 1) + (i & 4 ? 8 : 0);
      auto at = Layout::mmaLeft().elementAt({uint64_t(i), uint64_t(lane), 0});
      EXPECT_EQ(at, (SmallVector<int64_t>{row, column})) << "a" << i << " of lane " << lane;
    }
    for (int64_t i = 0; i < 4; ++i) {
      auto b = Layout::mmaRight().elementAt({uint64_t(i), uint64_t(lane), 0});
      EXPECT_EQ(b, (SmallVector<int64_t>{member * 2 + (i & 1) + (i & 2 ? 8 : 0), group}));
      auto c = Layout::mmaAccumulator().elementAt({uint64_t(i), uint64_t(lane), 0});
      EXPECT_EQ(c, (SmallVector<int64_t>{group + (i & 2 ? 8 : 0), member * 2 + (i & 1)}));
    }
  }
}

TEST(Layout, SlotsAndElementsAgree) {
  for (int round = 0; round < 300; ++round) {
    Layout layout = randomLayout(6 + below(4)).repeated({int64_t(1 + below(3)), 1});
    ASSERT_TRUE(layout.coversAll());
    SmallVector<int64_t> at;
    for (int64_t size : layout.shape())
      at.push_back(below(size));
    Slot slot = layout.slotOf(at);
    EXPECT_EQ(layout.elementAt(slot), at) << layout.str();
    EXPECT_LT(int64_t(slot.reg), layout.numRegisters());
  }
}

TEST(Layout, ReductionKeepsTheRow) {
  for (int round = 0; round < 300; ++round) {
    Layout layout = randomLayout(6 + below(4));
    Layout reduced = layout.reduced(1);
    // Every thread holds, in some register, the result of each row it had a part of.
    for (uint64_t lane = 0; lane < 32; ++lane) {
      std::set<int64_t> had, holds;
      for (int64_t reg = 0; reg < layout.numRegisters(); ++reg)
        had.insert(layout.elementAt({uint64_t(reg), lane, 0})[0]);
      for (int64_t reg = 0; reg < reduced.numRegisters(); ++reg)
        holds.insert(reduced.elementAt({uint64_t(reg), lane, 0})[0]);
      EXPECT_TRUE(std::includes(holds.begin(), holds.end(), had.begin(), had.end()));
    }
  }
}

TEST(Layout, ConversionKindIsTheLeastThatReaches) {
  std::set<ConversionKind> seen;
  for (int round = 0; round < 600; ++round) {
    Layout from = randomLayout(8);
    SmallVector<uint64_t> registers(from.registerBasis()), lanes(from.laneBasis()),
        warps(from.warpBasis());
    if (round % 3 == 0) // the same threads, other registers
      std::swap(registers.front(), registers.back());
    else if (round % 3 == 1) // the same warps
      std::swap(registers.front(), lanes.front());
    else
      std::swap(warps.front(), lanes.front());
    Layout to(from.core(), registers, lanes, warps);
    int far = 0; // 1: another lane is needed, 2: another warp
    for (uint64_t warp = 0; warp < 4; ++warp)
      for (uint64_t lane = 0; lane < 32; ++lane)
        for (int64_t reg = 0; reg < to.numRegisters(); ++reg) {
          Slot source = from.slotOf(to.elementAt({uint64_t(reg), lane, warp}));
          far = std::max(far, source.warp != warp ? 2 : source.lane != lane ? 1 : 0);
        }
    ConversionKind kind = conversionKind(from, to);
    seen.insert(kind);
    ConversionKind expected = from == to ? ConversionKind::None
                              : far == 0 ? ConversionKind::Registers
                              : far == 1 ? ConversionKind::Shuffle
                                         : ConversionKind::Shared;
    EXPECT_EQ(kind, expected) << from.str() << " to " << to.str();
  }
  EXPECT_GE(seen.size(), 3u);
}

// Written row by row from global memory, read as fragments of mma.sync: no conflicts.
TEST(Swizzle, StagedOperandsOfMma) {
  for (int64_t width : {32, 64, 128}) {
    Layout writer = Layout::blocked({64, width}, 8, 128);
    Layout fragment = Layout::mmaLeft().grown(1, width / 16, false).grown(0, 4, true);
    SharedLayout shared = swizzleFor(writer, fragment, 2);
    EXPECT_TRUE(shared.elements.isInvertible());
    EXPECT_EQ(bankConflicts(shared, writer, 2), 1) << width;
    EXPECT_EQ(bankConflicts(shared, fragment, 2), 1) << width;
  }
}

TEST(Swizzle, TransposesWithoutConflicts) {
  Layout rows = Layout::blocked({64, 64}, 1, 64);
  // The same with the dimensions exchanged: lanes along the rows.
  auto turned = [](llvm::ArrayRef<uint64_t> basis) {
    SmallVector<uint64_t> result;
    for (uint64_t vector : basis)
      result.push_back((vector & 63) << 6 | vector >> 6);
    return result;
  };
  Layout columns({64, 64}, turned(rows.registerBasis()), turned(rows.laneBasis()),
                 turned(rows.warpBasis()));
  for (unsigned bytes : {2, 4, 8}) {
    SharedLayout shared = swizzleFor(rows, columns, bytes);
    ASSERT_TRUE(shared.elements.isInvertible());
    EXPECT_EQ(bankConflicts(shared, rows, bytes), 1) << bytes;
    EXPECT_EQ(bankConflicts(shared, columns, bytes), 1) << bytes;
  }
  // Without a swizzle, lanes along the rows meet in one bank.
  EXPECT_EQ(bankConflicts({BitMatrix::identity(12), 0}, columns, 4), 32);
}

TEST(Swizzle, IsAPermutationForAnyLayouts) {
  for (int round = 0; round < 300; ++round) {
    unsigned bits = 7 + below(4);
    Layout a = randomLayout(bits), other = randomLayout(bits);
    Layout b(a.core(), other.registerBasis(), other.laneBasis(), other.warpBasis());
    SharedLayout shared = swizzleFor(a, b, 4);
    EXPECT_TRUE(shared.elements.isInvertible());
    EXPECT_LE(4u << shared.vectorBits, 16u); // one access
  }
}
