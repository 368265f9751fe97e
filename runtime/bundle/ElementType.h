// Element types of tensors as the bundle numbers them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon {

enum class ElementType : uint16_t {
#define ELEMENT(name, code, text, bits) name = code,
#include "runtime/bundle/ElementTypes.def"
};

/// The type of that code, if this version knows it.
std::optional<ElementType> elementTypeFromCode(uint32_t code);
/// "f32" gives F32; nothing for a text that names no type.
std::optional<ElementType> elementTypeFromText(std::string_view text);
/// F32 gives "f32".
const char *elementTypeText(ElementType type);
/// Bits of one element in memory; i1 takes a byte.
unsigned elementBits(ElementType type);
/// Bytes of one element; 0 for types of less than a byte.
inline unsigned elementBytes(ElementType type) { return elementBits(type) / 8; }
bool isFloat(ElementType type);

} // namespace tenon
