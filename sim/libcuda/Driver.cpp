// Start and end of the driver: options from the environment (tenon-sim sets
// them), contexts, and the report when the process ends.
#include "sim/libcuda/Driver.h"

#include "sim/machine/memory/State.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace tenon::sim::driver {
namespace {

std::string environment(const char *name, const char *otherwise = "") {
  const char *value = std::getenv(name);
  return value && *value ? value : otherwise;
}

uint64_t number(const std::string &text, uint64_t otherwise) {
  char *end = nullptr;
  uint64_t value = std::strtoull(text.c_str(), &end, 10);
  return end == text.c_str() || *end ? otherwise : value;
}

void complain(const std::string &message) {
  std::fprintf(stderr, "tenon-sim: %s\n", message.c_str());
}

/// False, with a message, for a value that is none.
bool readOptions(Options &options) {
  std::string checks = environment("TENON_SIM_CHECKS", "all"), unknown;
  auto parsed = Checks::parse(checks, unknown);
  if (!parsed) {
    complain("unknown check '" + unknown + "'");
    return false;
  }
  options.checks = *parsed;
  std::string order = environment("TENON_SIM_ORDER", "eager");
  auto named = findOrder(order);
  if (!named) {
    complain("unknown order '" + order + "'; expected eager, lazy or random");
    return false;
  }
  options.order = *named;
  options.seed = number(environment("TENON_SIM_SEED"), 0);
  options.threads = static_cast<unsigned>(number(environment("TENON_SIM_THREADS"), 0));
  options.fastMma = environment("TENON_SIM_MMA") == "fast";
  return true;
}

std::unique_ptr<Driver> start() {
  std::string name = environment("TENON_SIM_GPU", "a100");
  const GpuSpec *spec = findGpuSpec(name);
  uint64_t count = number(environment("TENON_SIM_GPUS", "1"), 1);
  Options options;
  if (!spec)
    complain("unknown GPU '" + name + "'");
  if (!spec || count > 64 || !readOptions(options))
    return nullptr;
  auto driver = std::make_unique<Driver>();
  driver->machine = std::make_unique<Machine>(*spec, static_cast<unsigned>(count), options);
  driver->primaries.resize(count);
  driver->primaryCount.resize(count);
  driver->primaryFlags.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    auto pool = std::make_shared<PoolObject>();
    pool->device = static_cast<int>(i);
    driver->poolTable.add(pool);
    driver->pools.push_back(pool);
    driver->currentPool.push_back(pool.get());
  }
  return driver;
}

std::mutex startMutex;
// Never destroyed: threads of the program may still call in while it ends.
std::atomic<Driver *> instance{nullptr};

void writeFile(const std::string &path, const std::string &text) {
  std::ofstream file(path);
  file << text;
  if (!file)
    complain("cannot write '" + path + "'");
}

} // namespace

Driver *driver() { return instance.load(std::memory_order_acquire); }

CUresult initialize() {
  std::lock_guard lock(startMutex);
  if (driver())
    return driver()->deviceCount() ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
  std::unique_ptr<Driver> started = start();
  if (!started)
    return CUDA_ERROR_NO_DEVICE;
  bool any = started->deviceCount() > 0;
  instance.store(started.release(), std::memory_order_release);
  return any ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

/// Findings go to stderr; as JSON into the folder that tenon-sim names, one file
/// per process.
void Driver::report() {
  for (auto &context : contexts.all())
    destroyContext(context);
  machine->reportLeaks();
  for (const Finding &finding : machine->findings().sorted())
    std::fprintf(stderr, "%s\n", Findings::text(finding).c_str());
  std::string folder = environment("TENON_SIM_REPORT_DIR");
  if (folder.empty())
    return;
  std::string suffix = "-" + std::to_string(getpid()) + ".json";
  writeFile(folder + "/findings" + suffix, machine->findings().json());
  writeFile(folder + "/counters" + suffix, machine->counters().json());
}

void markHostVisible(uint64_t address, uint64_t size) {
  const GlobalShadow &shadow = driver()->machine->memory().state().shadow;
  if (shadow.holds(address))
    setBits(shadow.init, address - shadow.base, size);
}

std::vector<std::shared_ptr<Context>> &contextStack() {
  thread_local std::vector<std::shared_ptr<Context>> stack;
  return stack;
}

Current current() {
  auto &stack = contextStack();
  if (stack.empty() || !stack.back())
    return {nullptr, CUDA_ERROR_INVALID_CONTEXT};
  if (stack.back()->destroyed)
    return {nullptr, CUDA_ERROR_CONTEXT_IS_DESTROYED};
  return {stack.back(), stack.back()->error.load()};
}

std::shared_ptr<Context> makeContext(int device, unsigned flags, bool primary) {
  auto context = std::make_shared<Context>();
  context->device = device;
  context->flags = flags;
  context->primary = primary;
  context->id = driver()->nextContext++;
  context->legacy = std::make_shared<Stream>();
  context->legacy->context = context;
  context->legacy->id = driver()->nextStream++;
  context->legacy->legacy = true;
  driver()->contexts.add(context);
  return context;
}

/// Waits for the streams and unloads what the context holds.
void destroyContext(const std::shared_ptr<Context> &context) {
  if (context->destroyed.exchange(true))
    return;
  std::set<std::shared_ptr<Stream>> streams;
  {
    std::lock_guard lock(context->mutex);
    streams.swap(context->streams);
    streams.insert(context->legacy);
  }
  for (auto &stream : streams) {
    stream->stop();
    driver()->streams.remove(stream.get());
  }
  for (auto &library : driver()->libraries.all()) {
    std::lock_guard lock(library->mutex);
    auto it = library->perDevice.find(context->device);
    if (it != library->perDevice.end() && it->second->context == context)
      library->perDevice.erase(it);
  }
  for (auto &module : driver()->modules.all())
    if (module->context == context)
      driver()->modules.remove(module.get());
  for (auto &function : driver()->functions.all())
    if (function->module.expired())
      driver()->functions.remove(function.get());
  driver()->contexts.remove(context.get());
}

std::shared_ptr<Context> retainPrimary(int device) {
  Driver &d = *driver();
  std::lock_guard lock(d.mutex);
  auto &slot = d.primaries[device];
  if (!slot || slot->destroyed)
    slot = makeContext(device, d.primaryFlags[device], true);
  ++d.primaryCount[device];
  return slot;
}

LoadedModule::~LoadedModule() {
  if (Driver *d = driver())
    for (auto &[name, function] : functions)
      d->functions.remove(function.get());
}

CUresult notSupported(const char *name) {
  static std::mutex mutex;
  static std::set<std::string> said;
  std::lock_guard lock(mutex);
  if (said.insert(name).second)
    complain(std::string(name) + " is not supported by the simulated driver");
  return CUDA_ERROR_NOT_SUPPORTED;
}

namespace {

struct AtEnd {
  ~AtEnd() {
    if (Driver *d = driver())
      d->report();
  }
};
AtEnd atEnd;

} // namespace
} // namespace tenon::sim::driver
