// Accumulator fragments: between the registers of a warp and columns of 16 rows.
#pragma once

#include "sim/machine/matrix/Element.h"

namespace tenon::sim {

/// Registers of 8 columns: f32 and s32 take two for each 8 rows, f16 one.
constexpr int accumulatorRegisters(Element type, int rows) {
  return rows / 8 * (type == Element::F16 ? 1 : 2);
}

/// Fills columns[0..7][row] with f32 bits (or s32); rows is 8 or 16.
void loadAccumulators(Element type, int rows, const void *const *registers,
                      uint32_t (*columns)[16]);

/// The inverse. f16 columns hold exact f16 values as f32 bits.
void storeAccumulators(Element type, int rows, const uint32_t (*columns)[16],
                       void *const *registers);

/// Two values that are exactly f16 but held as f32 bits, as one f16x2 register.
uint32_t packHalves(uint32_t low, uint32_t high);

} // namespace tenon::sim
