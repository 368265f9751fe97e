//===- GpuTarget.h - what a GPU architecture can do ---------------*- C++ -*-===//
//
// One description per architecture that code is generated for. Generators and
// passes ask for a capability, never for a number: sm_90a has wgmma, sm_120a,
// though newer, has not.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_GPU_GPUTARGET_H
#define TENON_PASSES_CODEGEN_GPU_GPUTARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace tenon {

struct GpuTarget {
  llvm::StringLiteral name;        ///< "sm_80": what --target and the bundle say.
  llvm::StringLiteral processor;   ///< LLVM's name of it.
  llvm::StringLiteral features;    ///< LLVM's features: the PTX version.
  int64_t sharedBytes;             ///< Shared memory that one block can have.
  bool hasAsyncCopy;               ///< cp.async.
  bool hasMmaSync;                 ///< mma.sync with bf16, f16 and tf32; ldmatrix.
  bool hasMmaFp8;                  ///< mma.sync on e4m3 and e5m2.
  bool hasWgmma;                   ///< wgmma.mma_async.
  bool hasTma;                     ///< cp.async.bulk.tensor.
  bool hasTcgen05;                 ///< tcgen05.mma and tensor memory.
  bool hasPackedF32;               ///< fma.rn.f32x2 in one instruction.
};

/// All architectures, oldest first; the last, "compute_80", is PTX for GPUs newer
/// than every other.
llvm::ArrayRef<GpuTarget> gpuTargets();
/// The architecture of that name, or null.
const GpuTarget *findGpuTarget(llvm::StringRef name);

} // namespace tenon

#endif
