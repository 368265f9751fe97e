// The tokens of a model: the bytes of each, and which are special.
#pragma once

#include "runtime/llm/tokenizer/Image.h"

namespace tenon::llm {

/// A view of an image's tokens.
class Vocabulary {
public:
  Vocabulary() = default;
  explicit Vocabulary(const ImageView &image)
      : offsets(image.offsets), slots(image.slots), flags(image.flags), text(image.text) {}

  size_t size() const { return flags.size(); }
  bool has(TokenId id) const { return id >= 0 && static_cast<size_t>(id) < flags.size(); }
  std::string_view bytes(TokenId id) const {
    return text.substr(offsets[id], offsets[id + 1] - offsets[id]);
  }
  bool isSpecial(TokenId id) const { return flags[id] & tokenSpecial; }
  bool isAdded(TokenId id) const { return flags[id] & tokenAdded; }
  /// The token with these bytes, or noToken.
  TokenId find(std::string_view bytes) const;

private:
  std::span<const uint32_t> offsets, slots;
  std::span<const uint8_t> flags;
  std::string_view text;
};

} // namespace tenon::llm
