//===- ConversionsTest.cpp - Types and integers in kernels ------------------===//
//
// Every pair of element types converts without a call of a library function,
// narrow floats round to nearest even in one step, and integer divisions do not
// trap.
//
//===----------------------------------------------------------------------===//
#include "tests/passes/codegen/Kernel.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace tenon;
using tenon::test::Kernels;

namespace {

class Conversions : public testing::TestWithParam<CpuFeatures> {
protected:
  /// y = \p ops of %0, on 16 elements a block.
  std::unique_ptr<Kernels> compile(const std::string &x, const std::string &y,
                                   const std::string &ops) {
    auto kernels = std::make_unique<Kernels>(
        "tile.func @k(%x: !tile.view<" + x + ">, %y: !tile.view<" + y +
            ">, %b: index) grid(#tenon.expr<1>) symbols([]) {\n"
            "%c16 = arith.constant 16 : index\n%off = arith.muli %b, %c16 : index\n"
            "%0 = tile.load %x[%off] strides [1] : !tile.view<" +
            x + "> -> tensor<16x" + x + ">\n" + ops +
            "tile.store %1, %y[%off] strides [1] : tensor<16x" + y + "> -> !tile.view<" + y +
            ">\ntile.return }",
        GetParam());
    EXPECT_EQ(kernels->error(), "") << x << " to " << y << ": " << ops;
    return kernels;
  }
  std::unique_ptr<Kernels> convert(const std::string &op, const std::string &x,
                                   const std::string &y) {
    return compile(x, y,
                   "%1 = arith." + op + " %0 : tensor<16x" + x + "> to tensor<16x" + y + ">\n");
  }
};

TEST_P(Conversions, allPairsCompile) {
  std::vector<std::pair<std::string, int>> floats = {
      {"f16", 16}, {"bf16", 16}, {"f32", 32}, {"f64", 64}};
  std::vector<std::string> ints = {"i1", "i8", "i16", "i32", "i64"};
  for (auto &[from, bits] : floats) {
    for (auto &[to, wanted] : floats)
      if (bits != wanted)
        convert(bits < wanted ? "extf" : "truncf", from, to);
    for (auto &to : ints)
      for (const char *op : {"fptosi", "fptoui"})
        convert(op, from, to);
    for (auto &to : ints)
      for (const char *op : {"sitofp", "uitofp"})
        convert(op, to, from);
  }
}

TEST_P(Conversions, arithmeticOfAllTypesCompiles) {
  for (const char *type : {"f16", "bf16", "f32", "f64"})
    for (const char *op :
         {"arith.addf", "arith.mulf", "arith.divf", "arith.remf", "arith.maximumf",
          "arith.minimumf", "arith.maxnumf", "math.powf", "math.atan2", "math.copysign"})
      compile(type, type, std::string("%1 = ") + op + " %0, %0 : tensor<16x" + type + ">\n");
  for (const char *type : {"f16", "bf16", "f32", "f64"})
    for (const char *op :
         {"math.exp", "math.sqrt", "math.floor", "math.ceil", "math.trunc", "math.round",
          "math.roundeven", "math.absf", "math.erf", "math.rsqrt", "math.tanh", "arith.negf"})
      compile(type, type, std::string("%1 = ") + op + " %0 : tensor<16x" + type + ">\n");
  for (const char *type : {"i8", "i16", "i32", "i64"})
    for (const char *op :
         {"arith.addi", "arith.muli", "arith.divsi", "arith.divui", "arith.remsi", "arith.remui",
          "arith.shli", "arith.shrsi", "arith.shrui", "arith.maxsi", "arith.minui",
          "arith.floordivsi", "arith.ceildivsi", "arith.ceildivui", "math.ipowi"})
      compile(type, type, std::string("%1 = ") + op + " %0, %0 : tensor<16x" + type + ">\n");
  for (const char *type : {"i8", "i16", "i32", "i64"})
    for (const char *op : {"math.absi", "math.ctpop", "math.ctlz", "math.cttz"})
      compile(type, type, std::string("%1 = ") + op + " %0 : tensor<16x" + type + ">\n");
}

TEST_P(Conversions, halvesRoundOnce) {
  // f64 numbers that lie a little beside the middle of two halves.
  std::mt19937_64 random(1);
  std::vector<double> x = {0,   -0.0, 65504,   65519.999,           65520, 1e300, INFINITY,
                           NAN, 6e-8, 2.98e-8, 2.980232238769531e-8};
  while (x.size() < 1024) {
    _Float16 low = std::bit_cast<_Float16>(uint16_t(random() % 0x7bff));
    _Float16 high = std::bit_cast<_Float16>(uint16_t(std::bit_cast<uint16_t>(low) + 1));
    double middle = (double(low) + double(high)) / 2;
    x.push_back(middle);
    x.push_back(std::nextafter(middle, 0));
    x.push_back(-std::nextafter(middle, 1e9));
  }
  x.resize(1024);
  std::vector<uint16_t> y(1024);
  ASSERT_EQ(convert("truncf", "f64", "f16")->run("k", {x.data(), y.data()}, 64), 0);
  for (size_t i = 0; i < x.size(); ++i)
    if (!std::isnan(x[i])) {
      ASSERT_EQ(y[i], std::bit_cast<uint16_t>(_Float16(x[i]))) << std::hexfloat << x[i];
    }
  EXPECT_TRUE(std::isnan(float(std::bit_cast<_Float16>(y[7]))));
}

TEST_P(Conversions, bfloatRoundsToNearestEven) {
  std::mt19937 random(2);
  std::vector<float> x(1024);
  for (float &value : x)
    value = std::bit_cast<float>(uint32_t(random()));
  x[0] = NAN;
  x[1] = std::bit_cast<float>(0x7f800001u);
  x[2] = std::bit_cast<float>(0x3f808000u); // a tie to even, down
  x[3] = std::bit_cast<float>(0x3f818000u); // and up
  x[4] = 3.4e38f;
  std::vector<uint16_t> y(1024);
  ASSERT_EQ(convert("truncf", "f32", "bf16")->run("k", {x.data(), y.data()}, 64), 0);
  EXPECT_EQ(y[2], 0x3f80);
  EXPECT_EQ(y[3], 0x3f82);
  EXPECT_EQ(y[4], 0x7f80);
  for (size_t i = 0; i < x.size(); ++i) {
    float back = std::bit_cast<float>(uint32_t(y[i]) << 16);
    if (std::isnan(x[i])) {
      EXPECT_TRUE(std::isnan(back));
      continue;
    }
    // No bfloat is nearer.
    for (int step : {-1, 1}) {
      float other = std::bit_cast<float>(uint32_t(uint16_t(y[i] + step)) << 16);
      if (std::isfinite(other) && std::isfinite(back)) {
        EXPECT_LE(std::abs(double(back) - x[i]), std::abs(double(other) - x[i]))
            << std::hexfloat << x[i];
      }
    }
  }
}

TEST_P(Conversions, divisionsDoNotTrap) {
  int32_t least = std::numeric_limits<int32_t>::min();
  std::vector<int32_t> x = {7, -7, 7, -7, 5, least, least, least, 0, 0, 1, -1, 9, -9, 9, 100};
  std::vector<int32_t> z = {2, 2, -2, -2, 0, -1, 0, 1, 0, 5, 1, -1, 4, 4, -4, 7};
  for (bool isRemainder : {false, true}) {
    std::string op = isRemainder ? "arith.remsi" : "arith.divsi";
    auto kernel = compile(
        "i32", "i32",
        "%2 = tile.load %y[%off] strides [1] : !tile.view<i32> -> tensor<16xi32>\n%1 = " + op +
            " %0, %2 : tensor<16xi32>\n");
    std::vector<int32_t> y = z;
    ASSERT_EQ(kernel->run("k", {x.data(), y.data()}, 1), 0);
    for (int i = 0; i < 16; ++i) {
      int64_t wanted = z[i] == 0 ? 0 : isRemainder ? int64_t(x[i]) % z[i] : int64_t(x[i]) / z[i];
      EXPECT_EQ(y[i], int32_t(wanted)) << op << " " << x[i] << " " << z[i];
    }
  }
}

TEST_P(Conversions, narrowIntegersWrap) {
  std::vector<float> x = {0,  1.9f, -1.9f, 127,  128,  255,  256,  300,
                          -1, -128, -129,  1e4f, 2e9f, -300, 0.5f, 99.99f};
  std::vector<int8_t> y(16);
  ASSERT_EQ(convert("fptosi", "f32", "i8")->run("k", {x.data(), y.data()}, 1), 0);
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(y[i], int8_t(int32_t(x[i]))) << x[i];
}

TEST_P(Conversions, integerPowers) {
  std::vector<int64_t> x = {2, 3, -3, 0, 0, 1, -1, 7, 2, 2, -1, 5, 10, -2, 3, 1},
                       y = {10, 4, 3, 0, 5, -9, -3, 1, 62, 63, -2, -1, 18, 63, 41, 0};
  std::vector<int64_t> z = y;
  auto kernel = compile("i64", "i64",
                        "%2 = tile.load %y[%off] strides [1] : !tile.view<i64> -> tensor<16xi64>\n"
                        "%1 = math.ipowi %0, %2 : tensor<16xi64>\n");
  ASSERT_EQ(kernel->run("k", {x.data(), z.data()}, 1), 0);
  for (int i = 0; i < 16; ++i) {
    uint64_t wanted = 1;
    for (int64_t n = 0; n < std::abs(y[i]); ++n)
      wanted *= uint64_t(x[i]);
    if (y[i] < 0)
      wanted = std::abs(x[i]) == 1 ? wanted : 0;
    EXPECT_EQ(z[i], int64_t(wanted)) << x[i] << " ^ " << y[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Features, Conversions, testing::ValuesIn(tenon::test::runnableFeatures()),
                         [](auto &info) { return cpuFeaturesName(info.param).str(); });

} // namespace
