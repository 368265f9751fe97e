// wgmma: every n and type with operands in registers and in shared memory; all
// swizzles and both majors sampled. Operands are placed in shared memory by the
// formulas of the manual's canonical layouts, written here on elements.
#include "sim/machine/matrix/Wgmma.h"
#include "tests/sim/machine/matrix/Helpers.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

using namespace matrixtest;
using reference::Draw;

namespace {

struct Placement {
  Swizzle mode = Swizzle::Bytes128;
  bool mnMajor = false;
  uint32_t start = 0, leading = 0, stride = 0;
};

/// Byte address of element (mn, k) of `bytes` bytes.
uint32_t placeElement(const Placement &p, uint32_t mn, uint32_t k, uint32_t bytes) {
  uint32_t width = p.mode == Swizzle::None ? 16 : 16u << unsigned(p.mode);
  uint32_t address;
  if (!p.mnMajor) {
    uint32_t kBytes = k * bytes;
    address = p.start + mn / 8 * p.stride + mn % 8 * width;
    address += p.mode == Swizzle::None ? kBytes / 16 * p.leading + kBytes % 16 : kBytes;
  } else {
    uint32_t along = mn * bytes;
    bool none = p.mode == Swizzle::None;
    address = p.start + k % 8 * width + along % width;
    address += none ? along / 16 * p.stride + k / 8 * p.leading
                    : along / width * p.leading + k / 8 * p.stride;
  }
  uint32_t rows = p.mode == Swizzle::None ? 1 : 1u << unsigned(p.mode);
  return address ^ (address / 128 % rows) * 16;
}

uint64_t descriptorBits(const Placement &p) {
  uint64_t code[] = {0, 3, 2, 1};
  return p.start / 16 | uint64_t(p.leading / 16) << 16 | uint64_t(p.stride / 16) << 32 |
         code[unsigned(p.mode)] << 62;
}

/// Strides for tightly packed operands of up to 256 rows or columns.
Placement tight(Swizzle mode, bool mnMajor, uint32_t start) {
  Placement p{mode, mnMajor, start, 0, 0};
  if (mode == Swizzle::None) {
    p.leading = mnMajor ? 4096 : 4096;
    p.stride = 128;
  } else {
    uint32_t width = 16u << unsigned(mode);
    p.stride = 8 * width;               // next 8 rows, or next 8 of k
    p.leading = mnMajor ? 16 * width : 16; // next swizzled row's worth of mn
  }
  return p;
}

struct Case {
  Element a, b, d;
  int n;
  bool aInRegisters;
  Swizzle modeA, modeB;
  bool mnA, mnB;
  bool negateA = false, negateB = false;
  bool addToD = true;
};

int elementsOfK(Element e) { return 256 / bitsOf(e); }

void check(const Case &c, uint32_t seed, int minimum) {
  auto made = makeWgmma(TensorCore::Hopper, c.n, c.a, c.b, c.d, false);
  ASSERT_TRUE(made) << "n " << c.n;
  WgmmaOp op = *made;
  op.mnMajorA = c.mnA;
  op.mnMajorB = c.mnB;
  op.negateA = c.negateA;
  op.negateB = c.negateB;
  int K = elementsOfK(c.a), bits = bitsOf(c.a);
  uint32_t bytes = uint32_t(bits) / 8;
  Draw draw(seed);
  bool narrow = bits == 8 && !isInteger(c.a);
  reference::Rule rule = isInteger(c.a) ? reference::Rule{} : ruleOf(TensorCore::Hopper, c.a, c.d, narrow);
  static uint32_t a[64][32], b[256][32], d[64][256];
  static std::vector<uint8_t> shared(1 << 17);
  static uint32_t regsD[4][128][32], regsA[4][4][32];
  static WgmmaOperands operands;
  for (int outputs = 0, round = 0; outputs < minimum; outputs += 64 * c.n, ++round) {
    int style = round % 2;
    auto value = [&](Element e) {
      return isInteger(e) ? draw.word() & 0xff : draw.value(formatOf(e), style);
    };
    for (auto &row : a)
      for (uint32_t &x : row)
        x = value(c.a);
    for (auto &row : b)
      for (uint32_t &x : row)
        x = value(c.b);
    for (auto &row : d)
      for (uint32_t &x : row)
        x = c.d == Element::S32 ? draw.word() : draw.value(formatOf(c.d), 1);
    Placement pa = tight(c.modeA, c.mnA, 1024), pb = tight(c.modeB, c.mnB, 64 * 1024);
    for (uint32_t k = 0; k < uint32_t(K); ++k) {
      for (uint32_t i = 0; i < 64; ++i)
        std::memcpy(&shared[placeElement(pa, i, k, bytes)], &a[i][k], bytes);
      for (uint32_t j = 0; j < uint32_t(c.n); ++j)
        std::memcpy(&shared[placeElement(pb, j, k, bytes)], &b[j][k], bytes);
    }
    auto read = [&](uint32_t address, void *unit) {
      std::memcpy(unit, &shared[address], 16);
      return true;
    };
    int perWord = 32 / bits, bitsD = c.d == Element::F16 ? 16 : 32;
    for (int w = 0; w < 4; ++w)
      for (int lane = 0; lane < 32; ++lane) {
        for (int i = 0; i < 64 * K / 128; ++i) {
          int reg = i / perWord;
          setBits(regsA[w], lane, i, bits,
                  a[16 * w + lane / 4 + 8 * (reg % 2)]
                   [reg / 2 * 4 * perWord + lane % 4 * perWord + i % perWord]);
        }
        for (int i = 0; i < c.n / 2; ++i)
          setBits(regsD[w], lane, i, bitsD,
                  d[16 * w + lane / 4 + 8 * (i / 2 % 2)][i / 4 * 8 + lane % 4 * 2 + i % 2]);
      }
    if (c.aInRegisters) {
      for (int w = 0; w < 4; ++w) {
        const uint32_t *pointers[] = {regsA[w][0], regsA[w][1], regsA[w][2], regsA[w][3]};
        takeOperandA(op, w, pointers, operands);
      }
    } else {
      ASSERT_TRUE(readOperandA(op, decodeDescriptor(descriptorBits(pa)), read, operands));
    }
    ASSERT_TRUE(readOperandB(op, decodeDescriptor(descriptorBits(pb)), read, operands));
    static void *pointers[4][128];
    void *const *lists[4];
    for (int w = 0; w < 4; ++w) {
      for (int i = 0; i < 128; ++i)
        pointers[w][i] = regsD[w][i];
      lists[w] = pointers[w];
    }
    multiplyWarpgroup(op, c.addToD, operands, lists);

    uint32_t flip = uint32_t(1) << (bits - 1);
    for (int row = 0; row < 64; ++row) {
      uint32_t left[32];
      for (int k = 0; k < K; ++k)
        left[k] = a[row][k] ^ (c.negateA ? flip : 0);
      for (int column = 0; column < c.n; ++column) {
        uint32_t right[32], start = c.addToD ? d[row][column] : 0, want = start;
        for (int k = 0; k < K; ++k)
          right[k] = b[column][k] ^ (c.negateB ? flip : 0);
        if (isInteger(c.a)) {
          for (int k = 0; k < K; ++k)
            want += uint32_t((c.a == Element::S8 ? int8_t(left[k]) : int(left[k])) *
                             (c.b == Element::S8 ? int8_t(right[k]) : int(right[k])));
        } else {
          want = reference::dot(rule, formatOf(c.a), formatOf(c.b), left, right, K, start,
                                c.d == Element::F16);
        }
        int lane = row % 8 * 4 + column % 8 / 2;
        int i = column / 8 * 4 + row / 8 % 2 * 2 + column % 2;
        ASSERT_EQ(getBits(regsD[row / 16], lane, i, bitsD), want)
            << "row " << row << " column " << column << " n " << c.n << " type " << int(c.a);
      }
    }
  }
}

const Swizzle kModes[] = {Swizzle::None, Swizzle::Bytes32, Swizzle::Bytes64, Swizzle::Bytes128};

} // namespace

