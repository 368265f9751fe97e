//===- SymbolSizes.h - what sizes to expect of symbols ----------*- C++ -*-===//
//
// A program is compiled once for all sizes; what weighs alternatives (fusion,
// schedules) wants numbers. This is the one place where they are guessed. By
// where a symbol stands in an entry point's inputs:
//
//   leading dimension, of two or more     a batch: 4
//   other dimension, of four or more      a picture's side: 320
//   anything else                         a sequence: 128
//   in no input (bound at run time)       32
//
// always within the symbol's declared range; a named size (NameSizes.cpp) is
// computed from its definition. A batch counts as 4 so that what is done once
// per batch is seen to be repeated, but as 1 where parallelism or reuse along
// it is counted on.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_SYMBOLSIZES_H
#define TENON_DIALECTS_TENON_SYMBOLSIZES_H

#include "dialects/tenon/DimExpr.h"
#include "llvm/ADT/StringMap.h"

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace tenon {

/// The module attribute that defines named sizes: a dictionary from symbols to
/// expressions of other symbols.
inline constexpr llvm::StringLiteral kNamedSizesAttr = "tenon.named_sizes";

class SymbolSizes {
public:
  explicit SymbolSizes(mlir::ModuleOp module);

  /// At least 1; as large as can be on overflow.
  int64_t nominal(DimExpr expr) const { return evaluate(expr, false); }
  /// With batches of their least size.
  int64_t least(DimExpr expr) const { return evaluate(expr, true); }

private:
  struct Size {
    int64_t nominal = 0, least = 0;
  };
  int64_t evaluate(DimExpr expr, bool isLeast) const;

  llvm::StringMap<Size> sizes;
  llvm::StringMap<DimExpr> definitions;
};

} // namespace tenon

#endif // TENON_DIALECTS_TENON_SYMBOLSIZES_H
