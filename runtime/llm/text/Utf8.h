// UTF-8 as Python's str has it: positions are code points. A byte that is part of
// no valid sequence counts as a character of its own, so that any bytes can be
// walked; what must be valid is checked where it comes in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::llm {

/// The code point at `text[at]` (0xFFFD for an invalid byte) and its length in bytes.
struct CodePoint {
  uint32_t value;
  unsigned length;
  bool valid;
};
CodePoint decode(std::string_view text, size_t at);
void encode(uint32_t codePoint, std::string &out);

/// Number of code points.
size_t length(std::string_view text);
/// Byte offset of each code point, and of the end.
std::vector<size_t> boundaries(std::string_view text);
/// Offset of the first byte that is no UTF-8, or npos.
size_t findInvalid(std::string_view text);

/// Lower-case hexadecimal, at least so many digits.
std::string hexText(uint32_t value, unsigned digits);

} // namespace tenon::llm
