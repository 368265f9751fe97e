// Byte-pair encoding (Sennrich et al., arXiv:1508.07909): in a piece of text the pair
// of neighbours that was merged first in training is merged, until none is left.
#pragma once

#include "runtime/llm/tokenizer/Image.h"

namespace tenon::llm {

class BytePairs {
public:
  BytePairs() = default;
  explicit BytePairs(const ImageView &image) : bytes(image.header->bytes), merges(image.merges) {}
  /// Appends the tokens of a piece. A byte that no token stands for becomes the unknown
  /// token, or nothing.
  void encode(std::string_view piece, std::vector<TokenId> &out) const;

private:
  struct Symbol {
    TokenId id;
    int previous, next;
  };
  const MergeSlot *find(TokenId left, TokenId right) const;
  void mergeShort(std::vector<TokenId> &ids) const;
  void mergeLong(std::vector<TokenId> &ids) const;

  const TokenId *bytes = nullptr;
  std::span<const MergeSlot> merges;
};

} // namespace tenon::llm
