// mma.sync on registers against the integer reference: every shape and type, for
// every tensor-core generation, 10,000 outputs each. Fragment layouts are those
// of the PTX manual, written out here once more.
#include "sim/machine/matrix/DotEngine.h"
#include "sim/machine/matrix/Mma.h"
#include "tests/sim/machine/matrix/Helpers.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace tenon::sim;
using namespace matrixtest;
using reference::Draw;

namespace {

/// Matrices of raw bits and the registers of a warp.
struct Problem {
  uint32_t a[16][32], b[32][8], c[16][8];
  alignas(64) uint32_t ra[8][32], rb[8][32], rc[8][32], rd[8][32];
};

/// PTX: consecutive elements of a register lie along k; registers alternate
/// between the two row groups of A first, then go on along k.
void fillFragments(Problem &p, MatrixShape s, int bits, int bitsC) {
  int perWord = 32 / bits, groups = s.m / 8;
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < s.m * s.k / 32; ++i) {
      int reg = i / perWord;
      int row = lane / 4 + 8 * (reg % groups);
      int k = (reg / groups) * 4 * perWord + (lane % 4) * perWord + i % perWord;
      setBits(p.ra, lane, i, bits, p.a[row][k]);
    }
    for (int i = 0; i < s.n * s.k / 32; ++i) {
      int k = (i / perWord) * 4 * perWord + (lane % 4) * perWord + i % perWord;
      setBits(p.rb, lane, i, bits, p.b[k][lane / 4]);
    }
    for (int i = 0; i < s.m * s.n / 32; ++i)
      setBits(p.rc, lane, i, bitsC, p.c[lane / 4 + 8 * (i / 2)][(lane % 4) * 2 + i % 2]);
  }
}

void runMma(const MmaOp &op, Problem &p) {
  std::memset(p.rd, 0xcc, sizeof p.rd);
  mmaSync(op, Pointers(p.rd).list, Pointers(p.ra).list, Pointers(p.rb).list, Pointers(p.rc).list);
}

const TensorCore kAll[] = {TensorCore::Turing, TensorCore::Ampere, TensorCore::Ada,
                           TensorCore::Hopper, TensorCore::Blackwell};

void checkFloat(TensorCore core, MatrixShape s, Element a, Element b, Element acc) {
  auto op = makeMma(core, s, a, b, acc, acc, false, false);
  ASSERT_TRUE(op);
  bool narrow = bitsOf(a) == 8 && core == TensorCore::Ada;
  reference::Rule rule = ruleOf(core, a, acc, narrow);
  Draw draw(uint32_t(s.k * 100 + int(a) * 10 + int(core)));
  static Problem p;
  int outputs = 0, wrong = 0;
  for (int round = 0; outputs < 10000; ++round) {
    int style = round % 8 == 7 ? 2 : round % 8 == 6 ? 3 : round % 2;
    for (int i = 0; i < 16; ++i)
      for (int k = 0; k < s.k; ++k)
        p.a[i][k] = draw.value(formatOf(a), style);
    for (int k = 0; k < s.k; ++k)
      for (int j = 0; j < 8; ++j)
        p.b[k][j] = draw.value(formatOf(b), style);
    for (auto &row : p.c)
      for (uint32_t &x : row)
        x = draw.value(formatOf(acc), style == 0 ? 1 : style);
    int bitsC = acc == Element::F16 ? 16 : 32;
    fillFragments(p, s, bitsOf(a), bitsC);
    runMma(*op, p);
    for (int lane = 0; lane < 32; ++lane)
      for (int i = 0; i < s.m * s.n / 32; ++i, ++outputs) {
        int row = lane / 4 + 8 * (i / 2), column = lane % 4 * 2 + i % 2;
        uint32_t bColumn[32];
        for (int k = 0; k < s.k; ++k)
          bColumn[k] = p.b[k][column];
        uint32_t want = reference::dot(rule, formatOf(a), formatOf(b), p.a[row], bColumn, s.k,
                                       p.c[row][column], acc == Element::F16);
        uint32_t got = getBits(p.rd, lane, i, bitsC);
        if (got != want && wrong++ < 5)
          ADD_FAILURE() << "core " << int(core) << " k" << s.k << " type " << int(a) << " style "
                        << style << " row " << row << " column " << column << std::hex << ": got 0x"
                        << got << ", want 0x" << want;
      }
  }
  EXPECT_EQ(wrong, 0);
}

} // namespace

