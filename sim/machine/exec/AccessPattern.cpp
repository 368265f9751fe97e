// See AccessPattern.h.
#include "sim/machine/exec/AccessPattern.h"
#include "sim/machine/report/Coalescing.h"
#include <algorithm>

namespace tenon::sim {

static void findPieces(AccessPattern &p) {
  int32_t *end = p.piece + laneCount;
  std::copy_n(reinterpret_cast<const int32_t *>(p.relative), laneCount, p.piece);
  std::sort(p.piece, end);
  int32_t *last = std::unique(p.piece, end);
  p.pieces = uint32_t(last - p.piece);
  for (unsigned lane = 0; lane < laneCount; ++lane)
    p.number[lane] = uint32_t(std::lower_bound(p.piece, last, int32_t(p.relative[lane])) - p.piece);
  std::fill(last, end, last[-1]);
}

void learnPattern(AccessPattern &p, const uint32_t address[32], unsigned bytes) {
  uint64_t wide[laneCount];
  uint32_t odd = 0;
  for (unsigned lane = 0; lane < laneCount; ++lane) {
    wide[lane] = address[lane];
    p.relative[lane] = address[lane] - address[0];
    odd |= p.relative[lane];
  }
  p.aligned = odd % bytes == 0;
  findPieces(p);
  p.low = p.piece[0];
  p.span = uint64_t(int64_t(p.piece[laneCount - 1]) - p.low) + bytes;
  p.conflicts = bankConflicts(wide, ~0u, bytes);
}

} // namespace tenon::sim
