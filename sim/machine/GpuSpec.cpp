// The table of simulated GPUs. "fictional" is newer than every compiler target,
// so that a bundle's fallback to its base PTX can be tested.
#include "sim/machine/GpuSpec.h"

namespace tenon::sim {
namespace {

constexpr uint64_t gib = 1ull << 30;
constexpr uint32_t kib = 1u << 10, mib = 1u << 20;
using TC = TensorCore;

constexpr GpuSpec table[] = {
    {"a100", "NVIDIA A100-SXM4-80GB", 8, 0, TC::Ampere, 108, 80 * gib, 48 * kib, 163 * kib,
     164 * kib, 2048, 32, 40 * mib, 1410000, 1593000, 5120},
    {"a10", "NVIDIA A10", 8, 6, TC::Ampere, 72, 24 * gib, 48 * kib, 99 * kib, 100 * kib, 1536, 16,
     6 * mib, 1695000, 6251000, 384},
    {"h100", "NVIDIA H100 80GB HBM3", 9, 0, TC::Hopper, 132, 80 * gib, 48 * kib, 227 * kib,
     228 * kib, 2048, 32, 50 * mib, 1980000, 2619000, 5120},
    {"h200", "NVIDIA H200", 9, 0, TC::Hopper, 132, 141 * gib, 48 * kib, 227 * kib, 228 * kib, 2048,
     32, 50 * mib, 1980000, 3201000, 6144},
    {"l40s", "NVIDIA L40S", 8, 9, TC::Ada, 142, 48 * gib, 48 * kib, 99 * kib, 100 * kib, 1536, 24,
     96 * mib, 2520000, 9001000, 384},
    {"b200", "NVIDIA B200", 10, 0, TC::Blackwell, 148, 180 * gib, 48 * kib, 227 * kib, 228 * kib,
     2048, 32, 126 * mib, 1965000, 3996000, 8192},
    {"rtx4090", "NVIDIA GeForce RTX 4090", 8, 9, TC::Ada, 128, 24 * gib, 48 * kib, 99 * kib,
     100 * kib, 1536, 24, 72 * mib, 2520000, 10501000, 384},
    {"rtx5090", "NVIDIA GeForce RTX 5090", 12, 0, TC::Blackwell, 170, 32 * gib, 48 * kib, 99 * kib,
     100 * kib, 1536, 24, 96 * mib, 2407000, 14001000, 512},
    {"fictional", "Tenon Fictional GPU", 13, 0, TC::Blackwell, 160, 192 * gib, 48 * kib, 227 * kib,
     228 * kib, 2048, 32, 128 * mib, 2000000, 4000000, 8192},
};

} // namespace

std::span<const GpuSpec> gpuSpecs() { return table; }

const GpuSpec *findGpuSpec(std::string_view name) {
  for (const GpuSpec &spec : table)
    if (spec.name == name)
      return &spec;
  return nullptr;
}

} // namespace tenon::sim