TEST(Mma, HalfAndBrain) {
  for (TensorCore core : kAll)
    for (int k : {8, 16}) {
      checkFloat(core, {16, 8, k}, Element::F16, Element::F16, Element::F32);
      checkFloat(core, {16, 8, k}, Element::F16, Element::F16, Element::F16);
      checkFloat(core, {16, 8, k}, Element::BF16, Element::BF16, Element::F32);
    }
}

TEST(Mma, Tf32) {
  for (TensorCore core : kAll)
    for (int k : {4, 8})
      checkFloat(core, {16, 8, k}, Element::TF32, Element::TF32, Element::F32);
}

TEST(Mma, Float8) {
  for (TensorCore core : {TensorCore::Ada, TensorCore::Hopper, TensorCore::Blackwell})
    for (Element a : {Element::E4M3, Element::E5M2})
      for (Element b : {Element::E4M3, Element::E5M2})
        for (int k : {16, 32})
          for (Element acc : {Element::F32, Element::F16})
            checkFloat(core, {16, 8, k}, a, b, acc);
}

TEST(Mma, Integers) {
  Draw draw(5);
  static Problem p;
  for (MatrixShape s : {MatrixShape{8, 8, 16}, MatrixShape{16, 8, 16}, MatrixShape{16, 8, 32}})
    for (Element a : {Element::S8, Element::U8})
      for (Element b : {Element::S8, Element::U8})
        for (bool saturate : {false, true}) {
          auto op = makeMma(TensorCore::Ampere, s, a, b, Element::S32, Element::S32, saturate, false);
          ASSERT_TRUE(op);
          for (int outputs = 0; outputs < 10000; outputs += s.m * s.n) {
            for (auto &row : p.a)
              for (uint32_t &x : row)
                x = draw.word() & 0xff;
            for (auto &row : p.b)
              for (uint32_t &x : row)
                x = draw.word() & 0xff;
            for (auto &row : p.c)
              for (uint32_t &x : row)
                x = draw.below(2) ? draw.word() : (0x7fffffffu + unsigned(draw.below(2)));
            fillFragments(p, s, 8, 32);
            runMma(*op, p);
            for (int lane = 0; lane < 32; ++lane)
              for (int i = 0; i < s.m * s.n / 32; ++i) {
                int row = lane / 4 + 8 * (i / 2), column = lane % 4 * 2 + i % 2;
                int64_t want = int32_t(p.c[row][column]);
                for (int k = 0; k < s.k; ++k) {
                  int64_t x = a == Element::S8 ? int8_t(p.a[row][k]) : int(p.a[row][k]);
                  int64_t y = b == Element::S8 ? int8_t(p.b[k][column]) : int(p.b[k][column]);
                  want += x * y;
                }
                if (saturate)
                  want = std::clamp<int64_t>(want, INT32_MIN, INT32_MAX);
                ASSERT_EQ(p.rd[i][lane], uint32_t(want));
              }
          }
        }
}

