// Inputs of golden vectors, made alike on the GPU's side and in the tests, so that
// a golden file holds outputs only.
#pragma once

#include <cstdint>

namespace golden {

struct Stream {
  uint32_t state;
  explicit Stream(uint32_t seed) : state(seed * 2654435761u + 12345u) {}
  uint32_t word() {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
  }
};

/// How operand bits are drawn: moderate exponents (even rounds), or any finite
/// value (odd rounds), so that alignment and truncation both show.
enum class Kind { Half, Brain, Tf32, E4M3, Byte, Single };

inline uint32_t field(uint32_t raw, int exponentBits, int fractionBits, bool wide) {
  uint32_t bias = (1u << (exponentBits - 1)) - 1, top = (1u << exponentBits) - 2;
  uint32_t exponent = wide ? (raw >> 16) % (top + 1) : bias - 3 + (raw >> 16) % 6;
  return (raw & 1) << (exponentBits + fractionBits) | exponent << fractionBits |
         ((raw >> 1) & ((1u << fractionBits) - 1));
}

/// One element's bits.
inline uint32_t element(Stream &stream, Kind kind, bool wide) {
  uint32_t raw = stream.word();
  switch (kind) {
  case Kind::Half:
    return field(raw, 5, 10, wide);
  case Kind::Brain:
    return field(raw, 8, 7, false);
  case Kind::Tf32:
    return field(raw, 8, 10, false) << 13;
  case Kind::E4M3:
    return field(raw, 4, 3, wide);
  case Kind::Byte:
    return raw & 0xff;
  default: {
    uint32_t other = stream.word();
    return field(raw, 8, 10, false) << 13 | (other & 0x1fff);
  }
  }
}

/// A register of one lane: as many elements as fit 32 bits.
inline uint32_t packed(Stream &stream, Kind kind, bool wide) {
  int bits = kind == Kind::Half || kind == Kind::Brain ? 16
             : kind == Kind::E4M3 || kind == Kind::Byte ? 8 : 32;
  uint32_t value = 0;
  for (int shift = 0; shift < 32; shift += bits)
    value |= element(stream, kind, wide) << shift;
  return value;
}

constexpr int kRounds = 40;
constexpr uint32_t kSharedBytes = 48 * 1024;

/// Byte strides of a tightly packed wgmma operand at a swizzle of 16 << mode bytes.
inline uint32_t strideOffset(int mode) { return mode == 0 ? 128u : 8u * (16u << mode); }
inline uint32_t leadingOffset(int mode) { return mode == 0 ? 4096u : 16u * (16u << mode); }
/// The descriptor's code for that swizzle.
inline uint64_t swizzleCode(int mode) { return mode == 0 ? 0u : uint64_t(4 - mode); }
inline uint64_t descriptor(uint32_t start, int mode) {
  return start / 16 | uint64_t(leadingOffset(mode) / 16) << 16 |
         uint64_t(strideOffset(mode) / 16) << 32 | swizzleCode(mode) << 62;
}

} // namespace golden
