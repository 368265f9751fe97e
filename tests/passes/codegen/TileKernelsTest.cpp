//===- TileKernelsTest.cpp - Every tile operation, compiled and run ---------===//
//
// Each case is a small kernel in text form; its result is compared with plain
// loops, for every feature set that the machine has.
//
//===----------------------------------------------------------------------===//
#include "tests/passes/codegen/Kernel.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>

using namespace tenon;
using tenon::test::Kernels;

namespace {

class TileKernels : public testing::TestWithParam<CpuFeatures> {
protected:
  /// Compiles `tile.func @k` with float views x and y and what \p body says.
  std::unique_ptr<Kernels> compile(const std::string &body, const std::string &x = "f32",
                                   const std::string &y = "f32") {
    std::string source = "tile.func @k(%x: !tile.view<" + x + ">, %y: !tile.view<" + y +
                         ">, %b: index) grid(#tenon.expr<1>) symbols([\"N\", \"M\"]) {\n" +
                         "%c0 = arith.constant 0 : index\n" + body + "\ntile.return }";
    auto kernels = std::make_unique<Kernels>(source, GetParam());
    EXPECT_EQ(kernels->error(), "");
    return kernels;
  }
};

std::vector<float> iota(size_t count, float start = 1) {
  std::vector<float> result(count);
  std::iota(result.begin(), result.end(), start);
  return result;
}

TEST_P(TileKernels, addsRowsOfAnyWidth) {
  // 37 columns: vectors of 16 (or 8), 4 and 1 lanes.
  auto kernel = compile(R"(
    %0 = tile.load %x[%c0] strides [37, 1] : !tile.view<f32> -> tensor<3x37xf32>
    %1 = tile.load %x[%c0] strides [0, 1] : !tile.view<f32> -> tensor<3x37xf32>
    %2 = arith.addf %0, %1 : tensor<3x37xf32>
    tile.store %2, %y[%c0] strides [37, 1] : tensor<3x37xf32> -> !tile.view<f32>)");
  auto x = iota(111);
  std::vector<float> y(112, -1);
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 0);
  for (int i = 0; i < 111; ++i)
    EXPECT_EQ(y[i], x[i] + x[i % 37]) << i;
  EXPECT_EQ(y[111], -1);
}

TEST_P(TileKernels, runsOnlyItsBlocks) {
  auto kernel = compile(R"(
    %c8 = arith.constant 8 : index
    %off = arith.muli %b, %c8 : index
    %0 = tile.load %x[%off] strides [1] : !tile.view<f32> -> tensor<8xf32>
    tile.store %0, %y[%off] strides [1] : tensor<8xf32> -> !tile.view<f32>)");
  auto x = iota(40);
  std::vector<float> y(40, 0);
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 4, {}, 2), 0);
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(y[i], i >= 16 && i < 32 ? x[i] : 0) << i;
}

// Strides 0 to 3 and -1 of the innermost dimension, static and dynamic, read
// exactly the elements they name: the buffer ends right behind the last.
TEST_P(TileKernels, strides) {
  for (int stride : {0, 1, 2, 3, -1})
    for (bool isDynamic : {false, true}) {
      std::string s = isDynamic ? "%s" : std::to_string(stride);
      auto kernel =
          compile("%s = arith.constant " + std::to_string(stride) +
                  " : index\n%off = " + "arith.constant " + std::to_string(stride < 0 ? 19 : 0) +
                  " : index\n" + "%0 = tile.load %x[%off] strides [" + s +
                  "] : !tile.view<f32> -> tensor<20xf32>\n" +
                  "tile.store %0, %y[%c0] strides [1] : tensor<20xf32> -> !tile.view<f32>");
      auto x = iota(stride < 0 ? 20 : 19 * stride + 1);
      std::vector<float> y(20);
      ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 0);
      for (int i = 0; i < 20; ++i)
        EXPECT_EQ(y[i], x[(stride < 0 ? 19 : 0) + i * stride]) << stride << " " << i;
    }
}

TEST_P(TileKernels, transposes) {
  auto kernel = compile(R"(
    %0 = tile.load %x[%c0] strides [1, 6] : !tile.view<f32> -> tensor<6x5xf32>
    tile.store %0, %y[%c0] strides [5, 1] : tensor<6x5xf32> -> !tile.view<f32>
    %c30 = arith.constant 30 : index
    tile.store %0, %y[%c30] strides [1, 6] : tensor<6x5xf32> -> !tile.view<f32>)");
  auto x = iota(30);
  std::vector<float> y(60);
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 0);
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 5; ++j)
      EXPECT_EQ(y[i * 5 + j], x[j * 6 + i]);
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(y[30 + i], x[i]);
}

