// The simulated machine as a driver sees it: GPUs with memory, modules decoded
// once, launches that run to their end on the calling thread (and helpers), and
// what the checks found.
//
//   Machine machine(*findGpuSpec("h100"), 1, options);
//   std::string log;
//   auto module = machine.gpu(0).load(parsed, log);        // null: see log
//   const Kernel *k = module->kernel("add");
//   LaunchResult r = machine.gpu(0).launch({.kernel = k, .grid = {8, 1, 1}, ...});
//
// Everything here may be called from several threads; streams that run beside
// each other are threads of the driver that call launch at the same time.
#pragma once

#include "sim/machine/GpuSpec.h"
#include "sim/machine/Options.h"
#include "sim/machine/memory/Memory.h"
#include "sim/machine/race/StreamClock.h"
#include "sim/machine/report/Counters.h"
#include "sim/machine/report/Findings.h"
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::sim::ptx {
struct Module;
}

namespace tenon::sim {

class Gpu;
class Machine;
struct Program; // decoded code, code/Program.h

struct KernelParameter {
  uint32_t offset, size, alignment;
};

/// An entry function of a loaded module. Owned by its Module.
struct Kernel {
  std::string name;
  std::vector<KernelParameter> parameters;
  uint32_t parameterBytes = 0;
  uint32_t staticSharedBytes = 0;
  uint32_t localBytes = 0;    // per thread
  uint32_t constantBytes = 0; // of the module
  uint32_t registers = 0;     // 32-bit registers per thread after colouring, at most 255
  uint32_t maxThreads = 1024; // .maxntid, else the GPU's limit
  std::array<uint32_t, 3> requiredThreads{}; // .reqntid, 0 if none
  std::array<uint32_t, 3> clusterShape{};    // .reqnctapercluster, 0 if none
  int ptxVersion = 0, target = 0;            // 90, 80
  uint32_t index = 0;                        // within the program
  const Program *program = nullptr;
};

/// A variable of module scope, placed in global memory at load.
struct GlobalVariable {
  std::string name;
  uint64_t address = 0, size = 0;
  bool constant = false;
};

/// A module loaded on one GPU. Unloading frees its variables.
class Module {
public:
  ~Module();
  const Kernel *kernel(std::string_view name) const;
  const GlobalVariable *variable(std::string_view name) const;
  std::vector<const Kernel *> kernels() const;

  struct State;
  explicit Module(std::unique_ptr<State> state);
  State &state() const { return *impl; }

private:
  std::unique_ptr<State> impl;
};

struct LaunchConfig {
  const Kernel *kernel = nullptr;
  std::array<uint32_t, 3> grid{1, 1, 1};
  std::array<uint32_t, 3> block{1, 1, 1};
  std::array<uint32_t, 3> cluster{0, 0, 0}; // zero: the kernel's own, else none
  uint32_t dynamicSharedBytes = 0;
  bool cooperative = false;
  bool programmaticStart = false; // may begin at its predecessor's launch_dependents
  uint64_t gridWorkspace = 0;     // %envreg1/2 for grid.sync(); 0: the machine takes one
  std::span<const std::byte> parameters; // kernel->parameterBytes bytes
  StreamPosition position;
};

enum class LaunchStatus : uint8_t {
  Ok,
  InvalidConfiguration, // grid, block, cluster or shared memory out of limits
  InvalidArgument,      // parameters of the wrong size
  CooperativeTooLarge,
  IllegalAddress,       // and below: the kernel ran and failed; the context is lost
  MisalignedAddress,
  IllegalInstruction,
  Assert,
  Trap,
  Deadlock,
  HardwareStackError,
};

struct LaunchResult {
  LaunchStatus status = LaunchStatus::Ok;
  std::string message;
  size_t findings = 0; // new ones of this launch
};

/// How many blocks of a shape one SM holds.
struct Occupancy {
  uint32_t blocksPerSm = 0;
};

class Gpu {
public:
  Gpu(Machine &machine, unsigned index);
  ~Gpu();
  const GpuSpec &spec() const;
  unsigned index() const;
  Machine &machine() const;

  /// Decodes a parsed module and places its variables. Null with the reasons in
  /// `log` (one per line, with PTX line numbers) when something is unsupported.
  std::unique_ptr<Module> load(const ptx::Module &module, std::string &log);

  /// Runs a kernel to its end. Blocks.
  LaunchResult launch(const LaunchConfig &config);

  Occupancy occupancy(const Kernel &kernel, uint32_t threads, uint32_t dynamicShared) const;

  struct State;
  State &state() const { return *impl; }

private:
  std::unique_ptr<State> impl;
};

class Machine {
public:
  Machine(const GpuSpec &spec, unsigned gpuCount, Options options);
  ~Machine();
  Machine(const Machine &) = delete;
  Machine &operator=(const Machine &) = delete;

  unsigned gpuCount() const;
  Gpu &gpu(unsigned index);
  Memory &memory();
  const Options &options() const;
  Findings &findings();
  CounterTable &counters();
  /// Adds a leak finding for every allocation that is still live.
  void reportLeaks();

  struct State;
  State &state() const { return *impl; }

private:
  std::unique_ptr<State> impl;
};

} // namespace tenon::sim
