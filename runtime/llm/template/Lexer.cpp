// The lexer: finds tags, cuts white space, splits what is inside.
#include "runtime/llm/template/Lexer.h"

#include "runtime/llm/template/Value.h"
#include "runtime/llm/text/Utf8.h"

#include <algorithm>

namespace tenon::llm {

namespace {

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Line ends become \n and one at the end of the template goes, as Jinja has it.
std::string normalized(std::string_view source) {
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    bool pair = source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n';
    if (!pair)
      text += source[i] == '\r' ? '\n' : source[i];
  }
  if (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

class Lexer {
public:
  explicit Lexer(std::string_view source) : source(normalized(source)) {}

  std::vector<Token> run() {
    while (at < source.size()) {
      size_t tag = findTag();
      takeText(tag);
      if (tag < source.size())
        takeTag();
    }
    add(Token::End, "");
    return std::move(tokens);
  }

private:
  [[noreturn]] void fail(const std::string &message) const { throw TemplateError(message, line); }

  void add(Token::Kind kind, std::string text) { tokens.push_back({kind, std::move(text), line}); }

  void advance(size_t count) {
    line += static_cast<int>(std::count(source.begin() + at, source.begin() + at + count, '\n'));
    at += count;
  }

  size_t findTag() const {
    for (size_t i = at; i + 1 < source.size(); ++i)
      if (source[i] == '{' &&
          (source[i + 1] == '{' || source[i + 1] == '%' || source[i + 1] == '#'))
        return i;
    return source.size();
  }

  /// The text up to a tag, without what the tag and lstrip_blocks cut from its end.
  void takeText(size_t tag) {
    std::string_view text = std::string_view(source).substr(at, tag - at);
    char sign = tag + 2 < source.size() ? source[tag + 2] : 0;
    size_t keep = text.size();
    if (tag < source.size() && sign == '-') {
      while (keep && isSpace(text[keep - 1]))
        --keep;
    } else if (tag < source.size() && source[tag + 1] != '{' && sign != '+') {
      size_t start = text.rfind('\n') + 1; // 0 if there is none
      bool blank = std::all_of(text.begin() + start, text.end(), isSpace);
      if (blank && (start > 0 || lineStarts))
        keep = start;
    }
    if (keep)
      add(Token::Text, std::string(text.substr(0, keep)));
    if (!text.empty())
      lineStarts = text.back() == '\n';
    advance(text.size());
  }

  void takeTag() {
    char kind = source[at + 1];
    advance(2);
    bool sign = at < source.size() && (source[at] == '-' || source[at] == '+');
    advance(sign);
    if (kind == '#')
      return takeComment();
    size_t first = tokens.size();
    add(kind == '{' ? Token::PrintBegin : Token::BlockBegin, "");
    char closing = kind == '{' ? '}' : '%';
    while (!atEnd(closing))
      takeToken();
    add(kind == '{' ? Token::PrintEnd : Token::BlockEnd, "");
    bool raw = first + 2 < tokens.size() && tokens[first + 1].kind == Token::Name &&
               tokens[first + 1].text == "raw";
    finishTag(closing != '}' && !raw); // after raw a line end stays
    if (first + 3 == tokens.size() && tokens[first + 1].kind == Token::Name &&
        tokens[first + 1].text == "raw")
      takeRaw(first);
  }

  /// Whether the tag ends here; white space before that is skipped.
  bool atEnd(char closing) {
    while (at < source.size() && isSpace(source[at]))
      advance(1);
    if (at >= source.size())
      fail(std::string("the tag is not closed, expected '") + closing + "}'");
    size_t sign = source[at] == '-' || (closing == '%' && source[at] == '+');
    return nesting.empty() && source.compare(at + sign, 2, std::string{closing, '}'}) == 0;
  }

  /// Steps over the closing marks and what they cut: with '-' all white space, and
  /// after a block or comment one line end.
  void finishTag(bool trims) {
    char sign = source[at];
    bool cut = sign == '-', keep = sign == '+';
    advance(2 + (cut || keep));
    lineStarts = false;
    size_t before = at;
    if (cut)
      while (at < source.size() && isSpace(source[at]))
        advance(1);
    else if (trims && !keep && at < source.size() && source[at] == '\n')
      advance(1);
    lineStarts = at > before && source[at - 1] == '\n';
  }

  void takeComment() {
    size_t end = source.find("#}", at);
    if (end == std::string::npos)
      fail("the comment is not closed, expected '#}'");
    size_t sign = end > at && (source[end - 1] == '-' || source[end - 1] == '+');
    advance(end - sign - at);
    finishTag(true);
  }

  /// {% raw %}: everything up to {% endraw %} is text.
  void takeRaw(size_t first) {
    tokens.resize(first);
    size_t open = at;
    while ((open = source.find("{%", open)) != std::string::npos) {
      size_t word =
          open + 2 +
          (open + 2 < source.size() && (source[open + 2] == '-' || source[open + 2] == '+'));
      while (word < source.size() && isSpace(source[word]))
        ++word;
      if (source.compare(word, 6, "endraw") == 0) {
        takeText(open);
        advance(word + 6 - open);
        if (!atEnd('%'))
          fail("expected '%}' after 'endraw'");
        return finishTag(true);
      }
      open += 2;
    }
    fail("'raw' has no 'endraw'");
  }

  void takeToken() {
    char c = source[at];
    if (isNameStart(c))
      return takeName();
    if (isDigit(c))
      return takeNumber();
    if (c == '"' || c == '\'')
      return takeString();
    takeOperator();
  }

  void takeName() {
    size_t end = at;
    while (end < source.size() && (isNameStart(source[end]) || isDigit(source[end])))
      ++end;
    add(Token::Name, source.substr(at, end - at));
    advance(end - at);
  }

  void takeNumber() {
    size_t end = at;
    std::string digits;
    bool real = false;
    for (; end < source.size(); ++end) {
      char c = source[end];
      bool dot = c == '.' && !real && end + 1 < source.size() && isDigit(source[end + 1]);
      bool exponent =
          (c == 'e' || c == 'E') && end + 1 < source.size() &&
          (isDigit(source[end + 1]) || ((source[end + 1] == '-' || source[end + 1] == '+') &&
                                        end + 2 < source.size() && isDigit(source[end + 2])));
      if (!isDigit(c) && c != '_' && !dot && !exponent)
        break;
      real = real || dot || exponent;
      if (c != '_')
        digits += c;
      if (exponent && !isDigit(source[end + 1]))
        digits += source[++end];
    }
    add(real ? Token::Float : Token::Integer, digits);
    advance(end - at);
  }

  void takeString() {
    char quote = source[at];
    size_t end = at + 1;
    while (end < source.size() && source[end] != quote)
      end += source[end] == '\\' ? 2 : 1;
    if (end >= source.size())
      fail("the string is not closed");
    add(Token::String, unescaped(source.substr(at + 1, end - at - 1)));
    advance(end + 1 - at);
  }

  std::string unescaped(const std::string &raw) const {
    std::string text;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\' || i + 1 == raw.size()) {
        text += raw[i];
        continue;
      }
      static const std::string_view names = "ntrabfv\\'\"", values = "\n\t\r\a\b\f\v\\'\"";
      char c = raw[++i];
      size_t known = names.find(c);
      if (known != std::string_view::npos)
        text += values[known];
      else if (c == 'x' || c == 'u' || c == 'U')
        i += takeHex(raw, i + 1, c == 'x' ? 2 : c == 'u' ? 4 : 8, text);
      else if (c >= '0' && c <= '7')
        i += takeOctal(raw, i, text) - 1;
      else if (c != '\n')
        (text += '\\') += c;
    }
    return text;
  }

