// ldmatrix, stmatrix and movmatrix on arrays: 8x8 matrices of 16-bit elements
// between rows of 16 bytes and the fragments of mma.sync.
//
// Lane 8j + i addresses row i of matrix j. Register j of lane l then holds the
// elements 2(l % 4) and 2(l % 4) + 1 of row l / 4 of matrix j; with .trans those
// of column l / 4.
#pragma once

#include <cstdint>

namespace tenon::sim {

/// rows[lane] are the 16 bytes at the lane's address; only the first 8 * count
/// lanes matter. count is 1, 2 or 4.
void loadMatrices(int count, bool transposed, const uint32_t (*rows)[4],
                  uint32_t *const *destinations);

/// The inverse: fills rows[lane] for the first 8 * count lanes.
void storeMatrices(int count, bool transposed, const uint32_t *const *sources,
                   uint32_t (*rows)[4]);

/// movmatrix: transposes one 8x8 matrix of 16-bit elements held by a warp.
void transposeMatrix(const uint32_t source[32], uint32_t destination[32]);

} // namespace tenon::sim
