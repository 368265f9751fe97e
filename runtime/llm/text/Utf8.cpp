// UTF-8: decoding by the table of the Unicode standard, section 3.9 (table 3-7:
// shortest form only, no surrogates, nothing above U+10FFFF).
#include "runtime/llm/text/Utf8.h"

namespace tenon::llm {

CodePoint decode(std::string_view text, size_t at) {
  auto byte = [&](size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  auto continues = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  unsigned first = byte(0);
  const CodePoint invalid = {0xFFFD, 1, false};
  if (first < 0x80)
    return {first, 1, true};
  if (first < 0xC2 || first > 0xF4 || !continues(1))
    return invalid;
  if (first < 0xE0)
    return {(first & 0x1F) << 6 | (byte(1) & 0x3F), 2, true};
  if (!continues(2) || (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F))
    return invalid;
  if (first < 0xF0)
    return {(first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3, true};
  if (!continues(3) || (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
    return invalid;
  return {(first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F),
          4, true};
}

void encode(uint32_t c, std::string &out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

size_t length(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += decode(text, at).length)
    ++count;
  return count;
}

std::vector<size_t> boundaries(std::string_view text) {
  std::vector<size_t> offsets;
  for (size_t at = 0; at < text.size(); at += decode(text, at).length)
    offsets.push_back(at);
  offsets.push_back(text.size());
  return offsets;
}

size_t findInvalid(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    CodePoint point = decode(text, at);
    if (!point.valid)
      return at;
    at += point.length;
  }
  return std::string_view::npos;
}

std::string hexText(uint32_t value, unsigned digits) {
  std::string text;
  for (; value || text.size() < digits; value >>= 4)
    text.insert(text.begin(), "0123456789abcdef"[value & 15]);
  return text;
}

} // namespace tenon::llm
