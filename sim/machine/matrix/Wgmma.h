// wgmma.mma_async: D[64][n] = A[64][k] * B[k][n] + D by four warps, k = 32 bytes.
//
// Warp w holds rows 16w .. 16w + 15 of A and D, with the fragments of mma.sync:
// A in 4 registers, D in 2 or 4 registers for each 8 columns. Operands in shared
// memory are read through descriptors in units of 16 bytes.
#pragma once

#include "sim/machine/matrix/Descriptor.h"
#include "sim/machine/matrix/DotEngine.h"

#include <functional>
#include <optional>

namespace tenon::sim {

struct WgmmaOp {
  int n = 8;
  Element a = Element::F16, b = Element::F16, d = Element::F32;
  bool mnMajorA = false, mnMajorB = false; // "transposed": 16-bit types only
  bool negateA = false, negateB = false;   // imm-scale -1
  bool saturate = false;
  DotModel model;
};

/// Fills in the model. Nullopt for what no wgmma has (n not a multiple of 8 up to
/// 256, integers: not 8, 16, 24, 32, 48 ... either; types that do not go together).
std::optional<WgmmaOp> makeWgmma(TensorCore, int n, Element a, Element b, Element d, bool fast);

/// The bytes of B in the dot engine's order, and of A when it lies in shared memory.
struct WgmmaOperands {
  TileWords a[4];
  alignas(64) uint32_t b[2 * kMaxColumns * 4];
};

/// Reads 16 bytes at a shared address; false stops the read (a finding was made).
using ReadUnit = std::function<bool(uint32_t address, void *bytes)>;

bool readOperandA(const WgmmaOp &, const MatrixDescriptor &, const ReadUnit &, WgmmaOperands &);
bool readOperandB(const WgmmaOp &, const MatrixDescriptor &, const ReadUnit &, WgmmaOperands &);
/// A from the registers of warp `warp`.
void takeOperandA(const WgmmaOp &, int warp, const uint32_t *const registers[4], WgmmaOperands &);

/// d[warp][i] is register i of the warp's accumulators over lanes. Without
/// `addToD` the old values are not read.
void multiplyWarpgroup(const WgmmaOp &, bool addToD, WgmmaOperands &, void *const *const d[4]);

} // namespace tenon::sim
