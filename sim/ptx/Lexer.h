// Splits PTX text into tokens. Comments and white space vanish; a name with a
// leading dot is one token with all its `::` parts (".shared::cta", ".2d").
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tenon::sim::ptx {

struct Token {
  enum class Kind : uint8_t {
    End,
    Identifier, // foo, %r1, $L__BB0, _
    Dotted,     // .global, .shared::cta; text includes the dot
    Integer,    // bits
    Float,      // bits of an f32 (0f...): isSingle; else of an f64
    String,     // text without the quotes
    Punct,      // one or two characters
    Bad,        // a lexical error; text says what is wrong
  };
  Kind kind = Kind::End;
  bool isSingle = false;
  bool isUnsigned = false; // an integer with a U suffix, or one past 2^63
  uint32_t line = 1, column = 1;
  uint64_t bits = 0;
  std::string_view text;

  bool is(std::string_view spelling) const {
    return (kind == Kind::Punct || kind == Kind::Identifier || kind == Kind::Dotted) &&
           text == spelling;
  }
};

/// The last token is End. Views point into `text`, or to literals for Bad.
std::vector<Token> tokenize(std::string_view text);

} // namespace tenon::sim::ptx
