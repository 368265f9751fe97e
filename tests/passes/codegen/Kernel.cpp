//===- Kernel.cpp - Compiles tile programs in a test and calls them ---------===//
#include "tests/passes/codegen/Kernel.h"
#include "runtime/include/tenon/kernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/TargetParser/Host.h"

#include <cstring>
#include <stdexcept>
#include <sys/mman.h>

using namespace tenon::test;

std::vector<tenon::CpuFeatures> tenon::test::runnableFeatures() {
  std::vector<CpuFeatures> result;
  auto has = llvm::sys::getHostCPUFeatures();
  if (has["avx2"] && has["fma"] && has["f16c"])
    result.push_back(CpuFeatures::Avx2);
  if (has["avx512f"] && has["avx512bw"] && has["avx512dq"] && has["avx512vl"])
    result.push_back(CpuFeatures::Avx512);
  return result;
}

Kernels::Kernels(const std::string &source, CpuFeatures features) {
  context.loadDialect<tile::TileDialect, mlir::LLVM::LLVMDialect>();
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    diagnostics += diagnostic.str() + "\n";
    return mlir::success();
  });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
  if (!module)
    return;
  auto compiled = compileForCpu(*module, features);
  if (mlir::failed(compiled))
    return;
  code = std::move(*compiled);
  mapped =
      mmap(nullptr, code.bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memcpy(mapped, code.bytes.data(), code.bytes.size());
  mprotect(mapped, code.bytes.size(), PROT_READ | PROT_EXEC);
}

Kernels::~Kernels() {
  if (mapped)
    munmap(mapped, code.bytes.size());
}

const tenon::KernelEntry &Kernels::entry(const std::string &name) const {
  for (const KernelEntry &entry : code.kernels)
    if (entry.name == name)
      return entry;
  throw std::runtime_error("no kernel " + name + ": " + diagnostics);
}

int Kernels::run(const std::string &name, std::vector<const void *> buffers, int64_t end,
                 std::vector<int64_t> symbols, int64_t begin) const {
  const KernelEntry &at = entry(name);
  int64_t bytes = DimExpr(at.scratchBytes).asConstant().value_or(1 << 20);
  void *scratch = std::aligned_alloc(64, bytes + 64);
  tenon_kernel_args args{const_cast<void *const *>(reinterpret_cast<const void *const *>(buffers.data())),
                  symbols.data(), scratch, begin, end};
  auto function = reinterpret_cast<tenon_kernel>(static_cast<char *>(mapped) + at.offset);
  int result = function(&args);
  std::free(scratch);
  return result;
}
