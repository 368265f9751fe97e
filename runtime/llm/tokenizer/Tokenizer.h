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
#include "runtime/llm/tokenizer/Vocabulary.h"

#include <array>
#include <memory>

namespace tenon::llm {

struct EncodeOptions {
  bool addSpecial = true;   ///< the tokens that the model wants around every text
  bool parseSpecial = true; ///< whether "<|im_end|>" in the text is that token or plain text
};

class Tokenizer {
public:
  /// Byte-level BPE as tokenizer.json has it. What is not supported is refused by name.
  static Status fromJson(std::string_view json, Tokenizer &result);
  /// An image (Image.h), aligned to 8 bytes, which `owner` keeps alive.
  static Status fromImage(std::string_view image, std::shared_ptr<const void> owner,
                          Tokenizer &result);

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions &options = {}) const;
  /// The text; what is no UTF-8 becomes U+FFFD. Ids the vocabulary lacks are left out.
  std::string decode(const std::vector<TokenId> &ids, bool skipSpecial = true) const;
  /// The bytes of one token.
  std::string_view bytes(TokenId id) const {
    return vocab.has(id) ? vocab.bytes(id) : "";
  }
  bool isSpecial(TokenId id) const { return vocab.has(id) && vocab.isSpecial(id); }
  /// Whether a model's answer ends with this token.
  bool isStop(TokenId id) const;
  TokenId begin() const { return view.header ? view.header->begin : noToken; }
  TokenId end() const { return view.header ? view.header->end : noToken; }
  const Vocabulary &vocabulary() const { return vocab; }

private:
  void encodePlain(std::string_view text, std::vector<TokenId> &out) const;
  /// The leftmost, then longest, added token at or after `at`; its end in `end`.
  TokenId findAdded(std::string_view text, size_t at, bool special, size_t &begin) const;

  std::shared_ptr<const void> owner;
  ImageView view;
  Vocabulary vocab;
  BytePairs pairs;
  PreTokenizer splitter = PreTokenizer::Gpt2;
  std::array<std::vector<TokenId>, 256> added; ///< by first byte, longest first
};

/// The parts of a tokenizer.json.
Status readTokenizerJson(std::string_view json, TokenizerParts &parts);

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
