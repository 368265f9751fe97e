// Byte-pair encoding (Sennrich et al., arXiv:1508.07909): in a piece of text the pair
// of neighbours that was merged first in training is merged, until none is left.
#pragma once

#include "runtime/llm/tokenizer/Vocabulary.h"

#include <array>

namespace tenon::llm {

class BytePairs {
public:
  /// Pairs of tokens in the order of training. Fails for tokens the vocabulary lacks. A
  /// byte that no token stands for becomes `unknown`, or nothing if that is noToken.
  Status open(const Vocabulary &vocabulary, TokenId unknown,
              const std::vector<std::pair<std::string, std::string>> &merges);
  /// Appends the tokens of a piece.
  void encode(std::string_view piece, std::vector<TokenId> &out) const;

private:
  struct Merge {
    uint32_t rank;
    TokenId result;
  };
  struct Symbol {
    TokenId id;
    int previous, next;
  };
  const Merge *find(TokenId left, TokenId right) const;
  void mergeShort(std::vector<TokenId> &ids) const;
  void mergeLong(std::vector<TokenId> &ids) const;

  std::array<TokenId, 256> bytes{};
  std::unordered_map<uint64_t, Merge> merges;
};

} // namespace tenon::llm
