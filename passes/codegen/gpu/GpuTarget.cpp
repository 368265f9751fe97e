//===- GpuTarget.cpp - the table of GPU architectures -------------*- C++ -*-===//
//
// Shared memory per block: CUDA C++ Programming Guide, "Technical Specifications
// per Compute Capability". Capabilities: PTX ISA, "Target ISA Notes".
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/GpuTarget.h"

namespace tenon {

static constexpr int64_t kKiB = 1024;

// name, processor, features, shared, cp.async, mma, fp8, wgmma, tma, tcgen05, f32x2
static constexpr GpuTarget kTargets[] = {
    {"sm_80", "sm_80", "+ptx80", 163 * kKiB, true, true, false, false, false, false, false},
    {"sm_86", "sm_86", "+ptx80", 99 * kKiB, true, true, false, false, false, false, false},
    {"sm_89", "sm_89", "+ptx84", 99 * kKiB, true, true, true, false, false, false, false},
    {"sm_90a", "sm_90a", "+ptx80", 227 * kKiB, true, true, true, true, true, false, false},
    {"sm_100a", "sm_100a", "+ptx86", 227 * kKiB, true, true, true, false, true, true, true},
    {"sm_120a", "sm_120a", "+ptx87", 99 * kKiB, true, true, true, false, true, false, false},
    {"compute_80", "sm_80", "+ptx80", 99 * kKiB, true, true, false, false, false, false, false},
};

llvm::ArrayRef<GpuTarget> gpuTargets() { return kTargets; }

const GpuTarget *findGpuTarget(llvm::StringRef name) {
  for (const GpuTarget &target : kTargets)
    if (target.name == name)
      return &target;
  return nullptr;
}

} // namespace tenon
