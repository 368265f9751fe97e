// The small floating-point formats: encode and decode against each other for all
// bit patterns, and rounding against exhaustive search of neighbours.
#include "sim/machine/exec/ScalarFloat.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace tenon::sim {
namespace {

const LaneKind kinds[] = {LaneKind::F16, LaneKind::BF16, LaneKind::E4M3, LaneKind::E5M2};

TEST(Format, RoundTrip) {
  for (LaneKind kind : kinds) {
    const FloatFormat &f = formatOf(kind);
    for (uint64_t bits = 0; bits < 1ull << f.bits; ++bits) {
      double value = decodeFloat(bits, f);
      if (std::isnan(value))
        EXPECT_EQ(encodeFloat(value, f, Rounding::Nearest, false), f.nan);
      else
        ASSERT_EQ(encodeFloat(value, f, Rounding::Nearest, false), bits) << value;
    }
  }
}

/// The neighbours of a value among the finite positive numbers of the format.
TEST(Format, RoundingPicksTheRightNeighbour) {
  std::mt19937_64 random(1);
  for (LaneKind kind : kinds) {
    const FloatFormat &f = formatOf(kind);
    for (int i = 0; i < 20000; ++i) {
      uint64_t low = random() % f.largest;
      double a = decodeFloat(low, f), b = decodeFloat(low + 1, f);
      double t = i % 3 == 0 ? 0.5 : double(random() % 1000) / 1000, v = a + (b - a) * t;
      if (v == a || v == b)
        continue;
      EXPECT_EQ(encodeFloat(v, f, Rounding::Zero, false), low);
      EXPECT_EQ(encodeFloat(v, f, Rounding::Up, false), low + 1);
      double up = b - v, down = v - a;
      uint64_t nearest = down < up || (down == up && low % 2 == 0) ? low : low + 1;
      EXPECT_EQ(encodeFloat(v, f, Rounding::Nearest, false), nearest);
      uint64_t sign = 1ull << (f.bits - 1);
      EXPECT_EQ(encodeFloat(-v, f, Rounding::Down, false), sign | (low + 1));
    }
  }
}

TEST(Format, HalfFmaRoundsOnce) {
  // 1 * (1 + 2^-10) + 2^-40: just above a tie only seen if rounded once.
  EXPECT_GT(fmaToOdd(1.0, 1.0 + 0x1p-11, 0x1p-60), 1.0 + 0x1p-11);
  EXPECT_EQ(addToOdd(1.0, 2.0), 3.0);
  const FloatFormat &f = formatOf(LaneKind::F16);
  EXPECT_EQ(encodeFloat(fmaToOdd(1.0, 1.0 + 0x1p-11, 0x1p-60), f, Rounding::Nearest, false), 0x3c01u);
  EXPECT_EQ(encodeFloat(1.0 + 0x1p-11, f, Rounding::Nearest, false), 0x3c00u);
}

} // namespace
} // namespace tenon::sim
