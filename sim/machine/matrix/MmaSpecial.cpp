// f64 shapes and Volta's m8n8k4 on plain arrays of the matrices' elements.
#include "sim/machine/matrix/MmaSpecial.h"

#include "sim/machine/matrix/Fragments.h"

#include <cmath>

namespace tenon::sim {

static double doubleAt(const void *const *registers, int index, int lane) {
  return std::bit_cast<double>(static_cast<const uint64_t *>(registers[index])[lane]);
}

void mmaDouble(MatrixShape shape, void *const *d, const void *const *a, const void *const *b,
               const void *const *c) {
  double left[16][16], right[16][8], sum[16][8];
  int halves = shape.m / 8;
  for (int lane = 0; lane < 32; ++lane) {
    int group = lane / 4, thread = lane % 4;
    for (int i = 0; i < halves * shape.k / 4; ++i)
      left[group + 8 * (i % halves)][thread + 4 * (i / halves)] = doubleAt(a, i, lane);
    for (int i = 0; i < shape.k / 4; ++i)
      right[thread + 4 * i][group] = doubleAt(b, i, lane);
    for (int i = 0; i < 2 * halves; ++i)
      sum[group + 8 * (i / 2)][2 * thread + i % 2] = doubleAt(c, i, lane);
  }
  for (int row = 0; row < shape.m; ++row)
    for (int n = 0; n < 8; ++n)
      for (int k = 0; k < shape.k; ++k)
        sum[row][n] = std::fma(left[row][k], right[k][n], sum[row][n]);
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 2 * halves; ++i)
      static_cast<uint64_t *>(d[i])[lane] =
          std::bit_cast<uint64_t>(sum[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2]);
}

namespace {

struct Position {
  int row, column;
};

/// Where element i of a lane's accumulator lies in its quad pair's 8x8 tile.
Position accumulatorPosition(Element type, int lane, int i) {
  int high = lane >= 16 ? 4 : 0;
  if (type == Element::F16)
    return {lane % 4 + high, i};
  return {(lane & 1) + (i & 2) + high, (i & 4) + (lane & 2) + (i & 1)};
}

float halfAt(const void *const *registers, int i, int lane) {
  uint32_t word = static_cast<const uint32_t *>(registers[i / 2])[lane];
  return decode(Element::F16, word >> (16 * (i % 2)));
}

float accumulatorAt(Element type, const void *const *registers, int i, int lane) {
  if (type == Element::F16)
    return halfAt(registers, i, lane);
  return std::bit_cast<float>(static_cast<const uint32_t *>(registers[i])[lane]);
}

void quadPair(const MmaOp &op, int quad, void *const *d, const void *const *a,
              const void *const *b, const void *const *c) {
  float left[8][4], right[8][4], sum[8][8]; // right is [n][k]
  for (int half = 0; half < 2; ++half)
    for (int t = 0; t < 4; ++t) {
      int lane = 16 * half + 4 * quad + t;
      for (int i = 0; i < 4; ++i) {
        (op.rowMajorA ? left[t + 4 * half][i] : left[i + 4 * half][t]) = halfAt(a, i, lane);
        (op.rowMajorB ? right[i + 4 * half][t] : right[t + 4 * half][i]) = halfAt(b, i, lane);
      }
      for (int i = 0; i < 8; ++i) {
        Position p = accumulatorPosition(op.c, lane, i);
        sum[p.row][p.column] = accumulatorAt(op.c, c, i, lane);
      }
    }
  for (auto &row : sum)
    for (int n = 0; n < 8; ++n)
      row[n] = dotStep(op.model, 4, left[&row - sum], right[n], row[n]);
  for (int lane = 4 * quad; lane < 32; lane += lane % 4 == 3 ? 13 : 1)
    for (int i = 0; i < 8; ++i) {
      Position p = accumulatorPosition(op.d, lane, i);
      uint32_t value = std::bit_cast<uint32_t>(sum[p.row][p.column]);
      auto *words = static_cast<uint32_t *>(d[op.d == Element::F16 ? i / 2 : i]);
      if (op.d != Element::F16)
        words[lane] = value;
      else if (i % 2 == 1)
        words[lane] = packHalves(std::bit_cast<uint32_t>(sum[p.row][p.column - 1]), value);
    }
}

} // namespace

void mmaQuadPairs(const MmaOp &op, void *const *d, const void *const *a, const void *const *b,
                  const void *const *c) {
  for (int quad = 0; quad < 4; ++quad)
    quadPair(op, quad, d, a, b, c);
}

} // namespace tenon::sim
