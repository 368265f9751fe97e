//===- MathTest.cpp - The errors of the math functions ----------------------===//
//
// Every function, compiled as a kernel, is compared with the C library's long
// double function over its range, the numbers near its special points, and all
// special values; the table states the largest error in ulp for f32 and f64.
//
//===----------------------------------------------------------------------===//
#include "tests/passes/codegen/Kernel.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace tenon;
using tenon::test::Kernels;

namespace {

using Exact = long double (*)(long double);
using Exact2 = long double (*)(long double, long double);

struct Function {
  const char *op;
  Exact exact;
  double low, high; ///< where the numbers are drawn, apart from the special ones
  double ulp32, ulp64;
};

long double rsqrtl(long double x) { return 1 / sqrtl(x); }

const Function kFunctions[] = {
    {"math.exp", expl, -110, 92, 2, 2},      {"math.exp", expl, -750, 712, 2, 2},
    {"math.exp2", exp2l, -1080, 1030, 2, 2}, {"math.expm1", expm1l, -50, 92, 2, 3},
    {"math.log", logl, 0, 4, 2, 2},          {"math.log", logl, 0, 1e30, 2, 2},
    {"math.log2", log2l, 0, 4, 1, 3},        {"math.log10", log10l, 0, 1000, 1, 3},
    {"math.log1p", log1pl, -1, 3, 1, 3},     {"math.cbrt", cbrtl, -100, 100, 1, 2},
    {"math.rsqrt", rsqrtl, 0, 100, 1, 2},    {"math.sin", sinl, -10, 10, 1, 2},
    {"math.sin", sinl, -1e6, 1e6, 1, 2},     {"math.cos", cosl, -10, 10, 1, 2},
    {"math.cos", cosl, -1e6, 1e6, 1, 2},     {"math.tan", tanl, -10, 10, 1, 4},
    {"math.asin", asinl, -1, 1, 1, 3},       {"math.acos", acosl, -1, 1, 1, 3},
    {"math.atan", atanl, -20, 20, 1, 2},     {"math.sinh", sinhl, -95, 95, 1, 4},
    {"math.cosh", coshl, -95, 95, 1, 4},     {"math.sinh", sinhl, -715, 715, 1, 4},
    {"math.tanh", tanhl, -12, 12, 2, 4},     {"math.tanh", tanhl, -1, 1, 2, 4},
    {"math.asinh", asinhl, -50, 50, 1, 4},   {"math.acosh", acoshl, 1, 50, 1, 4},
    {"math.atanh", atanhl, -1, 1, 1, 4},     {"math.erf", erfl, -5, 5, 2, 2},
    {"math.erf", erfl, -1.2, 1.2, 2, 2},     {"math.erfc", erfcl, -5, 12, 1, 6},
    {"math.erfc", erfcl, 5, 28, 1, 6},
};

/// Functions.h: NaN for circular functions of large f64 numbers.
template <class T>
bool isRefused(const Function &function, T x, T y) {
  bool circular = function.exact == sinl || function.exact == cosl || function.exact == tanl;
  return sizeof(T) == 8 && circular && std::abs(x) > 0x1p45 && std::isnan(y);
}

/// The distance of \p value from \p exact in units of the last place of exact.
template <class T>
double ulps(T value, long double exact) {
  T nearest = T(exact);
  if (std::isnan(exact) || std::isnan(value))
    return std::isnan(exact) && std::isnan(value) ? 0 : INFINITY;
  if (value == nearest)
    return value == 0 && std::signbit(value) != std::signbit(nearest) ? INFINITY : 0;
  if (std::isinf(value) || std::isinf(nearest))
    // The largest number for infinity, or the other way round, is one step.
    return std::isinf(std::nextafter(value, nearest)) || std::isinf(std::nextafter(nearest, value))
               ? 1
               : INFINITY;
  T size = std::max(std::abs(nearest), std::numeric_limits<T>::min());
  long double unit = std::nextafter(size, T(INFINITY)) - size;
  return double(std::abs(value - exact) / unit);
}

template <class T>
std::vector<T> specialValues() {
  using L = std::numeric_limits<T>;
  std::vector<T> result{0,
                        T(1e-3),
                        T(0.25),
                        T(0.5),
                        1,
                        T(1.5),
                        2,
                        3,
                        10,
                        100,
                        L::min(),
                        L::denorm_min(),
                        L::min() / 3,
                        L::max(),
                        L::epsilon(),
                        L::infinity(),
                        L::quiet_NaN(),
                        T(88.72283),
                        T(-103.97),
                        T(709.78),
                        T(0.625),
                        T(0.925),
                        T(1e10),
                        T(16777216),
                        T(0.7071067)};
  for (size_t i = 0, n = result.size(); i < n; ++i) {
    result.push_back(std::nextafter(result[i], L::infinity()));
    result.push_back(std::nextafter(result[i], T(0)));
  }
  for (size_t i = 0, n = result.size(); i < n; ++i)
    result.push_back(-result[i]);
  return result;
}

template <class T>
std::vector<T> drawn(double low, double high, size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> wide(low, high), exponent(-30, 0);
  std::vector<T> result;
  for (size_t i = 0; i < count; ++i) {
    double x = wide(random);
    // A third of them near zero, by magnitude.
    result.push_back(T(i % 3 ? x : x * std::exp2(exponent(random))));
  }
  return result;
}

class Math : public testing::TestWithParam<CpuFeatures> {
protected:
  /// y = op(x) or op(x, z), 16 elements a block.
  template <class T>
  std::vector<T> apply(const std::string &op, std::vector<T> x, std::vector<T> z = {}) {
    std::string type = sizeof(T) == 4 ? "f32" : "f64", tile = "tensor<16x" + type + ">";
    std::string load = " strides [1] : !tile.view<" + type + "> -> " + tile + "\n";
    Kernels kernels(
        "tile.func @k(%x: !tile.view<" + type + ">, %z: !tile.view<" + type + ">, %y: !tile.view<" +
            type + ">, %b: index) grid(#tenon.expr<1>) symbols([]) {\n" +
            "%c16 = arith.constant 16 : index\n%off = arith.muli %b, %c16 : index\n" +
            "%0 = tile.load %x[%off]" + load + (z.empty() ? "" : "%1 = tile.load %z[%off]" + load) +
            "%2 = " + op + " %0" + (z.empty() ? "" : ", %1") + " : " + tile + "\n" +
            "tile.store %2, %y[%off] strides [1] : " + tile + " -> !tile.view<" + type +
            ">\ntile.return }",
        GetParam());
    EXPECT_EQ(kernels.error(), "");
    size_t count = x.size(), padded = (count + 15) / 16 * 16;
    x.resize(padded);
    z.resize(padded);
    std::vector<T> y(padded);
    EXPECT_EQ(kernels.run("k", {x.data(), z.data(), y.data()}, padded / 16), 0);
    y.resize(count);
    return y;
  }

