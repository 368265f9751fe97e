//===- Options.h - what `tenon compile` and `tenon check` take --*- C++ -*-===//

#ifndef TENON_COMPILER_DRIVER_OPTIONS_H
#define TENON_COMPILER_DRIVER_OPTIONS_H

#include "frontends/language/Import.h"
#include "frontends/onnx/Import.h"
#include "passes/codegen/Cpu.h"
#include "passes/codegen/gpu/GpuTarget.h"
#include "passes/shard/Passes.h"
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tenon {

/// The stages of the compiler in order; `--stop-after` names one.
enum class Stage { Import, Graph, Shard, Fuse, Tile, Exec, Codegen, Bundle };

std::optional<Stage> parseStage(llvm::StringRef name);
llvm::StringRef stageName(Stage stage);

struct CompileOptions {
  std::string program = "tenon compile"; ///< in front of messages
  std::string model, output;
  std::vector<std::string> targets{"cpu"};
  std::vector<DimOverride> dims;
  /// The mesh of ranks, slowest link first; empty: one rank.
  MeshSizes mesh;
  std::vector<ShardRule> shardRules;
  /// Of models in the language.
  LanguageOptions language;
  std::vector<std::string> assets; ///< NAME=FILE
  Stage stopAfter = Stage::Bundle;
  std::vector<std::string> printAfter;
  /// File for the weights of printed IR; empty: the IR names where they lie.
  std::string saveWeights;
  /// File for the IR before a pass that fails or crashes; empty: none.
  std::string crashReproducer;
  bool fold = true, fuse = true, timePasses = false;
  /// In which GPUs multiply products of f32: f32, f16 or bf16.
  std::string precision = "f32";
  bool elide = false; ///< print neither locations nor large constants
  unsigned threads = 2;
};

/// The arguments that decide what is accepted, which `compile` and `check` share.
struct ModelArguments {
  void add(CLI::App &app, CompileOptions &options);
  /// Reads what add() gathered; an error is misuse.
  llvm::Error take(CompileOptions &options) const;

private:
  std::vector<std::string> dims, settings, mesh, shardRules;
  bool noFold = false, noFuse = false;
};

/// The folder of the standard library: ../share/tenon beside this program or
/// library.
std::string libraryFolder();

/// Parses a command line. Returns options, or the exit status if there is
/// nothing to do (help: 0, misuse: 2; the text was printed).
struct ParsedOptions {
  std::optional<CompileOptions> options;
  int status = 0;
};
ParsedOptions parseCompileOptions(int argc, const char *const *argv);

/// What `--target` asks for: CPU feature sets, most demanding first, and GPU
/// architectures in the order of the table, each once. Where no architecture asked
/// for serves GPUs newer than all, compute_80 is added.
struct CompileTargets {
  std::vector<CpuFeatures> cpu;
  std::vector<const GpuTarget *> gpu;
};

/// An error names the target that is not supported.
llvm::Expected<CompileTargets> parseTargets(llvm::ArrayRef<std::string> targets);

} // namespace tenon

#endif // TENON_COMPILER_DRIVER_OPTIONS_H
