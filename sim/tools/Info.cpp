// tenon-sim info: what the simulated GPUs are.
#include "sim/tools/Options.h"

#include "sim/machine/GpuSpec.h"

#include <cstdio>
#include <memory>

namespace tenon::sim::tools {
namespace {

void print(const GpuSpec &gpu) {
  std::printf("%-10.*s %.*s\n", int(gpu.name.size()), gpu.name.data(), int(gpu.title.size()), gpu.title.data());
  std::printf("  compute capability %d.%d, %u SMs, %.1f GB memory, %.1f MB L2\n", gpu.major, gpu.minor, gpu.smCount,
              double(gpu.memoryBytes) / (1 << 30), double(gpu.l2Bytes) / (1 << 20));
  std::printf("  shared memory %u KB per SM, %u KB per block (%u KB without asking), %u threads and %u blocks per SM\n",
              gpu.sharedPerSm / 1024, gpu.sharedPerBlockOptin / 1024, gpu.sharedPerBlock / 1024, gpu.threadsPerSm,
              gpu.blocksPerSm);
}

} // namespace

void addInfo(CLI::App &app, int &status) {
  struct InfoOptions {
    std::string gpu;
    unsigned gpus = 1;
  };
  auto options = std::make_shared<InfoOptions>();
  CLI::App *command = app.add_subcommand("info", "describe the simulated GPUs");
  command->add_option("--gpu", options->gpu, "only this one");
  command->add_option("--gpus", options->gpus, "how many of it there would be");
  command->callback([options, &status] {
    if (options->gpu.empty()) {
      for (const GpuSpec &gpu : gpuSpecs())
        print(gpu);
      return;
    }
    const GpuSpec *gpu = findGpuSpec(options->gpu);
    if (!gpu) {
      std::fprintf(stderr, "tenon-sim: unknown GPU '%s'\n", options->gpu.c_str());
      status = 1;
      return;
    }
    for (unsigned i = 0; i < options->gpus; ++i) {
      std::printf("GPU %u: ", i);
      print(*gpu);
    }
  });
}

} // namespace tenon::sim::tools
