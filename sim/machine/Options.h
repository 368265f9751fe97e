// What a user can choose about a simulated machine: which checks run, how
// asynchronous engines complete, the seed of every choice.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::sim {

/// Kinds of finding; the names in reports are those of kindName.
enum class Kind : uint8_t {
  OutOfBounds,
  Misaligned,
  Freed,
  UninitialisedMemory,
  UninitialisedRegister,
  Leak,
  RaceShared,
  RaceGlobal,
  Barrier,
  Deadlock,
  MmaDivergence,
  Mbarrier,
  ProxyFence,
};
constexpr unsigned kindCount = 13;

/// "out_of_bounds", "race_shared", ...
std::string_view kindName(Kind kind);
std::optional<Kind> findKind(std::string_view name);

/// A set of kinds of finding to look for.
struct Checks {
  uint32_t bits = (1u << kindCount) - 1;

  bool has(Kind kind) const { return bits >> unsigned(kind) & 1; }
  static Checks all() { return {}; }
  static Checks none() { return {0}; }
  /// "all", "none" or names with commas; "all,-leak" takes one away.
  /// On an unknown name returns nothing and puts the name into `unknown`.
  static std::optional<Checks> parse(std::string_view text, std::string &unknown);
};

/// When asynchronous engines (cp.async, bulk copies, wgmma) do their work.
enum class Order : uint8_t {
  Eager,  // when issued
  Lazy,   // when a wait would block otherwise
  Random, // at points drawn from the seed
};
std::optional<Order> findOrder(std::string_view name);

struct Options {
  Checks checks;
  Order order = Order::Eager;
  uint64_t seed = 0;
  unsigned threads = 0;           // host threads per launch; 0: as many as the host has
  bool fastMma = false;           // f32 chains in place of the bit-exact tensor-core model
  bool checkRegisterReads = false; // report each read of an unset register, not only its effects
  bool sameValueRaces = false;    // report races of plain writes of one value
  bool countLines = true;         // counters per source line
  /// Where device printf goes; stdout when empty. Called from any thread, one at a time.
  std::function<void(std::string_view)> print;
};

} // namespace tenon::sim
