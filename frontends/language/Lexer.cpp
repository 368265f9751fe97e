//===- Lexer.cpp - source text to tokens ----------------------------------===//

#include "frontends/language/Lexer.h"
#include "llvm/ADT/StringExtras.h"

namespace tenon::language {

namespace {

/// Longest first.
constexpr llvm::StringLiteral kMarks[] = {"<-", "->", "..", "<=", ">=", "==", "!=", "(", ")",
                                          "[",  "]",  "{",  "}",  ",",  ":",  ";",  "=", "<",
                                          ">",  "+",  "-",  "*",  "/",  "%",  "^",  ".", "|"};

bool isNameStart(char c) { return llvm::isAlpha(c) || c == '_'; }
bool isNamePart(char c) { return llvm::isAlnum(c) || c == '_'; }

class Lexer {
public:
  Lexer(const Source &source, Problems &problems)
      : source(source), text(source.text()), problems(problems) {}

  TokenList run() {
    while (at < text.size())
      next();
    push(list.tokens, TokenKind::End, at);
    return std::move(list);
  }

private:
  void next() {
    char c = text[at];
    if (c == '\n')
      startsLine = true;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
      ++at;
    else if (text.drop_front(at).starts_with("//"))
      comment();
    else if (isNameStart(c))
      push(list.tokens, TokenKind::Name, endWhile(at, isNamePart));
    else if (llvm::isDigit(c))
      number();
    else if (c == '"')
      string();
    else
      mark();
  }

  size_t endWhile(size_t from, bool (*accept)(char)) const {
    while (from < text.size() && accept(text[from]))
      ++from;
    return from;
  }

  void push(std::vector<Token> &to, TokenKind kind, size_t end) {
    to.push_back({kind, {&source, uint32_t(at), uint32_t(end)}, startsLine});
    startsLine = false;
    at = end;
  }

  void comment() {
    size_t end = text.find('\n', at);
    bool first = startsLine;
    push(list.comments, TokenKind::Mark, end == llvm::StringRef::npos ? text.size() : end);
    startsLine = first;
  }

  /// 12, 0.5, 1e-5; `0..4` is two integers and a mark.
  void number() {
    auto digit = [](char c) { return llvm::isDigit(c); };
    size_t end = endWhile(at, digit);
    bool isFloat = false;
    if (end + 1 < text.size() && text[end] == '.' && digit(text[end + 1])) {
      isFloat = true;
      end = endWhile(end + 1, digit);
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      size_t exponent = end + 1;
      if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+'))
        ++exponent;
      if (exponent < text.size() && digit(text[exponent])) {
        isFloat = true;
        end = endWhile(exponent, digit);
      }
    }
    if (end < text.size() && isNamePart(text[end])) {
      end = endWhile(end, isNamePart);
      problems.add({&source, uint32_t(at), uint32_t(end)}, "this is no number");
    }
    push(list.tokens, isFloat ? TokenKind::Float : TokenKind::Integer, end);
  }

  void string() {
    size_t end = at + 1;
    while (end < text.size() && text[end] != '"' && text[end] != '\n')
      ++end;
    if (end == text.size() || text[end] == '\n') {
      problems.add({&source, uint32_t(at), uint32_t(end)}, "this string has no end");
      push(list.tokens, TokenKind::String, end);
      return;
    }
    push(list.tokens, TokenKind::String, end + 1);
  }

  void mark() {
    llvm::StringRef rest = text.drop_front(at);
    for (llvm::StringRef mark : kMarks)
      if (rest.starts_with(mark))
        return push(list.tokens, TokenKind::Mark, at + mark.size());
    size_t end = at + 1;
    while (end < text.size() && (text[end] & 0xC0) == 0x80)
      ++end;
    problems.add({&source, uint32_t(at), uint32_t(end)},
                 "a character that the language does not use");
    at = end;
  }

  const Source &source;
  llvm::StringRef text;
  Problems &problems;
  TokenList list;
  size_t at = 0;
  bool startsLine = true;
};

} // namespace

TokenList lex(const Source &source, Problems &problems) { return Lexer(source, problems).run(); }

} // namespace tenon::language
