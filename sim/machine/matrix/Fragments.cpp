// Accumulator fragments. Register 2h + p of f32 holds column 2t + p of rows 8h..,
// register h of f16 both columns 2t and 2t + 1 (t = lane % 4).
#include "sim/machine/matrix/Fragments.h"

#include "sim/machine/matrix/DotEngine.h"

#include <cstring>

namespace tenon::sim {

alignas(64) static constexpr uint32_t kNoRows[32] = {};

static const uint32_t *source(const void *const *registers, int index, bool present) {
  return present ? static_cast<const uint32_t *>(registers[index]) : kNoRows;
}

void loadAccumulators(Element type, int rows, const void *const *registers,
                      uint32_t (*columns)[kTileRows]) {
  bool both = rows == kTileRows;
  if (type == Element::F16) {
    alignas(64) uint32_t words[4][kTileRows];
    dotEngine().toColumns(source(registers, 0, true), source(registers, 1, both), words, 1);
    for (int n = 0; n < 8; ++n)
      for (int row = 0; row < kTileRows; ++row)
        columns[n][row] =
            std::bit_cast<uint32_t>(widenFloat(words[n / 2][row] >> (16 * (n % 2)), 5, 10));
    return;
  }
  for (int parity = 0; parity < 2; ++parity)
    dotEngine().toColumns(source(registers, parity, true), source(registers, 2 + parity, both), columns + parity, 2);
}

void storeAccumulators(Element type, int rows, const uint32_t (*columns)[kTileRows],
                       void *const *registers) {
  alignas(64) uint32_t ignored[32];
  auto target = [&](int index, bool present) {
    return present ? static_cast<uint32_t *>(registers[index]) : ignored;
  };
  bool both = rows == kTileRows;
  if (type == Element::F16) {
    alignas(64) uint32_t words[4][kTileRows];
    for (int word = 0; word < 4; ++word)
      for (int row = 0; row < kTileRows; ++row)
        words[word][row] = packHalves(columns[2 * word][row], columns[2 * word + 1][row]);
    dotEngine().fromColumns(words, 1, target(0, true), target(1, both));
    return;
  }
  for (int parity = 0; parity < 2; ++parity)
    dotEngine().fromColumns(columns + parity, 2, target(parity, true), target(2 + parity, both));
}

static uint32_t exactHalf(uint32_t bits) {
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) // infinity, or the canonical NaN
    return magnitude > 0x7f800000 ? 0x7fff : sign | 0x7c00;
  if (magnitude >= 0x38800000)
    return sign | (magnitude - 0x38000000) >> 13;
  return sign | uint32_t(std::bit_cast<float>(magnitude) * 0x1p24f);
}

uint32_t packHalves(uint32_t low, uint32_t high) { return exactHalf(low) | exactHalf(high) << 16; }

} // namespace tenon::sim
