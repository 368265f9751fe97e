// Free sizes: from text, checked, and into text.
#include "runtime/tools/Sizes.h"

#include <algorithm>
#include <charconv>

namespace tenon::tools {
namespace {

using bundle::Symbol;

/// The largest size the compiler gives a symbol that nothing bounds.
constexpr int64_t unbounded = INT32_MAX;

Status refuse(const std::string &message) { return Status(TENON_INVALID_ARGUMENT, message); }

bool inRange(const Symbol &symbol, int64_t size) {
  return size >= symbol.min && size <= symbol.max && size % symbol.step == 0;
}

std::string freeSizes(const bundle::EntryPoint &entry) {
  std::string list;
  for (const Symbol &symbol : entry.symbols)
    list += (list.empty() ? "; it has " : ", ") + symbol.name;
  return list.empty() ? "; it has none" : list;
}

} // namespace

Status bindSize(const bundle::EntryPoint &entry, const std::string &spec,
                bundle::ExprValues &values) {
  size_t equals = spec.rfind('=');
  int64_t size = -1;
  const char *end = spec.data() + spec.size();
  if (equals == std::string::npos ||
      std::from_chars(spec.data() + equals + 1, end, size).ptr != end || size < 0)
    return refuse("expected --dim NAME=SIZE, got '" + spec + "'");
  std::string name = spec.substr(0, equals);
  for (size_t i = 0; i < entry.symbols.size(); ++i) {
    const Symbol &symbol = entry.symbols[i];
    if (symbol.name != name)
      continue;
    if (!inRange(symbol, size))
      return refuse("size '" + name + "' is " + spec.substr(equals + 1) + ", expected " +
                    (size > symbol.max ? std::to_string(symbol.min) + " to " +
                                             std::to_string(symbol.max)
                                       : rangeText(symbol)));
    values.bindOnly(i, size);
    return {};
  }
  return refuse("'" + name + "' is not a free size of the bundle" + freeSizes(entry));
}

int64_t leastSize(const Symbol &symbol) {
  int64_t least = std::max<int64_t>(symbol.min, symbol.max >= 1 ? 1 : 0);
  int64_t rest = least % symbol.step;
  return rest ? least - rest + symbol.step : least;
}

std::string rangeText(const Symbol &symbol) {
  std::string text = std::to_string(symbol.min);
  text += symbol.max >= unbounded ? " or more" : " to " + std::to_string(symbol.max);
  return symbol.step == 1 ? text : text + " in steps of " + std::to_string(symbol.step);
}

} // namespace tenon::tools
