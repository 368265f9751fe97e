// The walk over a box of a tensor map; included by TensorMap.h.
#pragma once

#include "sim/machine/matrix/TensorMap.h"

#include <algorithm>

namespace tenon::sim {

/// Runs of one row: outside, inside, outside. Strided rows go element by element.
template <typename Visit>
bool visitRow(const TensorMap &map, int64_t first, uint64_t rowAddress, bool rowInside,
              uint32_t rowOffset, Visit &visit) {
  uint32_t bytes = bytesOf(map.type), count = map.boxElements(0);
  int64_t size = int64_t(std::min<uint64_t>(map.dims[0], uint64_t(1) << 33));
  int64_t begin = std::clamp<int64_t>(-first, 0, count);
  int64_t end = std::clamp<int64_t>(size - first, begin, count);
  if (!rowInside)
    begin = end = count;
  auto run = [&](int64_t from, int64_t to, bool inside) {
    if (from == to)
      return true;
    uint64_t address = inside ? rowAddress + uint64_t(first + from) * bytes : 0;
    return visit(BoxRun{address, rowOffset + uint32_t(from) * bytes, uint32_t(to - from) * bytes,
                        inside});
  };
  return run(0, begin, false) && run(begin, end, true) && run(end, count, false);
}

template <typename Visit>
bool visitBox(const TensorMap &map, const int32_t *corner, Visit visit) {
  uint32_t at[maxTensorRank] = {}; // position within the box, in elements of shared memory
  for (uint32_t row = 0;; ++row) {
    uint64_t address = map.address;
    bool inside = true;
    for (uint32_t d = 1; d < map.rank; ++d) {
      int64_t coordinate = int64_t(corner[d]) + int64_t(at[d]) * map.steps[d];
      inside &= coordinate >= 0 && uint64_t(coordinate) < map.dims[d];
      address += uint64_t(coordinate) * map.strides[d];
    }
    if (!visitRow(map, corner[0], address, inside, row * map.rowBytes(), visit))
      return false;
    uint32_t d = 1;
    while (d < map.rank && ++at[d] == map.boxElements(d))
      at[d++] = 0;
    if (d >= map.rank)
      return true;
  }
}

} // namespace tenon::sim
