// How fast the simulated machine runs, with all checks on unless told otherwise:
// each kernel's best of several launches, beside the floor that is demanded.
//
//   tenon-sim-bench [--checks LIST] [--only NAME] [--scaling] [--json]
//
// Rates are of one host thread's processor time, so that other programs count
// little; what a second thread brings is by the clock on the wall.
#include "bench/sim/Kernels.h"
#include "bench/sim/Memory.h"
#include "sim/machine/Machine.h"
#include "sim/ptx/Parser.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

using namespace tenon::sim;

namespace {

double clockOf(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

/// One kernel and how its speed is told.
struct Case {
  std::string name, text;
  uint32_t threads;
  uint64_t bytes;      // of each of its two buffers
  double floor;        // 0: none
  double perLaunch;    // what is counted, in units of one instruction; 0: instructions
  const char *unit;
  bool scales = false; // two threads are expected to do nearly twice as much
};

std::vector<Case> cases() {
  constexpr uint64_t k = 1 << 10, m = 1 << 20;
  constexpr double loads = 4 * 65536; // 128 MB; of a copy as many stores
  return {{"alu", bench::aluKernel(), 32, 4 * k, 200, 0, "M instructions/s", true},
          {"loads_512k", bench::loadsKernel(), 32, 512 * k, 80, loads, "M loads/s", true},
          {"loads_256m", bench::loadsKernel(), 32, 256 * m, 25, 2 * loads, "M loads/s"},
          {"copy_512k", bench::copyKernel(), 32, 256 * k, 0, 2 * loads, "M accesses/s", true},
          {"copy_256m", bench::copyKernel(), 32, 128 * m, 0, 2 * loads, "M accesses/s"},
          {"gather", bench::gatherKernel(), 32, 512 * k, 0, 80000, "M accesses/s"},
          {"shared", bench::sharedKernel(), 256, 4 * k, 120, 0, "M instructions/s", true},
          {"product", bench::productKernel(), 128, 4 * k, 150, 0, "M instructions/s", true},
          {"mma", bench::mmaKernel(), 32, 4 * k, 300, 16000, "ns", true}};
}

struct Times {
  double processor = 1e9, wall = 1e9; // seconds of the best launch
  uint64_t instructions = 0;
};

class Runner {
public:
  explicit Runner(Options options) : machine(*findGpuSpec("a100"), 1, std::move(options)) {}

  /// `blocks` blocks, each with buffers of its own.
  Times run(const Case &c, uint32_t blocks) {
    auto parsed = ptx::parseModule(".version 8.0\n.target sm_80\n.address_size 64\n" + c.text);
    std::string log;
    if (!parsed.module)
      throw std::runtime_error(parsed.log(c.name));
    auto module = machine.gpu(0).load(*parsed.module, log);
    if (!module)
      throw std::runtime_error(log);
    LaunchConfig config;
    config.kernel = module->kernel(c.name.substr(0, c.name.find('_')));
    config.grid = {blocks, 1, 1};
    config.block = {c.threads, 1, 1};
    Buffers buffers(machine.memory(), c.bytes * blocks);
    uint64_t steps = c.bytes / bench::sweepBytes, rounds = std::max<uint64_t>((128u << 20) / c.bytes, 1); // of a sweep
    uint64_t arguments[] = {buffers.a, buffers.b, steps, rounds};
    std::vector<std::byte> parameters(config.kernel->parameterBytes);
    for (size_t i = 0; i < config.kernel->parameters.size(); ++i)
      std::memcpy(parameters.data() + config.kernel->parameters[i].offset, &arguments[i],
                  config.kernel->parameters[i].size);
    config.parameters = parameters;
    Times best;
    for (int round = 0; round < 7; ++round)
      launch(config, best);
    return best;
  }

private:
  struct Buffers {
    Buffers(Memory &memory, uint64_t bytes) : memory(memory), a(make(bytes)), b(make(bytes)) {}
    ~Buffers() {
      memory.release(a);
      memory.release(b);
    }
    uint64_t make(uint64_t bytes) {
      uint64_t address = memory.allocate(0, bytes, 256, "bench");
      uint8_t zero = 0;
      memory.fill(address, &zero, 1, bytes);
      return address;
    }
    Memory &memory;
    uint64_t a, b;
  };

  void launch(const LaunchConfig &config, Times &best) {
    machine.counters().clear();
    double processor = clockOf(CLOCK_THREAD_CPUTIME_ID), wall = clockOf(CLOCK_MONOTONIC);
    LaunchResult result = machine.gpu(0).launch(config);
    best.processor = std::min(best.processor, clockOf(CLOCK_THREAD_CPUTIME_ID) - processor);
    best.wall = std::min(best.wall, clockOf(CLOCK_MONOTONIC) - wall);
    if (result.status != LaunchStatus::Ok || machine.findings().size())
      throw std::runtime_error(result.message + machine.findings().json());
    best.instructions = 0;
    KernelCounters counters = machine.counters().all().at(0);
    for (uint64_t n : counters.instructions)
      best.instructions += n;
  }

  Machine machine;
};

struct Figure {
  std::string name, unit;
  double value = 0, floor = 0;
  bool atMost = false;
  bool good() const { return floor == 0 || (atMost ? value <= floor : value >= floor); }
};

Figure speedOf(const Case &c, Options options) {
  options.threads = 1;
  Times t = Runner(options).run(c, 1);
  double count = c.perLaunch ? c.perLaunch : double(t.instructions);
  bool time = !std::strcmp(c.unit, "ns");
  return {c.name, c.unit, time ? t.processor * 1e9 / count : count / t.processor / 1e6, c.floor, time};
}

Figure scalingOf(const Case &c, Options options) {
  options.threads = 1;
  double one = Runner(options).run(c, 4).wall;
  options.threads = 2;
  double two = Runner(options).run(c, 4).wall;
  return {c.name + "_two_threads", "times one", one / two, 1.8, false};
}

std::vector<Figure> measure(const Options &options, const std::string &only, bool scaling) {
  std::vector<Figure> figures;
  auto wanted = [&](const std::string &name) { return only.empty() || name == only; };
  for (const Case &c : cases())
    if (wanted(c.name) && !scaling)
      figures.push_back(speedOf(c, options));
    else if (wanted(c.name) && c.scales)
      figures.push_back(scalingOf(c, options));
  if (!scaling && wanted("memory")) {
    bench::MemoryUse use = bench::measureMemory();
    figures.push_back({"open_8_gpus", "MB resident", use.openMegabytes, 256, true});
    figures.push_back({"shadow", "bytes a byte", use.shadowPerByte, 3, true});
  }
  return figures;
}

void printText(const std::vector<Figure> &figures, const std::string &checks) {
  std::printf("checks: %s\n", checks.c_str());
  for (const Figure &f : figures) {
    std::printf("%-24s %8.2f %s", f.name.c_str(), f.value, f.unit.c_str());
    if (f.floor != 0)
      std::printf(" (%s %g%s)", f.atMost ? "at most" : "floor", f.floor, f.good() ? "" : ": missed");
    std::printf("\n");
  }
}

void printJson(const std::vector<Figure> &figures, const std::string &checks) {
  nlohmann::json list = nlohmann::json::array();
  for (const Figure &f : figures) {
    nlohmann::json entry = {{"name", f.name}, {"value", f.value}, {"unit", f.unit}};
    if (f.floor != 0)
      entry.update({{f.atMost ? "at_most" : "floor", f.floor}, {"good", f.good()}});
    list.push_back(entry);
  }
  std::printf("%s\n", nlohmann::json{{"checks", checks}, {"figures", list}}.dump(2).c_str());
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("speed of the simulated machine");
  std::string checks = "all", only, unknown;
  bool json = false, scaling = false;
  app.add_option("--checks", checks, "checks to leave on");
  app.add_option("--only", only, "one figure: alu, loads_512k, loads_256m, copy_512k, copy_256m, gather, shared, product, mma, memory");
  app.add_flag("--scaling", scaling, "what a second host thread brings");
  app.add_flag("--json", json, "print JSON");
  CLI11_PARSE(app, argc, argv);
  auto parsed = Checks::parse(checks, unknown);
  if (!parsed) {
    std::fprintf(stderr, "unknown check '%s'\n", unknown.c_str());
    return 2;
  }
  Options options;
  options.checks = *parsed;
  try {
    std::vector<Figure> figures = measure(options, only, scaling);
    (json ? printJson : printText)(figures, checks);
    return figures.empty() ? 2 : 0;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