  size_t takeHex(const std::string &raw, size_t at, size_t digits, std::string &text) const {
    uint32_t value = 0;
    for (size_t i = at; i < at + digits; ++i) {
      char c = i < raw.size() ? raw[i] : 0;
      int digit = isDigit(c)             ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
      if (digit < 0)
        fail("a string has an escape with too few hexadecimal digits");
      value = value << 4 | static_cast<uint32_t>(digit);
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
      fail("a string has an escape that is no character");
    encode(value, text);
    return digits;
  }

  static size_t takeOctal(const std::string &raw, size_t at, std::string &text) {
    uint32_t value = 0;
    size_t count = 0;
    for (; count < 3 && at + count < raw.size() && raw[at + count] >= '0' && raw[at + count] <= '7';
         ++count)
      value = value * 8 + static_cast<uint32_t>(raw[at + count] - '0');
    encode(value, text);
    return count;
  }

  void takeOperator() {
    static const char *const operators[] = {"==", "!=", "<=", ">=", "**", "//", "+", "-", "*",
                                            "/",  "%",  "~",  "<",  ">",  "=",  "(", ")", "[",
                                            "]",  "{",  "}",  ",",  ".",  ":",  "|"};
    for (const char *text : operators) {
      size_t size = std::char_traits<char>::length(text);
      if (source.compare(at, size, text) != 0)
        continue;
      balance(*text);
      add(Token::Operator, text);
      return advance(size);
    }
    fail(std::string("unexpected character '") + source[at] + "'");
  }

  /// Brackets, so that '}}' inside of a dictionary does not close the tag.
  void balance(char c) {
    if (c == '(' || c == '[' || c == '{')
      nesting += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c != ')' && c != ']' && c != '}')
      return;
    if (nesting.empty() || nesting.back() != c)
      fail(std::string("unexpected '") + c + "'");
    nesting.pop_back();
  }

  const std::string source;
  size_t at = 0;
  int line = 1;
  bool lineStarts = true; ///< whether the text that follows begins a line
  std::string nesting;    ///< the brackets that have to be closed
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

} // namespace tenon::llm
