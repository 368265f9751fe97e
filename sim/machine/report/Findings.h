// What the checks found. One finding stands for all that share its kind, kernel
// and source lines: the one with the lowest block and thread is kept, so that a
// report does not depend on the order in which blocks ran.
#pragma once

#include "sim/machine/Options.h"
#include <array>
#include <map>
#include <mutex>
#include <vector>

namespace tenon::sim {

struct Finding {
  Kind kind;
  std::string kernel;
  std::string file;
  uint32_t line = 0;               // of .loc, else of the PTX text
  std::string otherFile;           // the earlier access of a race
  uint32_t otherLine = 0;
  std::array<uint32_t, 3> block{}; // x, y, z
  std::array<uint32_t, 3> thread{};
  uint64_t address = 0;
  std::string message;
  uint64_t count = 1; // how many were merged into this one
};

/// Collects findings. Thread-safe.
class Findings {
public:
  void add(Finding finding);
  /// All findings so far, in report order.
  std::vector<Finding> sorted() const;
  size_t size() const;
  void clear();
  /// The report of `tenon-sim --report`: {"findings": [...]}.
  std::string json() const;
  /// One finding as a line for stderr.
  static std::string text(const Finding &finding);

private:
  using Key = std::tuple<Kind, std::string, std::string, uint32_t, std::string, uint32_t>;
  mutable std::mutex mutex;
  std::map<Key, Finding> byKey;
};

} // namespace tenon::sim
