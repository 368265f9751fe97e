//===- Options.cpp - the command line of `tenon compile` ------------------===//

#include "compiler/driver/Options.h"
#include "compiler/driver/MeshOptions.h"
#include "runtime/support/CommandLine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <dlfcn.h>
#include <set>

using namespace llvm;
namespace tenon {

static constexpr StringLiteral kStages[] = {"import", "graph", "shard",   "fuse",
                                            "tile",   "exec",  "codegen", "bundle"};

std::optional<Stage> parseStage(StringRef name) {
  for (auto [i, stage] : enumerate(kStages))
    if (stage == name)
      return static_cast<Stage>(i);
  return std::nullopt;
}

StringRef stageName(Stage stage) { return kStages[static_cast<unsigned>(stage)]; }

/// The stages that have something to print.
static std::string stageList() {
  std::string list;
  for (StringRef stage : ArrayRef(kStages).drop_back())
    list += (list.empty() ? "" : ", ") + stage.str();
  return list;
}

std::string libraryFolder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&libraryFolder), &info) == 0)
    return ".";
  // From bin or lib, or from lib/x86_64-linux-gnu.
  for (StringRef up : {"..", "../.."}) {
    SmallString<256> path(sys::path::parent_path(info.dli_fname));
    sys::path::append(path, up, "share", "tenon");
    if (sys::fs::is_directory(path))
      return path.str().str();
  }
  return ".";
}

void ModelArguments::add(CLI::App &app, CompileOptions &options) {
  app.add_option("MODEL", options.model, "the model")->required();
  app.add_option("--dim", dims,
                 "fix or bound a size: NAME=N, NAME=A..B or NAME=A..B:STEP; sizes without a "
                 "name are called INPUT.INDEX")
      ->option_text("NAME=RANGE");
  app.add_option("--weights", options.language.weights,
                 "the weights of a model in the language: safetensors or GGUF")
      ->option_text("FILE");
  app.add_option("--mesh", mesh,
                 "divide the model among ranks: axes, slowest link first (tp=4, node=2,gpu=8)")
      ->delimiter(',')
      ->option_text("AXIS=SIZE");
  app.add_option("--shard", shardRules,
                 "with --mesh: split the weights whose names match along a dimension")
      ->option_text("PATTERN=DIM:AXIS");
  app.add_option("--set", settings, "a value of the model's config")->option_text("NAME=VALUE");
  app.add_option("--library", options.language.libraries,
                 "a folder to look for used files in, before the standard library's")
      ->option_text("FOLDER");
  app.add_option("--target", options.targets,
                 "cpu (default), cpu:avx2, cpu:avx512, sm_80 to sm_120a; several by comma")
      ->delimiter(',')
      ->option_text("LIST");
  app.add_flag("--no-fold", noFold, "do not compute constants at compile time");
  app.add_flag("--no-fuse", noFuse, "a kernel for each operation (slow; to compare answers)");
}

Error ModelArguments::take(CompileOptions &options) const {
  if (auto targets = parseTargets(options.targets); !targets)
    return targets.takeError();
  options.fold = !noFold;
  options.fuse = !noFuse;
  for (const std::string &text : dims) {
    Expected<DimOverride> dim = parseDimOverride(text);
    if (!dim)
      return dim.takeError();
    options.dims.push_back(*dim);
  }
  auto sizes = parseMesh(mesh);
  if (!sizes)
    return sizes.takeError();
  options.mesh = std::move(*sizes);
  for (const std::string &text : shardRules) {
    auto rule = parseShardRule(text, options.mesh);
    if (!rule)
      return rule.takeError();
    options.shardRules.push_back(std::move(*rule));
  }
  for (const std::string &text : settings) {
    auto setting = parseSetting(text);
    if (!setting)
      return setting.takeError();
    options.language.settings.push_back(std::move(*setting));
  }
  options.language.libraries.push_back(libraryFolder());
  return Error::success();
}

