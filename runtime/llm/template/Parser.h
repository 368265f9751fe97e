// The parser: tokens to a syntax tree, by the grammar of Jinja 3.1.
#pragma once

#include "runtime/llm/template/Nodes.h"

namespace tenon::llm {

/// Throws TemplateError with the line.
Block parseTemplate(std::string_view source);

} // namespace tenon::llm
