// Pieces that both builds of the dot engine share. Everything is static, since
// the two builds are compiled for different instruction sets.
#pragma once

#include "sim/machine/matrix/DotEngine.h"
#include "sim/machine/matrix/DotFinish.h"

#include <algorithm>

namespace tenon::sim {

/// Element k of a row of words.
template <typename GetWord>
static inline uint32_t elementAt(int k, int bits, GetWord word) {
  int perWord = 32 / bits;
  return word(k / perWord) >> (k % perWord * bits);
}

/// Splits one value as DotModel.h says. Infinities and NaN stay whole.
static inline void splitValue(float value, int minExponent, bool fast, float &significand,
                              float &exponent, bool &special) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  int field = int(bits >> 23 & 0xff);
  significand = value;
  exponent = 0;
  if (field == 0xff) {
    special = true;
    return;
  }
  if (fast)
    return;
  if ((bits & 0x7fffffff) == 0) {
    exponent = -126;
    return;
  }
  if (field == 0) { // f32 subnormals: bf16, tf32
    significand = value * 0x1p126f;
    exponent = -126;
    return;
  }
  int e = std::max(field - 127, minExponent);
  significand = value * std::bit_cast<float>(uint32_t(127 - std::min(e, 126)) << 23);
  if (e == 127)
    significand *= 0.5f;
  exponent = float(e);
}

static inline const float *columnElements(const ColumnPanel &panel, const float *values, int n,
                                          int k) {
  int chunk = k / panel.perChunk;
  return values + (size_t(chunk) * panel.columns + n) * panel.perChunk + k % panel.perChunk;
}

/// One step of one output through the reference: infinities, NaN, huge sums.
static inline float slowStep(const DotModel &model, const LanePanel &lanes,
                             const ColumnPanel &columns, int row, int n, int first, int count,
                             float c) {
  float a[kMaxK], b[kMaxK];
  for (int k = 0; k < count; ++k) {
    int ea = lanes.whole ? 0 : int(lanes.exponent[first + k][row]);
    int eb = columns.whole ? 0 : int(*columnElements(columns, columns.exponent, n, first + k));
    a[k] = std::ldexp(lanes.significand[first + k][row], ea);
    b[k] = std::ldexp(*columnElements(columns, columns.significand, n, first + k), eb);
  }
  return dotStep(model, count, a, b, c);
}

/// 8-bit products summed exactly, then added to c with wrap or saturation.
static inline void integerColumns(Element typeA, Element typeB, int chunks, int columns,
                                  bool saturate, const TileWords &tile,
                                  const uint32_t *columnWords,
                                  int32_t (*accumulators)[kTileRows]) {
  int count = chunks * kChunkBytes;
  alignas(64) int32_t a[kMaxK][kTileRows];
  for (int k = 0; k < count; ++k)
    for (int row = 0; row < kTileRows; ++row) {
      uint32_t byte = tile.words[k / 4][row] >> (k % 4 * 8) & 0xff;
      a[k][row] = typeA == Element::S8 ? int32_t(int8_t(byte)) : int32_t(byte);
    }
  for (int n = 0; n < columns; ++n) {
    alignas(64) int32_t sum[kTileRows] = {};
    for (int k = 0; k < count; ++k) {
      uint32_t word = columnWords[(size_t(k / kChunkBytes) * columns + n) * 4 + k % kChunkBytes / 4];
      uint32_t byte = word >> (k % 4 * 8) & 0xff;
      int32_t b = typeB == Element::S8 ? int32_t(int8_t(byte)) : int32_t(byte);
      for (int row = 0; row < kTileRows; ++row)
        sum[row] += a[k][row] * b;
    }
    for (int row = 0; row < kTileRows; ++row) {
      int64_t total = int64_t(accumulators[n][row]) + sum[row];
      if (saturate)
        total = std::clamp<int64_t>(total, INT32_MIN, INT32_MAX);
      accumulators[n][row] = int32_t(uint32_t(total));
    }
  }
}

} // namespace tenon::sim