TEST(Mma, Doubles) {
  Draw draw(6);
  for (MatrixShape s : {MatrixShape{8, 8, 4}, MatrixShape{16, 8, 4}, MatrixShape{16, 8, 8},
                        MatrixShape{16, 8, 16}}) {
    auto op = makeMma(TensorCore::Hopper, s, Element::F64, Element::F64, Element::F64,
                      Element::F64, false, false);
    ASSERT_TRUE(op);
    static double a[16][16], b[16][8], c[16][8];
    static uint64_t ra[8][32], rb[4][32], rc[4][32], rd[4][32];
    auto value = [&] { return std::ldexp(double(draw.word()) - 2e9, draw.below(60) - 40); };
    for (int outputs = 0; outputs < 10000; outputs += s.m * s.n) {
      for (auto &row : a)
        for (double &x : row)
          x = value();
      for (auto &row : b)
        for (double &x : row)
          x = value();
      for (auto &row : c)
        for (double &x : row)
          x = value();
      int groups = s.m / 8;
      for (int lane = 0; lane < 32; ++lane) {
        for (int i = 0; i < s.m * s.k / 32; ++i)
          ra[i][lane] = std::bit_cast<uint64_t>(a[lane / 4 + i % groups * 8][i / groups * 4 + lane % 4]);
        for (int i = 0; i < s.k / 4; ++i)
          rb[i][lane] = std::bit_cast<uint64_t>(b[lane % 4 + 4 * i][lane / 4]);
        for (int i = 0; i < s.m * s.n / 32; ++i)
          rc[i][lane] = std::bit_cast<uint64_t>(c[lane / 4 + 8 * (i / 2)][lane % 4 * 2 + i % 2]);
      }
      const void *pa[8], *pb[4], *pc[4];
      void *pd[4];
      for (int i = 0; i < 8; ++i)
        pa[i] = ra[i];
      for (int i = 0; i < 4; ++i) {
        pb[i] = rb[i];
        pc[i] = rc[i];
        pd[i] = rd[i];
      }
      mmaSync(*op, pd, pa, pb, pc);
      for (int lane = 0; lane < 32; ++lane)
        for (int i = 0; i < s.m * s.n / 32; ++i) {
          int row = lane / 4 + 8 * (i / 2), column = lane % 4 * 2 + i % 2;
          double want = c[row][column];
          for (int k = 0; k < s.k; ++k)
            want = std::fma(a[row][k], b[k][column], want);
          ASSERT_EQ(rd[i][lane], std::bit_cast<uint64_t>(want));
        }
    }
  }
}

// Volta's quad pairs: the positions of the manual's figures for m8n8k4.
TEST(Mma, QuadPairs) {
  Draw draw(7);
  const Element accumulators[3][2] = {{Element::F16, Element::F16},
                                      {Element::F32, Element::F32},
                                      {Element::F32, Element::F16}};
  for (int variant = 0; variant < 12; ++variant) {
    bool rowA = variant & 1, rowB = variant & 2;
    auto [c, d] = accumulators[variant / 4];
    auto op = makeMma(TensorCore::Volta, {8, 8, 4}, Element::F16, Element::F16, c, d, false, false);
    ASSERT_TRUE(op);
    op->rowMajorA = rowA;
    op->rowMajorB = rowB;
    reference::Rule rule{23, 4, d == Element::F16, 23};
    for (int round = 0; round < 40; ++round) {
      static uint32_t a[4][8][4], b[4][4][8], cc[4][8][8];
      static uint32_t ra[8][32], rb[8][32], rc[8][32], rd[8][32];
      for (int q = 0; q < 4; ++q) {
        for (auto &row : a[q])
          for (uint32_t &x : row)
            x = draw.value(reference::F16, round % 2);
        for (auto &row : b[q])
          for (uint32_t &x : row)
            x = draw.value(reference::F16, round % 2);
        for (auto &row : cc[q])
          for (uint32_t &x : row)
            x = draw.value(formatOf(c), 1);
      }
      auto at = [](Element type, int lane, int i, int &row, int &column) {
        if (type == Element::F16) {
          row = lane % 4 + (lane < 16 ? 0 : 4);
          column = i;
        } else {
          int x = (lane & 1) + (i & 2);
          row = lane < 16 ? x : x + 4;
          column = (i & 4) + (lane & 2) + (i & 1);
        }
      };
      for (int lane = 0; lane < 32; ++lane) {
        int q = lane % 16 / 4, high = lane < 16 ? 0 : 4;
        for (int i = 0; i < 4; ++i) {
          setBits(ra, lane, i, 16, rowA ? a[q][lane % 4 + high][i] : a[q][i + high][lane % 4]);
          setBits(rb, lane, i, 16, rowB ? b[q][lane % 4][i + high] : b[q][i][lane % 4 + high]);
        }
        for (int i = 0; i < 8; ++i) {
          int row, column;
          at(c, lane, i, row, column);
          setBits(rc, lane, i, c == Element::F16 ? 16 : 32, cc[q][row][column]);
        }
      }
      mmaSync(*op, Pointers(rd).list, Pointers(ra).list, Pointers(rb).list, Pointers(rc).list);
      for (int lane = 0; lane < 32; ++lane)
        for (int i = 0; i < 8; ++i) {
          int row, column, q = lane % 16 / 4;
          at(d, lane, i, row, column);
          uint32_t bColumn[4];
          for (int k = 0; k < 4; ++k)
            bColumn[k] = b[q][k][column];
          ASSERT_EQ(getBits(rd, lane, i, d == Element::F16 ? 16 : 32),
                    reference::dot(rule, reference::F16, reference::F16, a[q][row], bColumn, 4,
                                   cc[q][row][column], c == Element::F16));
        }
    }
  }
}

