// The lexer: one pass over the text, a function per kind of token.
#include "sim/ptx/Lexer.h"

#include <bit>
#include <charconv>

namespace tenon::sim::ptx {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isName(char c) { return isLetter(c) || isDigit(c) || c == '_' || c == '$'; }
bool isNameStart(char c) { return isLetter(c) || c == '_' || c == '$' || c == '%'; }

int digitValue(char c) {
  if (isDigit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    tokens.reserve(text.size() / 4 + 1);
    do
      tokens.push_back(next());
    while (tokens.back().kind != Token::Kind::End);
    return tokens;
  }

private:
  char at(size_t i) const { return i < text.size() ? text[i] : '\0'; }

  Token make(Token::Kind kind, size_t begin) const {
    Token token;
    token.kind = kind;
    token.line = line;
    token.column = static_cast<uint32_t>(begin - lineStart + 1);
    token.text = text.substr(begin, pos - begin);
    return token;
  }

  Token bad(size_t begin, std::string_view message) const {
    Token token = make(Token::Kind::Bad, begin);
    token.text = message;
    return token;
  }

  void newline(size_t i) {
    ++line;
    lineStart = i + 1;
  }

  /// Skips white space and comments; false for a comment without an end.
  bool skipBlank() {
    for (;; ++pos) {
      char c = at(pos);
      if (c == '\n') {
        newline(pos);
      } else if (c == '/' && at(pos + 1) == '/') {
        while (pos + 1 < text.size() && text[pos + 1] != '\n')
          ++pos;
      } else if (c == '/' && at(pos + 1) == '*') {
        if (!skipBlockComment())
          return false;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v') {
        return true;
      }
    }
  }

  bool skipBlockComment() {
    for (pos += 2; pos < text.size(); ++pos) {
      if (text[pos] == '\n')
        newline(pos);
      if (text[pos] == '*' && at(pos + 1) == '/') {
        ++pos;
        return true;
      }
    }
    return false;
  }

  Token next() {
    if (!skipBlank())
      return bad(pos, "comment without an end");
    // A trailing zero byte ends the text, as drivers take C strings.
    if (pos >= text.size() || text[pos] == '\0') {
      pos = text.size();
      return make(Token::Kind::End, pos);
    }
    char c = text[pos];
    if (isDigit(c))
      return number();
    if (isNameStart(c))
      return identifier();
    if (c == '.' && (isName(at(pos + 1))))
      return dotted();
    if (c == '"')
      return string();
    return punct();
  }

  Token identifier() {
    size_t begin = pos++;
    while (isName(at(pos)))
      ++pos;
    return make(Token::Kind::Identifier, begin);
  }

  Token dotted() {
    size_t begin = pos++;
    for (;;) {
      while (isName(at(pos)))
        ++pos;
      if (at(pos) != ':' || at(pos + 1) != ':' || !isName(at(pos + 2)))
        return make(Token::Kind::Dotted, begin);
      pos += 2;
    }
  }

  Token string() {
    size_t begin = ++pos;
    while (pos < text.size() && text[pos] != '"' && text[pos] != '\n')
      pos += text[pos] == '\\' && at(pos + 1) != '\n' ? 2 : 1;
    if (at(pos) != '"') {
      pos = pos > text.size() ? text.size() : pos;
      return bad(begin, "string without an end");
    }
    Token token = make(Token::Kind::String, begin);
    ++pos;
    return token;
  }

  Token punct() {
    static constexpr std::string_view Pairs[] = {"<<", ">>", "<=", ">=", "==", "!=", "&&", "||"};
    static constexpr std::string_view Singles = "{}()[]<>,;:+-*/%!~&|^?=@.";
    size_t begin = pos;
    for (std::string_view pair : Pairs)
      if (text.substr(pos, 2) == pair) {
        pos += 2;
        return make(Token::Kind::Punct, begin);
      }
    ++pos;
    if (Singles.find(text[begin]) == std::string_view::npos)
      return bad(begin, "unexpected character");
    return make(Token::Kind::Punct, begin);
  }

  Token number() {
    char kind = at(pos + 1);
    if (text[pos] == '0' && (kind == 'f' || kind == 'F' || kind == 'd' || kind == 'D'))
      return floatBits(kind == 'f' || kind == 'F');
    size_t end = pos;
    bool hex = text[pos] == '0' && (kind == 'x' || kind == 'X');
    while (isDigit(at(end)))
      ++end;
    if (!hex && (at(end) == '.' || at(end) == 'e' || at(end) == 'E') && at(end + 1) != '.')
      return decimalFloat();
    return integer();
  }

  Token floatBits(bool single) {
    size_t begin = pos;
    unsigned digits = single ? 8 : 16;
    uint64_t bits = 0;
    pos += 2;
    for (unsigned i = 0; i < digits; ++i, ++pos) {
      if (digitValue(at(pos)) > 15)
        return bad(begin, single ? "expected 8 hexadecimal digits after 0f"
                                 : "expected 16 hexadecimal digits after 0d");
      bits = bits << 4 | static_cast<unsigned>(digitValue(at(pos)));
    }
    return finishNumber(begin, Token::Kind::Float, bits, single);
  }

  Token decimalFloat() {
    size_t begin = pos;
    double value = 0;
    auto [end, error] = std::from_chars(text.data() + pos, text.data() + text.size(), value);
    pos = static_cast<size_t>(end - text.data());
    if (error != std::errc())
      return bad(begin, "number out of range");
    return finishNumber(begin, Token::Kind::Float, std::bit_cast<uint64_t>(value), false);
  }

  Token integer() {
    size_t begin = pos;
    unsigned base = 10;
    if (text[pos] == '0') {
      char kind = at(pos + 1);
      base = kind == 'x' || kind == 'X' ? 16 : kind == 'b' || kind == 'B' ? 2 : 8;
      pos += base == 8 ? 1 : 2;
      if (base != 8 && digitValue(at(pos)) >= static_cast<int>(base))
        return bad(begin, "expected digits");
    }
    uint64_t bits = 0;
    for (; digitValue(at(pos)) < static_cast<int>(base); ++pos)
      if (__builtin_mul_overflow(bits, base, &bits) ||
          __builtin_add_overflow(bits, static_cast<uint64_t>(digitValue(at(pos))), &bits))
        return bad(begin, "integer does not fit 64 bits");
    bool isUnsigned = bits >> 63;
    if (at(pos) == 'U') {
      isUnsigned = true;
      ++pos;
    }
    Token token = finishNumber(begin, Token::Kind::Integer, bits, false);
    token.isUnsigned = isUnsigned;
    return token;
  }

  Token finishNumber(size_t begin, Token::Kind kind, uint64_t bits, bool single) {
    if (isName(at(pos)))
      return bad(begin, "number followed by a letter or digit that does not belong to it");
    Token token = make(kind, begin);
    token.bits = bits;
    token.isSingle = single;
    return token;
  }

  std::string_view text;
  size_t pos = 0, lineStart = 0;
  uint32_t line = 1;
};

} // namespace

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

} // namespace tenon::sim::ptx
