//===- PackedCodes.h - packed weights as vectors of 16 rows -----*- C++ -*-===//
//
// Emits what it takes to read one panel of a packed weight: 16 rows, a lane each,
// walked in runs of 32 elements along K. A run has one scale per row (Q6_K: one for
// 16 elements) and eight quads; a quad is a word per lane whose four bytes are the
// unsigned codes of four neighbouring elements. What an element is:
//
//   Q4_1, Q5_1, Q4_K, Q5_K     code * scale + minimum
//   Q4_0, Q5_0, Q8_0, Q6_K     (code - bias) * scale
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_PACKEDCODES_H
#define TENON_PASSES_TILE_PACKEDCODES_H

#include "passes/tile/IrregularBuilder.h"

namespace tenon {

class PackedCodes {
public:
  static constexpr int64_t kRun = 32, kLanes = 16;

  /// \p planes are views of the weight's planes in the order of its type
  /// (frontends/weights/Packed.h), \p depth is K.
  PackedCodes(IrregularBuilder &emit, llvm::StringRef format, llvm::ArrayRef<mlir::Value> planes,
              int64_t depth);

  /// Whether this type is known here.
  bool isKnown() const { return perBlock != 0; }
  int64_t runs() const { return depth / kRun; }

  /// Turns to a run of a panel; both are index values.
  void enter(mlir::Value panel, mlir::Value run);
  mlir::Value quad(int64_t q);
  /// The 16 rows' element 4 q + byte of the run, of which \p quad holds the code.
  mlir::Value element(mlir::Value quad, int64_t q, int64_t byte);

  // Tiles of 16 lanes.
  mlir::Value word(int64_t value);
  mlir::Value real(double value);

private:
  struct Place {
    mlir::Value view;
    int64_t width;     ///< elements of a row in a block
    mlir::Value start; ///< of the run's elements
  };
  mlir::Value load(const Place &place, int64_t at);
  mlir::Value loadReal(const Place &place, int64_t at);
  Place place(unsigned plane, int64_t width, mlir::Value within);
  mlir::Value low(mlir::Value word, mlir::Value shift, int64_t mask);
  mlir::Value splat(mlir::Value index);
  mlir::Value div(mlir::Value a, int64_t b);
  mlir::Value rem(mlir::Value a, int64_t b);
  void enterBig(mlir::Value run);
  void enterScales();

  IrregularBuilder &emit;
  llvm::StringRef format;
  llvm::ArrayRef<mlir::Value> planes;
  int64_t depth, perBlock = 0; ///< elements of a block
  double bias = 0;

  mlir::Value block; ///< of all panels' blocks
  Place quants, high;
  mlir::Value lowShift, highShift, highWord;
  mlir::Value scales[2], minimum;
};

} // namespace tenon

#endif // TENON_PASSES_TILE_PACKEDCODES_H
