// mma.sync on registers: tiles of 8 rows by 16 bytes into the dot engine.
#include "sim/machine/matrix/Mma.h"

#include "sim/machine/matrix/DotEngine.h"
#include "sim/machine/matrix/Fragments.h"
#include "sim/machine/matrix/MmaSpecial.h"

#include <cstring>

namespace tenon::sim {

static bool isHalfOrSingle(Element e) { return e == Element::F16 || e == Element::F32; }

static bool validFloat(const MmaOp &op) {
  MatrixShape s = op.shape;
  bool tile = s.m == 16 && s.n == 8;
  bool singles = op.c == Element::F32 && op.d == Element::F32;
  bool halves = op.c == Element::F16 && op.d == Element::F16;
  switch (op.a) {
  case Element::F16:
    if (s == MatrixShape{8, 8, 4})
      return isHalfOrSingle(op.c) && isHalfOrSingle(op.d) &&
             (op.d == Element::F16 || op.c == Element::F32);
    return tile && (s.k == 8 || s.k == 16) && op.b == op.a && (singles || halves);
  case Element::BF16:
    return tile && (s.k == 8 || s.k == 16) && op.b == op.a && singles;
  case Element::TF32:
    return tile && (s.k == 4 || s.k == 8) && op.b == op.a && singles;
  case Element::E4M3:
  case Element::E5M2:
    return tile && (s.k == 16 || s.k == 32) && (singles || halves) &&
           (op.b == Element::E4M3 || op.b == Element::E5M2);
  default:
    return false;
  }
}

static bool validInteger(const MmaOp &op) {
  MatrixShape s = op.shape;
  bool shapes = s == MatrixShape{8, 8, 16} || s == MatrixShape{16, 8, 16} ||
                s == MatrixShape{16, 8, 32};
  bool types = (op.a == Element::S8 || op.a == Element::U8) &&
               (op.b == Element::S8 || op.b == Element::U8);
  return shapes && types && op.c == Element::S32 && op.d == Element::S32;
}

static bool validDouble(const MmaOp &op) {
  MatrixShape s = op.shape;
  bool shapes = s == MatrixShape{8, 8, 4} ||
                (s.m == 16 && s.n == 8 && (s.k == 4 || s.k == 8 || s.k == 16));
  return shapes && op.b == op.a && op.c == op.a && op.d == op.a;
}

std::optional<MmaOp> makeMma(TensorCore generation, MatrixShape shape, Element a, Element b,
                             Element c, Element d, bool saturate, bool fast) {
  MmaOp op = {.shape = shape, .a = a, .b = b, .c = c, .d = d, .saturate = saturate, .model = {}};
  bool valid = a == Element::F64 ? validDouble(op)
               : isInteger(a)    ? validInteger(op)
                                 : validFloat(op) && !saturate;
  if (!valid)
    return std::nullopt;
  op.model = dotModel(generation, a, b, d, /*warpgroup=*/false);
  op.model.fast = fast;
  return op;
}

MmaRegisters mmaRegisters(const MmaOp &op) {
  MatrixShape s = op.shape;
  if (op.a == Element::F16 && s.k == 4)
    return {2, 2, op.c == Element::F16 ? 4 : 8, op.d == Element::F16 ? 4 : 8};
  auto count = [](int elements, Element type) {
    int perRegister = type == Element::F64 ? 1 : 32 / bitsOf(type);
    return elements / 32 / perRegister;
  };
  return {count(s.m * s.k, op.a), count(s.n * s.k, op.b), count(s.m * s.n, op.c),
          count(s.m * s.n, op.d)};
}

void multiplyTile(const MmaOp &op, int chunks, int columns, const TileWords &tile,
                  const uint32_t *columnWords, uint32_t (*accumulators)[kTileRows]) {
  const DotEngine &engine = dotEngine();
  if (isInteger(op.a))
    return engine.multiplyInteger(op.a, op.b, chunks, columns, op.saturate, tile, columnWords,
                                  reinterpret_cast<int32_t(*)[kTileRows]>(accumulators));
  static thread_local LanePanel lanes;
  static thread_local ColumnPanel panel;
  engine.prepareLanes(op.model, op.a, chunks, tile, lanes);
  engine.prepareColumns(op.model, op.b, chunks, columns, columnWords, panel);
  engine.multiply(op.model, lanes, panel, reinterpret_cast<float(*)[kTileRows]>(accumulators));
}

namespace {

alignas(64) constexpr uint32_t kNoRows[32] = {};

const uint32_t *row32(const void *const *registers, int index) {
  return static_cast<const uint32_t *>(registers[index]);
}

void loadWords(const MmaOp &op, int chunks, const void *const *a, TileWords &tile) {
  int halves = op.shape.m / 8;
  for (int chunk = 0; chunk < chunks; ++chunk) {
    const uint32_t *upper = row32(a, halves * chunk);
    const uint32_t *lower = halves == 2 ? row32(a, 2 * chunk + 1) : kNoRows;
    dotEngine().toColumns(upper, lower, tile.words + 4 * chunk, 1);
  }
}

} // namespace

void mmaSync(const MmaOp &op, void *const *d, const void *const *a, const void *const *b,
             const void *const *c) {
  if (op.a == Element::F64)
    return mmaDouble(op.shape, d, a, b, c);
  if (op.shape == MatrixShape{8, 8, 4})
    return mmaQuadPairs(op, d, a, b, c);
  int chunks = op.shape.k * bitsOf(op.a) / 128;
  TileWords tile;
  alignas(64) uint32_t columnWords[2 * 32], accumulators[8][kTileRows];
  loadWords(op, chunks, a, tile);
  for (int chunk = 0; chunk < chunks; ++chunk)
    std::memcpy(columnWords + 32 * chunk, b[chunk], 128);
  loadAccumulators(op.c, op.shape.m, c, accumulators);
  multiplyTile(op, chunks, 8, tile, columnWords, accumulators);
  storeAccumulators(op.d, op.shape.m, accumulators, d);
}

} // namespace tenon::sim
