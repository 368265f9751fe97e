// Building and checking images.
#include "runtime/llm/tokenizer/Image.h"

#include "runtime/llm/tokenizer/Vocabulary.h"

#include <bit>
#include <cstring>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tenon::llm {

namespace {

constexpr char magicBytes[8] = {'t', 'n', 'T', 'o', 'k', 'e', 'n', '1'};

Status refuse(const std::string &message) {
  return Status(TENON_INVALID_ARGUMENT, "tokenizer: " + message);
}

/// A power of two of which at least a quarter stays free.
uint32_t slotsFor(size_t count) {
  return std::bit_ceil(static_cast<uint32_t>(count + count / 3 + 1));
}

class Builder {
public:
  explicit Builder(const TokenizerParts &parts) : parts(parts) {}

  Status build(std::string &image) {
    TENON_TRY(addTokens());
    fillHeader();
    TENON_TRY(addMerges());
    image.clear();
    append(image, &header, sizeof header);
    append(image, offsets.data(), offsets.size() * 4);
    append(image, slots.data(), slots.size() * 4);
    append(image, merges.data(), merges.size() * sizeof(MergeSlot));
    for (const std::vector<TokenId> *list : {&parts.prefix, &parts.suffix, &parts.stops})
      append(image, list->data(), list->size() * 4);
    append(image, flags.data(), flags.size());
    append(image, text.data(), text.size());
    return {};
  }

private:
  static void append(std::string &image, const void *data, size_t size) {
    image.append(static_cast<const char *>(data), size);
  }

  Status addTokens() {
    if (parts.tokens.empty() || parts.tokens.size() > maxTokens)
      return refuse(std::to_string(parts.tokens.size()) + " tokens, expected 1 to " +
                    std::to_string(maxTokens));
    slots.assign(slotsFor(parts.tokens.size()), static_cast<uint32_t>(noToken));
    for (const Token &token : parts.tokens) {
      offsets.push_back(static_cast<uint32_t>(text.size()));
      flags.push_back((token.special ? tokenSpecial : 0) | (token.added ? tokenAdded : 0));
      text += token.bytes;
      if (text.size() > UINT32_MAX / 2)
        return refuse("the vocabulary has more than 2 GiB");
    }
    offsets.push_back(static_cast<uint32_t>(text.size()));
    // Added tokens are found in the text itself, so they may repeat a plain one.
    for (bool added : {false, true})
      for (size_t id = 0; id < parts.tokens.size(); ++id)
        if (isFound(id) == added)
          TENON_TRY(addSlot(static_cast<TokenId>(id)));
    return {};
  }

  bool isFound(size_t id) const { return parts.tokens[id].special || parts.tokens[id].added; }

  Status addSlot(TokenId id) {
    const std::string &bytes = parts.tokens[id].bytes;
    uint32_t mask = static_cast<uint32_t>(slots.size()) - 1, at = hashOfToken(bytes) & mask;
    for (; slots[at] != static_cast<uint32_t>(noToken); at = (at + 1) & mask)
      if (parts.tokens[slots[at]].bytes == bytes)
        return isFound(id) || bytes.empty()
                   ? Status()
                   : refuse("tokens " + std::to_string(slots[at]) + " and " + std::to_string(id) +
                            " are the same");
    slots[at] = static_cast<uint32_t>(id);
    return {};
  }

  TokenId find(std::string_view bytes) const {
    uint32_t mask = static_cast<uint32_t>(slots.size()) - 1;
    for (uint32_t at = hashOfToken(bytes) & mask; slots[at] != static_cast<uint32_t>(noToken);
         at = (at + 1) & mask)
      if (parts.tokens[slots[at]].bytes == bytes)
        return static_cast<TokenId>(slots[at]);
    return noToken;
  }

  void fillHeader() {
    std::memcpy(header.magic, magicBytes, sizeof magicBytes);
    header.splitter = static_cast<uint32_t>(parts.splitter);
    header.flags =
        (parts.wholePieces ? imageWholePieces : 0) | (parts.composes ? imageComposes : 0);
    header.tokens = static_cast<uint32_t>(parts.tokens.size());
    header.textBytes = static_cast<uint32_t>(text.size());
    header.slots = static_cast<uint32_t>(slots.size());
    header.mergeSlots = slotsFor(parts.merges.size());
    header.prefix = static_cast<uint32_t>(parts.prefix.size());
    header.suffix = static_cast<uint32_t>(parts.suffix.size());
    header.stops = static_cast<uint32_t>(parts.stops.size());
    header.unknown = parts.unknown;
    header.begin = parts.begin;
    header.end = parts.end;
    for (unsigned byte = 0; byte < 256; ++byte) {
      TokenId id = find(std::string(1, static_cast<char>(byte)));
      header.bytes[byte] = id == noToken ? parts.unknown : id;
    }
  }

