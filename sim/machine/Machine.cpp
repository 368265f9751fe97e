// The machine and its GPUs.
#include "sim/machine/MachineState.h"

namespace tenon::sim {

Machine::Machine(const GpuSpec &spec, unsigned gpuCount, Options options)
    : impl(std::make_unique<State>(spec, gpuCount, std::move(options))) {
  for (unsigned i = 0; i < gpuCount; ++i)
    impl->gpus.push_back(std::make_unique<Gpu>(*this, i));
}

Machine::~Machine() = default;
unsigned Machine::gpuCount() const { return unsigned(impl->gpus.size()); }
Gpu &Machine::gpu(unsigned index) { return *impl->gpus[index]; }
Memory &Machine::memory() { return impl->memory; }
const Options &Machine::options() const { return impl->options; }
Findings &Machine::findings() { return impl->findings; }
CounterTable &Machine::counters() { return impl->counters; }

void Machine::reportLeaks() {
  if (!impl->options.checks.has(Kind::Leak))
    return;
  for (const Allocation &a : impl->memory.live()) {
    if (a.label.starts_with("variable ") || a.label.starts_with("device ") ||
        a.label.starts_with("internal "))
      continue;
    Finding finding;
    finding.kind = Kind::Leak;
    finding.file = a.label;
    finding.line = uint32_t(a.serial);
    finding.address = a.address;
    finding.message = std::to_string(a.size) + " bytes of " + a.label + " were never freed";
    impl->findings.add(std::move(finding));
  }
}

Gpu::Gpu(Machine &machine, unsigned index) : impl(std::make_unique<State>()) {
  impl->machine = &machine;
  impl->index = index;
}
Gpu::~Gpu() = default;
const GpuSpec &Gpu::spec() const { return impl->machine->state().spec; }
unsigned Gpu::index() const { return impl->index; }
Machine &Gpu::machine() const { return *impl->machine; }

Occupancy Gpu::occupancy(const Kernel &kernel, uint32_t threads, uint32_t dynamicShared) const {
  const GpuSpec &s = spec();
  uint32_t warps = (std::max(threads, 1u) + 31) / 32;
  uint32_t blocks = std::min(s.blocksPerSm, s.threadsPerSm / (warps * 32));
  uint32_t perWarp = (std::max(kernel.registers, 1u) * 32 + 255) / 256 * 256;
  blocks = std::min(blocks, 65536 / (perWarp * warps));
  uint32_t shared = kernel.staticSharedBytes + dynamicShared + 1024;
  blocks = std::min(blocks, s.sharedPerSm / shared);
  return {blocks};
}

} // namespace tenon::sim
