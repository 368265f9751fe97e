// Pre-tokenizers: cut text into the pieces within which byte pairs are merged.
//
// Published models give theirs as regular expressions; there are few, so each is a
// hand-written automaton here, which needs no backtracking and is several times
// faster. What each matches is stated as its expression in PreTokenizer.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace tenon::llm {

enum class PreTokenizer : uint8_t {
  Gpt2,   ///< GPT-2's expression
  Digits, ///< single digits, the rest by GPT-2's: SmolLM, StarCoder
  Llama3, ///< words with what precedes them, digits by threes
  Qwen2,  ///< as Llama3, digits one by one
};

/// By the name that GGUF files use in tokenizer.ggml.pre.
std::optional<PreTokenizer> preTokenizerNamed(std::string_view name);

/// End of the piece that begins at `begin` (below the text's size).
size_t pieceEnd(PreTokenizer kind, std::string_view text, size_t begin);

} // namespace tenon::llm