// Squares are turned in registers; what does not fill a square goes by element.
TEST_P(TileKernels, transposesOfAnySize) {
  for (auto [rows, columns] : std::vector<std::pair<int, int>>{{16, 16},
                                                               {8, 8},
                                                               {4, 4},
                                                               {12, 32},
                                                               {16, 8},
                                                               {8, 16},
                                                               {5, 40},
                                                               {19, 21},
                                                               {4, 64},
                                                               {33, 4}})
    for (bool isDynamic : {false, true}) {
      std::string r = std::to_string(rows), c = std::to_string(columns),
                  tile = "tensor<" + r + "x" + c + "xf32>";
      std::string far = isDynamic ? "%r" : r;
      auto kernel = compile(
          "%r = tile.dim #tenon.expr<N>\n%0 = tile.load %x[%c0] strides [1, " + far +
          "] : !tile.view<f32> -> " + tile + "\n" + "tile.store %0, %y[%c0] strides [" + c +
          ", 1] : " + tile + " -> !tile.view<f32>\n" + "%at = arith.constant " +
          std::to_string(rows * columns) + " : index\n" + "tile.store %0, %y[%at] strides [1, " +
          far + "] : " + tile + " -> !tile.view<f32>");
      auto x = iota(rows * columns);
      std::vector<float> y(2 * rows * columns);
      ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1, {rows, 0}), 0);
      for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j)
          ASSERT_EQ(y[i * columns + j], x[j * rows + i])
              << rows << "x" << columns << " " << i << " " << j;
      for (int i = 0; i < rows * columns; ++i)
        ASSERT_EQ(y[rows * columns + i], x[i]) << rows << "x" << columns << " " << i;
    }
}

// Masked-off elements hold the fill and their memory is not touched: the buffer
// is too small for them, and lies at the end of a page of its own.
TEST_P(TileKernels, masks) {
  for (int stride : {0, 1, 2, 3}) {
    auto kernel =
        compile("%n = tile.dim #tenon.expr<N>\n%m = tile.dim #tenon.expr<M>\n"
                "%j = tile.iota dim 1 : tensor<1x20xindex>\n"
                "%i = tile.iota dim 0 : tensor<4x1xindex>\n"
                "%nn = tile.splat %n : index -> tensor<1x20xindex>\n"
                "%mm = tile.splat %m : index -> tensor<4x1xindex>\n"
                "%a = arith.cmpi slt, %j, %nn : tensor<1x20xindex>\n"
                "%c = arith.cmpi slt, %i, %mm : tensor<4x1xindex>\n"
                "%aa = tile.broadcast %a : tensor<1x20xi1> -> tensor<4x20xi1>\n"
                "%cc = tile.broadcast %c : tensor<4x1xi1> -> tensor<4x20xi1>\n"
                "%on = arith.andi %aa, %cc : tensor<4x20xi1>\n"
                "%f = arith.constant -7.0 : f32\n"
                "%big = arith.constant 1073741824 : index\n"
                "%0 = tile.load %x[%c0] strides [%big, " +
                std::to_string(stride) +
                "] mask(%on : tensor<4x20xi1>) fill(%f : f32) "
                ": !tile.view<f32> -> tensor<4x20xf32>\n"
                "tile.store %0, %y[%c0] strides [20, 1] : tensor<4x20xf32> -> !tile.view<f32>");
    for (int n : {0, 1, 7, 16, 17, 20})
      for (int m : {0, 1}) {
        auto x = iota(20 * 3);
        std::vector<float> y(80);
        ASSERT_EQ(kernel->run("k", {n && m ? x.data() : nullptr, y.data()}, 1, {n, m}), 0);
        for (int i = 0; i < 80; ++i)
          EXPECT_EQ(y[i], i / 20 < m && i % 20 < n ? x[i % 20 * stride] : -7)
              << n << " " << m << " " << i;
      }
  }
}

