// ldmatrix, stmatrix, movmatrix and the swizzles against the manual's tables.
#include "sim/machine/matrix/Descriptor.h"
#include "sim/machine/matrix/Ldmatrix.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace tenon::sim;

namespace {

struct Shared {
  uint16_t matrix[4][8][8]; // [matrix][row][column]
  uint32_t rows[32][4];
  uint32_t registers[4][32];
  uint32_t *pointers[4];

  explicit Shared(uint32_t seed) {
    std::mt19937 draw(seed);
    for (auto &m : matrix)
      for (auto &row : m)
        for (uint16_t &x : row)
          x = uint16_t(draw());
    std::memcpy(rows, matrix, sizeof rows);
    for (int i = 0; i < 4; ++i)
      pointers[i] = registers[i];
  }
};

} // namespace

TEST(Ldmatrix, PlainAndTransposed) {
  for (uint32_t seed = 0; seed < 50; ++seed)
    for (int count : {1, 2, 4}) {
      Shared s(seed);
      for (bool transposed : {false, true}) {
        loadMatrices(count, transposed, s.rows, s.pointers);
        for (int j = 0; j < count; ++j)
          for (int lane = 0; lane < 32; ++lane)
            for (int half = 0; half < 2; ++half) {
              int row = lane / 4, column = 2 * (lane % 4) + half;
              uint16_t want = transposed ? s.matrix[j][column][row] : s.matrix[j][row][column];
              ASSERT_EQ(s.registers[j][lane] >> (16 * half) & 0xffff, want);
            }
      }
    }
}

TEST(Stmatrix, UndoesLdmatrix) {
  for (uint32_t seed = 0; seed < 50; ++seed)
    for (int count : {1, 2, 4})
      for (bool transposed : {false, true}) {
        Shared s(seed);
        loadMatrices(count, transposed, s.rows, s.pointers);
        uint32_t rows[32][4] = {};
        storeMatrices(count, transposed, s.pointers, rows);
        ASSERT_EQ(std::memcmp(rows, s.rows, size_t(count) * 128), 0);
      }
}

TEST(Movmatrix, Transposes) {
  Shared s(3);
  uint32_t moved[32];
  transposeMatrix(reinterpret_cast<uint32_t *>(s.matrix[0]), moved);
  for (int lane = 0; lane < 32; ++lane)
    for (int half = 0; half < 2; ++half)
      ASSERT_EQ(moved[lane] >> (16 * half) & 0xffff, s.matrix[0][2 * (lane % 4) + half][lane / 4]);
}

// The figures of the manual for 128-byte rows: unit u of row r goes to u ^ r (128
// bytes), u ^ (r / 2 % 4) over rows of 64 bytes, u ^ (r / 4 % 2) over 32.
TEST(Swizzle, PermutesUnitsOfARow) {
  for (uint32_t address = 0; address < 4096; ++address) {
    uint32_t unit = address / 16 % 8, row = address / 128 % 8, rest = address & ~0x70u;
    EXPECT_EQ(swizzle(Swizzle::None, address), address);
    EXPECT_EQ(swizzle(Swizzle::Bytes128, address), rest | (unit ^ row) << 4);
    EXPECT_EQ(swizzle(Swizzle::Bytes64, address), rest | (unit ^ row % 4) << 4);
    EXPECT_EQ(swizzle(Swizzle::Bytes32, address), rest | (unit ^ row % 2) << 4);
  }
}

TEST(Descriptor, Fields) {
  uint64_t bits = 0x1234 | uint64_t(0x21) << 16 | uint64_t(0x40) << 32 | uint64_t(5) << 49 |
                  uint64_t(2) << 62;
  MatrixDescriptor d = decodeDescriptor(bits);
  EXPECT_EQ(d.start, 0x12340u);
  EXPECT_EQ(d.leadingOffset, 0x210u);
  EXPECT_EQ(d.strideOffset, 0x400u);
  EXPECT_EQ(d.baseOffset, 5u);
  EXPECT_EQ(d.mode, Swizzle::Bytes64);
}
