// Bit maps of initialised bytes: ranges of any alignment, whole bytes of the map
// in the middle done at once.
#include "sim/machine/memory/Shadow.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace tenon::sim {
namespace {

/// Calls head(byte, mask) for partial bytes of the map and middle(byte, count) for
/// the whole ones between.
template <class Partial, class Whole>
void forRange(uint64_t from, uint64_t count, Partial partial, Whole whole) {
  if (count == 0)
    return;
  uint64_t first = from >> 3, last = (from + count - 1) >> 3;
  uint8_t low = uint8_t(0xff << (from & 7)), high = uint8_t(0xff >> (7 - ((from + count - 1) & 7)));
  if (first == last)
    return partial(first, uint8_t(low & high));
  partial(first, low);
  if (last > first + 1)
    whole(first + 1, last - first - 1);
  partial(last, high);
}

bool bit(const uint8_t *map, uint64_t i) { return map[i >> 3] >> (i & 7) & 1; }

} // namespace

void setBits(uint8_t *map, uint64_t from, uint64_t count) {
  forRange(from, count, [&](uint64_t i, uint8_t mask) { map[i] |= mask; },
           [&](uint64_t i, uint64_t n) { std::memset(map + i, 0xff, n); });
}

void clearBits(uint8_t *map, uint64_t from, uint64_t count) {
  forRange(from, count, [&](uint64_t i, uint8_t mask) { map[i] &= uint8_t(~mask); },
           [&](uint64_t i, uint64_t n) { std::memset(map + i, 0, n); });
}

uint64_t firstClear(const uint8_t *map, uint64_t from, uint64_t count) {
  uint64_t i = from, end = from + count;
  while (i < end) {
    if ((i & 7) == 0 && end - i >= 8 && map[i >> 3] == 0xff) {
      i += 8;
      continue;
    }
    if (!bit(map, i))
      return i - from;
    ++i;
  }
  return count;
}

void copyBits(uint8_t *to, uint64_t toFrom, const uint8_t *map, uint64_t from, uint64_t count) {
  if (((toFrom ^ from) & 7) == 0) {
    forRange(
        toFrom, count,
        [&](uint64_t i, uint8_t mask) {
          uint8_t source = map[(from >> 3) + (i - (toFrom >> 3))];
          to[i] = uint8_t((to[i] & ~mask) | (source & mask));
        },
        [&](uint64_t i, uint64_t n) {
          std::memmove(to + i, map + (from >> 3) + (i - (toFrom >> 3)), n);
        });
    return;
  }
  for (uint64_t i = 0; i < count; ++i)
    if (bit(map, from + i))
      to[(toFrom + i) >> 3] |= uint8_t(1 << ((toFrom + i) & 7));
    else
      to[(toFrom + i) >> 3] &= uint8_t(~(1 << ((toFrom + i) & 7)));
}

uint64_t readBits(const uint8_t *map, uint64_t from, unsigned count) {
  uint64_t bits = 0;
  std::memcpy(&bits, map + (from >> 3), (from % 8 + count + 7) / 8);
  return bits >> (from & 7) & ((1ull << count) - 1);
}

} // namespace tenon::sim
