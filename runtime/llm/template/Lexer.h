// Tokens of a template: text between tags, and what stands inside of tags.
//
// White space is cut as Hugging Face renders templates (trim_blocks, lstrip_blocks)
// and as the template itself asks for by {%- and -%}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::llm {

struct Token {
  enum Kind {
    Text,
    PrintBegin,
    PrintEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End
  };
  Kind kind;
  std::string text; ///< of a string: its value
  int line;
};

/// Throws TemplateError with the line.
std::vector<Token> tokenize(std::string_view source);

} // namespace tenon::llm
