//===- Cpu.cpp - Tile programs to x86 machine code ----------------*- C++ -*-===//
//
// Each kernel goes through the passes, then LLVM, in a module and a context of
// its own: the passes one after the other, LLVM on several threads. The image is
// put together in the order of the module, so that its bytes depend on neither.
// Equal kernels are compiled once.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Cpu.h"

#include "dialects/tile/TileDialect.h"
#include "dialects/tile/Variants.h"
#include "passes/codegen/ObjectCode.h"
#include "passes/codegen/Passes.h"
#include "passes/codegen/emit/TileEmitter.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/ThreadPool.h"

using namespace mlir;

namespace tenon {

llvm::StringRef cpuFeaturesName(CpuFeatures features) {
  return features == CpuFeatures::Avx512 ? "avx512" : "avx2";
}

std::optional<CpuFeatures> parseCpuFeatures(llvm::StringRef name) {
  for (CpuFeatures features : {CpuFeatures::Avx2, CpuFeatures::Avx512})
    if (name == cpuFeaturesName(features))
      return features;
  return std::nullopt;
}

void buildTileToLLVMPipeline(OpPassManager &passes, CpuFeatures features) {
  passes.addPass(createTileToLLVMPass({cpuFeaturesName(features).str()}));
  passes.addPass(createExpandMathPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
}

namespace {

/// One kernel on its way.
struct Job {
  tile::FuncOp func;
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  llvm::SmallVector<char, 0> object;
  std::string listing;
  std::string error; ///< of compiling the object, empty if there was none
  KernelEntry entry;
  const Job *same = nullptr; ///< an earlier kernel of equal code, compiled instead
};

} // namespace

std::string tile::fingerprint(tile::FuncOp func) {
  OwningOpRef<tile::FuncOp> copy = func.clone();
  copy->setSymName("kernel");
  (*copy)->setDiscardableAttrs(DictionaryAttr::get(func.getContext()));
  std::string text;
  llvm::raw_string_ostream stream(text);
  copy->print(stream, OpPrintingFlags().useLocalScope());
  return text;
}

/// The kernel whose code a function is.
static llvm::StringRef kernelName(tile::FuncOp func) {
  auto kernel = func->getAttrOfType<StringAttr>(tile::kKernelAttr);
  return kernel ? kernel.getValue() : func.getSymName();
}

/// One function for each kernel: the one for these vectors, where there is one.
static std::vector<tile::FuncOp> functionsFor(ModuleOp module, CpuFeatures features) {
  int64_t lanes = features == CpuFeatures::Avx512 ? 16 : 8;
  std::vector<tile::FuncOp> chosen;
  for (tile::FuncOp func : module.getOps<tile::FuncOp>()) {
    auto own = func->getAttrOfType<IntegerAttr>(tile::kLanesAttr);
    if (!own)
      chosen.push_back(func);
    else if (own.getInt() == lanes) // right behind the kernel's first function
      chosen.back() = func;
  }
  return chosen;
}

static void readEntry(Job &job, LLVM::LLVMFuncOp func) {
  job.entry.name = func.getSymName().str();
  job.entry.scratchBytes = func->getAttr(tile::kScratchAttr);
  for (StringAttr message :
       func->getAttrOfType<ArrayAttr>(tile::kChecksAttr).getAsRange<StringAttr>())
    job.entry.checks.push_back(message.str());
}

/// Runs the passes over a copy of the kernel and translates the result.
static LogicalResult lower(Job &job, PassManager &passes) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(job.func.getLoc());
  auto copy = cast<tile::FuncOp>(job.func->clone());
  copy.setSymName(kernelName(job.func));
  module->getBody()->push_back(copy);
  if (failed(passes.run(*module)))
    return failure();
  readEntry(job, module->lookupSymbol<LLVM::LLVMFuncOp>(kernelName(job.func)));
  job.context = std::make_unique<llvm::LLVMContext>();
  job.module = translateModuleToLLVMIR(*module, *job.context, job.func.getSymName());
  if (!job.module)
    return job.func.emitError("cannot be translated to LLVM IR");
  return success();
}

/// The part that runs on any thread.
static void compile(Job &job, CpuFeatures features, bool list) {
  llvm::raw_string_ostream listing(job.listing);
  llvm::Expected<llvm::SmallVector<char, 0>> object =
      compileObject(*job.module, features, list ? &listing : nullptr);
  if (object)
    job.object = std::move(*object);
  else
    job.error = llvm::toString(object.takeError());
  job.module.reset();
  job.context.reset();
}

static void registerTranslations(MLIRContext &context) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  context.appendDialectRegistry(registry);
}

/// Puts a compiled kernel into the image.
static LogicalResult append(Job &job, CodeImage &image) {
  if (job.same) {
    KernelEntry entry = job.same->entry;
    entry.name = kernelName(job.func).str();
    image.kernels.push_back(std::move(entry));
    return success();
  }
  if (!job.error.empty())
    return job.func.emitError(job.error);
  auto offset = linkObject(job.object, job.entry.name, image.bytes, image.alignment);
  if (!offset)
    return job.func.emitError(llvm::toString(offset.takeError()));
  job.entry.offset = *offset;
  image.kernels.push_back(job.entry);
  return success();
}

static void list(Job &job, std::string &listing) {
  std::string name = job.func.getSymName().str();
  if (job.same)
    listing += "; " + name + ": the code of " + job.same->entry.name + "\n";
  else
    listing += job.listing;
}

FailureOr<CodeImage> compileForCpu(ModuleOp module, CpuFeatures features, unsigned threads,
                                   std::string *listing) {
  registerTranslations(*module.getContext());
  PassManager passes(module.getContext());
  buildTileToLLVMPipeline(passes, features);

  std::vector<Job> jobs;
  for (tile::FuncOp func : functionsFor(module, features))
    jobs.emplace_back().func = func;
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(std::max(1u, threads)));
  LogicalResult result = success();
  llvm::StringMap<const Job *> known;
  for (Job &job : jobs) {
    auto [position, isNew] = known.try_emplace(tile::fingerprint(job.func), &job);
    if (!isNew) {
      job.same = position->second;
      continue;
    }
    if (failed(lower(job, passes))) {
      result = failure();
      continue;
    }
    pool.async([&job, features, listing] { compile(job, features, listing != nullptr); });
  }
  pool.wait();

  CodeImage image;
  for (Job &job : jobs) {
    if (failed(result) || failed(append(job, image)))
      result = failure();
    if (listing)
      list(job, *listing);
  }
  if (failed(result))
    return failure();
  return image;
}

} // namespace tenon
