// Names and sizes of element types, read off ElementTypes.def.
#include "runtime/bundle/ElementType.h"

namespace tenon {
namespace {

struct Entry {
  ElementType type;
  uint32_t code;
  const char *text;
  unsigned bits;
};

constexpr Entry entries[] = {
#define ELEMENT(name, code, text, bits) {ElementType::name, code, text, bits},
#include "runtime/bundle/ElementTypes.def"
};

const Entry &entryOf(ElementType type) {
  for (const Entry &entry : entries)
    if (entry.type == type)
      return entry;
  return entries[0];
}

} // namespace

std::optional<ElementType> elementTypeFromCode(uint32_t code) {
  for (const Entry &entry : entries)
    if (entry.code == code)
      return entry.type;
  return std::nullopt;
}

std::optional<ElementType> elementTypeFromText(std::string_view text) {
  for (const Entry &entry : entries)
    if (text == entry.text)
      return entry.type;
  return std::nullopt;
}

const char *elementTypeText(ElementType type) { return entryOf(type).text; }

unsigned elementBits(ElementType type) { return entryOf(type).bits; }

bool isFloat(ElementType type) { return type >= ElementType::F16 && type <= ElementType::F4E2M1FN; }

} // namespace tenon
