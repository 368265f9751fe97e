// The vector form of the tensor-core arithmetic: sixteen output rows at once.
//
// All matrix instructions are reduced to one shape. An A tile is 16 rows of 16
// or 32 bytes of k; a B panel is up to 256 columns of as many bytes. Both are
// first split into significands and exponents ("prepared"), once per tile, and
// then every column of B is multiplied with the 16 rows of A side by side:
//
//   lanes  [k][row]              A, transposed, so that a row is a vector lane
//   column [chunk][n][k in chunk] B as it lies in fragments: a chunk is 16 bytes
//
// Two builds of the same operations exist, AVX-512 and portable, equal bit for
// bit; `dotEngine()` picks one by the CPU. All functions are pure and may be
// called from any thread.
#pragma once

#include "sim/machine/matrix/DotModel.h"

#include <span>

namespace tenon::sim {

inline constexpr int kTileRows = 16;
inline constexpr int kChunkBytes = 16;
inline constexpr int kMaxK = 32;       // elements: 32 bytes of fp8 or s8
inline constexpr int kMaxColumns = 256; // wgmma's largest n

/// 16 rows of A: `words[w][row]` is word w of that row's k bytes.
struct alignas(64) TileWords {
  uint32_t words[8][kTileRows];
};

/// A prepared: value = significand * 2^exponent. Where the panel is `whole`, the
/// value itself stands in for the significand: products of f16 and fp8 values, and of
/// others of no extreme size, fit f32, so only their exponents are needed apart.
struct alignas(64) LanePanel {
  float significand[kMaxK][kTileRows];
  float exponent[kMaxK][kTileRows];
  int count = 0;        // k
  bool special = false; // holds an infinity or NaN
  bool whole = false;
};

/// B prepared; index (chunk * columns + n) * perChunk + k % perChunk.
struct alignas(64) ColumnPanel {
  float significand[kMaxK * kMaxColumns];
  float exponent[kMaxK * kMaxColumns];
  int columns = 0;
  int perChunk = 0; // elements in 16 bytes
  bool special = false;
  bool whole = false;
};

struct DotEngine {
  const char *name;
  /// Splits `chunks` (1 or 2) times 16 bytes of each row.
  void (*prepareLanes)(const DotModel &, Element, int chunks, const TileWords &, LanePanel &);
  /// `words` holds [chunk][n][4]: 16 bytes of k for each column, chunk by chunk.
  void (*prepareColumns)(const DotModel &, Element, int chunks, int columns,
                         const uint32_t *words, ColumnPanel &);
  /// accumulators[n][row] becomes A's row times B's column n plus itself.
  void (*multiply)(const DotModel &, const LanePanel &, const ColumnPanel &,
                   float (*accumulators)[kTileRows]);
  /// The same for 8-bit integers and 32-bit sums.
  void (*multiplyInteger)(Element a, Element b, int chunks, int columns, bool saturate,
                          const TileWords &, const uint32_t *columnWords,
                          int32_t (*accumulators)[kTileRows]);
  /// Two 8-row registers over lanes (lane = 4 * row + word) to 4 columns of words:
  /// columns[word * step].
  void (*toColumns)(const uint32_t upper[32], const uint32_t lower[32], uint32_t (*columns)[kTileRows], int step);
  /// The inverse of toColumns.
  void (*fromColumns)(const uint32_t (*columns)[kTileRows], int step, uint32_t upper[32], uint32_t lower[32]);
};

/// The fastest engine that this CPU runs.
const DotEngine &dotEngine();
const DotEngine &portableDotEngine();
/// Null where the CPU or the build lacks AVX-512.
const DotEngine *avx512DotEngine();

} // namespace tenon::sim
