// Encoding and decoding.
#include "runtime/llm/tokenizer/Tokenizer.h"

#include "runtime/llm/text/Utf8.h"

#include <algorithm>
#include <cstdlib>
#include <utf8proc.h>

namespace tenon::llm {

namespace {

bool isAscii(std::string_view text) {
  for (char c : text)
    if (static_cast<unsigned char>(c) >= 0x80)
      return false;
  return true;
}

/// NFC, part by part where bytes are invalid.
std::string composed(std::string_view text) {
  utf8proc_uint8_t *out = nullptr;
  auto *bytes = reinterpret_cast<const utf8proc_uint8_t *>(text.data());
  utf8proc_ssize_t size =
      utf8proc_map(bytes, static_cast<utf8proc_ssize_t>(text.size()), &out,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size < 0)
    return std::string(text);
  std::string result(reinterpret_cast<char *>(out), static_cast<size_t>(size));
  std::free(out);
  return result;
}

/// Bytes at `at` that begin a character but lack its end: their number, or 0.
size_t incomplete(std::string_view bytes, size_t at) {
  unsigned first = static_cast<unsigned char>(bytes[at]);
  size_t wanted = first >= 0xF0 && first <= 0xF4 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (first > 0xF4 || first < 0xC2 || at + wanted <= bytes.size())
    return 0;
  // Completed by the lowest bytes that may follow, is it a character?
  for (char filler : {'\x80', '\xBF'}) {
    std::string tried(bytes.substr(at));
    while (tried.size() < wanted)
      tried += filler;
    if (decode(tried, 0).valid)
      return bytes.size() - at;
  }
  return 0;
}

/// Length of the longest prefix of a character at `at`, at least 1.
size_t maximalPart(std::string_view bytes, size_t at) {
  for (size_t size = std::min<size_t>(3, bytes.size() - at); size > 1; --size)
    if (incomplete(bytes.substr(0, at + size), at) == size)
      return size;
  return 1;
}

} // namespace

std::string replaceInvalid(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    CodePoint point = decode(bytes, at);
    size_t size = point.valid ? point.length : maximalPart(bytes, at);
    point.valid ? (void)text.append(bytes, at, size) : encode(0xFFFD, text);
    at += size;
  }
  return text;
}

Status Tokenizer::fromImage(std::string_view image, std::shared_ptr<const void> owner,
                            Tokenizer &result) {
  Tokenizer made;
  TENON_TRY(checkImage(image, made.view));
  made.owner = std::move(owner);
  made.vocab = Vocabulary(made.view);
  made.pairs = BytePairs(made.view);
  made.splitter = static_cast<PreTokenizer>(made.view.header->splitter);
  for (TokenId id = 0; made.vocab.has(id); ++id)
    if (std::string_view bytes = made.vocab.bytes(id); made.vocab.isAdded(id) && !bytes.empty())
      made.added[static_cast<unsigned char>(bytes[0])].push_back(id);
  for (auto &list : made.added)
    std::stable_sort(list.begin(), list.end(), [&](TokenId a, TokenId b) {
      return made.vocab.bytes(a).size() > made.vocab.bytes(b).size();
    });
  result = std::move(made);
  return {};
}

Status Tokenizer::fromJson(std::string_view json, Tokenizer &result) {
  TokenizerParts parts;
  auto image = std::make_shared<std::string>();
  TENON_TRY(readTokenizerJson(json, parts));
  TENON_TRY(buildImage(parts, *image));
  std::string_view bytes = *image;
  return fromImage(bytes, std::move(image), result);
}

bool Tokenizer::isStop(TokenId id) const {
  return std::find(view.stops.begin(), view.stops.end(), id) != view.stops.end();
}

TokenId Tokenizer::findAdded(std::string_view text, size_t at, bool special, size_t &begin) const {
  for (begin = at; begin < text.size(); ++begin)
    for (TokenId id : added[static_cast<unsigned char>(text[begin])]) {
      std::string_view bytes = vocab.bytes(id);
      if ((special || !vocab.isSpecial(id)) && text.compare(begin, bytes.size(), bytes) == 0)
        return id;
    }
  return noToken;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, const EncodeOptions &options) const {
  std::vector<TokenId> ids;
  if (options.addSpecial)
    ids.assign(view.prefix.begin(), view.prefix.end());
  for (size_t at = 0; at < text.size();) {
    size_t begin;
    TokenId id = findAdded(text, at, options.parseSpecial, begin);
    encodePlain(text.substr(at, begin - at), ids);
    if (id == noToken)
      break;
    ids.push_back(id);
    at = begin + vocab.bytes(id).size();
  }
  if (options.addSpecial)
    ids.insert(ids.end(), view.suffix.begin(), view.suffix.end());
  return ids;
}

void Tokenizer::encodePlain(std::string_view text, std::vector<TokenId> &out) const {
  std::string buffer;
  if ((view.header->flags & imageComposes) && !isAscii(text))
    text = buffer = composed(text);
  bool wholePieces = view.header->flags & imageWholePieces;
  for (size_t at = 0; at < text.size();) {
    size_t end = pieceEnd(splitter, text, at);
    std::string_view piece = text.substr(at, end - at);
    TokenId whole = wholePieces || piece.size() == 1 ? vocab.find(piece) : noToken;
    if (whole != noToken && !vocab.isSpecial(whole))
      out.push_back(whole);
    else
      pairs.encode(piece, out);
    at = end;
  }
}

std::string Tokenizer::decode(const std::vector<TokenId> &ids, bool skipSpecial) const {
  std::string all;
  for (TokenId id : ids)
    if (vocab.has(id) && !(skipSpecial && vocab.isSpecial(id)))
      all += vocab.bytes(id);
  return replaceInvalid(all);
}

std::string StreamDecoder::push(TokenId id) {
  pending += tokenizer.bytes(id);
  size_t keep = pending.size();
  for (size_t back = 1; back <= 3 && back <= pending.size(); ++back)
    if (incomplete(pending, pending.size() - back) == back)
      keep = pending.size() - back;
  std::string shown = replaceInvalid(std::string_view(pending).substr(0, keep));
  pending.erase(0, keep);
  return shown;
}

std::string StreamDecoder::finish() { return replaceInvalid(std::exchange(pending, {})); }

} // namespace tenon::llm
