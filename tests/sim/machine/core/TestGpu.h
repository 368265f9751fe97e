// A simulated GPU with one module, for tests that are written in PTX.
#pragma once

#include "sim/machine/Machine.h"
#include "sim/ptx/Parser.h"
#include <cstring>
#include <gtest/gtest.h>

namespace tenon::sim {

class TestGpu {
public:
  explicit TestGpu(const std::string &body, uint64_t seed = 0, const char *gpu = "h100") {
    Options options;
    options.threads = 1;
    options.seed = seed;
    options.print = [this](std::string_view text) { printed += text; };
    machine = std::make_unique<Machine>(*findGpuSpec(gpu), 1, options);
    auto parsed = ptx::parseModule(".version 8.6\n.target sm_90\n.address_size 64\n" + body);
    EXPECT_TRUE(parsed.module) << parsed.log("test.ptx");
    if (parsed.module)
      module = machine->gpu(0).load(*parsed.module, log);
    EXPECT_TRUE(module) << log;
  }

  uint64_t allocate(uint64_t bytes) { return machine->memory().allocate(0, bytes, 256, "buffer"); }
  template <class T> uint64_t upload(const std::vector<T> &values) {
    uint64_t address = allocate(values.size() * sizeof(T));
    machine->memory().copy(reinterpret_cast<void *>(address), values.data(), values.size() * sizeof(T));
    return address;
  }
  template <class T> const T *at(uint64_t address) const { return reinterpret_cast<const T *>(address); }

  /// All arguments are 8 bytes.
  LaunchResult launch(const char *name, uint32_t grid, uint32_t block, std::vector<uint64_t> arguments,
                      uint32_t dynamicShared = 0, uint32_t cluster = 0) {
    const Kernel *kernel = module->kernel(name);
    EXPECT_TRUE(kernel);
    std::vector<std::byte> parameters(kernel->parameterBytes);
    for (size_t i = 0; i < arguments.size(); ++i)
      std::memcpy(parameters.data() + 8 * i, &arguments[i], 8);
    LaunchConfig config;
    config.kernel = kernel;
    config.grid = {grid, 1, 1};
    config.block = {block, 1, 1};
    if (cluster)
      config.cluster = {cluster, 1, 1};
    config.dynamicSharedBytes = dynamicShared;
    config.parameters = parameters;
    return machine->gpu(0).launch(config);
  }

  /// Kinds of the findings so far, sorted as in a report.
  std::vector<Kind> kinds() const {
    std::vector<Kind> result;
    for (const Finding &finding : machine->findings().sorted())
      result.push_back(finding.kind);
    return result;
  }

  std::unique_ptr<Machine> machine;
  std::unique_ptr<Module> module;
  std::string log, printed;
};

/// A kernel of 64-bit parameters a, b, c with registers declared and %r0 = tid,
/// %rd1 .. %rd3 = a, b, c and %rd4 = a + 4 * tid, %rd5 = b + 4 * tid.
inline std::string kernel(const std::string &name, const std::string &body, const std::string &variables = "") {
  return ".visible .entry " + name +
         "(.param .u64 a, .param .u64 b, .param .u64 c) {\n.reg .b16 %h<20>; .reg .b32 %r<40>; "
         ".reg .b64 %rd<40>; .reg .f32 %f<20>; .reg .f64 %fd<20>; .reg .pred %p<10>;\n" + variables +
         "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; ld.param.u64 %rd3, [c];\n"
         "mov.u32 %r0, %tid.x; mul.wide.u32 %rd0, %r0, 4; add.u64 %rd4, %rd1, %rd0; add.u64 %rd5, %rd2, %rd0;\n" +
         body + "ret;\n}\n";
}

} // namespace tenon::sim
