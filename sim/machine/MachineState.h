// What stands behind the handles of Machine.h.
#pragma once

#include "sim/machine/Machine.h"
#include "sim/machine/code/Program.h"
#include "sim/machine/race/LaunchRegistry.h"
#include "sim/machine/race/Strong.h"
#include <atomic>

namespace tenon::sim {

struct Machine::State {
  GpuSpec spec;
  Options options;
  Memory memory;
  Findings findings;
  CounterTable counters;
  std::vector<std::unique_ptr<Gpu>> gpus;
  LaunchRegistry launches;
  StrongTable strong;
  std::atomic<uint64_t> nextLaunch{1};

  State(const GpuSpec &spec, unsigned count, Options options)
      : spec(spec), options(std::move(options)), memory(count, spec.memoryBytes, true) {}
};

struct Gpu::State {
  Machine *machine = nullptr;
  unsigned index = 0;
};

struct Module::State {
  Gpu *gpu = nullptr;
  std::shared_ptr<const ptx::Module> source;
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::vector<GlobalVariable> variables;
};

} // namespace tenon::sim