// A column is scalars: all on takes the branch without masks, else each its own.
TEST_P(TileKernels, maskedColumns) {
  auto kernel = compile(R"(
    %n = tile.dim #tenon.expr<N>
    %i = tile.iota dim 0 : tensor<6x1xindex>
    %nn = tile.splat %n : index -> tensor<6x1xindex>
    %on = arith.cmpi slt, %i, %nn : tensor<6x1xindex>
    %f = arith.constant -7.0 : f32
    %0 = tile.load %x[%c0] strides [3, 1] mask(%on : tensor<6x1xi1>) fill(%f : f32)
        : !tile.view<f32> -> tensor<6x1xf32>
    %1 = tile.broadcast %0 : tensor<6x1xf32> -> tensor<6x4xf32>
    tile.store %1, %y[%c0] strides [4, 1] : tensor<6x4xf32> -> !tile.view<f32>)");
  for (int n : {0, 1, 5, 6, 7}) {
    auto x = iota(n ? 3 * std::min(n, 6) - 2 : 0);
    std::vector<float> y(24);
    ASSERT_EQ(kernel->run("k", {n ? x.data() : nullptr, y.data()}, 1, {n, 0}), 0);
    for (int i = 0; i < 24; ++i)
      EXPECT_EQ(y[i], i / 4 < n ? x[i / 4 * 3] : -7) << n << " " << i;
  }
}

TEST_P(TileKernels, maskedStores) {
  for (int stride : {1, 2}) {
    auto kernel = compile("%n = tile.dim #tenon.expr<N>\n%j = tile.iota dim 0 : tensor<20xindex>\n"
                          "%nn = tile.splat %n : index -> tensor<20xindex>\n"
                          "%on = arith.cmpi slt, %j, %nn : tensor<20xindex>\n"
                          "%0 = tile.load %x[%c0] strides [1] : !tile.view<f32> -> tensor<20xf32>\n"
                          "tile.store %0, %y[%c0] strides [" +
                          std::to_string(stride) +
                          "] mask(%on : tensor<20xi1>) : tensor<20xf32> -> !tile.view<f32>");
    for (int n : {0, 1, 9, 20}) {
      auto x = iota(20);
      std::vector<float> y(40, -1);
      ASSERT_EQ(kernel->run("k", {x.data(), n ? y.data() : nullptr}, 1, {n, 0}), 0);
      for (int i = 0; i < 40; ++i)
        EXPECT_EQ(y[i], n && i % stride == 0 && i / stride < n ? x[i / stride] : -1)
            << n << " " << i;
    }
  }
}

TEST_P(TileKernels, gathersAndScatters) {
  auto kernel = compile(R"(
    %i = tile.load %x[%c0] strides [1] : !tile.view<i32> -> tensor<20xi32>
    %j = tile.iota dim 0 : tensor<20xindex>
    %n = tile.dim #tenon.expr<N>
    %nn = tile.splat %n : index -> tensor<20xindex>
    %on = arith.cmpi slt, %j, %nn : tensor<20xindex>
    %0 = tile.gather %y[%i : tensor<20xi32>] mask(%on : tensor<20xi1>) : !tile.view<f32> -> tensor<20xf32>
    %c20 = arith.constant dense<20> : tensor<20xindex>
    %k = arith.addi %j, %c20 : tensor<20xindex>
    tile.scatter %0, %y[%k : tensor<20xindex>] mask(%on : tensor<20xi1>) : tensor<20xf32> -> !tile.view<f32>)",
                        "i32");
  std::vector<int32_t> x(20, 1 << 30);
  auto y = iota(40);
  for (int i = 0; i < 13; ++i)
    x[i] = (i * 7) % 20;
  auto before = y;
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1, {13, 0}), 0);
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(y[i], i >= 20 && i < 33 ? before[x[i - 20]] : before[i]) << i;
}

TEST_P(TileKernels, boolsAreBytes) {
  auto kernel = compile(R"(
    %0 = tile.load %x[%c0] strides [1] : !tile.view<i1> -> tensor<19xi1>
    %t = arith.constant dense<true> : tensor<19xi1>
    %1 = arith.xori %0, %t : tensor<19xi1>
    tile.store %1, %y[%c0] strides [1] : tensor<19xi1> -> !tile.view<i1>)",
                        "i1", "i1");
  std::vector<uint8_t> x(19), y(20, 9);
  for (int i = 0; i < 19; ++i)
    x[i] = i % 3 == 0;
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 0);
  for (int i = 0; i < 19; ++i)
    EXPECT_EQ(y[i], !x[i]) << i;
  EXPECT_EQ(y[19], 9);
}

