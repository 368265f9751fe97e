// Case and white space, from utf8proc's tables.
#include "runtime/llm/text/Case.h"

#include "runtime/llm/text/Utf8.h"

#include <utf8proc.h>
#include <utility>

namespace tenon::llm {

namespace {

template <typename Map>
std::string mapped(std::string_view text, Map &&map) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    CodePoint point = decode(text, at);
    if (point.valid)
      encode(static_cast<uint32_t>(map(static_cast<utf8proc_int32_t>(point.value))), out);
    else
      out += text[at];
    at += point.length;
  }
  return out;
}

bool isCased(utf8proc_int32_t c) {
  utf8proc_category_t category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT;
}

} // namespace

std::string upper(std::string_view text) { return mapped(text, utf8proc_toupper); }
std::string lower(std::string_view text) { return mapped(text, utf8proc_tolower); }

std::string title(std::string_view text) {
  bool inside = false;
  return mapped(text, [&](utf8proc_int32_t c) {
    utf8proc_int32_t result = inside ? utf8proc_tolower(c) : utf8proc_totitle(c);
    inside = isCased(c);
    return result;
  });
}

std::string capitalize(std::string_view text) {
  bool first = true;
  return mapped(text, [&](utf8proc_int32_t c) {
    return std::exchange(first, false) ? utf8proc_totitle(c) : utf8proc_tolower(c);
  });
}

bool isSpace(uint32_t c) {
  if (c < 128)
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return c == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

std::string_view stripped(std::string_view text, bool left, bool right,
                          const std::string *characters) {
  std::vector<size_t> offsets = boundaries(text);
  auto cut = [&](size_t i) {
    std::string_view character = text.substr(offsets[i], offsets[i + 1] - offsets[i]);
    return characters ? characters->find(character) != std::string::npos
                      : isSpace(decode(text, offsets[i]).value);
  };
  size_t begin = 0, end = offsets.size() - 1;
  while (left && begin < end && cut(begin))
    ++begin;
  while (right && begin < end && cut(end - 1))
    --end;
  return text.substr(offsets[begin], offsets[end] - offsets[begin]);
}

} // namespace tenon::llm