TEST(Wgmma, EveryShapeAndType) {
  struct Types {
    Element a, b, d;
  };
  std::vector<Types> types = {{Element::F16, Element::F16, Element::F32},
                              {Element::F16, Element::F16, Element::F16},
                              {Element::BF16, Element::BF16, Element::F32},
                              {Element::TF32, Element::TF32, Element::F32}};
  for (Element a : {Element::E4M3, Element::E5M2})
    for (Element b : {Element::E4M3, Element::E5M2})
      for (Element d : {Element::F32, Element::F16})
        types.push_back({a, b, d});
  for (Element a : {Element::S8, Element::U8})
    for (Element b : {Element::S8, Element::U8})
      types.push_back({a, b, Element::S32});
  uint32_t index = 0;
  for (const Types &t : types)
    for (int n = 8; n <= 256; n += 8) {
      if (isInteger(t.a) && n > 32 && n % 16)
        continue;
      ++index;
      Case c{t.a, t.b, t.d, n, index % 3 == 0, kModes[index % 4], kModes[index / 4 % 4],
             false, false};
      c.addToD = index % 5 != 0;
      check(c, index, 10000);
    }
}

TEST(Wgmma, SwizzlesAndMajors) {
  for (Swizzle modeA : kModes)
    for (Swizzle modeB : kModes)
      for (int majors = 0; majors < 4; ++majors)
        for (int n : {8, 64, 136, 256})
          check({Element::F16, Element::F16, Element::F32, n, false, modeA, modeB, bool(majors & 1),
                 bool(majors & 2)},
                uint32_t(n + majors), 1);
}

TEST(Wgmma, Negation) {
  for (Element e : {Element::F16, Element::BF16, Element::TF32, Element::E4M3})
    for (int which = 1; which < 4; ++which)
      check({e, e, Element::F32, 64, which == 2, Swizzle::Bytes128, Swizzle::Bytes64, false, false,
             bool(which & 1), bool(which & 2)},
            uint32_t(which), 10000);
}

// Advancing the start address inside the swizzled row is how k loops step.
TEST(Wgmma, StartInsideARow) {
  MatrixDescriptor d = decodeDescriptor(descriptorBits({Swizzle::Bytes128, false, 1024, 16, 1024}));
  MatrixDescriptor next = d;
  next.start += 32;
  Placement whole{Swizzle::Bytes128, false, 1024, 16, 1024};
  for (uint32_t row = 0; row < 64; ++row)
    for (uint32_t chunk = 0; chunk < 2; ++chunk)
      EXPECT_EQ(unitAddressKMajor(next, row, chunk), placeElement(whole, row, 32 + 16 * chunk, 1));
}

TEST(Wgmma, RefusesWhatIsNone) {
  EXPECT_FALSE(makeWgmma(TensorCore::Hopper, 12, Element::F16, Element::F16, Element::F32, false));
  EXPECT_FALSE(makeWgmma(TensorCore::Hopper, 264, Element::F16, Element::F16, Element::F32, false));
  EXPECT_FALSE(makeWgmma(TensorCore::Hopper, 40, Element::S8, Element::S8, Element::S32, false));
  EXPECT_FALSE(makeWgmma(TensorCore::Hopper, 64, Element::BF16, Element::BF16, Element::F16, false));
}
