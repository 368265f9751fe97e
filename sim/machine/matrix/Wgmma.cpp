// wgmma on bytes and registers: gathers both operands, then the dot engine does
// 16 rows (a warp) by n columns at a time.
#include "sim/machine/matrix/Wgmma.h"

#include "sim/machine/matrix/Fragments.h"
#include "sim/machine/matrix/Mma.h"

#include <cstring>

namespace tenon::sim {

static bool validTypes(Element a, Element b, Element d) {
  switch (a) {
  case Element::F16:
    return b == a && (d == Element::F16 || d == Element::F32);
  case Element::BF16:
  case Element::TF32:
    return b == a && d == Element::F32;
  case Element::E4M3:
  case Element::E5M2:
    return (b == Element::E4M3 || b == Element::E5M2) &&
           (d == Element::F16 || d == Element::F32);
  case Element::S8:
  case Element::U8:
    return (b == Element::S8 || b == Element::U8) && d == Element::S32;
  default:
    return false;
  }
}

std::optional<WgmmaOp> makeWgmma(TensorCore core, int n, Element a, Element b, Element d,
                                 bool fast) {
  bool columns = n >= 8 && n <= 256 && n % 8 == 0;
  if (isInteger(a) && n > 32)
    columns &= n % 16 == 0;
  if (!columns || !validTypes(a, b, d))
    return std::nullopt;
  WgmmaOp op = {.n = n, .a = a, .b = b, .d = d, .model = dotModel(core, a, b, d, true)};
  op.model.fast = fast;
  return op;
}

/// Sign bits of a word's elements.
static uint32_t signBits(Element type) {
  switch (bitsOf(type)) {
  case 8:
    return 0x80808080;
  case 16:
    return 0x80008000;
  default:
    return 0x80000000;
  }
}

bool readOperandA(const WgmmaOp &op, const MatrixDescriptor &descriptor, const ReadUnit &read,
                  WgmmaOperands &operands) {
  uint32_t flip = op.negateA ? signBits(op.a) : 0, unit[4];
  if (!op.mnMajorA) {
    for (uint32_t row = 0; row < 64; ++row)
      for (uint32_t chunk = 0; chunk < 2; ++chunk) {
        if (!read(unitAddressKMajor(descriptor, row, chunk), unit))
          return false;
        for (int w = 0; w < 4; ++w)
          operands.a[row / 16].words[4 * chunk + w][row % 16] = unit[w] ^ flip;
      }
    return true;
  }
  for (uint32_t k = 0; k < 16; ++k)
    for (uint32_t eight = 0; eight < 8; ++eight) {
      if (!read(unitAddressMnMajor(descriptor, eight, k), unit))
        return false;
      for (uint32_t i = 0; i < 8; ++i) {
        uint32_t row = 8 * eight + i, half = (unit[i / 2] ^ flip) >> (16 * (i % 2)) & 0xffff;
        uint32_t &word = operands.a[row / 16].words[k / 2][row % 16];
        word = k % 2 ? word | half << 16 : half;
      }
    }
  return true;
}

bool readOperandB(const WgmmaOp &op, const MatrixDescriptor &descriptor, const ReadUnit &read,
                  WgmmaOperands &operands) {
  uint32_t flip = op.negateB ? signBits(op.b) : 0, columns = uint32_t(op.n);
  if (!op.mnMajorB) {
    for (uint32_t chunk = 0; chunk < 2; ++chunk)
      for (uint32_t n = 0; n < columns; ++n) {
        uint32_t *unit = operands.b + (chunk * columns + n) * 4;
        if (!read(unitAddressKMajor(descriptor, n, chunk), unit))
          return false;
        for (int w = 0; w < 4; ++w)
          unit[w] ^= flip;
      }
    return true;
  }
  auto *halves = reinterpret_cast<uint16_t *>(operands.b);
  for (uint32_t k = 0; k < 16; ++k)
    for (uint32_t eight = 0; eight < columns / 8; ++eight) {
      uint32_t unit[4];
      if (!read(unitAddressMnMajor(descriptor, eight, k), unit))
        return false;
      for (uint32_t i = 0; i < 8; ++i)
        halves[((k / 8) * columns + 8 * eight + i) * 8 + k % 8] =
            uint16_t((unit[i / 2] ^ flip) >> (16 * (i % 2)));
    }
  return true;
}

void takeOperandA(const WgmmaOp &op, int warp, const uint32_t *const registers[4],
                  WgmmaOperands &operands) {
  TileWords &tile = operands.a[warp];
  for (int chunk = 0; chunk < 2; ++chunk)
    dotEngine().toColumns(registers[2 * chunk], registers[2 * chunk + 1], tile.words + 4 * chunk, 1);
  if (op.negateA)
    for (auto &row : tile.words)
      for (uint32_t &word : row)
        word ^= signBits(op.a);
}

void multiplyWarpgroup(const WgmmaOp &op, bool addToD, WgmmaOperands &operands,
                       void *const *const d[4]) {
  const DotEngine &engine = dotEngine();
  static thread_local LanePanel lanes;
  static thread_local ColumnPanel panel;
  alignas(64) static thread_local uint32_t columns[kMaxColumns][kTileRows];
  int perTile = accumulatorRegisters(op.d, kTileRows);
  if (!isInteger(op.a))
    engine.prepareColumns(op.model, op.b, 2, op.n, operands.b, panel);
  for (int warp = 0; warp < 4; ++warp) {
    if (!addToD)
      std::memset(columns, 0, size_t(op.n) * sizeof columns[0]);
    for (int tile = 0; addToD && tile < op.n / 8; ++tile)
      loadAccumulators(op.d, kTileRows, d[warp] + tile * perTile, columns + 8 * tile);
    if (isInteger(op.a)) {
      engine.multiplyInteger(op.a, op.b, 2, op.n, op.saturate, operands.a[warp], operands.b,
                             reinterpret_cast<int32_t(*)[kTileRows]>(columns));
    } else {
      engine.prepareLanes(op.model, op.a, 2, operands.a[warp], lanes);
      engine.multiply(op.model, lanes, panel, reinterpret_cast<float(*)[kTileRows]>(columns));
    }
    for (int tile = 0; tile < op.n / 8; ++tile)
      storeAccumulators(op.d, kTileRows, columns + 8 * tile, d[warp] + tile * perTile);
  }
}

} // namespace tenon::sim
