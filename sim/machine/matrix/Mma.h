// mma.sync: D = A * B + C by one warp.
//
// Fragments are 8-row tiles of 16 bytes: over the 32 lanes, a register of A is
// a row-major tile (lane = 4 * row + word), a register of B a column-major one,
// and accumulators hold columns 2t and 2t+1 of row `lane / 4`. PTX defines the
// layouts for every shape but m8n8k4.f16 through that one picture:
//
//   A m16  register 2 * chunk + half: rows 8 * half .., bytes 16 * chunk ..
//   B      register chunk: columns 0..7, bytes 16 * chunk ..
//   C f32  registers 0, 1: rows 0..7; 2, 3: rows 8..15.   C f16: 0 and 1
//
// m8n8k4.f16 is four products at once, one for each pair of quads; f64 shapes
// are chains of fma over k ascending.
#pragma once

#include "sim/machine/matrix/DotModel.h"

#include <optional>

namespace tenon::sim {

struct MatrixShape {
  int m = 0, n = 0, k = 0;
  bool operator==(const MatrixShape &) const = default;
};

/// One decoded matrix instruction; made once per instruction at load.
struct MmaOp {
  MatrixShape shape;
  Element a = Element::F16, b = Element::F16;
  Element c = Element::F32, d = Element::F32;
  bool rowMajorA = true;  // only m8n8k4.f16 has a choice
  bool rowMajorB = false;
  bool saturate = false; // .satfinite of integers
  DotModel model;
};

/// Registers (b32, or b64 for f64) of each operand.
struct MmaRegisters {
  int a = 0, b = 0, c = 0, d = 0;
};

/// Fills in the model. Nullopt for what no mma.sync has.
std::optional<MmaOp> makeMma(TensorCore, MatrixShape, Element a, Element b, Element c,
                             Element d, bool saturate, bool fast);
MmaRegisters mmaRegisters(const MmaOp &);

/// Each pointer addresses one register over 32 lanes (uint32_t[32]; f64:
/// uint64_t[32]). d may be the same registers as c, a or b.
void mmaSync(const MmaOp &, void *const *d, const void *const *a, const void *const *b,
             const void *const *c);

/// The 16-row products inside mma.sync, for the other matrix instructions.
/// `accumulators[n][row]` of type f32 values, or int32 for integers.
void multiplyTile(const MmaOp &, int chunks, int columns, const struct TileWords &,
                  const uint32_t *columnWords, uint32_t (*accumulators)[16]);

} // namespace tenon::sim
