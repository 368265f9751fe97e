// Vocabularies, and GPT-2's characters for bytes: bytes that print stand for
// themselves, the others, in order, for U+0100 and up.
#include "runtime/llm/tokenizer/Vocabulary.h"

#include "runtime/llm/text/Utf8.h"

#include <array>

namespace tenon::llm {

Status Vocabulary::add(Token token) {
  auto [place, fresh] = ids.try_emplace(token.bytes, static_cast<TokenId>(tokens.size()));
  bool found = token.special || token.added; // in the text itself, so it may repeat another
  if (!fresh && !found && !tokens[place->second].special && !tokens[place->second].added)
    return Status(TENON_INVALID_ARGUMENT, "tokens " + std::to_string(place->second) + " and " +
                                              std::to_string(tokens.size()) + " are the same");
  tokens.push_back(std::move(token));
  return {};
}

TokenId Vocabulary::find(std::string_view bytes) const {
  auto found = ids.find(bytes);
  return found == ids.end() ? noToken : found->second;
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
