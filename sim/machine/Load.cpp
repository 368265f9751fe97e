// Loading a module on a GPU: variables get memory, kernels are decoded.
#include "sim/machine/MachineState.h"
#include "sim/machine/code/Decoding.h"
#include <cstring>

namespace tenon::sim {
namespace {

using ptx::SymbolRef;

bool inMemory(const ptx::Variable &v) {
  return (v.space == ptx::Space::Global || v.space == ptx::Space::Const) && v.size > 0;
}

class Loader {
public:
  Loader(Gpu &gpu, const ptx::Module &module, std::string &log)
      : gpu(gpu), module(module), log(log), state(std::make_unique<Module::State>()) {
    state->gpu = &gpu;
    // The caller may drop its module: decoded programs refer to lines and names.
    state->source = std::make_shared<ptx::Module>(module);
  }

  std::unique_ptr<Module> run() {
    bool good = placeVariables();
    for (uint32_t f = 0; good && f < module.functions.size(); ++f)
      if (module.functions[f].isEntry && module.functions[f].hasBody)
        decoded &= decode(f);
    auto result = std::make_unique<Module>(std::move(state)); // frees what was placed
    return good && decoded ? std::move(result) : nullptr;
  }

private:
  Memory &memory() { return gpu.machine().memory(); }

  bool placeVariables() {
    for (const ptx::Variable &v : module.variables) {
      addresses.push_back(0);
      if (!inMemory(v))
        continue;
      uint64_t address = memory().allocate(gpu.index(), v.size, v.alignment, "variable " + v.name);
      if (!address) {
        log += "variable " + v.name + ": out of memory for " + std::to_string(v.size) + " bytes\n";
        return false;
      }
      addresses.back() = address;
      state->variables.push_back({v.name, address, v.size, v.space == ptx::Space::Const});
    }
    for (size_t i = 0; i < addresses.size(); ++i)
      if (addresses[i])
        initialise(module.variables[i], addresses[i]);
    return true;
  }

  /// Variables without an initialiser are zero, as CUDA's are.
  void initialise(const ptx::Variable &v, uint64_t address) {
    std::vector<uint8_t> bytes(v.size, 0);
    size_t given = std::min(bytes.size(), v.initializer.bytes.size());
    std::memcpy(bytes.data(), v.initializer.bytes.data(), given);
    for (const ptx::Relocation &r : v.initializer.relocations) {
      uint64_t value = addressOf(r.target) + uint64_t(r.addend);
      if (r.bytes == 1)
        value = value >> (8 * r.byteIndex) & 0xff;
      if (r.offset + r.bytes <= bytes.size())
        std::memcpy(bytes.data() + r.offset, &value, r.bytes);
    }
    memory().copy(reinterpret_cast<void *>(address), bytes.data(), bytes.size());
  }

  uint64_t addressOf(const SymbolRef &ref) const {
    if (ref.kind == SymbolRef::Kind::Function)
      return functionWindow + 16ull * ref.index;
    return ref.kind == SymbolRef::Kind::Global && ref.index < addresses.size() ? addresses[ref.index] : 0;
  }

  bool decode(uint32_t index) {
    auto program = std::make_unique<Program>();
    program->module = state->source.get();
    Decoding decoding(*program, gpu.spec(), addresses, gpu.machine().options().fastMma, log);
    if (!decoding.decodeKernel(index))
      return false;
    if (program->rows > 60000) {
      log += "kernel " + module.functions[index].name + ": more registers than the simulator holds\n";
      return false;
    }
    state->kernels.push_back(describe(*program, module.functions[index]));
    state->kernels.back()->index = uint32_t(state->programs.size());
    state->programs.push_back(std::move(program));
    return true;
  }

  std::unique_ptr<Kernel> describe(const Program &program, const ptx::Function &f) {
    auto kernel = std::make_unique<Kernel>();
    kernel->name = f.name;
    uint32_t at = 0;
    for (const ptx::Variable &p : f.params) {
      uint32_t align = std::max<uint32_t>(p.alignment, 1);
      at = (at + align - 1) / align * align;
      kernel->parameters.push_back({at, uint32_t(p.size), align});
      at += uint32_t(p.size);
    }
    kernel->parameterBytes = at;
    kernel->staticSharedBytes = program.staticShared;
    kernel->localBytes = program.localBytes;
    for (const ptx::Variable &v : module.variables)
      kernel->constantBytes += v.space == ptx::Space::Const ? uint32_t(v.size) : 0;
    kernel->registers = program.registersPerThread;
    auto product = [](const std::array<uint32_t, 3> &v) {
      return std::max(v[0], 1u) * std::max(v[1], 1u) * std::max(v[2], 1u);
    };
    if (f.bounds.maxThreads[0])
      kernel->maxThreads = product(f.bounds.maxThreads);
    kernel->requiredThreads = f.bounds.requiredThreads;
    if (f.bounds.requiredThreads[0])
      kernel->maxThreads = product(f.bounds.requiredThreads);
    kernel->clusterShape = f.bounds.requiredCluster;
    kernel->ptxVersion = int(module.versionMajor * 10 + module.versionMinor);
    kernel->target = int(module.targetSM);
    kernel->program = &program;
    return kernel;
  }

  Gpu &gpu;
  const ptx::Module &module;
  std::string &log;
  std::unique_ptr<Module::State> state;
  VariableAddresses addresses;
  bool decoded = true;
};

} // namespace

Module::Module(std::unique_ptr<State> state) : impl(std::move(state)) {}

Module::~Module() {
  for (const GlobalVariable &v : impl->variables)
    impl->gpu->machine().memory().release(v.address);
}

const Kernel *Module::kernel(std::string_view name) const {
  for (const auto &k : impl->kernels)
    if (k->name == name)
      return k.get();
  return nullptr;
}

const GlobalVariable *Module::variable(std::string_view name) const {
  for (const GlobalVariable &v : impl->variables)
    if (v.name == name)
      return &v;
  return nullptr;
}

std::vector<const Kernel *> Module::kernels() const {
  std::vector<const Kernel *> result;
  for (const auto &k : impl->kernels)
    result.push_back(k.get());
  return result;
}

std::unique_ptr<Module> Gpu::load(const ptx::Module &module, std::string &log) {
  return Loader(*this, module, log).run();
}

} // namespace tenon::sim
