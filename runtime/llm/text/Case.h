// Upper and lower case of UTF-8 text, by the simple mappings of Unicode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::llm {

std::string upper(std::string_view text);
std::string lower(std::string_view text);
/// First letter of each word upper, the rest lower, as Python's str.title.
std::string title(std::string_view text);
std::string capitalize(std::string_view text);
/// Whether Python's str.isspace / str.strip takes the code point for white space.
bool isSpace(uint32_t codePoint);
/// Without white space (or any of `characters`) at the ends that are asked for.
std::string_view stripped(std::string_view text, bool left, bool right,
                          const std::string *characters = nullptr);

} // namespace tenon::llm
