// Runs PTX text on a simulated GPU: arrays in, arrays and findings out.
#pragma once

#include "sim/machine/Machine.h"
#include "sim/ptx/Parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace simtest {
using namespace tenon::sim;

class PtxRun {
public:
  explicit PtxRun(const std::string &text, Order order = Order::Eager, uint64_t seed = 0,
               const char *gpu = "h100")
      : machine(*findGpuSpec(gpu), 1, options(order, seed)) {
    ptx::ParseResult parsed = ptx::parseModule(text);
    EXPECT_TRUE(parsed.module) << parsed.log("test.ptx");
    if (!parsed.module)
      return;
    std::string log;
    module = machine.gpu(0).load(*parsed.module, log);
    EXPECT_TRUE(module) << log;
  }

  /// A copy of the values in global memory; the address.
  template <typename T> uint64_t upload(const std::vector<T> &values) {
    uint64_t address = machine.memory().allocate(0, values.size() * sizeof(T), 256, "array");
    machine.memory().copy(reinterpret_cast<void *>(address), values.data(),
                          values.size() * sizeof(T));
    return address;
  }
  template <typename T> std::vector<T> download(uint64_t address, size_t count) {
    std::vector<T> values(count);
    std::memcpy(values.data(), reinterpret_cast<const void *>(address), count * sizeof(T));
    return values;
  }

  /// Launches `name` with 64-bit parameters.
  LaunchResult launch(const char *name, std::array<uint32_t, 3> grid, uint32_t threads,
                      const std::vector<uint64_t> &parameters, uint32_t dynamicShared = 0,
                      std::array<uint32_t, 3> cluster = {0, 0, 0}) {
    return launchBytes(name, grid, threads, std::as_bytes(std::span(parameters)), dynamicShared,
                       cluster);
  }
  LaunchResult launchBytes(const char *name, std::array<uint32_t, 3> grid, uint32_t threads,
                           std::span<const std::byte> parameters, uint32_t dynamicShared = 0,
                           std::array<uint32_t, 3> cluster = {0, 0, 0}) {
    const Kernel *kernel = module ? module->kernel(name) : nullptr;
    EXPECT_TRUE(kernel);
    if (!kernel)
      return {};
    LaunchConfig config;
    config.kernel = kernel;
    config.grid = grid;
    config.block = {threads, 1, 1};
    config.cluster = cluster;
    config.dynamicSharedBytes = dynamicShared;
    config.parameters = parameters;
    return machine.gpu(0).launch(config);
  }

  /// "kind: message" of each finding.
  std::vector<std::string> findings() {
    std::vector<std::string> texts;
    for (const Finding &f : machine.findings().sorted())
      texts.push_back(std::string(kindName(f.kind)) + ": " + f.message + " (line " +
                      std::to_string(f.line) + ")");
    return texts;
  }
  bool found(Kind kind) {
    for (const Finding &f : machine.findings().sorted())
      if (f.kind == kind)
        return true;
    return false;
  }

  Machine machine;
  std::unique_ptr<Module> module;

private:
  static Options options(Order order, uint64_t seed) {
    Options o;
    o.order = order;
    o.seed = seed;
    o.threads = 1;
    return o;
  }
};

inline const Order kOrders[] = {Order::Eager, Order::Lazy, Order::Random};

/// The text without the first line that contains `what`.
inline std::string without(const std::string &text, const std::string &what) {
  size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  size_t begin = text.rfind('\n', at) + 1, end = text.find('\n', at);
  return text.substr(0, begin) + text.substr(end + 1);
}

} // namespace simtest
