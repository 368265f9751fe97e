// A tokenizer as it lies in a bundle: tables that are read where they are mapped, so
// that opening one copies and builds next to nothing.
//
//   header | offsets u32[tokens + 1] | slots u32[slots]
//          | merges MergeSlot[mergeSlots] | lists i32[...] | flags u8[tokens] | text
//
// `slots` and `merges` are hash tables with linear probing, as powers of two with free
// places. An image comes from a file, so checkImage() looks at every index once.
#pragma once

#include "runtime/llm/tokenizer/PreTokenizer.h"
#include "runtime/support/Status.h"

#include <span>
#include <string>
#include <vector>

namespace tenon::llm {

using TokenId = int32_t;
constexpr TokenId noToken = -1;
constexpr size_t maxTokens = 1 << 21;

struct Token {
  std::string bytes;
  bool special = false; ///< a control token: <|im_end|>; never found in plain text
  bool added = false;   ///< found whole, before anything is split
};

/// What a tokenizer is made of, as its readers (tokenizer.json, GGUF) find it.
struct TokenizerParts {
  std::vector<Token> tokens;
  std::vector<std::pair<std::string, std::string>> merges; ///< in the order of training
  PreTokenizer splitter = PreTokenizer::Gpt2;
  bool wholePieces = false; ///< a piece that is a token is taken whole (ignore_merges)
  bool composes = false;    ///< text is brought to NFC first
  TokenId unknown = noToken, begin = noToken, end = noToken;
  std::vector<TokenId> prefix, suffix; ///< around every text
  std::vector<TokenId> stops;          ///< what ends an answer
};

struct MergeSlot {
  TokenId left, right;
  uint32_t rank;
  TokenId result; ///< noToken: a free slot
};

struct ImageHeader {
  char magic[8];
  uint32_t splitter, flags;
  uint32_t tokens, textBytes, slots, mergeSlots;
  uint32_t prefix, suffix, stops;
  TokenId unknown, begin, end;
  TokenId bytes[256]; ///< of every byte its token, or `unknown`
};
constexpr uint32_t imageWholePieces = 1, imageComposes = 2;
constexpr uint8_t tokenSpecial = 1, tokenAdded = 2;

/// The tables of an image.
struct ImageView {
  const ImageHeader *header = nullptr;
  std::span<const uint32_t> offsets, slots;
  std::span<const MergeSlot> merges;
  std::span<const TokenId> prefix, suffix, stops;
  std::span<const uint8_t> flags;
  std::string_view text;
};

/// Fails if a plain token occurs twice or a merge is of tokens that there are not.
Status buildImage(const TokenizerParts &parts, std::string &image);
/// `image` is aligned to 8 and outlives the view.
Status checkImage(std::string_view image, ImageView &view);

uint32_t hashOfToken(std::string_view bytes);
uint32_t hashOfPair(TokenId left, TokenId right);

/// Vocabularies of byte-level models write each byte as a printable character (GPT-2's
/// bytes_to_unicode); this gives the bytes, and false where a character stands for none.
bool bytesOfLevel(std::string_view text, std::string &bytes);

} // namespace tenon::llm
