// Gpu::launch: checks the configuration against the GPU's limits, runs the blocks
// on host threads, and adds up counters.
#include "sim/machine/MachineState.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/memory/State.h"
#include "sim/machine/race/GlobalState.h"
#include "sim/machine/report/Lines.h"
#include <thread>

namespace tenon::sim {
namespace {

std::string checkConfig(const Gpu &gpu, const LaunchConfig &c, const Launch &l) {
  const Kernel &k = *c.kernel;
  auto number = [](uint64_t v) { return std::to_string(v); };
  for (unsigned i = 0; i < 3; ++i) {
    if (c.grid[i] == 0 || c.block[i] == 0)
      return "grid and block must not be empty";
    if (i > 0 && c.grid[i] > 65535)
      return "grid dimension " + number(c.grid[i]) + " exceeds 65535";
    if (l.cluster[i] == 0 || c.grid[i] % l.cluster[i])
      return "grid dimension " + number(c.grid[i]) + " is no multiple of the cluster's " + number(l.cluster[i]);
  }
  if (c.grid[0] > 0x7fffffffu)
    return "grid dimension " + number(c.grid[0]) + " exceeds 2147483647";
  if (c.block[0] > 1024 || c.block[1] > 1024 || c.block[2] > 64 ||
      uint64_t(c.block[0]) * c.block[1] * c.block[2] > k.maxThreads)
    return "a block of " + number(uint64_t(c.block[0]) * c.block[1] * c.block[2]) +
           " threads exceeds the kernel's " + number(k.maxThreads);
  if (k.requiredThreads[0])
    for (unsigned i = 0; i < 3; ++i)
      if (c.block[i] != std::max(k.requiredThreads[i], 1u))
        return "the kernel requires blocks of another shape (.reqntid)";
  if (uint64_t(l.cluster[0]) * l.cluster[1] * l.cluster[2] > 16)
    return "a cluster holds at most 16 blocks";
  uint64_t shared = uint64_t(k.staticSharedBytes) + c.dynamicSharedBytes;
  if (shared > gpu.spec().sharedPerBlockOptin)
    return number(shared) + " bytes of shared memory exceed the GPU's " + number(gpu.spec().sharedPerBlockOptin);
  return "";
}

void describe(Launch &l, Gpu &gpu, const LaunchConfig &c) {
  l.machine = &gpu.machine();
  l.shrinks = &l.machine->memory().state().shrinks;
  l.gpu = &gpu;
  l.kernel = c.kernel;
  l.program = c.kernel->program;
  l.grid = c.grid;
  l.block = c.block;
  std::array<uint32_t, 3> cluster = c.cluster[0] ? c.cluster : c.kernel->clusterShape;
  for (unsigned i = 0; i < 3; ++i)
    l.cluster[i] = std::max(cluster[i], 1u);
  l.explicitCluster = cluster[0] != 0;
  l.threads = c.block[0] * c.block[1] * c.block[2];
  l.warpsPerBlock = (l.threads + laneCount - 1) / laneCount;
  l.dynamicShared = c.dynamicSharedBytes;
  l.sharedBytes = c.kernel->staticSharedBytes + c.dynamicSharedBytes;
  l.parameters.assign(c.parameters.begin(), c.parameters.end());
  l.together = c.cooperative;
  l.chained = l.machine->options().seed == 0 && !l.program->usesAsync;
  l.workspace = c.gridWorkspace;
}

void beginRaces(Launch &l, Machine::State &machine, const LaunchConfig &c) {
  l.race = std::make_unique<GlobalRaceState>();
  l.race->enabled = machine.options.checks.has(Kind::RaceGlobal);
  l.race->serial = l.serial;
  l.race->registry = &machine.launches;
  uint32_t perCluster = l.warpsPerBlock * l.cluster[0] * l.cluster[1] * l.cluster[2];
  auto entry = machine.launches.begin(l.serial, l.blocks * l.warpsPerBlock, perCluster, c.position,
                                      l.race->minLive, l.race->unorderedLaunches);
  l.race->firstId = entry.firstId;
  l.race->endId = entry.endId;
  l.race->warpsPerCluster = perCluster;
}

void sizeCounters(const Program &program, WorkerCounters &counters) {
  for (auto *v : {&counters.full, &counters.masked, &counters.lanes, &counters.divergent})
    v->assign(program.blocks.size(), 0);
  counters.sites.assign(program.sites.size(), {});
  counters.patterns.assign(program.sites.size(), {});
}

void runWorkers(Launch &l, std::vector<WorkerCounters> &counters) {
  std::vector<std::thread> helpers;
  for (size_t t = 1; t < counters.size(); ++t)
    helpers.emplace_back([&, t] { work(l, counters[t]); });
  work(l, counters[0]);
  for (std::thread &helper : helpers)
    helper.join();
}

} // namespace

LaunchResult Gpu::launch(const LaunchConfig &config) {
  if (!config.kernel || config.parameters.size() != config.kernel->parameterBytes)
    return {LaunchStatus::InvalidArgument, "parameters of the wrong size", 0};
  Launch l;
  describe(l, *this, config);
  if (std::string why = checkConfig(*this, config, l); !why.empty())
    return {LaunchStatus::InvalidConfiguration, why, 0};
  l.blocks = uint64_t(l.grid[0]) * l.grid[1] * l.grid[2];
  l.clusters = l.blocks / (l.cluster[0] * l.cluster[1] * l.cluster[2]);
  if (config.cooperative && l.blocks > uint64_t(occupancy(*config.kernel, l.threads, l.dynamicShared).blocksPerSm) * spec().smCount)
    return {LaunchStatus::CooperativeTooLarge, "a cooperative grid must fit the GPU at once", 0};
  Machine::State &machine = impl->machine->state();
  l.serial = machine.nextLaunch++;
  uint64_t workspace = 0;
  if (config.cooperative && !l.workspace) {
    workspace = machine.memory.allocate(impl->index, 256, 256, "internal grid workspace");
    uint32_t zero = 0;
    machine.memory.fill(workspace, &zero, 4, 64);
    l.workspace = workspace;
  }
  beginRaces(l, machine, config);
  unsigned threads = machine.options.threads ? machine.options.threads : std::thread::hardware_concurrency();
  l.workers = unsigned(std::clamp<uint64_t>(l.together ? 1 : threads, 1, l.clusters));
  std::vector<WorkerCounters> counters(l.workers);
  for (WorkerCounters &c : counters)
    sizeCounters(*l.program, c);
  runWorkers(l, counters);
  machine.launches.end(l.serial);
  if (workspace)
    machine.memory.release(workspace);
  machine.counters.add(sumCounters(l, counters));
  return {l.status, l.message, l.findings};
}

} // namespace tenon::sim
