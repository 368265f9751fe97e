// Resident memory before and after: opening GPUs, and a kernel that stores every
// word of a buffer from an odd address, so that no line is kept as a whole.
#include "bench/sim/Memory.h"
#include "sim/machine/Machine.h"
#include "sim/ptx/Parser.h"
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace tenon::sim::bench {
namespace {

constexpr uint64_t bufferBytes = 64u << 20;

double residentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return double(resident) * double(sysconf(_SC_PAGESIZE));
}

std::string touchKernel() {
  return ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry touch(.param .u64 to, .param .u32 steps) {\n"
         ".reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .pred %p<2>;\nld.param.u64 %rd1, [to]; ld.param.u32 %r2, [steps];"
         "mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4; add.u64 %rd1, %rd1, %rd2;\nL:\n"
         "st.global.u32 [%rd1+4], %r1; add.u64 %rd1, %rd1, 128; sub.u32 %r2, %r2, 1; setp.ne.u32 %p1, %r2, 0;\n"
         "@%p1 bra L;\nret; }\n";
}

void touch(Machine &machine, uint64_t address) {
  auto parsed = ptx::parseModule(touchKernel());
  std::string log;
  auto module = machine.gpu(0).load(*parsed.module, log);
  LaunchConfig config;
  config.kernel = module->kernel("touch");
  config.block = {32, 1, 1};
  std::vector<std::byte> parameters(config.kernel->parameterBytes);
  uint32_t steps = bufferBytes / 128 - 1;
  std::memcpy(parameters.data(), &address, 8);
  std::memcpy(parameters.data() + 8, &steps, 4);
  config.parameters = parameters;
  machine.gpu(0).launch(config);
}

} // namespace

MemoryUse measureMemory() {
  MemoryUse use;
  Options options;
  options.threads = 1;
  double before = residentBytes();
  Machine machine(*findGpuSpec("h100"), 8, options);
  use.openMegabytes = (residentBytes() - before) / 1e6;
  uint64_t address = machine.memory().allocate(0, bufferBytes, 256, "bench");
  before = residentBytes();
  touch(machine, address);
  use.shadowPerByte = (residentBytes() - before) / double(bufferBytes) - 1;
  return use;
}

} // namespace tenon::sim::bench
