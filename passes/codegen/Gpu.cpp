//===- Gpu.cpp - Tile programs to PTX -----------------------------*- C++ -*-===//
//
// Each kernel goes through the passes in a module of its own, then once per
// architecture through LLVM in a context of its own: the passes one after the other,
// LLVM on several threads. Equal kernels are compiled once.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Gpu.h"

#include "dialects/tile/TileDialect.h"
#include "passes/codegen/Passes.h"
#include "passes/codegen/Ptx.h"
#include "passes/codegen/gpu/GpuEmitter.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/ThreadPool.h"
#include <list>

using namespace mlir;

namespace tenon {

void buildTileToNvvmPipeline(OpPassManager &passes) {
  passes.addPass(createTileToNvvmPass());
  passes.addPass(createExpandMathPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
}

namespace {

/// One kernel for one architecture.
struct PtxJob {
  tile::FuncOp func;
  const GpuTarget *target;
  std::string *text;
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::string error; ///< empty if there was none
};

class GpuCompiler {
public:
  GpuCompiler(ModuleOp module, ArrayRef<const GpuTarget *> targets, unsigned threads)
      : module(module), passes(module.getContext()),
        pool(llvm::hardware_concurrency(std::max(1u, threads))) {
    code.targets.assign(targets.begin(), targets.end());
    buildTileToNvvmPipeline(passes);
  }

  FailureOr<GpuCode> run();

private:
  LogicalResult lower(tile::FuncOp func, GpuKernel &kernel);
  LogicalResult start(tile::FuncOp func, ModuleOp lowered, size_t kernel);

  ModuleOp module;
  PassManager passes;
  llvm::DefaultThreadPool pool;
  std::list<PtxJob> jobs;
  GpuCode code;
};

void readKernel(LLVM::LLVMFuncOp func, GpuKernel &kernel) {
  kernel.threads = func->getAttrOfType<IntegerAttr>(tile::kThreadsAttr).getInt();
  kernel.scratchBytes = func->getAttr(tile::kScratchAttr);
  kernel.globalScratch = func->hasAttr(tile::kGlobalScratchAttr);
  for (auto message : func->getAttrOfType<ArrayAttr>(tile::kChecksAttr).getAsRange<StringAttr>())
    kernel.checks.push_back(message.str());
}

void compile(PtxJob &job) {
  llvm::Expected<std::string> text = compilePtx(*job.module, *job.target);
  if (text)
    *job.text = std::move(*text);
  else
    job.error = llvm::toString(text.takeError());
  job.module.reset();
  job.context.reset();
}
} // namespace

/// Translates a lowered kernel for every target and compiles it in the background.
LogicalResult GpuCompiler::start(tile::FuncOp func, ModuleOp lowered, size_t kernel) {
  for (auto [i, target] : llvm::enumerate(code.targets)) {
    PtxJob &job = jobs.emplace_back();
    job.func = func;
    job.target = target;
    job.text = &code.ptx[i][kernel];
    job.context = std::make_unique<llvm::LLVMContext>();
    job.module = translateModuleToLLVMIR(lowered, *job.context, func.getSymName());
    if (!job.module)
      return func.emitError("cannot be translated to LLVM IR");
    pool.async([&job] { compile(job); });
  }
  return success();
}

/// Runs the passes over a copy of the kernel.
LogicalResult GpuCompiler::lower(tile::FuncOp func, GpuKernel &kernel) {
  OwningOpRef<ModuleOp> copy = ModuleOp::create(func.getLoc());
  (*copy)->setAttrs(module->getAttrs()); // the symbols' ranges
  copy->getBody()->push_back(func->clone());
  if (failed(passes.run(*copy)))
    return failure();
  readKernel(copy->lookupSymbol<LLVM::LLVMFuncOp>(func.getSymName()), kernel);
  return start(func, *copy, kernel.code);
}

FailureOr<GpuCode> GpuCompiler::run() {
  auto funcs = llvm::to_vector(module.getOps<tile::FuncOp>());
  code.kernels.resize(funcs.size());
  code.ptx.assign(code.targets.size(), std::vector<std::string>(funcs.size()));
  llvm::StringMap<size_t> known;
  LogicalResult result = success();
  for (auto [i, func] : llvm::enumerate(funcs)) {
    GpuKernel &kernel = code.kernels[i];
    auto [position, isNew] = known.try_emplace(tile::fingerprint(func), i);
    if (!isNew)
      kernel = code.kernels[position->second];
    kernel.name = func.getSymName().str();
    kernel.code = position->second;
    if (isNew && failed(lower(func, kernel)))
      result = failure();
  }
  pool.wait();
  for (PtxJob &job : jobs)
    if (!job.error.empty())
      result = job.func.emitError(job.error);
  if (failed(result))
    return failure();
  return std::move(code);
}

FailureOr<GpuCode> compileForGpu(ModuleOp module, ArrayRef<const GpuTarget *> targets,
                                 unsigned threads) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);
  return GpuCompiler(module, targets, threads).run();
}

} // namespace tenon
