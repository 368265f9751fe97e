// The automata. \s, \p{L} and \p{N} are Unicode's; an invalid byte is "other".
//
//   Gpt2    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   Llama3  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//           ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
#include "runtime/llm/tokenizer/PreTokenizer.h"

#include "runtime/llm/text/Utf8.h"

#include <array>
#include <utf8proc.h>

namespace tenon::llm {

namespace {

enum class Class : uint8_t { Letter, Number, Space, Other, End };

Class classify(uint32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
    return Class::Letter;
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_NO:
    return Class::Number;
  case UTF8PROC_CATEGORY_ZS:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return Class::Space;
  default:
    return (c >= 9 && c <= 13) || c == 0x85 ? Class::Space : Class::Other;
  }
}

std::array<Class, 128> asciiClasses() {
  std::array<Class, 128> classes;
  for (uint32_t c = 0; c < 128; ++c)
    classes[c] = classify(c);
  return classes;
}
const std::array<Class, 128> ascii = asciiClasses();

/// Walks the text by code points.
class Cursor {
public:
  Cursor(std::string_view text, size_t at) : text(text), at(at) { read(); }

  Class kind() const { return current; }
  uint32_t value() const { return point; }
  bool isNewLine() const { return point == '\n' || point == '\r'; }
  size_t position() const { return at; }
  void step() {
    at += width;
    read();
  }
  /// Steps over all of a class, at most so many.
  void skip(Class wanted, size_t limit = ~size_t{0}) {
    for (; limit && current == wanted; --limit)
      step();
  }

private:
  void read() {
    if (at >= text.size()) {
      current = Class::End;
      point = ~0u;
      width = 0;
      return;
    }
    unsigned char byte = static_cast<unsigned char>(text[at]);
    if (byte < 128) {
      point = byte;
      width = 1;
      current = ascii[byte];
      return;
    }
    CodePoint decoded = decode(text, at);
    point = decoded.valid ? decoded.value : 0xFFFD;
    width = decoded.length;
    current = decoded.valid ? classify(point) : Class::Other;
  }

  std::string_view text;
  size_t at;
  uint32_t point = 0;
  unsigned width = 0;
  Class current = Class::End;
};

/// End of 's, 't, 're, 've, 'm, 'll or 'd after an apostrophe; 0 if there is none.
size_t contractionEnd(std::string_view text, size_t apostrophe, bool anyCase) {
  auto letter = [&](size_t ahead) -> char {
    size_t at = apostrophe + ahead;
    char c = at < text.size() ? text[at] : 0;
    return anyCase && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  char first = letter(1), second = letter(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd')
    return apostrophe + 2;
  if (anyCase && text.compare(apostrophe + 1, 2, "\xC5\xBF") == 0) // long s folds to s
    return apostrophe + 3;
  bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
             (first == 'l' && second == 'l');
  return two ? apostrophe + 3 : 0;
}

/// \s+(?!\S)|\s+: white space, but for its last character if a word follows. Where
/// digits were split off first, the text ends before them.
size_t spaceEnd(Cursor cursor, bool splitDigits = false) {
  size_t last = cursor.position(), count = 0;
  for (; cursor.kind() == Class::Space; cursor.step(), ++count)
    last = cursor.position();
  bool ends = cursor.kind() == Class::End || (splitDigits && cursor.kind() == Class::Number);
  return ends || count == 1 ? cursor.position() : last;
}

size_t gpt2End(std::string_view text, size_t begin, bool splitDigits) {
  Cursor cursor(text, begin);
  if (cursor.value() == '\'')
    if (size_t end = contractionEnd(text, begin, false))
      return end;
  Cursor word = cursor;
  if (word.value() == ' ')
    word.step();
  if (splitDigits && word.kind() == Class::Number) {
    if (cursor.value() == ' ')
      return word.position(); // the space stands before a digit that is a piece of its own
    word.step();
    return word.position();
  }
  if (word.kind() == Class::Space || word.kind() == Class::End)
    return spaceEnd(cursor, splitDigits);
  word.skip(word.kind());
  return word.position();
}

/// \s*[\r\n]+: white space up to its last line end; 0 if it has none.
size_t linesEnd(Cursor cursor) {
  size_t end = 0;
  while (cursor.kind() == Class::Space) {
    bool newLine = cursor.isNewLine();
    cursor.step();
    if (newLine)
      end = cursor.position();
  }
  return end;
}

size_t llamaEnd(std::string_view text, size_t begin, size_t digits) {
  Cursor cursor(text, begin);
  if (cursor.value() == '\'')
    if (size_t end = contractionEnd(text, begin, true))
      return end;
  Cursor word = cursor;
  if (word.kind() != Class::Letter && word.kind() != Class::Number && !word.isNewLine())
    word.step();
  if (word.kind() == Class::Letter) {
    word.skip(Class::Letter);
    return word.position();
  }
  if (cursor.kind() == Class::Number) {
    cursor.skip(Class::Number, digits);
    return cursor.position();
  }
  word = cursor;
  if (word.value() == ' ')
    word.step();
  if (word.kind() == Class::Other) {
    word.skip(Class::Other);
    while (word.isNewLine())
      word.step();
    return word.position();
  }
  size_t lines = linesEnd(cursor);
  return lines ? lines : spaceEnd(cursor);
}

} // namespace

std::optional<PreTokenizer> preTokenizerNamed(std::string_view name) {
  static const std::pair<std::string_view, PreTokenizer> names[] = {
      {"gpt-2", PreTokenizer::Gpt2},       {"mpt", PreTokenizer::Gpt2},
      {"smollm", PreTokenizer::Digits},    {"starcoder", PreTokenizer::Digits},
      {"refact", PreTokenizer::Digits},    {"codeshell", PreTokenizer::Digits},
      {"llama-bpe", PreTokenizer::Llama3}, {"llama3", PreTokenizer::Llama3},
      {"llama-v3", PreTokenizer::Llama3},  {"qwen2", PreTokenizer::Qwen2}};
  for (const auto &[known, kind] : names)
    if (known == name)
      return kind;
  return std::nullopt;
}

size_t pieceEnd(PreTokenizer kind, std::string_view text, size_t begin) {
  switch (kind) {
  case PreTokenizer::Gpt2:
    return gpt2End(text, begin, false);
  case PreTokenizer::Digits:
    return gpt2End(text, begin, true);
  case PreTokenizer::Llama3:
    return llamaEnd(text, begin, 3);
  default:
    return llamaEnd(text, begin, 1);
  }
}

} // namespace tenon::llm