  template <class T>
  void measure(const Function &function, double bound) {
    std::vector<T> x = specialValues<T>(), more = drawn<T>(function.low, function.high, 200000, 7);
    x.insert(x.end(), more.begin(), more.end());
    std::vector<T> y = apply<T>(function.op, x);
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < x.size(); ++i)
      if (double error = ulps(y[i], function.exact(x[i]));
          error > worst && !isRefused(function, x[i], y[i])) {
        worst = error;
        at = i;
      }
    std::printf("%-12s %s [%g, %g]  %.2f ulp at %a\n", function.op, sizeof(T) == 4 ? "f32" : "f64",
                function.low, function.high, worst, double(x[at]));
    EXPECT_LE(worst, bound) << function.op << " of " << std::hexfloat << x[at] << " is " << y[at]
                            << ", not " << T(function.exact(x[at]));
  }
};

TEST_P(Math, f32) {
  for (const Function &function : kFunctions)
    measure<float>(function, function.ulp32);
}

TEST_P(Math, f64) {
  for (const Function &function : kFunctions)
    measure<double>(function, function.ulp64);
}

template <class T>
void comparePairs(const char *op, const std::vector<T> &x, const std::vector<T> &z,
                  const std::vector<T> &y, Exact2 exact, double bound) {
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < x.size(); ++i)
    if (double error = ulps(y[i], exact(x[i], z[i])); error > worst) {
      worst = error;
      at = i;
    }
  std::printf("%-12s %s %.2f ulp at %a, %a\n", op, sizeof(T) == 4 ? "f32" : "f64", worst,
              double(x[at]), double(z[at]));
  EXPECT_LE(worst, bound) << op << " of " << std::hexfloat << x[at] << " and " << z[at] << " is "
                          << y[at] << ", not " << T(exact(x[at], z[at]));
}

/// All pairs of special values, then drawn ones.
template <class T>
std::pair<std::vector<T>, std::vector<T>> pairs(double low, double high, double low2,
                                                double high2) {
  std::vector<T> x, z, special = specialValues<T>();
  for (T a : special)
    for (T b : special) {
      x.push_back(a);
      z.push_back(b);
    }
  for (T a : drawn<T>(low, high, 100000, 1))
    x.push_back(a);
  for (T b : drawn<T>(low2, high2, 100000, 2))
    z.push_back(b);
  return {x, z};
}

TEST_P(Math, pow) {
  auto [x, z] = pairs<float>(-3, 100, -20, 20);
  comparePairs<float>("pow", x, z, apply<float>("math.powf", x, z), powl, 1);
  auto [a, b] = pairs<double>(-3, 100, -150, 150);
  comparePairs<double>("pow", a, b, apply<double>("math.powf", a, b), powl, 12);
}

TEST_P(Math, atan2) {
  auto [x, z] = pairs<float>(-5, 5, -5, 5);
  comparePairs<float>("atan2", x, z, apply<float>("math.atan2", x, z), atan2l, 1);
  auto [a, b] = pairs<double>(-5, 5, -5, 5);
  comparePairs<double>("atan2", a, b, apply<double>("math.atan2", a, b), atan2l, 3);
}

TEST_P(Math, fmodIsExact) {
  auto [x, z] = pairs<float>(-1e6, 1e6, -9, 9);
  comparePairs<float>("fmod", x, z, apply<float>("arith.remf", x, z), fmodl, 0);
  // f64: quotients up to 2^250.
  auto a = drawn<double>(-1e70, 1e70, 10000, 3), b = drawn<double>(-9, 9, 10000, 4);
  comparePairs<double>("fmod", a, b, apply<double>("arith.remf", a, b), fmodl, 0);
}

// f32 up to its largest number: the reduction has enough bits of 2/pi.
TEST_P(Math, sinOfHugeNumbers) {
  std::mt19937 random(5);
  std::vector<float> x;
  while (x.size() < 100000) {
    float value = std::bit_cast<float>(uint32_t(random()));
    if (std::isfinite(value))
      x.push_back(value);
  }
  std::vector<float> s = apply<float>("math.sin", x), c = apply<float>("math.cos", x);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::abs(s[i] - sinl(x[i])), 1e-7) << std::hexfloat << x[i];
    ASSERT_LE(std::abs(c[i] - cosl(x[i])), 1e-7) << std::hexfloat << x[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Features, Math, testing::ValuesIn(tenon::test::runnableFeatures()),
                         [](auto &info) { return cpuFeaturesName(info.param).str(); });

} // namespace
