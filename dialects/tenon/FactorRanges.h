//===- FactorRanges.h - bounds of index maps --------------------*- C++ -*-===//
//
// Bounds of expressions over factors. Symbols have the range of the module's
// declaration (SymbolRanges.h), factors run over [0, extent). From that follow proofs (`0 <= e`) and the
// simplifications that need them, e.g. with 0 <= d1 < 64
//
//   (d0 * 64 + d1) floordiv 64 -> d0        (d0 * 64 + d1) mod 64 -> d1
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_FACTORRANGES_H
#define TENON_DIALECTS_TENON_FACTORRANGES_H

#include "dialects/tenon/SymbolRanges.h"

namespace tenon {

class FactorRanges {
public:
  FactorRanges() = default;
  /// Reads the module attribute `tenon.symbols`.
  explicit FactorRanges(mlir::Operation *module);

  /// Declares that factor \p index runs over [0, extent).
  void setExtent(unsigned index, DimExpr extent);
  DimExpr getExtent(unsigned index) const;
  const SymbolRanges &getSymbols() const { return symbols; }

  /// True only if the expression is never negative.
  bool isNonNegative(DimExpr expr) const;
  /// True only if 0 <= index < extent always holds.
  bool isInRange(DimExpr index, DimExpr extent) const;
  /// True only if every value is a multiple of \p divisor (symbols by their
  /// step).
  bool isMultipleOf(DimExpr expr, int64_t divisor) const;
  /// Least and greatest value as an expression of symbols alone; null if
  /// unknown.
  DimExpr lower(DimExpr expr) const;
  DimExpr upper(DimExpr expr) const;
  /// Greatest value as a number, INT64_MAX if unbounded.
  int64_t maximum(DimExpr expr) const;

  /// Removes floordiv and mod whose operand is known to be in range, and joins
  /// `(x floordiv m) * m + x mod m` to x.
  DimExpr simplify(DimExpr expr) const;

private:
  DimExpr bound(DimExpr expr, bool isUpper) const;
  DimExpr boundAtom(DimExpr atom, bool isUpper) const;

  SymbolRanges symbols;
  llvm::SmallVector<DimExpr> extents;
};

} // namespace tenon

#endif // TENON_DIALECTS_TENON_FACTORRANGES_H
