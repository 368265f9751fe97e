// wmma: fragments whose layout PTX leaves open, and their product.
//
// A fragment is made of mma.sync tiles: A of 16 (or 8) rows, B and C of 8
// columns. Tiles follow each other in the registers, rows of tiles first. This
// is also what hardware since sm_75 does for accumulators. f16 fragments of A and
// B have 8 registers whatever their size (Volta's count); where the tiles need
// fewer, they are repeated, and the product reads the first copy.
#pragma once

#include "sim/machine/matrix/Mma.h"

namespace tenon::sim {

enum class WmmaMatrix : uint8_t { A, B, C };

struct WmmaFragment {
  WmmaMatrix matrix = WmmaMatrix::A;
  MatrixShape shape;
  Element type = Element::F16;
  int registers = 0;   // as PTX counts them
  int distinct = 0;    // registers that hold different elements
  int perRegister = 1; // elements
};

/// Nullopt where wmma has no such fragment.
std::optional<WmmaFragment> wmmaFragment(WmmaMatrix, MatrixShape, Element);

struct MatrixPosition {
  int row, column;
};

/// Which element of the matrix (A is m x k, B is k x n, C is m x n) element
/// `index` of `reg` holds in `lane`.
MatrixPosition wmmaPosition(const WmmaFragment &, int reg, int index, int lane);

/// The product as tiles of mma.sync; nullopt for types that do not go together.
struct WmmaOp {
  MatrixShape shape;
  MmaOp tile; // one tile of it
  int rowTiles = 1, columnTiles = 1;
};
std::optional<WmmaOp> makeWmma(TensorCore, MatrixShape, Element a, Element b, Element c, Element d,
                               bool saturate, bool fast);

/// Register pointers as for mmaSync.
void wmmaMultiply(const WmmaOp &, void *const *d, const void *const *a, const void *const *b,
                  const void *const *c);

} // namespace tenon::sim
