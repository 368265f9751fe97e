//===- SymbolRanges.h - ranges of symbols and expressions -------*- C++ -*-===//
//
// Interval arithmetic on size expressions: what follows for `B * S - 1` from
// 1 <= B <= 8 and 1 <= S <= 128 (0 to 1023). Factors are unknown here; bounds of
// index maps are FactorRanges' business.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_SYMBOLRANGES_H
#define TENON_DIALECTS_TENON_SYMBOLRANGES_H

#include "dialects/tenon/DimExpr.h"
#include "llvm/ADT/StringMap.h"

namespace tenon {

class SymbolsAttr;

/// Least and greatest value; a limit of int64 stands for what lies beyond it or
/// is not known.
struct DimRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};

/// The ranges of a module's symbols, and what follows for expressions.
class SymbolRanges {
public:
  struct Entry {
    int64_t min = 0, max = std::numeric_limits<int64_t>::max(), step = 1;
  };
  SymbolRanges() = default;
  /// Null: no symbol is declared.
  explicit SymbolRanges(SymbolsAttr symbols);

  void add(llvm::StringRef name, Entry entry) { entries[name] = entry; }
  bool contains(llvm::StringRef name) const { return entries.contains(name); }
  /// A symbol that is not declared is any size: not negative.
  Entry getSymbol(llvm::StringRef name) const;
  DimRange get(DimExpr expr) const;
  /// True or false where all values of the symbols agree on `a < b`.
  std::optional<bool> isLess(DimExpr a, DimExpr b) const;
  std::optional<bool> isEqual(DimExpr a, DimExpr b) const;
  /// The lesser and the greater, as one of the two where the ranges decide.
  DimExpr min(DimExpr a, DimExpr b) const;
  DimExpr max(DimExpr a, DimExpr b) const;
  /// The attribute for the module, names sorted.
  SymbolsAttr getAttr(mlir::MLIRContext *context) const;

private:
  llvm::StringMap<Entry> entries;
};

} // namespace tenon

#endif // TENON_DIALECTS_TENON_SYMBOLRANGES_H