TEST_P(TileKernels, reductions) {
  auto kernel = compile(R"(
    %0 = tile.load %x[%c0] strides [37, 1] : !tile.view<f32> -> tensor<5x37xf32>
    %1 = tile.reduce add %0 dim 1 : tensor<5x37xf32> -> tensor<5x1xf32>
    tile.store %1, %y[%c0] strides [1, 1] : tensor<5x1xf32> -> !tile.view<f32>
    %2 = tile.reduce max %0 dim 0 : tensor<5x37xf32> -> tensor<1x37xf32>
    %c5 = arith.constant 5 : index
    tile.store %2, %y[%c5] strides [37, 1] : tensor<1x37xf32> -> !tile.view<f32>)");
  std::vector<float> x(185), y(42);
  for (int i = 0; i < 185; ++i)
    x[i] = (i * 37) % 101 - 50;
  x[3 * 37 + 20] = NAN;
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 0);
  for (int i = 0; i < 5; ++i) {
    float sum = std::accumulate(&x[i * 37], &x[i * 37] + 37, 0.f);
    EXPECT_TRUE(y[i] == sum || (i == 3 && std::isnan(y[i]))) << i;
  }
  for (int j = 0; j < 37; ++j) {
    float max = -INFINITY;
    for (int i = 0; i < 5; ++i)
      max = std::max(max, x[i * 37 + j]);
    EXPECT_TRUE(j == 20 ? std::isnan(y[5 + j]) : y[5 + j] == max) << j;
  }
}

TEST_P(TileKernels, controlFlow) {
  // Sums x[0..N) in a for, skipping negative elements, then doubles in a while.
  auto kernel = compile(R"(
    %c1 = arith.constant 1 : index
    %n = tile.dim #tenon.expr<N>
    %zero = arith.constant dense<0.0> : tensor<2x8xf32>
    %sum = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<2x8xf32>) {
      %e = tile.load %x[%i] strides [] : !tile.view<f32> -> f32
      %f0 = arith.constant 0.0 : f32
      %neg = arith.cmpf olt, %e, %f0 : f32
      %r = scf.if %neg -> tensor<2x8xf32> {
        scf.yield %acc : tensor<2x8xf32>
      } else {
        %t = tile.splat %e : f32 -> tensor<2x8xf32>
        %a = arith.addf %acc, %t : tensor<2x8xf32>
        scf.yield %a : tensor<2x8xf32>
      }
      scf.yield %r : tensor<2x8xf32>
    }
    %w:2 = scf.while (%v = %sum, %k = %c0) : (tensor<2x8xf32>, index) -> (tensor<2x8xf32>, index) {
      %c3 = arith.constant 3 : index
      %more = arith.cmpi slt, %k, %c3 : index
      scf.condition(%more) %v, %k : tensor<2x8xf32>, index
    } do {
    ^bb0(%v: tensor<2x8xf32>, %k: index):
      %d = arith.addf %v, %v : tensor<2x8xf32>
      %k1 = arith.addi %k, %c1 : index
      scf.yield %d, %k1 : tensor<2x8xf32>, index
    }
    tile.store %w#0, %y[%c0] strides [8, 1] : tensor<2x8xf32> -> !tile.view<f32>)");
  std::vector<float> x{1, -2, 3, -4, 5}, y(16);
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1, {5, 0}), 0);
  for (float value : y)
    EXPECT_EQ(value, 72);
  ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1, {0, 0}), 0);
  EXPECT_EQ(y[0], 0);
}

TEST_P(TileKernels, checks) {
  auto kernel = compile(R"(
    %0 = tile.load %x[%b] strides [1] : !tile.view<i32> -> tensor<20xi32>
    %c = arith.constant dense<100> : tensor<20xi32>
    %z = arith.constant dense<0> : tensor<20xi32>
    %1 = arith.cmpi slt, %0, %c : tensor<20xi32>
    tile.check %1, "too large" : tensor<20xi1>
    %2 = arith.cmpi sge, %0, %z : tensor<20xi32>
    tile.check %2, "negative" : tensor<20xi1>
    tile.store %0, %y[%b] strides [1] : tensor<20xi32> -> !tile.view<i32>)",
                        "i32", "i32");
  EXPECT_EQ(kernel->entry("k").checks, (std::vector<std::string>{"too large", "negative"}));
  std::vector<int32_t> x(20, 5), y(20, 0);
  EXPECT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 0);
  EXPECT_EQ(y[19], 5);
  x[17] = -1;
  EXPECT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 2);
  EXPECT_EQ(y[17], 5);
  x[3] = 100;
  EXPECT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 1);
}