ParsedOptions parseCompileOptions(int argc, const char *const *argv) {
  CompileOptions options;
  std::string stopAfter;
  ModelArguments model;
  CLI::App app("Compiles a model (.onnx, .tn, or the tenon dialect as .mlir) to a bundle.",
               "tenon compile");
  model.add(app, options);
  app.add_option("-o,--output", options.output, "the bundle to write (default: MODEL.tenon)")
      ->option_text("FILE");
  app.add_option("--asset", options.assets,
                 "a file for the bundle: tokenizer=tokenizer.json, chat_template=FILE; a GGUF "
                 "file's own are taken without")
      ->option_text("NAME=FILE");
  app.add_option("--stop-after", stopAfter, "print the IR after a stage: " + stageList())
      ->option_text("STAGE");
  app.add_option("--print-ir-after", options.printAfter,
                 "print the IR after a pass, on standard error; several by comma")
      ->delimiter(',')
      ->option_text("PASS");
  app.add_flag("--elide", options.elide, "leave locations and large constants out of that IR");
  app.add_option("--save-weights", options.saveWeights,
                 "with --stop-after: write the weights to a file that the IR then names, so "
                 "that it can be compiled again beside it")
      ->option_text("FILE");
  app.add_option("--crash-reproducer", options.crashReproducer,
                 "if a pass fails or crashes, write the IR before it and the passes, for "
                 "tenon-opt --run-reproducer")
      ->option_text("FILE");
  app.add_flag("--time-passes", options.timePasses, "print how long each stage and pass took");
  app.add_option("--precision", options.precision,
                 "GPUs multiply products of f32 in this type and add in f32 (default f32, exact)")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}));
  app.add_option("--threads", options.threads, "threads for code generation (default 2)")
      ->check(CLI::Range(1, 256))
      ->option_text("N");
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return {std::nullopt, *status};
  auto misuse = [&app](const std::string &message) {
    return ParsedOptions{std::nullopt, tenon::misuse(app, message)};
  };
  if (llvm::Error error = model.take(options))
    return misuse(toString(std::move(error)));
  if (!stopAfter.empty()) {
    std::optional<Stage> stage = parseStage(stopAfter);
    if (!stage)
      return misuse("unknown stage '" + stopAfter + "'; one of " + stageList());
    options.stopAfter = *stage;
  }
  if (!options.saveWeights.empty() && options.stopAfter > Stage::Graph)
    return misuse("--save-weights is for IR that can be compiled again: it needs --stop-after "
                  "import or graph");
  if (options.output.empty()) {
    size_t dot = options.model.rfind('.'), slash = options.model.rfind('/');
    bool hasSuffix = dot != std::string::npos && (slash == std::string::npos || dot > slash);
    options.output = options.model.substr(0, hasSuffix ? dot : std::string::npos) + ".tenon";
  }
  return {std::move(options), 0};
}

static std::string gpuTargetList() {
  std::string list;
  for (const GpuTarget &target : gpuTargets())
    list += (list.empty() ? "" : ", ") + target.name.str();
  return list;
}

/// The feature sets of "cpu" or "cpu:SET"; none for another target.
static std::vector<CpuFeatures> cpuFeaturesOf(StringRef name) {
  if (name == "cpu")
    return {CpuFeatures::Avx512, CpuFeatures::Avx2};
  if (name.consume_front("cpu:"))
    if (std::optional<CpuFeatures> features = parseCpuFeatures(name))
      return {*features};
  return {};
}

Expected<CompileTargets> parseTargets(ArrayRef<std::string> names) {
  std::set<CpuFeatures, std::greater<>> cpu;
  std::set<const GpuTarget *> gpu; // positions in the table
  for (const std::string &name : names) {
    std::vector<CpuFeatures> features = cpuFeaturesOf(name);
    const GpuTarget *target = findGpuTarget(name);
    if (features.empty() && !target)
      return createStringError("target '" + name +
                               "' is not supported: this compiler generates code for cpu "
                               "(cpu:avx2, cpu:avx512), " +
                               gpuTargetList());
    cpu.insert(features.begin(), features.end());
    if (target)
      gpu.insert(target);
  }
  // PTX of an architecture with a suffix runs on that one only.
  bool isPortable = any_of(gpu, [](auto *target) { return !target->name.ends_with("a"); });
  if (!gpu.empty() && !isPortable)
    gpu.insert(findGpuTarget("compute_80"));
  return CompileTargets{{cpu.begin(), cpu.end()}, {gpu.begin(), gpu.end()}};
}

} // namespace tenon
