// wmma: every fragment holds each element of its matrix where its positions say,
// and products through load, multiply, store equal the reference.
#include "sim/machine/matrix/Wmma.h"
#include "tests/sim/machine/matrix/Helpers.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

using namespace matrixtest;
using reference::Draw;

namespace {

using Registers = uint32_t[8][32];

int rowsOf(const WmmaFragment &f) { return f.matrix == WmmaMatrix::B ? f.shape.k : f.shape.m; }
int columnsOf(const WmmaFragment &f) { return f.matrix == WmmaMatrix::A ? f.shape.k : f.shape.n; }

void fill(const WmmaFragment &f, Registers &registers, const uint32_t *matrix) {
  for (int reg = 0; reg < f.registers; ++reg)
    for (int lane = 0; lane < 32; ++lane)
      for (int i = 0; i < f.perRegister; ++i) {
        MatrixPosition p = wmmaPosition(f, reg, i, lane);
        setBits(registers, lane, reg * f.perRegister + i, bitsOf(f.type),
                matrix[p.row * columnsOf(f) + p.column]);
      }
}

const MatrixShape kShapes[] = {{16, 16, 16}, {8, 32, 16}, {32, 8, 16}};

} // namespace

TEST(Wmma, FragmentsCoverTheirMatrix) {
  for (MatrixShape shape : {kShapes[0], kShapes[1], kShapes[2], MatrixShape{16, 16, 8},
                            MatrixShape{8, 8, 4}})
    for (WmmaMatrix matrix : {WmmaMatrix::A, WmmaMatrix::B, WmmaMatrix::C})
      for (Element type : {Element::F16, Element::BF16, Element::TF32, Element::S8, Element::U8,
                           Element::F64, Element::F32, Element::S32}) {
        auto f = wmmaFragment(matrix, shape, type);
        if (!f)
          continue;
        std::map<std::pair<int, int>, int> seen;
        for (int reg = 0; reg < f->registers; ++reg)
          for (int lane = 0; lane < 32; ++lane)
            for (int i = 0; i < f->perRegister; ++i) {
              MatrixPosition p = wmmaPosition(*f, reg, i, lane);
              ASSERT_TRUE(p.row >= 0 && p.row < rowsOf(*f));
              ASSERT_TRUE(p.column >= 0 && p.column < columnsOf(*f));
              ++seen[{p.row, p.column}];
            }
        ASSERT_EQ(int(seen.size()), rowsOf(*f) * columnsOf(*f));
        for (auto &[position, count] : seen)
          ASSERT_EQ(count, f->registers / f->distinct);
      }
}

// The numbers of registers are the manual's ("wmma fragments").
TEST(Wmma, RegisterCounts) {
  auto count = [](WmmaMatrix m, MatrixShape s, Element e) {
    auto f = wmmaFragment(m, s, e);
    return f ? f->registers : -1;
  };
  for (MatrixShape s : kShapes) {
    EXPECT_EQ(count(WmmaMatrix::A, s, Element::F16), 8);
    EXPECT_EQ(count(WmmaMatrix::B, s, Element::F16), 8);
    EXPECT_EQ(count(WmmaMatrix::C, s, Element::F16), 4);
    EXPECT_EQ(count(WmmaMatrix::C, s, Element::F32), 8);
    EXPECT_EQ(count(WmmaMatrix::C, s, Element::S32), 8);
  }
  EXPECT_EQ(count(WmmaMatrix::A, kShapes[1], Element::BF16), 2);
  EXPECT_EQ(count(WmmaMatrix::B, kShapes[1], Element::BF16), 8);
  EXPECT_EQ(count(WmmaMatrix::A, kShapes[2], Element::S8), 4);
  EXPECT_EQ(count(WmmaMatrix::B, kShapes[2], Element::S8), 1);
  EXPECT_EQ(count(WmmaMatrix::A, {16, 16, 8}, Element::TF32), 4);
  EXPECT_EQ(count(WmmaMatrix::B, {16, 16, 8}, Element::TF32), 4);
  EXPECT_EQ(count(WmmaMatrix::C, {8, 8, 4}, Element::F64), 2);
  EXPECT_EQ(count(WmmaMatrix::A, {16, 16, 8}, Element::F16), -1);
}

