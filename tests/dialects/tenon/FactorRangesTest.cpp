//===- FactorRangesTest.cpp - bounds of index maps ------------------------===//
//
// Cases with a story, then random expressions, whose bounds are compared with
// all values that they take.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>
#include <random>

using namespace tenon;

namespace {

constexpr int64_t kLeast = 1, kMost = 6;

/// d0 in [0, 4), d1 in [0, S), 1 <= S <= 6, T a multiple of 8.
struct FactorRangesTest : testing::Test {
  FactorRangesTest() {
    module = mlir::parseSourceString<mlir::ModuleOp>(
        "module attributes {tenon.symbols = #tenon.symbols<S in 1 to 6, T in 8 to 64 by 8>} {}",
        &context);
    ranges = FactorRanges(*module);
    ranges.setExtent(0, number(4));
    ranges.setExtent(1, s);
  }

  DimExpr number(int64_t value) { return DimExpr::constant(&context, value); }

  static std::optional<int64_t> valueAt(DimExpr expr, int64_t d0, int64_t d1, int64_t s) {
    return expr.evaluate([&](DimExpr leaf) -> std::optional<int64_t> {
      if (leaf.isFactor())
        return leaf.getValue() == 0 ? d0 : d1;
      return s;
    });
  }

  /// A random expression; divisors are positive.
  DimExpr random(int depth) {
    auto pick = [&](int n) { return int(engine() % n); };
    if (depth == 0) {
      DimExpr leaves[] = {d0, d1, s, number(pick(9) - 3)};
      return leaves[pick(4)];
    }
    DimExpr a = random(depth - 1), b = random(depth - 1);
    DimExpr divisor = pick(2) ? s : number(1 + pick(4));
    switch (pick(7)) {
    case 0:
      return a + b;
    case 1:
      return a - b;
    case 2:
      return a * b;
    case 3:
      return a.floorDiv(divisor);
    case 4:
      return a.mod(divisor);
    case 5:
      return a.min(b);
    default:
      return a.max(b);
    }
  }

  mlir::MLIRContext context;
  TenonDialect *dialect = context.getOrLoadDialect<TenonDialect>(); // before the expressions
  mlir::OwningOpRef<mlir::ModuleOp> module;
  FactorRanges ranges;
  DimExpr s = DimExpr::symbol(&context, "S"), t = DimExpr::symbol(&context, "T");
  DimExpr d0 = DimExpr::factor(&context, 0), d1 = DimExpr::factor(&context, 1);
  std::mt19937 engine{7};
};

TEST_F(FactorRangesTest, BoundsOfFactors) {
  EXPECT_EQ(ranges.upper(d0 * s + d1), s * 4 - 1);
  EXPECT_EQ(ranges.lower(d0 * s - d1), number(1) - s);
  EXPECT_EQ(ranges.maximum(d0 * s + d1), 23);
  EXPECT_TRUE(ranges.isInRange(d0 * s + d1, s * 4));
  EXPECT_FALSE(ranges.isInRange(d0 * s + d1 + 1, s * 4));
}

TEST_F(FactorRangesTest, AnAtomWithoutFactorsMayTurnTheSign) {
  // With S = 1 this is d0 * -4: 0 is its greatest value, not -12.
  DimExpr product = d0 * (s - 5).min(number(3));
  EXPECT_FALSE(ranges.upper(product));
  EXPECT_FALSE(ranges.isNonNegative(number(-1) - product));
  // Where the atom cannot be negative the bound is known.
  EXPECT_EQ(ranges.upper(d0 * s.min(number(3))), s.min(number(3)) * 3);
}

TEST_F(FactorRangesTest, Simplifies) {
  EXPECT_EQ(ranges.simplify((d0 * s + d1).floorDiv(s)), d0);
  EXPECT_EQ(ranges.simplify((d0 * s + d1).mod(s)), d1);
  EXPECT_EQ(ranges.simplify(d0.floorDiv(s) * s + d0.mod(s)), d0);
  EXPECT_EQ(ranges.simplify(d0.min(number(3))), d0);
}

TEST_F(FactorRangesTest, MultiplesFollowFromSteps) {
  EXPECT_TRUE(ranges.isMultipleOf(t * s + 16, 8));
  EXPECT_FALSE(ranges.isMultipleOf(t * s + 4, 8));
  EXPECT_FALSE(ranges.isMultipleOf(s * 4, 8));
}

TEST_F(FactorRangesTest, RandomExpressionsKeepTheirBounds) {
  unsigned numProved = 0;
  for (int round = 0; round < 4000; ++round) {
    DimExpr expr = random(1 + round % 3), simple = ranges.simplify(expr);
    DimExpr upper = ranges.upper(expr), lower = ranges.lower(expr);
    bool isNonNegative = ranges.isNonNegative(expr);
    int64_t maximum = ranges.maximum(expr);
    numProved += isNonNegative;
    for (int64_t size = kLeast; size <= kMost; ++size)
      for (int64_t i = 0; i < 4; ++i)
        for (int64_t j = 0; j < size; ++j) {
          auto value = valueAt(expr, i, j, size);
          ASSERT_TRUE(value) << expr.str();
          std::string where = expr.str() + " at " + std::to_string(i) + ", " + std::to_string(j) +
                              ", S = " + std::to_string(size);
          ASSERT_EQ(valueAt(simple, i, j, size), value) << where << ": " << simple.str();
          ASSERT_TRUE(!isNonNegative || *value >= 0) << where;
          ASSERT_LE(*value, maximum) << where;
          if (upper)
            ASSERT_LE(*value, *valueAt(upper, 0, 0, size)) << where << ": " << upper.str();
          if (lower)
            ASSERT_GE(*value, *valueAt(lower, 0, 0, size)) << where << ": " << lower.str();
        }
  }
  EXPECT_GT(numProved, 500u);
}

} // namespace
