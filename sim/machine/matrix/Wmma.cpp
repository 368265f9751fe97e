// wmma fragments as tiles of mma.sync.
#include "sim/machine/matrix/Wmma.h"

#include <cstring>

namespace tenon::sim {

static bool validShape(MatrixShape s, Element operand) {
  if (operand == Element::F64)
    return s == MatrixShape{8, 8, 4};
  if (operand == Element::TF32)
    return s == MatrixShape{16, 16, 8};
  return s == MatrixShape{16, 16, 16} || s == MatrixShape{8, 32, 16} ||
         s == MatrixShape{32, 8, 16};
}

static bool isOperand(Element type) {
  return type != Element::F32 && type != Element::S32 && type != Element::E4M3 &&
         type != Element::E5M2;
}

/// Shapes an accumulator type may have: those of any operand it belongs to.
static bool validAccumulator(MatrixShape s, Element type) {
  switch (type) {
  case Element::F64:
    return validShape(s, Element::F64);
  case Element::F32:
    return validShape(s, Element::F16) || validShape(s, Element::TF32);
  case Element::F16:
  case Element::S32:
    return validShape(s, Element::F16);
  default:
    return false;
  }
}

std::optional<WmmaFragment> wmmaFragment(WmmaMatrix matrix, MatrixShape shape, Element type) {
  bool valid = matrix == WmmaMatrix::C ? validAccumulator(shape, type)
                                       : isOperand(type) && validShape(shape, type);
  if (!valid)
    return std::nullopt;
  int elements = matrix == WmmaMatrix::A   ? shape.m * shape.k
                 : matrix == WmmaMatrix::B ? shape.k * shape.n
                                           : shape.m * shape.n;
  WmmaFragment f = {matrix, shape, type, 0, 0, 1};
  f.perRegister = type == Element::F64 ? 1 : 32 / bitsOf(type);
  f.distinct = elements / 32 / f.perRegister;
  f.registers = matrix != WmmaMatrix::C && type == Element::F16 ? 8 : f.distinct;
  return f;
}

MatrixPosition wmmaPosition(const WmmaFragment &f, int reg, int index, int lane) {
  reg %= f.distinct;
  int group = lane / 4, thread = lane % 4;
  int halves = f.shape.m == 8 ? 1 : 2; // 8-row groups in a tile of A or C
  int runs = f.type == Element::F64 ? 1 : f.shape.k * bitsOf(f.type) / 128; // of 16 bytes along k
  int along = (thread * f.perRegister + index);
  switch (f.matrix) {
  case WmmaMatrix::A: {
    int tile = reg / (halves * runs), inTile = reg % (halves * runs);
    return {16 * tile + 8 * (inTile % halves) + group, inTile / halves * 4 * f.perRegister + along};
  }
  case WmmaMatrix::B:
    return {reg % runs * 4 * f.perRegister + along, 8 * (reg / runs) + group};
  default: {
    int perHalf = f.type == Element::F16 ? 1 : 2; // registers for 8 rows of 8 columns
    int tile = reg / (halves * perHalf), inTile = reg % (halves * perHalf);
    int columnTiles = f.shape.n / 8;
    int column = f.type == Element::F16 ? 2 * thread + index : 2 * thread + inTile % 2;
    return {tile / columnTiles * 16 + inTile / perHalf * 8 + group,
            tile % columnTiles * 8 + column};
  }
  }
}

static bool validTypes(Element a, Element b, Element c, Element d) {
  auto in = [](Element e, Element x, Element y) { return e == x || e == y; };
  switch (a) {
  case Element::F16:
    return b == a && in(c, Element::F16, Element::F32) && in(d, Element::F16, Element::F32);
  case Element::BF16:
  case Element::TF32:
    return b == a && c == Element::F32 && d == Element::F32;
  case Element::F64:
    return b == a && c == a && d == a;
  default: // 8-bit integers: both of one sign
    return in(a, Element::S8, Element::U8) && b == a && c == Element::S32 && d == Element::S32;
  }
}

std::optional<WmmaOp> makeWmma(TensorCore core, MatrixShape shape, Element a, Element b, Element c,
                               Element d, bool saturate, bool fast) {
  if (!validTypes(a, b, c, d) || !validShape(shape, a) || (saturate && !isInteger(a)))
    return std::nullopt;
  WmmaOp op = {.shape = shape, .tile = {}};
  int rows = shape.m == 8 ? 8 : 16;
  op.tile = {.shape = {rows, 8, shape.k}, .a = a, .b = b, .c = c, .d = d, .saturate = saturate,
             .model = dotModel(core, a, b, d, false)};
  op.tile.model.fast = fast;
  op.rowTiles = shape.m / rows;
  op.columnTiles = shape.n / 8;
  return op;
}

void wmmaMultiply(const WmmaOp &op, void *const *d, const void *const *a, const void *const *b,
                  const void *const *c) {
  // Fragments may share registers, so all is read before anything is written.
  alignas(64) uint64_t result[8][32];
  void *pointers[8];
  for (int i = 0; i < 8; ++i)
    pointers[i] = result[i];
  MmaRegisters perTile = mmaRegisters(op.tile);
  for (int i = 0; i < op.rowTiles; ++i)
    for (int j = 0; j < op.columnTiles; ++j) {
      int tile = i * op.columnTiles + j;
      mmaSync(op.tile, pointers + tile * perTile.d, a + i * perTile.a, b + j * perTile.b,
              c + tile * perTile.c);
    }
  size_t bytes = op.tile.d == Element::F64 ? sizeof result[0] : sizeof result[0] / 2;
  for (int i = 0; i < op.rowTiles * op.columnTiles * perTile.d; ++i)
    std::memcpy(d[i], result[i], bytes);
}

} // namespace tenon::sim
