// Conversions between float types, through double-checked f32.
#include "runtime/tools/Array.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace tenon::tools {
namespace {

/// A small float format: sign, exponent bits, mantissa bits, bias.
struct Format {
  unsigned exponent, mantissa;
  int bias;
  bool finite; ///< no infinities: the largest exponent holds numbers, too
};

bool formatOf(ElementType type, Format &format) {
  switch (type) {
  case ElementType::F16:
    format = {5, 10, 15, false};
    return true;
  case ElementType::F8E4M3FN:
    format = {4, 3, 7, true};
    return true;
  case ElementType::F8E5M2:
    format = {5, 2, 15, false};
    return true;
  default:
    return false;
  }
}

float decodeSmall(uint32_t bits, const Format &format) {
  uint32_t mantissaMask = (1u << format.mantissa) - 1;
  uint32_t exponentMask = (1u << format.exponent) - 1;
  uint32_t mantissa = bits & mantissaMask, exponent = bits >> format.mantissa & exponentMask;
  bool negative = bits >> (format.mantissa + format.exponent) & 1;
  float value;
  if (exponent == exponentMask && !format.finite)
    value = mantissa ? NAN : INFINITY;
  else if (exponent == exponentMask && mantissa == mantissaMask)
    value = NAN;
  else if (exponent == 0)
    value = std::ldexp(static_cast<float>(mantissa), 1 - format.bias - int(format.mantissa));
  else
    value = std::ldexp(static_cast<float>(mantissa | (1u << format.mantissa)),
                       int(exponent) - format.bias - int(format.mantissa));
  return negative ? -value : value;
}

template <typename T>
T readAs(const char *data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

/// One element as a double; exact for every float type.
bool toDouble(ElementType type, const char *data, double &value) {
  Format format;
  if (type == ElementType::F64)
    value = readAs<double>(data);
  else if (type == ElementType::F32)
    value = readAs<float>(data);
  else if (type == ElementType::BF16)
    value = std::bit_cast<float>(uint32_t{readAs<uint16_t>(data)} << 16);
  else if (formatOf(type, format))
    value = decodeSmall(elementBytes(type) == 2 ? readAs<uint16_t>(data) : readAs<uint8_t>(data),
                        format);
  else
    return false;
  return true;
}

uint16_t toBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return 0x7FC0;
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

template <typename T>
void writeAs(T value, char *data) {
  std::memcpy(data, &value, sizeof value);
}

bool fromDouble(double value, ElementType type, char *data) {
  switch (type) {
  case ElementType::F64:
    writeAs(value, data);
    return true;
  case ElementType::F32:
    writeAs(static_cast<float>(value), data);
    return true;
  case ElementType::F16:
    writeAs(static_cast<_Float16>(value), data);
    return true;
  case ElementType::BF16:
    writeAs(toBf16(static_cast<float>(value)), data);
    return true;
  default:
    return false;
  }
}

} // namespace

bool convertFloats(const Array &from, ElementType type, Array &to) {
  if (!isFloat(from.type) || !isFloat(type) || !elementBytes(from.type) || !elementBytes(type))
    return false;
  to = {type, from.shape, from.strides, {}};
  size_t count = from.bytes.size() / elementBytes(from.type);
  to.bytes.resize(count * elementBytes(type));
  for (size_t i = 0; i < count; ++i) {
    double value;
    if (!toDouble(from.type, from.bytes.data() + i * elementBytes(from.type), value) ||
        !fromDouble(value, type, to.bytes.data() + i * elementBytes(type)))
      return false;
  }
  return true;
}

} // namespace tenon::tools
