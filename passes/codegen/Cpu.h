//===- Cpu.h - Tile programs to x86 machine code ------------------*- C++ -*-===//
//
// compileForCpu() turns the `tile.func`s of a module into one position-
// independent image: bytes that run wherever they are mapped (read and execute),
// without relocations, imports or writable data. Same module, same bytes, on any
// machine and with any number of threads.
//
// A kernel is a `tenon_kernel` (runtime/include/tenon/kernel.h): it runs the
// blocks [begin, end) of its grid and returns 0, or n if the n-th of its
// `checks` failed. Calls from several threads are independent as long as each
// has its own scratch memory.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_CPU_H
#define TENON_PASSES_CODEGEN_CPU_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace tenon {

/// What instructions a piece of code may use: `avx2` is x86-64-v3 (Haswell,
/// Zen), `avx512` x86-64-v4 (Skylake-X, Zen 4).
enum class CpuFeatures { Avx2, Avx512 };

/// "avx2" or "avx512".
llvm::StringRef cpuFeaturesName(CpuFeatures features);
/// The features called \p name, or nothing.
std::optional<CpuFeatures> parseCpuFeatures(llvm::StringRef name);

/// Where a kernel starts in an image, and what its caller must know.
struct KernelEntry {
  std::string name;
  uint64_t offset;
  /// Bytes of scratch memory per thread: an expression of the kernel's symbols.
  mlir::Attribute scratchBytes;
  /// Messages of the kernel's checks: return value n means checks[n - 1].
  std::vector<std::string> checks;
};

struct CodeImage {
  std::vector<char> bytes; ///< to be mapped at an address divisible by `alignment`
  uint64_t alignment = 64;
  std::vector<KernelEntry> kernels; ///< in the order of the module
};

/// Compiles all `tile.func`s of \p module, which is left as it is. Reports errors
/// at the operation they belong to. \p listing gets the LLVM IR of every kernel as
/// it goes into instruction selection.
mlir::FailureOr<CodeImage> compileForCpu(mlir::ModuleOp module, CpuFeatures features,
                                         unsigned threads = 2, std::string *listing = nullptr);

} // namespace tenon

#endif
