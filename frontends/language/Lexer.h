//===- Lexer.h - source text to tokens --------------------------*- C++ -*-===//
//
// A token knows whether a line begins before it: a statement ends with its line
// unless a bracket is open. Comments (`// ...`) are tokens of their own list,
// which only the formatter reads.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_LEXER_H
#define TENON_FRONTENDS_LANGUAGE_LEXER_H

#include "frontends/language/Source.h"

namespace tenon::language {

enum class TokenKind { End, Name, Integer, Float, String, Mark };

struct Token {
  TokenKind kind = TokenKind::End;
  Span span;
  bool startsLine = false;
  llvm::StringRef text() const { return span.text(); }
  bool is(llvm::StringRef mark) const {
    return (kind == TokenKind::Mark || kind == TokenKind::Name) && text() == mark;
  }
};

struct TokenList {
  std::vector<Token> tokens; ///< the last one is End
  std::vector<Token> comments;
};

/// Unknown characters and unfinished strings are reported and left out.
TokenList lex(const Source &source, Problems &problems);

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_LEXER_H