static void checkProduct(TensorCore core, MatrixShape shape, Element type, Element c, Element d) {
  auto op = makeWmma(core, shape, type, type, c, d, false, false);
  ASSERT_TRUE(op);
  auto fa = *wmmaFragment(WmmaMatrix::A, shape, type), fb = *wmmaFragment(WmmaMatrix::B, shape, type);
  auto fc = *wmmaFragment(WmmaMatrix::C, shape, c), fd = *wmmaFragment(WmmaMatrix::C, shape, d);
  reference::Rule rule = isInteger(type) ? reference::Rule{} : ruleOf(core, type, d, false);
  Draw draw(uint32_t(shape.m * 7 + int(type)));
  for (int outputs = 0, round = 0; outputs < 10000; outputs += shape.m * shape.n, ++round) {
    static uint32_t a[32 * 16], b[16 * 32], cc[32 * 32];
    static Registers ra, rb, rc, rd;
    int style = round % 2;
    auto value = [&](Element e) {
      return isInteger(e) ? draw.word() & (bitsOf(e) == 8 ? 0xff : 0xffffff)
                          : draw.value(formatOf(e), style);
    };
    for (uint32_t &x : a)
      x = value(type);
    for (uint32_t &x : b)
      x = value(type);
    for (uint32_t &x : cc)
      x = value(c);
    fill(fa, ra, a);
    fill(fb, rb, b);
    fill(fc, rc, cc);
    wmmaMultiply(*op, Pointers(rd).list, Pointers(ra).list, Pointers(rb).list, Pointers(rc).list);
    for (int reg = 0; reg < fd.registers; ++reg)
      for (int lane = 0; lane < 32; ++lane)
        for (int i = 0; i < fd.perRegister; ++i) {
          MatrixPosition p = wmmaPosition(fd, reg, i, lane);
          uint32_t column[16], start = cc[p.row * shape.n + p.column], want = start;
          for (int k = 0; k < shape.k; ++k)
            column[k] = b[k * shape.n + p.column];
          const uint32_t *row = a + p.row * shape.k;
          if (isInteger(type)) {
            for (int k = 0; k < shape.k; ++k)
              want += type == Element::S8 ? uint32_t(int8_t(row[k]) * int8_t(column[k]))
                                          : row[k] * column[k];
          } else {
            want = reference::dot(rule, formatOf(type), formatOf(type), row, column, shape.k, start,
                                  c == Element::F16);
          }
          ASSERT_EQ(getBits(rd, lane, reg * fd.perRegister + i, bitsOf(d)), want)
              << "row " << p.row << " column " << p.column;
        }
  }
}

TEST(Wmma, Products) {
  for (TensorCore core : {TensorCore::Turing, TensorCore::Ampere, TensorCore::Hopper}) {
    for (MatrixShape shape : kShapes) {
      for (Element c : {Element::F16, Element::F32})
        for (Element d : {Element::F16, Element::F32})
          checkProduct(core, shape, Element::F16, c, d);
      checkProduct(core, shape, Element::BF16, Element::F32, Element::F32);
      checkProduct(core, shape, Element::S8, Element::S32, Element::S32);
      checkProduct(core, shape, Element::U8, Element::S32, Element::S32);
    }
    checkProduct(core, {16, 16, 8}, Element::TF32, Element::F32, Element::F32);
  }
}

// A destination that is also a source: all must be read first.
TEST(Wmma, InPlace) {
  auto op = makeWmma(TensorCore::Ampere, kShapes[0], Element::F16, Element::F16, Element::F32,
                     Element::F32, false, false);
  static Registers a, b, c, d, shared;
  Draw draw(9);
  for (int i = 0; i < 8; ++i)
    for (int lane = 0; lane < 32; ++lane) {
      a[i][lane] = draw.value(reference::F16, 0) | draw.value(reference::F16, 0) << 16;
      b[i][lane] = draw.value(reference::F16, 0) | draw.value(reference::F16, 0) << 16;
      c[i][lane] = 0;
    }
  wmmaMultiply(*op, Pointers(d).list, Pointers(a).list, Pointers(b).list, Pointers(c).list);
  std::memcpy(shared, a, sizeof a);
  wmmaMultiply(*op, Pointers(shared).list, Pointers(shared).list, Pointers(b).list,
               Pointers(c).list);
  EXPECT_EQ(std::memcmp(shared, d, sizeof d), 0);
}
