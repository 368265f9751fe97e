// Element types of matrix operands: widths, exponent ranges and decoding to
// f32. Every type but f64 decodes exactly: its values are a subset of f32's.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace tenon::sim {

enum class Element : uint8_t { F16, BF16, TF32, E4M3, E5M2, S8, U8, F64, F32, S32 };

/// Bits of one element in a register (tf32 occupies a whole word).
constexpr int bitsOf(Element type) {
  switch (type) {
  case Element::F16:
  case Element::BF16:
    return 16;
  case Element::E4M3:
  case Element::E5M2:
  case Element::S8:
  case Element::U8:
    return 8;
  case Element::F64:
    return 64;
  default:
    return 32;
  }
}

/// Exponent to which the tensor core clamps the subnormals of a type.
constexpr int minExponentOf(Element type) {
  switch (type) {
  case Element::F16:
  case Element::E5M2:
    return -14;
  case Element::E4M3:
    return -6;
  default:
    return -126;
  }
}

constexpr bool isInteger(Element type) {
  return type == Element::S8 || type == Element::U8 || type == Element::S32;
}

/// Widens a binary float of 1 + exponentBits + fractionBits bits whose largest
/// exponent is reserved for infinity and NaN.
constexpr float widenFloat(uint32_t bits, int exponentBits, int fractionBits) {
  uint32_t sign = (bits >> (exponentBits + fractionBits)) & 1u;
  uint32_t exponent = (bits >> fractionBits) & ((1u << exponentBits) - 1);
  uint32_t fraction = (bits & ((1u << fractionBits) - 1)) << (23 - fractionBits);
  int bias = (1 << (exponentBits - 1)) - 1;
  if (exponent == (1u << exponentBits) - 1)
    return std::bit_cast<float>(sign << 31 | 0x7f800000u | fraction);
  if (exponent != 0)
    return std::bit_cast<float>(sign << 31 | (exponent + 127 - bias) << 23 | fraction);
  float scale = std::bit_cast<float>(uint32_t(1 - bias + 127 - 23) << 23);
  float magnitude = float(fraction) * scale;
  return sign ? -magnitude : magnitude;
}

/// e4m3 has no infinity: only S.1111.111 is not a number.
constexpr float widenE4M3(uint32_t bits) {
  if ((bits & 0x7f) == 0x7f)
    return std::bit_cast<float>(0x7fffffffu);
  if ((bits & 0x78) == 0x78) // the exponent that IEEE formats reserve
    return ((bits & 0x80) ? -1.0f : 1.0f) * float(8 + (bits & 7)) * 32.0f;
  return widenFloat(bits & 0xff, 4, 3);
}

/// Value of the element in the low bits of `bits`. tf32 is cut to its 19 bits.
constexpr float decode(Element type, uint32_t bits) {
  switch (type) {
  case Element::F16:
    return widenFloat(bits & 0xffff, 5, 10);
  case Element::BF16:
    return std::bit_cast<float>(bits << 16);
  case Element::TF32:
    return std::bit_cast<float>(bits & 0xffffe000u);
  case Element::E4M3:
    return widenE4M3(bits);
  case Element::E5M2:
    return widenFloat(bits & 0xff, 5, 2);
  case Element::S8:
    return float(int8_t(bits));
  case Element::U8:
    return float(uint8_t(bits));
  default:
    return std::bit_cast<float>(bits);
  }
}

/// Rounds to the nearest f16, ties to even; overflow gives infinity and every
/// NaN the tensor core's 0x7fff.
uint16_t roundToHalf(double value);

} // namespace tenon::sim