TEST(Mma, RefusesWhatIsNone) {
  EXPECT_FALSE(makeMma(TensorCore::Hopper, {16, 8, 32}, Element::F16, Element::F16, Element::F32,
                       Element::F32, false, false));
  EXPECT_FALSE(makeMma(TensorCore::Hopper, {16, 8, 16}, Element::F16, Element::BF16, Element::F32,
                       Element::F32, false, false));
  EXPECT_FALSE(makeMma(TensorCore::Hopper, {16, 8, 16}, Element::BF16, Element::BF16, Element::F16,
                       Element::F16, false, false));
  EXPECT_FALSE(makeMma(TensorCore::Hopper, {16, 8, 16}, Element::F16, Element::F16, Element::F32,
                       Element::F32, /*saturate=*/true, false));
}

// The two engines, panel by panel, over every model and all kinds of values.
TEST(DotEngine, VectorFormsAgree) {
  const DotEngine *wide = avx512DotEngine();
  if (!wide)
    GTEST_SKIP() << "this machine has no AVX-512";
  Draw draw(11);
  static LanePanel lanes[2];
  static ColumnPanel columns[2];
  static uint32_t words[2 * 64 * 4];
  alignas(64) static float acc[2][64][kTileRows];
  for (TensorCore core : {TensorCore::Volta, TensorCore::Ampere, TensorCore::Ada, TensorCore::Hopper})
    for (Element type : {Element::F16, Element::BF16, Element::TF32, Element::E4M3, Element::E5M2})
      for (Element out : {Element::F32, Element::F16})
        for (int round = 0; round < 12; ++round) {
          DotModel model = dotModel(core, type, type, out, false);
          int style = round % 4, bits = bitsOf(type);
          TileWords tile;
          auto word = [&] {
            uint32_t w = 0;
            for (int i = 0; i < 32; i += bits)
              w |= draw.value(formatOf(type), style) << i;
            return w;
          };
          for (auto &row : tile.words)
            for (uint32_t &w : row)
              w = word();
          for (uint32_t &w : words)
            w = word();
          for (auto &row : acc[0])
            for (float &x : row)
              x = std::bit_cast<float>(draw.value(reference::F32, style));
          if (out == Element::F16)
            for (auto &row : acc[0])
              for (float &x : row)
                x = decode(Element::F16, draw.value(reference::F16, style));
          std::memcpy(acc[1], acc[0], sizeof acc[0]);
          const DotEngine *engines[2] = {wide, &portableDotEngine()};
          for (int e = 0; e < 2; ++e) {
            engines[e]->prepareLanes(model, type, 2, tile, lanes[e]);
            engines[e]->prepareColumns(model, type, 2, 64, words, columns[e]);
            engines[e]->multiply(model, lanes[e], columns[e], acc[e]);
          }
          ASSERT_EQ(std::memcmp(acc[0], acc[1], sizeof acc[0]), 0)
              << "core " << int(core) << " type " << int(type) << " style " << style;
        }
}
