// 8x8 matrices of 16-bit elements between rows and fragments.
#include "sim/machine/matrix/Ldmatrix.h"

#include <cstring>

namespace tenon::sim {

static uint32_t halfOf(const uint32_t row[4], int column) {
  return row[column / 2] >> (16 * (column % 2)) & 0xffff;
}

void loadMatrices(int count, bool transposed, const uint32_t (*rows)[4],
                  uint32_t *const *destinations) {
  for (int j = 0; j < count; ++j) {
    const uint32_t(*matrix)[4] = rows + 8 * j;
    if (!transposed) {
      std::memcpy(destinations[j], matrix, 128);
      continue;
    }
    for (int lane = 0; lane < 32; ++lane) {
      int row = 2 * (lane % 4), column = lane / 4;
      destinations[j][lane] = halfOf(matrix[row], column) | halfOf(matrix[row + 1], column) << 16;
    }
  }
}

void transposeMatrix(const uint32_t source[32], uint32_t destination[32]) {
  uint32_t rows[8][4];
  std::memcpy(rows, source, sizeof rows);
  loadMatrices(1, true, rows, &destination);
}

void storeMatrices(int count, bool transposed, const uint32_t *const *sources,
                   uint32_t (*rows)[4]) {
  for (int j = 0; j < count; ++j) {
    uint32_t *matrix = rows[8 * j];
    if (transposed)
      transposeMatrix(sources[j], matrix);
    else
      std::memcpy(matrix, sources[j], 128);
  }
}

} // namespace tenon::sim
