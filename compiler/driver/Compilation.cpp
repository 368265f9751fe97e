//===- Compilation.cpp - one model on its way to a bundle -----------------===//
//
// The stages in order. Each stage is a list of passes from its own folder.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "compiler/driver/Assets.h"
#include "dialects/exec/Exec.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "passes/fuse/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/schedule/Passes.h"
#include "passes/shard/Passes.h"
#include "passes/tile/Passes.h"
#include "runtime/support/Spelling.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
namespace tenon {

void registerDialects(DialectRegistry &registry) {
  registry.insert<TenonDialect, tile::TileDialect, exec::ExecDialect, spmd::SpmdDialect, arith::ArithDialect,
                  math::MathDialect, scf::SCFDialect, LLVM::LLVMDialect>();
}

static DialectRegistry allDialects() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

/// The model's own word for a place: a file position, a node's name, or nothing.
static std::string describe(Location loc) {
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (file.getFilename().strref() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()) + ": ")
        .str();
  if (auto name = dyn_cast<NameLoc>(loc))
    return isa<UnknownLoc>(name.getChildLoc()) ? (name.getName().strref() + ": ").str()
                                               : describe(name.getChildLoc());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string text = describe(part); !text.empty())
        return text;
  return "";
}

static bool hasLine(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return hasLine(name.getChildLoc());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    return llvm::any_of(fused.getLocations(), hasLine);
  return isa<FileLineColLoc>(loc);
}

Compilation::Compilation(CompileOptions options)
    : options(std::move(options)), context(allDialects(), MLIRContext::Threading::DISABLED) {
  // Operations are for those who wrote them; others know their model's nodes.
  context.printOpOnDiagnostic(StringRef(this->options.model).ends_with(".mlir"));
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    report(isError ? "error: " : "note: ", diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      report("note: ", note);
  });
}

/// "model.tn:3:7: error: ..." where there is a line, else
/// "tenon compile: error: NODE: ...".
void Compilation::report(StringRef kind, Diagnostic &diagnostic) {
  std::string place = describe(diagnostic.getLocation());
  if (hasLine(diagnostic.getLocation()))
    llvm::errs() << place << kind << diagnostic << "\n";
  else
    llvm::errs() << options.program << ": " << kind << place << diagnostic << "\n";
}

LogicalResult Compilation::fail(const Twine &message) {
  llvm::errs() << options.program << ": error: " << message << "\n";
  return failure();
}

//===----------------------------------------------------------------------===//
// Import
//===----------------------------------------------------------------------===//

LogicalResult Compilation::importProgram() {
  auto imported = importLanguage(options.model, options.language, context, store);
  if (failed(imported))
    return failure();
  module = std::move(*imported);
  return success();
}