  Status addMerges() {
    merges.assign(header.mergeSlots, MergeSlot{0, 0, 0, noToken});
    uint32_t mask = header.mergeSlots - 1;
    for (size_t rank = 0; rank < parts.merges.size(); ++rank) {
      const auto &[left, right] = parts.merges[rank];
      MergeSlot merge = {find(left), find(right), static_cast<uint32_t>(rank), find(left + right)};
      if (merge.left == noToken || merge.right == noToken || merge.result == noToken)
        return refuse("merge " + std::to_string(rank) +
                      " is of tokens that the vocabulary lacks");
      uint32_t at = hashOfPair(merge.left, merge.right) & mask;
      while (merges[at].result != noToken &&
             (merges[at].left != merge.left || merges[at].right != merge.right))
        at = (at + 1) & mask;
      if (merges[at].result == noToken)
        merges[at] = merge;
    }
    return {};
  }

  const TokenizerParts &parts;
  ImageHeader header{};
  std::vector<uint32_t> offsets, slots;
  std::vector<MergeSlot> merges;
  std::vector<uint8_t> flags;
  std::string text;
};

/// Takes tables off the front of an image.
class Reader {
public:
  explicit Reader(std::string_view rest) : rest(rest) {}
  template <typename T>
  bool take(size_t count, std::span<const T> &table) {
    if (rest.size() / sizeof(T) < count)
      return false;
    table = {reinterpret_cast<const T *>(rest.data()), count};
    rest.remove_prefix(count * sizeof(T));
    return true;
  }
  std::string_view left() const { return rest; }

private:
  std::string_view rest;
};

bool isToken(TokenId id, const ImageHeader &header) {
  return id >= 0 && static_cast<uint32_t>(id) < header.tokens;
}

bool areTokens(std::span<const TokenId> ids, const ImageHeader &header) {
  for (TokenId id : ids)
    if (!isToken(id, header))
      return false;
  return true;
}

bool readTables(Reader reader, ImageView &view) {
  const ImageHeader &header = *view.header;
  if (!reader.take(size_t{header.tokens} + 1, view.offsets) ||
      !reader.take(header.slots, view.slots) || !reader.take(header.mergeSlots, view.merges) ||
      !reader.take(header.prefix, view.prefix) || !reader.take(header.suffix, view.suffix) ||
      !reader.take(header.stops, view.stops) || !reader.take(header.tokens, view.flags))
    return false;
  view.text = reader.left();
  return view.text.size() == header.textBytes;
}

bool checkTables(const ImageView &view) {
  const ImageHeader &header = *view.header;
  for (size_t i = 0; i < header.tokens; ++i)
    if (view.offsets[i] > view.offsets[i + 1])
      return false;
  size_t free = 0, freeMerges = 0;
  for (uint32_t slot : view.slots) {
    free += slot == static_cast<uint32_t>(noToken);
    if (slot != static_cast<uint32_t>(noToken) && slot >= header.tokens)
      return false;
  }
  for (const MergeSlot &merge : view.merges) {
    freeMerges += merge.result == noToken;
    if (merge.result != noToken && !isToken(merge.result, header))
      return false;
  }
  for (TokenId id : header.bytes)
    if (id != noToken && !isToken(id, header))
      return false;
  return view.offsets.back() == view.text.size() && free && freeMerges &&
         std::has_single_bit(header.slots) && std::has_single_bit(header.mergeSlots) &&
         areTokens(view.prefix, header) && areTokens(view.suffix, header) &&
         areTokens(view.stops, header);
}

} // namespace

uint32_t hashOfToken(std::string_view bytes) {
  return static_cast<uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

uint32_t hashOfPair(TokenId left, TokenId right) {
  uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 |
                 static_cast<uint32_t>(right);
  return static_cast<uint32_t>((key * 0x9E3779B97F4A7C15u) >> 32);
}

Status buildImage(const TokenizerParts &parts, std::string &image) {
  return Builder(parts).build(image);
}

Status checkImage(std::string_view image, ImageView &view) {
  if (image.size() < sizeof(ImageHeader) ||
      std::memcmp(image.data(), magicBytes, sizeof magicBytes) != 0)
    return refuse("this is none that tenon made");
  view.header = reinterpret_cast<const ImageHeader *>(image.data());
  bool known = view.header->splitter <= static_cast<uint32_t>(PreTokenizer::Qwen2) &&
               view.header->flags <= (imageWholePieces | imageComposes) && view.header->tokens;
  if (!known || !readTables(Reader(image.substr(sizeof(ImageHeader))), view) ||
      !checkTables(view))
    return refuse("its tables are damaged");
  return {};
}

} // namespace tenon::llm
