//===- Compilation.cpp - one model on its way to a bundle -----------------===//
//
// The stages in order. Each stage is a list of passes from its own folder.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "dialects/exec/Exec.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/fuse/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/schedule/Passes.h"
#include "passes/tile/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
namespace tenon {

void registerDialects(DialectRegistry &registry) {
  registry.insert<TenonDialect, tile::TileDialect, exec::ExecDialect, arith::ArithDialect,
                  math::MathDialect, scf::SCFDialect, LLVM::LLVMDialect>();
}

static DialectRegistry allDialects() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

/// The model's own word for a place: a file position, the nodes' names, or
/// nothing.
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

Compilation::Compilation(CompileOptions options)
    : options(std::move(options)), context(allDialects(), MLIRContext::Threading::DISABLED) {
  // Operations are for those who wrote them; others know their model's nodes.
  context.printOpOnDiagnostic(StringRef(this->options.model).ends_with(".mlir"));
  context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    llvm::errs() << describe(diagnostic.getLocation()) << (isError ? "error: " : "note: ")
                 << diagnostic << "\n";
    for (Diagnostic &note : diagnostic.getNotes())
      llvm::errs() << describe(note.getLocation()) << "note: " << note << "\n";
  });
}

LogicalResult Compilation::fail(const Twine &message) {
  llvm::errs() << "tenon compile: " << message << "\n";
  return failure();
}

//===----------------------------------------------------------------------===//
// Import
//===----------------------------------------------------------------------===//

LogicalResult Compilation::importText() {
  module = parseSourceFile<ModuleOp>(options.model, &context);
  if (!module)
    return failure();
  StringRef folder = llvm::sys::path::parent_path(options.model);
  for (WeightOp weight : module->getOps<WeightOp>()) {
    StringRef file = weight.getStore().getFile().getValue();
    if (store.contains(file))
      continue;
    auto mapped = MappedFile::openBeneath(folder.empty() ? "." : folder, file);
    if (!mapped)
      return weight.emitError(toString(mapped.takeError()));
    store.addFile(file, *mapped);
  }
  return success();
}

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

void Compilation::print() {
  OpPrintingFlags flags;
  flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  module->print(llvm::outs(), flags);
}

LogicalResult Compilation::runStage(void (*build)(OpPassManager &, const CompileOptions &)) {
  PassManager manager(&context);
  build(manager, options);
  if (options.timePasses)
    manager.enableTiming();
  if (!options.printAfter.empty())
    manager.enableIRPrinting(
        [](Pass *, Operation *) { return false; },
        [&](Pass *pass, Operation *) {
          return llvm::is_contained(options.printAfter, pass->getArgument());
        },
        /*printModuleScope=*/true, /*printAfterOnlyOnChange=*/false,
        /*printAfterOnlyOnFailure=*/false, llvm::errs());
  return manager.run(*module);
}

using StageBuilder = void (*)(OpPassManager &, const CompileOptions &);
static constexpr std::pair<Stage, StageBuilder> stages[] = {
    {Stage::Graph, [](OpPassManager &manager, const CompileOptions &) { buildGraphPipeline(manager); }},
    {Stage::Fuse, [](OpPassManager &manager, const CompileOptions &options) {
       buildFusePipeline(manager, "cpu", options.fuse);
     }},
    {Stage::Tile, [](OpPassManager &manager, const CompileOptions &) { buildTilePipeline(manager); }},
    {Stage::Exec,
     [](OpPassManager &manager, const CompileOptions &) { buildSchedulePipeline(manager); }},
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
  for (auto [stage, build] : stages) {
    PassManager manager(&context);
    build(manager, CompileOptions());
    std::string text;
    llvm::raw_string_ostream stream(text);
    manager.printAsTextualPipeline(stream);
    addPassNames(text, names);
  }
  return names;
}

LogicalResult Compilation::lower(Stage last) {
  for (auto [stage, build] : stages)
    if (stage <= last && failed(runStage(build)))
      return failure();
  return success();
}

LogicalResult Compilation::generateCode() {
  auto features = cpuTargets(options.targets);
  if (!features)
    return fail(toString(features.takeError()));
  for (CpuFeatures set : *features) {
    FailureOr<CodeImage> image = compileForCpu(*module, set, options.threads);
    if (failed(image))
      return failure();
    code.push_back({cpuFeaturesName(set).str(), std::move(*image)});
  }
  return success();
}

LogicalResult Compilation::writeFile() {
  auto source = [&](WeightOp weight) { return weightSource(weight, store); };
  FailureOr<bundle::BundleInput> input = bundleFromExec(*module, std::move(code), source);
  if (failed(input))
    return failure();
  Status status = writeBundle(std::move(*input), options.output);
  return status.ok() ? success() : fail(status.error().message);
}

LogicalResult Compilation::run() {
  if (auto features = cpuTargets(options.targets); !features)
    return fail(toString(features.takeError()));
  if (failed(import()) || failed(verify(*module)) || failed(lower(options.stopAfter)))
    return failure();
  if (options.stopAfter < Stage::Codegen) {
    print();
    return success();
  }
  if (failed(generateCode()))
    return failure();
  if (options.stopAfter == Stage::Codegen) {
    for (const TargetCode &target : code)
      for (const KernelEntry &kernel : target.image.kernels)
        llvm::outs() << target.name << " " << kernel.name << " at " << kernel.offset << "\n";
    return success();
  }
  return writeFile();
}

LogicalResult Compilation::check() {
  if (failed(import()) || failed(verify(*module)))
    return failure();
  return lower(Stage::Tile);
}

int compileMain(int argc, const char *const *argv) {
  ParsedOptions parsed = parseCompileOptions(argc, argv);
  if (!parsed.options)
    return parsed.status;
  if (!parsed.options->printAfter.empty()) {
    std::vector<std::string> known = passNames();
    for (const std::string &name : parsed.options->printAfter)
      if (!llvm::is_contained(known, name)) {
        llvm::errs() << "tenon compile: unknown pass '" << name << "'; one of "
                     << llvm::join(known, ", ") << "\n";
        return 2;
      }
  }
  return succeeded(Compilation(std::move(*parsed.options)).run()) ? 0 : 1;
}

} // namespace tenon
