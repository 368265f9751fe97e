// Text to tokens and back, as a model was trained with it.
//
//   Tokenizer tokenizer;
//   TENON_TRY(Tokenizer::fromJson(text, tokenizer));      // Hugging Face's tokenizer.json
//   std::vector<TokenId> ids = tokenizer.encode("Hello");
//   std::string text = tokenizer.decode(ids);
//
// A tokenizer does not change once it is open: any number of threads may use it.
#pragma once

#include "runtime/llm/tokenizer/BytePairs.h"
#include "runtime/llm/tokenizer/PreTokenizer.h"

namespace tenon::llm {

struct EncodeOptions {
  bool addSpecial = true;   ///< the tokens that the model wants around every text
  bool parseSpecial = true; ///< whether "<|im_end|>" in the text is that token or plain text
};

class Tokenizer {
public:
  /// Byte-level BPE as tokenizer.json has it. What is not supported is refused by name.
  static Status fromJson(std::string_view json, Tokenizer &result);

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions &options = {}) const;
  /// The text; what is no UTF-8 becomes U+FFFD. Ids the vocabulary lacks are left out.
  std::string decode(const std::vector<TokenId> &ids, bool skipSpecial = true) const;
  /// The bytes of one token.
  std::string_view bytes(TokenId id) const {
    return vocab.has(id) ? std::string_view(vocab[id].bytes) : "";
  }
  const Vocabulary &vocabulary() const { return vocab; }

private:
  friend class JsonReader;
  void encodePlain(std::string_view text, std::vector<TokenId> &out) const;
  /// The leftmost, then longest, added token at or after `at`; its end in `end`.
  TokenId findAdded(std::string_view text, size_t at, bool special, size_t &begin) const;

  Vocabulary vocab;
  BytePairs pairs;
  PreTokenizer splitter = PreTokenizer::Gpt2;
  bool wholePieces = false; ///< a piece that is a token is taken whole (ignore_merges)
  bool composes = false;    ///< text is brought to NFC first
  std::vector<TokenId> prefix, suffix;
  std::array<std::vector<TokenId>, 256> added; ///< by first byte, longest first
};

/// Text of tokens as they come, never cut within a character.
class StreamDecoder {
public:
  explicit StreamDecoder(const Tokenizer &tokenizer) : tokenizer(tokenizer) {}
  /// What can be shown after this token; "" while a character is incomplete.
  std::string push(TokenId id);
  /// What is left at the end, incomplete characters as U+FFFD.
  std::string finish();

private:
  const Tokenizer &tokenizer;
  std::string pending;
};

/// Bytes with each maximal invalid part replaced by U+FFFD (Unicode standard, 3.9).
std::string replaceInvalid(std::string_view bytes);

} // namespace tenon::llm
