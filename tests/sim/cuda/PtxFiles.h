// Committed PTX, kernel parameters of mixed types, and what every kernel's test
// asks: right in every order, no finding; and mutants found.
#pragma once

#include "tests/sim/machine/async/Run.h"

#include <fstream>
#include <sstream>

namespace simtest {

inline std::string ptxFile(const std::string &name) {
  std::ifstream file(std::string(TENON_PTX_FOLDER) + "/" + name + ".ptx");
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Kernel parameters, each at a multiple of its alignment.
class Parameters {
public:
  template <typename T> Parameters &add(const T &value, size_t alignment = alignof(T)) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    const auto *from = reinterpret_cast<const std::byte *>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
    return *this;
  }
  std::vector<std::byte> bytes;
};

inline uint32_t next(uint32_t &state) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

/// Steps of 2^-8 in [-1, 1): sums of products of few are exact.
inline float coarse(uint32_t &state) { return float(int(next(state) % 512) - 256) / 256.0f; }

/// The top half of an f32, which is exact for `coarse`.
inline uint16_t brain(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return uint16_t(bits >> 16);
}

/// A test of one kernel: `start` uploads, launches and, where asked, compares.
template <typename Start> void inEveryOrder(const std::string &text, const char *gpu, Start start) {
  for (Order order : kOrders)
    for (uint64_t seed = 0; seed < 2; ++seed) {
      PtxRun run(text, order, seed, gpu);
      ASSERT_TRUE(run.module);
      LaunchResult result = start(run, true);
      EXPECT_EQ(result.status, LaunchStatus::Ok) << result.message;
      EXPECT_EQ(run.findings(), std::vector<std::string>{}) << "order " << int(order);
    }
}

/// Occurrence `index` (from 0) of `what` taken out by a comment.
inline std::string mutate(const std::string &text, const std::string &what, int index = 0) {
  size_t at = text.find(what);
  for (int i = 0; i < index && at != std::string::npos; ++i)
    at = text.find(what, at + 1);
  EXPECT_NE(at, std::string::npos) << what;
  if (at == std::string::npos)
    return text;
  return text.substr(0, at) + "// " + text.substr(at);
}

/// The mutant must be found in every order, as one of `kinds`.
template <typename Start>
void expectFound(const std::string &mutant, const char *gpu, std::initializer_list<Kind> kinds,
                 Start start, const char *what) {
  for (Order order : kOrders) {
    PtxRun run(mutant, order, 1, gpu);
    ASSERT_TRUE(run.module);
    start(run, false);
    bool any = false;
    for (Kind kind : kinds)
      any |= run.found(kind);
    EXPECT_TRUE(any) << what << " in order " << int(order) << ": "
                     << ::testing::PrintToString(run.findings());
  }
}

} // namespace simtest
