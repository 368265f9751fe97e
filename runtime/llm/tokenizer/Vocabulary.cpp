// Vocabularies, and GPT-2's characters for bytes: bytes that print stand for
// themselves, the others, in order, for U+0100 and up.
#include "runtime/llm/tokenizer/Vocabulary.h"

#include "runtime/llm/text/Utf8.h"

#include <array>

namespace tenon::llm {

TokenId Vocabulary::find(std::string_view wanted) const {
  if (slots.empty())
    return noToken;
  size_t mask = slots.size() - 1;
  for (size_t at = hashOfToken(wanted) & mask; slots[at] != static_cast<uint32_t>(noToken);
       at = (at + 1) & mask)
    if (bytes(static_cast<TokenId>(slots[at])) == wanted)
      return static_cast<TokenId>(slots[at]);
  return noToken;
}

/// Per code point below 324 the byte, or -1.
static std::array<int, 324> levelBytes() {
  std::array<int, 324> bytes;
  bytes.fill(-1);
  for (int byte = 0, next = 256; byte < 256; ++byte) {
    bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    bytes[prints ? byte : next++] = byte;
  }
  return bytes;
}

bool bytesOfLevel(std::string_view text, std::string &bytes) {
  static const std::array<int, 324> table = levelBytes();
  bytes.clear();
  for (size_t at = 0; at < text.size();) {
    CodePoint point = decode(text, at);
    if (!point.valid || point.value >= table.size() || table[point.value] < 0)
      return false;
    bytes += static_cast<char>(table[point.value]);
    at += point.length;
  }
  return true;
}

} // namespace tenon::llm
