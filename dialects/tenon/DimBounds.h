//===- DimBounds.h - simplifying expressions by ranges ----------*- C++ -*-===//
//
// What is known about the leaves of an expression, and what follows from it. A
// factor lies in [0, extent), a symbol in its declared range, so that
//
//   (d0 * 64 + d1) floordiv 64 = d0          with d1 in [0, 64)
//   (d0 * 64 + d1) mod 128     = (d0 mod 2) * 64 + d1
//   d0 mod S                   = d0          with d0 in [0, S)
//
// The comparison is symbolic where it can be (S - 1 < S), else by intervals.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_DIMBOUNDS_H
#define TENON_DIALECTS_TENON_DIMBOUNDS_H

#include "dialects/tenon/DimExpr.h"
#include "llvm/ADT/StringMap.h"
#include <functional>

namespace mlir {
class Operation;
} // namespace mlir

namespace tenon {

/// Ranges of symbols and factors. Holds no IR; cheap to copy.
class DimBounds {
public:
  /// The extent of factor `index`; a null expression if it is not known.
  using ExtentFn = std::function<DimExpr(unsigned index)>;

  struct Interval {
    std::optional<int64_t> min, max;
  };

  /// Symbols as the module around \p op declares them.
  DimBounds(mlir::Operation *op, ExtentFn extents);

  /// The same expression with divisions, remainders, minima and maxima replaced
  /// where the ranges decide them.
  DimExpr simplify(DimExpr expr) const;

  /// True only if it holds for all values of the leaves.
  bool isLess(DimExpr a, DimExpr b) const;
  bool isNonNegative(DimExpr expr) const;
  Interval interval(DimExpr expr) const;

  /// A plausible size to weigh costs with: symbols take a value of their range
  /// near 32. At least 1.
  int64_t nominal(DimExpr expr) const;

private:
  Interval leafInterval(DimExpr leaf) const;
  Interval nonLinearInterval(DimExpr expr) const;
  DimExpr upperBound(DimExpr expr) const;
  DimExpr simplifyDivision(DimExpr value, DimExpr divisor, bool remainder) const;

  struct Symbol {
    int64_t min, max, step;
  };
  llvm::StringMap<Symbol> symbols;
  ExtentFn extents;
};

} // namespace tenon

#endif // TENON_DIALECTS_TENON_DIMBOUNDS_H
