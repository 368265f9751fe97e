// JSON in and out of template values.
#pragma once

#include "runtime/llm/template/Value.h"

#include <nlohmann/json_fwd.hpp>

namespace tenon::llm {

/// Throws TemplateError for what is nested too deep or does not fit 64 bits.
Value fromJson(Heap &heap, const nlohmann::ordered_json &json, int depth = 0);
/// As Python's json.dumps writes it; indent < 0: on one line.
std::string toJson(const Value &value, int indent, bool sorted, bool ascii);

} // namespace tenon::llm