LogicalResult Compilation::import() {
  if (StringRef(options.model).ends_with(".mlir"))
    return importText();
  if (StringRef(options.model).ends_with(".tn"))
    return importProgram();
  ImportOptions importOptions{options.dims, options.fold, {}};
  FailureOr<OwningOpRef<ModuleOp>> imported =
      importOnnx(options.model, importOptions, context, store);
  if (failed(imported))
    return failure();
  module = std::move(*imported);
  return success();
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

static spmd::MeshAttr meshAttr(MLIRContext *context, const CompileOptions &options) {
  context->loadDialect<spmd::SpmdDialect>();
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  for (auto &[name, size] : options.mesh) {
    names.push_back(StringAttr::get(context, name));
    sizes.push_back(size);
  }
  return spmd::MeshAttr::get(context, names, sizes);
}

/// A stage that is a list of passes, for one kind of device.
struct StagePasses {
  Stage stage;
  void (*build)(OpPassManager &, StringRef device, const CompileOptions &);
};

static constexpr StagePasses kPasses[] = {
    {Stage::Graph, [](OpPassManager &manager, StringRef,
                      const CompileOptions &) { buildGraphPipeline(manager); }},
    {Stage::Shard,
     [](OpPassManager &manager, StringRef, const CompileOptions &options) {
       if (!options.mesh.empty())
         buildShardPipeline(manager, options.mesh, options.shardRules);
     }},
    {Stage::Fuse,
     [](OpPassManager &manager, StringRef device, const CompileOptions &options) {
       buildFusePipeline(manager, device == "gpu" ? "gpu:generic" : "cpu", options.fuse);
     }},
    {Stage::Tile, [](OpPassManager &manager, StringRef device,
                     const CompileOptions &options) {
       buildTilePipeline(manager, device, options.precision);
     }},
    {Stage::Exec, [](OpPassManager &manager, StringRef device,
                     const CompileOptions &) { buildSchedulePipeline(manager, device); }},
};

/// Adds the passes of a pipeline in its text form, `op(pass,pass{option=1},op(pass))`.
static void addPassNames(StringRef pipeline, std::vector<std::string> &names) {
  std::string name;
  int options = 0;
  for (char c : pipeline) {
    options += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (options || c == '}')
      continue;
    if (c != '(' && c != ',' && c != ')') {
      name += c;
      continue;
    }
    if (c != '(' && !name.empty() && !llvm::is_contained(names, name))
      names.push_back(name);
    name.clear();
  }
}

std::vector<std::string> passNames() {
  std::vector<std::string> names;
  MLIRContext context(allDialects());
  for (const StagePasses &passes : kPasses) {
    PassManager manager(&context);
    passes.build(manager, "cpu", CompileOptions());
    std::string text;
    llvm::raw_string_ostream stream(text);
    manager.printAsTextualPipeline(stream);
    addPassNames(text, names);
  }
  return names;
}

LogicalResult Compilation::runStage(ModuleOp on, StringRef device, const StagePasses &passes,
                                    TimingScope &time) {
  PassManager manager(&context);
  passes.build(manager, device, options);
  TimingScope scope = time.nest(stageName(passes.stage));
  manager.enableTiming(scope);
  if (!options.crashReproducer.empty())
    manager.enableCrashReproducerGeneration(options.crashReproducer);
  if (!options.printAfter.empty())
    manager.enableIRPrinting(
        [](Pass *, Operation *) { return false; },
        [&](Pass *pass, Operation *) {
          return llvm::is_contained(options.printAfter, pass->getArgument());
        },
        /*printModuleScope=*/true, /*printAfterOnlyOnChange=*/false,
        /*printAfterOnlyOnFailure=*/false, llvm::errs(), printingFlags());
  return manager.run(on);
}

/// One module per kind of device.
void Compilation::split() {
  if (!targets.gpu.empty() && !targets.cpu.empty())
    devices.push_back({"gpu", OwningOpRef<ModuleOp>(module->clone())});
  else if (!targets.gpu.empty())
    devices.push_back({"gpu", std::move(module)});
  if (!targets.cpu.empty())
    devices.insert(devices.begin(), {"cpu", std::move(module)});
}

/// The graph once, the rest for each kind of device.
LogicalResult Compilation::lower(Stage last, TimingScope &time) {
  for (const StagePasses &passes : kPasses) {
    if (passes.stage > last)
      break;
    if (passes.stage == Stage::Shard && !options.mesh.empty())
      (*module)->setAttr(spmd::SpmdDialect::kMeshName, meshAttr(&context, options));
    if (passes.stage < Stage::Fuse) {
      if (failed(runStage(*module, "", passes, time)))
        return failure();
      if (options.fold && passes.stage == Stage::Graph)
        foldWeights(*module, store);
      continue;
    }
    if (passes.stage == Stage::Fuse)
      split();
    for (DeviceModule &device : devices)
      if (failed(runStage(*device.module, device.device, passes, time)))
        return failure();
  }
  return success();
}

LogicalResult Compilation::generateForCpu(DeviceCode &made) {
  for (CpuFeatures set : targets.cpu) {
    std::string listing;
    bool isLast = options.stopAfter == Stage::Codegen;
    FailureOr<CodeImage> image =
        compileForCpu(made.module, set, options.threads, isLast ? &listing : nullptr);
    if (failed(image))
      return failure();
    if (isLast)
      llvm::outs() << "; target cpu:" << cpuFeaturesName(set) << "\n" << listing;
    made.cpu.push_back({cpuFeaturesName(set).str(), std::move(*image)});
  }
  return success();
}

LogicalResult Compilation::generateForGpu(DeviceCode &made) {
  FailureOr<GpuCode> gpu = compileForGpu(made.module, targets.gpu, options.threads);
  if (failed(gpu))
    return failure();
  if (options.stopAfter == Stage::Codegen)
    for (const std::vector<std::string> &kernels : gpu->ptx)
      for (const std::string &text : kernels)
        llvm::outs() << text;
  made.gpu = std::move(*gpu);
  return success();
}

LogicalResult Compilation::generateCode() {
  for (DeviceModule &device : devices) {
    DeviceCode &made = code.emplace_back();
    made.module = *device.module;
    if (failed(device.device == "gpu" ? generateForGpu(made) : generateForCpu(made)))
      return failure();
  }
  return success();
}

LogicalResult Compilation::writeFile() {
  auto source = [&](WeightOp weight) { return weightSource(weight, store); };
  FailureOr<bundle::BundleInput> input = bundleFromExec(std::move(code), source);
  if (failed(input))
    return failure();
  Status status = collectAssets(options.assets, options.language.weights, input->assets);
  if (status.ok())
    status = writeBundle(std::move(*input), options.output);
  return status.ok() ? success() : fail(status.error().message);
}

LogicalResult Compilation::importAndLower(Stage last, TimingScope &time) {
  auto parsed = parseTargets(options.targets);
  if (!parsed)
    return fail(toString(parsed.takeError()));
  targets = std::move(*parsed);
  TimingScope scope = time.nest("import");
  if (failed(import()) || failed(verify(*module)))
    return failure();
  scope.stop();
  return lower(last, time);
}

LogicalResult Compilation::run() {
  DefaultTimingManager timing;
  timing.setEnabled(options.timePasses);
  TimingScope time = timing.getRootScope();
  if (failed(importAndLower(options.stopAfter, time)))
    return failure();
  if (options.stopAfter < Stage::Codegen) {
    if (!options.saveWeights.empty() && failed(saveWeights()))
      return failure();
    if (devices.empty())
      print(*module);
    for (DeviceModule &device : devices)
      print(*device.module);
    return success();
  }
  TimingScope codegen = time.nest("codegen");
  if (failed(generateCode()))
    return failure();
  codegen.stop();
  if (options.stopAfter == Stage::Codegen)
    return success();
  TimingScope bundle = time.nest("bundle");
  return writeFile();
}

/// Misuse that only the pipelines can tell; empty if there is none.
static std::string unknownPass(const CompileOptions &options) {
  if (options.printAfter.empty())
    return "";
  std::vector<std::string> names = passNames();
  for (const std::string &pass : options.printAfter)
    if (!llvm::is_contained(names, pass))
      return "unknown pass '" + pass + "'" + didYouMean(pass, names) + "; one of " +
             llvm::join(names, ", ");
  return "";
}

int compileMain(int argc, const char *const *argv) {
  ParsedOptions parsed = parseCompileOptions(argc, argv);
  if (!parsed.options)
    return parsed.status;
  if (std::string problem = unknownPass(*parsed.options); !problem.empty()) {
    llvm::errs() << parsed.options->program << ": error: " << problem << "\n";
    return 2;
  }
  return succeeded(Compilation(std::move(*parsed.options)).run()) ? 0 : 1;
}

} // namespace tenon
