// Names of checks and orders, as users write them.
#include "sim/machine/Options.h"

namespace tenon::sim {
namespace {

constexpr std::string_view names[kindCount] = {
    "out_of_bounds", "misaligned",  "freed",   "uninitialised_memory", "uninitialised_register",
    "leak",          "race_shared", "race_global", "barrier",          "deadlock",
    "mma_divergence", "mbarrier",   "proxy_fence"};

/// The bits that one word of a list of checks means.
std::optional<uint32_t> bitsOf(std::string_view word) {
  if (word == "all")
    return Checks::all().bits;
  if (word == "none" || word.empty())
    return 0;
  if (auto kind = findKind(word))
    return 1u << unsigned(*kind);
  return std::nullopt;
}

} // namespace

std::string_view kindName(Kind kind) { return names[unsigned(kind)]; }

std::optional<Kind> findKind(std::string_view name) {
  for (unsigned i = 0; i < kindCount; ++i)
    if (names[i] == name)
      return Kind(i);
  return std::nullopt;
}

std::optional<Checks> Checks::parse(std::string_view text, std::string &unknown) {
  Checks checks = none();
  while (true) {
    size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    bool remove = word.starts_with('-');
    auto bits = bitsOf(remove ? word.substr(1) : word);
    if (!bits) {
      unknown = word;
      return std::nullopt;
    }
    checks.bits = remove ? checks.bits & ~*bits : checks.bits | *bits;
    if (comma == std::string_view::npos)
      return checks;
    text.remove_prefix(comma + 1);
  }
}

std::optional<Order> findOrder(std::string_view name) {
  if (name == "eager")
    return Order::Eager;
  if (name == "lazy")
    return Order::Lazy;
  if (name == "random")
    return Order::Random;
  return std::nullopt;
}

} // namespace tenon::sim