TEST_P(TileKernels, sizesAndScratch) {
  // Two scratch arrays of symbolic size do not overlap.
  auto kernel = compile(R"(
    %s = tile.scratch #tenon.expr<N + 1> -> !tile.view<f32, scratch>
    %t = tile.scratch #tenon.expr<M> -> !tile.view<f64, scratch>
    %n = tile.dim #tenon.expr<(N * 3 + -1 * M) floordiv 4 + N ceildiv M + N mod M + min(N, M) + -1 * max(N, 7)>
    %f = arith.index_cast %n : index to i32
    %g = arith.sitofp %f : i32 to f32
    %h = arith.extf %g : f32 to f64
    %l = tile.dim #tenon.expr<N>
    tile.store %g, %s[%l] strides [] : f32 -> !tile.view<f32, scratch>
    tile.store %h, %t[%c0] strides [] : f64 -> !tile.view<f64, scratch>
    %r = tile.load %s[%l] strides [] : !tile.view<f32, scratch> -> f32
    tile.store %r, %y[%c0] strides [] : f32 -> !tile.view<f32>)");
  for (int64_t n : {1, 5, 100})
    for (int64_t m : {1, 7, 64}) {
      float y = 0;
      ASSERT_EQ(kernel->run("k", {nullptr, &y}, 1, {n, m}), 0);
      float floor = std::floor((n * 3 - m) / 4.0);
      EXPECT_EQ(y, floor + (n + m - 1) / m + n % m + std::min(n, m) - std::max<int64_t>(n, 7));
    }
  auto bytes =
      DimExpr(kernel->entry("k").scratchBytes).evaluate([](DimExpr leaf) -> std::optional<int64_t> {
        return leaf.getSymbol() == "N" ? 16 : 9;
      });
  EXPECT_EQ(bytes, 128 + 128);
}

TEST_P(TileKernels, dotsInIntegersAndHalves) {
  auto ints = compile(R"(
    %a = tile.load %x[%c0] strides [4, 1] : !tile.view<i8> -> tensor<3x4xi8>
    %w = tile.load %x[%c0] strides [20, 1] : !tile.view<i8> -> tensor<4x20xi8>
    %z = arith.constant dense<1> : tensor<3x20xi32>
    %d = tile.dot %a, %w, %z : tensor<3x4xi8>, tensor<4x20xi8>, tensor<3x20xi32>
    tile.store %d, %y[%c0] strides [20, 1] : tensor<3x20xi32> -> !tile.view<i32>)",
                      "i8", "i32");
  std::vector<int8_t> x(80);
  for (int i = 0; i < 80; ++i)
    x[i] = int8_t(i * 37);
  std::vector<int32_t> y(60);
  ASSERT_EQ(ints->run("k", {x.data(), y.data()}, 1), 0);
  for (int i = 0; i < 60; ++i) {
    int sum = 1;
    for (int k = 0; k < 4; ++k)
      sum += x[i / 20 * 4 + k] * x[k * 20 + i % 20];
    EXPECT_EQ(y[i], sum) << i;
  }
  auto halves = compile(R"(
    %a = tile.load %x[%c0] strides [2, 2, 1] : !tile.view<f16> -> tensor<2x1x2xf16>
    %w = tile.load %x[%c0] strides [32, 16, 1] : !tile.view<f16> -> tensor<2x2x16xf16>
    %z = arith.constant dense<0.5> : tensor<2x1x16xf32>
    %d = tile.dot %a, %w, %z : tensor<2x1x2xf16>, tensor<2x2x16xf16>, tensor<2x1x16xf32>
    tile.store %d, %y[%c0] strides [16, 16, 1] : tensor<2x1x16xf32> -> !tile.view<f32>)",
                        "f16");
  std::vector<_Float16> h(64);
  for (int i = 0; i < 64; ++i)
    h[i] = _Float16(i - 20);
  std::vector<float> z(32);
  ASSERT_EQ(halves->run("k", {h.data(), z.data()}, 1), 0);
  for (int i = 0; i < 32; ++i) {
    int batch = i / 16, column = i % 16;
    float sum = 0.5;
    for (int k = 0; k < 2; ++k)
      sum += float(h[batch * 2 + k]) * float(h[batch * 32 + k * 16 + column]);
    EXPECT_EQ(z[i], sum) << i;
  }
}

