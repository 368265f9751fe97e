// What a simulated GPU is: the numbers cuDeviceGetAttribute answers and the
// limits that launches are held to. Values are those of the vendor's public
// data sheets and programming guide (table "technical specifications").
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tenon::sim {

/// Which published tensor-core arithmetic a GPU has (see matrix/Dot.h).
enum class TensorCore : uint8_t { Volta, Turing, Ampere, Ada, Hopper, Blackwell };

struct GpuSpec {
  std::string_view name;  // as on the command line, e.g. "h100"
  std::string_view title; // as cuDeviceGetName says it
  int major, minor;       // compute capability
  TensorCore tensorCore;
  uint32_t smCount;
  uint64_t memoryBytes;
  uint32_t sharedPerBlock;      // without opting in
  uint32_t sharedPerBlockOptin; // with cuFuncSetAttribute
  uint32_t sharedPerSm;
  uint32_t threadsPerSm;
  uint32_t blocksPerSm;
  uint32_t l2Bytes;
  uint32_t clockKHz;
  uint32_t memoryClockKHz;
  uint32_t memoryBusBits;

  bool atLeast(int wantMajor, int wantMinor) const {
    return major != wantMajor ? major > wantMajor : minor >= wantMinor;
  }
};

/// All simulated GPUs; never empty, the first is the default.
std::span<const GpuSpec> gpuSpecs();

/// The GPU of that name, or null.
const GpuSpec *findGpuSpec(std::string_view name);

} // namespace tenon::sim
