// The tokens of a model: the bytes of each, and which are special.
#pragma once

#include "runtime/support/Status.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon::llm {

using TokenId = int32_t;
constexpr TokenId noToken = -1;

struct Token {
  std::string bytes;
  bool special = false; ///< a control token: <|im_end|>; never found in plain text
  bool added = false;   ///< found whole, before anything is split
};

class Vocabulary {
public:
  /// Fails if a plain token occurs twice.
  Status add(Token token);
  size_t size() const { return tokens.size(); }
  bool has(TokenId id) const { return id >= 0 && static_cast<size_t>(id) < tokens.size(); }
  const Token &operator[](TokenId id) const { return tokens[id]; }
  /// The token with these bytes, or noToken.
  TokenId find(std::string_view bytes) const;

private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::vector<Token> tokens;
  std::unordered_map<std::string, TokenId, Hash, std::equal_to<>> ids;
};

/// Vocabularies of byte-level models write each byte as a printable character (GPT-2's
/// bytes_to_unicode); this gives the bytes, and false where a character stands for none.
bool bytesOfLevel(std::string_view text, std::string &bytes);

} // namespace tenon::llm
