// Where the shadows of global memory lie. All are linear in the address, lazily
// backed and zero when fresh: zero means never written and never accessed.
//
//   init   1 bit per byte: written
//   lines  8 bytes per 128 bytes: the last write and a reader of a whole line
//   words  8 bytes per 4 bytes, used once a line was accessed in parts
//
// See race/GlobalCells.h for what cells hold.
#pragma once

#include <cstdint>

namespace tenon::sim {

struct RaceCell {
  uint32_t write = 0;
  uint32_t read = 0;
};
static_assert(sizeof(RaceCell) == 8);

struct GlobalShadow {
  uint64_t base = 0, end = 0;
  uint8_t *init = nullptr;
  RaceCell *lines = nullptr;
  RaceCell *words = nullptr;

  bool holds(uint64_t address) const { return address >= base && address < end; }
  uint8_t *initByte(uint64_t address) const { return init + ((address - base) >> 3); }
  RaceCell *line(uint64_t address) const { return lines + ((address - base) >> 7); }
  RaceCell *word(uint64_t address) const { return words + ((address - base) >> 2); }
};

/// Bits [from, from + count) of a bit map: set, clear, or find the first clear.
void setBits(uint8_t *map, uint64_t from, uint64_t count);
void clearBits(uint8_t *map, uint64_t from, uint64_t count);
/// `count` if all are set.
uint64_t firstClear(const uint8_t *map, uint64_t from, uint64_t count);
void copyBits(uint8_t *to, uint64_t toFrom, const uint8_t *map, uint64_t from, uint64_t count);

/// The mask of bits of up to 64 bytes from `address` (count <= 56).
uint64_t readBits(const uint8_t *map, uint64_t from, unsigned count);

} // namespace tenon::sim
