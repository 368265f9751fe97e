//===- Sizes.h - what sizes to expect of symbols ----------------*- C++ -*-===//
//
// Fusion runs once for all sizes; its costs want numbers. By where a symbol
// stands in an entry point's inputs:
//
//   leading dimension, of two or more     a batch: 4
//   other dimension, of four or more      a picture's side: 320
//   anything else                         a sequence: 128
//   in no input (bound at run time)       32
//
// always within the symbol's declared range. A batch counts as 4 so that what
// is done once per batch is seen to be repeated, but as 1 where parallelism is
// counted on.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_SIZES_H
#define TENON_PASSES_FUSE_SIZES_H

#include "dialects/tenon/DimExpr.h"
#include "llvm/ADT/StringMap.h"

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace tenon::fuse {

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
};

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_SIZES_H
