//===- Gpu.h - Tile programs to PTX -------------------------------*- C++ -*-===//
//
// compileForGpu() turns the `tile.func`s of a module into PTX, one text per kernel,
// for one architecture or several. Same module, same bytes, on any machine and with
// any number of threads.
//
//   .entry name(buffers..., scratch, status, symbols...)   see gpu/GpuEmitter.h
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_GPU_H
#define TENON_PASSES_CODEGEN_GPU_H

#include "passes/codegen/gpu/GpuTarget.h"

#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace tenon {

/// What is launched, and what its caller must know.
struct GpuKernel {
  std::string name;
  /// The kernel whose code this one has (equal kernels are compiled once): its
  /// position, and so the name of its entry.
  size_t code = 0;
  uint32_t threads = 1; ///< of a block
  /// Bytes of scratch memory per block: an expression of the kernel's symbols.
  mlir::Attribute scratchBytes;
  /// Scratch memory may lie in global memory, a slot per block launched.
  bool globalScratch = false;
  /// Messages of the kernel's checks: status n means checks[n - 1].
  std::vector<std::string> checks;
};

struct GpuCode {
  std::vector<const GpuTarget *> targets;
  std::vector<GpuKernel> kernels; ///< in the order of the module
  /// Per target and kernel: PTX, empty where the code is another kernel's.
  std::vector<std::vector<std::string>> ptx;
};

/// Compiles all `tile.func`s of \p module, which is left as it is. Reports errors
/// at the operation they belong to.
mlir::FailureOr<GpuCode> compileForGpu(mlir::ModuleOp module,
                                       llvm::ArrayRef<const GpuTarget *> targets,
                                       unsigned threads = 2);

} // namespace tenon

#endif
