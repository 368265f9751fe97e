//===- Kernel.h - Compiles tile programs in a test and calls them -*- C++ -*-===//
#ifndef TENON_TESTS_PASSES_CODEGEN_KERNEL_H
#define TENON_TESTS_PASSES_CODEGEN_KERNEL_H

#include "dialects/tile/TileDialect.h"
#include "passes/codegen/Cpu.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tenon::test {

/// Feature sets that this machine can run.
std::vector<CpuFeatures> runnableFeatures();

/// Kernels of one source text, mapped executable.
class Kernels {
public:
  Kernels(const std::string &source, CpuFeatures features);
  ~Kernels();
  Kernels(const Kernels &) = delete;

  /// What was reported while compiling, empty if it worked.
  const std::string &error() const { return diagnostics; }
  const CodeImage &image() const { return code; }
  const KernelEntry &entry(const std::string &name) const;
  /// Runs blocks [begin, end) of a kernel; gives it the scratch memory it asks for.
  int run(const std::string &name, std::vector<const void *> buffers, int64_t end,
          std::vector<int64_t> symbols = {}, int64_t begin = 0) const;

private:
  mlir::MLIRContext context;
  std::string diagnostics;
  CodeImage code;
  void *mapped = nullptr;
};

} // namespace tenon::test

#endif
