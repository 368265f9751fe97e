// What a tensor core computes for one output, bit for bit.
//
// A tensor core does not chain fused multiply-adds. It forms all products of a
// step exactly, aligns them and the accumulator to the largest exponent among
// them, cuts each to a few fractional bits, adds the rest exactly, and rounds
// once at the end. Measured on hardware by others:
//   Fasi, Higham, Mikaitis, Pranesh 2021, PeerJ CS 330
//   Khattak, Mikaitis 2025, arXiv 2512.07004
//   Xie et al. 2025, MMA-Sim, arXiv 2511.10909
//
// For one output of a step with products a[k]*b[k] and accumulator c:
//   1. write every factor as s * 2^e with 1 <= |s| < 2; a subnormal keeps its
//      type's least exponent (|s| < 1 then); a zero has e = -126
//   2. m = max over k of (ea[k] + eb[k]), and ec
//   3. sum = trunc(sa[k]*sb[k] * 2^(F + ea[k] + eb[k] - m)) over k, and c alike
//   4. d = sum * 2^(m - F), rounded towards zero into f32, or to nearest even
//      into f16; beyond the range: infinity
//
//   generation        F   products of one step (bytes of k)
//   Volta            23   8
//   Turing           24   16
//   Ampere, Ada      24   16      Ada fp8: F = 13, result cut to 13 bits
//   Hopper           25   32      wgmma fp8: F = 13, result cut to 13 bits
//   Blackwell        25   32
//
// An instruction with a longer k is several steps, one after the other, each
// rounded. Example, Ampere, f16, c = 2^24, one product 1 and one product 1.5:
// m = 24, F = 24, so both products survive; with c = 2^25 the 1.5 becomes 1
// (trunc(1.5 * 2^-1 * ...) keeps 24 bits below 2^25, i.e. multiples of 2).
#pragma once

#include "sim/machine/GpuSpec.h"
#include "sim/machine/matrix/Element.h"

namespace tenon::sim {

/// How a step's exact sum becomes the output.
enum class DotRounding : uint8_t {
  F32Truncate,   // towards zero into f32
  F32Truncate13, // the same, and only 13 fractional bits kept
  F16Nearest     // to nearest even into f16 (held as its f32 value)
};

struct DotModel {
  int fractionBits = 24;  // F
  int stepElements = 8;   // products that are aligned together
  int minExponentA = -126;
  int minExponentB = -126;
  int minExponentC = -126;
  DotRounding rounding = DotRounding::F32Truncate;
  bool fast = false; // f32 FMA chain instead of the model
};

/// The model of one instruction. `warpgroup` tells wgmma from mma and wmma;
/// `accumulator` is F32 or F16. a and b have the same width.
DotModel dotModel(TensorCore generation, Element a, Element b, Element accumulator,
                  bool warpgroup);

/// One step by the rule above, in double: the reference for the vector forms,
/// and the path for infinities and NaN. Takes the values themselves.
float dotStep(const DotModel &model, int count, const float *a, const float *b, float c);

} // namespace tenon::sim
