// Final rounding of a tensor-core step, shared by the scalar and vector forms.
// Functions are static: files built for different instruction sets include this.
#pragma once

#include "sim/machine/matrix/DotModel.h"

namespace tenon::sim {

/// The only NaN that a tensor core writes (an f16 NaN is held as an f32 here
/// and encoded as 0x7fff by roundToHalf).
static inline float canonicalNaN(DotRounding) { return std::bit_cast<float>(0x7fffffffu); }

/// Rounds towards zero into f32; what is out of range becomes infinity.
static inline float truncateToFloat(double value) {
  double magnitude = value < 0 ? -value : value;
  if (magnitude >= 0x1p128)
    return value < 0 ? -INFINITY : INFINITY;
  float rounded = float(value);
  uint32_t bits = std::bit_cast<uint32_t>(rounded);
  double reached = rounded < 0 ? -double(rounded) : double(rounded);
  return reached > magnitude ? std::bit_cast<float>(bits - 1) : rounded;
}

static inline float finishDot(DotRounding rounding, double value) {
  if (rounding == DotRounding::F16Nearest)
    return widenFloat(roundToHalf(value), 5, 10);
  float result = truncateToFloat(value);
  if (rounding == DotRounding::F32Truncate13 && std::isfinite(result))
    result = std::bit_cast<float>(std::bit_cast<uint32_t>(result) & 0xfffffc00u);
  return result;
}

} // namespace tenon::sim
