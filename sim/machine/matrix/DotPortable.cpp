// The dot engine in plain C++: loops over 16 rows that any compiler vectorises
// for the machine at hand. Sums are kept in double, where they are exact.
#include "sim/machine/matrix/DotParts.h"

namespace tenon::sim {
namespace {

void prepareLanes(const DotModel &model, Element type, int chunks, const TileWords &tile,
                  LanePanel &panel) {
  int bits = bitsOf(type);
  panel.count = chunks * kChunkBytes * 8 / bits;
  panel.special = false;
  panel.whole = model.fast;
  for (int k = 0; k < panel.count; ++k)
    for (int row = 0; row < kTileRows; ++row) {
      uint32_t element = elementAt(k, bits, [&](int w) { return tile.words[w][row]; });
      splitValue(decode(type, element), model.minExponentA, model.fast,
                 panel.significand[k][row], panel.exponent[k][row], panel.special);
    }
}

void prepareColumns(const DotModel &model, Element type, int chunks, int columns,
                    const uint32_t *words, ColumnPanel &panel) {
  int bits = bitsOf(type);
  panel.columns = columns;
  panel.perChunk = kChunkBytes * 8 / bits;
  panel.special = false;
  panel.whole = model.fast;
  for (int i = 0; i < chunks * columns * panel.perChunk; ++i) {
    uint32_t element = elementAt(i, bits, [&](int w) { return words[w]; });
    splitValue(decode(type, element), model.minExponentB, model.fast, panel.significand[i],
               panel.exponent[i], panel.special);
  }
}

/// 2^n for n <= 127; zero below the normal range, where every term truncates to 0.
float powerOfTwo(int n) { return n < -126 ? 0.0f : std::bit_cast<float>(uint32_t(n + 127) << 23); }

void vectorStep(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns, int n,
                int first, int count, float *c) {
  alignas(64) float largest[kTileRows], scale[kTileRows], sc[kTileRows], ec[kTileRows];
  alignas(64) double sum[kTileRows];
  bool ignored = false;
  for (int row = 0; row < kTileRows; ++row) {
    splitValue(c[row], model.minExponentC, false, sc[row], ec[row], ignored);
    largest[row] = ec[row];
  }
  for (int k = first; k < first + count; ++k) {
    float eb = *columnElements(columns, columns.exponent, n, k);
    for (int row = 0; row < kTileRows; ++row)
      largest[row] = std::max(largest[row], lanes.exponent[k][row] + eb);
  }
  for (int row = 0; row < kTileRows; ++row) {
    scale[row] = float(model.fractionBits) - largest[row];
    sum[row] = double(int32_t(sc[row] * powerOfTwo(int(ec[row] + scale[row]))));
  }
  for (int k = first; k < first + count; ++k) {
    float eb = *columnElements(columns, columns.exponent, n, k);
    float sb = *columnElements(columns, columns.significand, n, k);
    for (int row = 0; row < kTileRows; ++row) {
      float power = powerOfTwo(int(lanes.exponent[k][row] + eb + scale[row]));
      sum[row] += double(int32_t(lanes.significand[k][row] * sb * power));
    }
  }
  for (int row = 0; row < kTileRows; ++row)
    c[row] = finishDot(model.rounding, std::ldexp(sum[row], -int(scale[row])));
}

void exactColumn(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns, int n,
                 float *c) {
  int step = std::min(model.stepElements, lanes.count);
  for (int first = 0; first < lanes.count; first += step) {
    bool special = lanes.special || columns.special;
    for (int row = 0; row < kTileRows; ++row)
      special |= !std::isfinite(c[row]);
    if (!special) {
      vectorStep(model, lanes, columns, n, first, step, c);
      continue;
    }
    for (int row = 0; row < kTileRows; ++row)
      c[row] = slowStep(model, lanes, columns, row, n, first, step, c[row]);
  }
}

void fastColumn(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns, int n,
                float *c) {
  for (int k = 0; k < lanes.count; ++k) {
    float b = *columnElements(columns, columns.significand, n, k);
    for (int row = 0; row < kTileRows; ++row)
      c[row] = std::fma(lanes.significand[k][row], b, c[row]);
  }
  if (model.rounding == DotRounding::F16Nearest)
    for (int row = 0; row < kTileRows; ++row)
      c[row] = widenFloat(roundToHalf(c[row]), 5, 10);
}

void multiply(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns,
              float (*accumulators)[kTileRows]) {
  for (int n = 0; n < columns.columns; ++n)
    model.fast ? fastColumn(model, lanes, columns, n, accumulators[n])
               : exactColumn(model, lanes, columns, n, accumulators[n]);
}

void toColumns(const uint32_t upper[32], const uint32_t lower[32], uint32_t (*columns)[kTileRows], int step) {
  for (int lane = 0; lane < 32; ++lane) {
    columns[lane % 4 * step][lane / 4] = upper[lane];
    columns[lane % 4 * step][8 + lane / 4] = lower[lane];
  }
}

void fromColumns(const uint32_t (*columns)[kTileRows], int step, uint32_t upper[32], uint32_t lower[32]) {
  for (int lane = 0; lane < 32; ++lane) {
    upper[lane] = columns[lane % 4 * step][lane / 4];
    lower[lane] = columns[lane % 4 * step][8 + lane / 4];
  }
}

} // namespace

const DotEngine &portableDotEngine() {
  static const DotEngine engine = {"portable",     prepareLanes, prepareColumns, multiply,
                                   integerColumns, toColumns,    fromColumns};
  return engine;
}

const DotEngine &dotEngine() {
  static const DotEngine &engine = avx512DotEngine() ? *avx512DotEngine() : portableDotEngine();
  return engine;
}

} // namespace tenon::sim
