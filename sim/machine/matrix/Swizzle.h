// The shared-memory swizzles of TMA and wgmma.
//
// Within a repeating pattern of 8 rows, the 16-byte units of a row are permuted
// by the row's number, so that a column of units touches all banks. On address
// bits: the units' bits 4.. are xored with the bits 7.. above them.
//
//   mode      pattern      bits xored        by bits
//   none      -            -                 -
//   32 bytes  256 bytes    4                 7
//   64 bytes  512 bytes    4, 5              7, 8
//   128 bytes 1024 bytes   4, 5, 6           7, 8, 9
//
// Example, 128 bytes: address 0x090 (row 1, unit 1) becomes 0x080.
#pragma once

#include <cstdint>

namespace tenon::sim {

enum class Swizzle : uint8_t { None = 0, Bytes32 = 1, Bytes64 = 2, Bytes128 = 3 };

/// Bytes of a row of the pattern; 16 without swizzle.
constexpr uint32_t swizzleBytes(Swizzle mode) { return 16u << unsigned(mode); }

/// `phase` is the pattern's start in units of 128 bytes (a descriptor's base
/// offset); 0 where patterns start at multiples of their size.
constexpr uint32_t swizzle(Swizzle mode, uint32_t address, uint32_t phase = 0) {
  uint32_t row = (address >> 7) - phase;
  return address ^ (row & ((1u << unsigned(mode)) - 1)) << 4;
}

} // namespace tenon::sim