TEST_P(TileKernels, sameBytesForAnyThreadCount) {
  std::string source;
  for (int i = 0; i < 8; ++i)
    source += "tile.func @k" + std::to_string(i) + R"((%x: !tile.view<f32>, %b: index)
        grid(#tenon.expr<1>) symbols([]) {
      %0 = tile.load %x[%b] strides [1] : !tile.view<f32> -> tensor<33xf32>
      %1 = math.exp %0 : tensor<33xf32>
      tile.store %1, %x[%b] strides [1] : tensor<33xf32> -> !tile.view<f32>
      tile.return })";
  Kernels one(source, GetParam()), two(source, GetParam());
  ASSERT_EQ(one.error(), "");
  EXPECT_EQ(one.image().bytes, two.image().bytes);
  EXPECT_EQ(one.image().kernels.size(), 8u);
}

// Masked accesses of every element size, in narrow and full vectors.
TEST_P(TileKernels, masksOfAllTypes) {
  for (std::string type : {"i1", "i8", "i16", "f16", "i32", "f32", "i64", "f64"}) {
    size_t bytes = type == "i1" || type == "i8" ? 1
                   : type.back() == '6'         ? 2
                   : type.back() == '2'         ? 4
                                                : 8;
    auto kernel =
        compile("%n = tile.dim #tenon.expr<N>\n%j = tile.iota dim 0 : tensor<20xindex>\n"
                "%nn = tile.splat %n : index -> tensor<20xindex>\n"
                "%on = arith.cmpi slt, %j, %nn : tensor<20xindex>\n"
                "%0 = tile.load %x[%c0] strides [1] mask(%on : tensor<20xi1>) : !tile.view<" +
                    type + "> -> tensor<20x" + type +
                    ">\n"
                    "tile.store %0, %y[%c0] strides [1] mask(%on : tensor<20xi1>) : tensor<20x" +
                    type + "> -> !tile.view<" + type + ">",
                type, type);
    for (int64_t n : {0, 1, 9, 17, 20}) {
      std::vector<uint8_t> x(n * bytes, 1), y(20 * bytes, 7);
      ASSERT_EQ(kernel->run("k", {n ? x.data() : nullptr, y.data()}, 1, {n, 0}), 0);
      for (int64_t i = 0; i < int64_t(20 * bytes); ++i)
        ASSERT_EQ(y[i], i < n * int64_t(bytes) ? 1 : 7) << type << " " << n << " " << i;
    }
  }
}

TEST_P(TileKernels, equalKernelsAreCompiledOnce) {
  auto func = [](const char *name, const char *value) {
    return std::string("tile.func @") + name +
           "(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) " +
           "symbols([]) attributes {nodes = [\"" + name + "\"]} {\n%0 = arith.constant " + value +
           " : f32\n" + "%t = arith.constant true\ntile.check %t, \"m\" : i1\n" +
           "tile.store %0, %x[%b] strides [] : f32 -> !tile.view<f32>\ntile.return }\n";
  };
  Kernels kernels(func("a", "1.0") + func("b", "2.0") + func("c", "1.0"), GetParam());
  ASSERT_EQ(kernels.error(), "");
  EXPECT_EQ(kernels.entry("a").offset, kernels.entry("c").offset);
  EXPECT_NE(kernels.entry("a").offset, kernels.entry("b").offset);
  EXPECT_EQ(kernels.entry("c").checks.size(), 1u);
  float y = 0;
  EXPECT_EQ(kernels.run("c", {&y}, 1), 0);
  EXPECT_EQ(y, 1);
}

TEST_P(TileKernels, refusesTilesTooLargeForRegisters) {
  Kernels kernels(R"(
    tile.func @k(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
      %0 = tile.load %x[%b] strides [1, 1] : !tile.view<f32> -> tensor<4096x1024xf32>
      tile.return })",
                  GetParam());
  EXPECT_NE(kernels.error().find("more than 2048 vectors"), std::string::npos) << kernels.error();
}

TEST_P(TileKernels, refusesWhatItCannotCompile) {
  Kernels kernels(R"(
    tile.func @k(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
      %0 = tile.load %x[%b] strides [1] : !tile.view<f32> -> tensor<8xf32>
      %1 = tensor.cast %0 : tensor<8xf32> to tensor<?xf32>
      tile.return })",
                  GetParam());
  EXPECT_NE(kernels.error(), "");
  EXPECT_TRUE(kernels.image().bytes.empty());
}

INSTANTIATE_TEST_SUITE_P(Features, TileKernels, testing::ValuesIn(tenon::test::runnableFeatures()),
                         [](auto &info) { return cpuFeaturesName(info.param).str(); });

} // namespace
