//===- Check.cpp - the command line of `tenon check` ----------------------===//
//
// Says whether a model compiles, without writing anything: the import names
// every node that is missing in one go, the stages after it what they refuse.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include <CLI/CLI.hpp>

namespace tenon {

int checkMain(int argc, const char *const *argv) {
  CompileOptions options;
  std::vector<std::string> dims, settings;
  CLI::App app("says whether a model compiles, and all that is missing if not", "tenon check");
  app.add_option("model", options.model, "the model")->required();
  app.add_option("--dim", dims, "fix or bound a dimension: NAME=N, NAME=A..B or NAME=A..B:STEP");
  app.add_option("--weights", options.language.weights,
                 "the weights of a model in the language: safetensors or GGUF");
  app.add_option("--set", settings, "a value of the model's config: NAME=VALUE");
  app.add_option("--library", options.language.libraries,
                 "a folder to look for used files in, before the standard library's");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const std::string &text : dims) {
    llvm::Expected<DimOverride> dim = parseDimOverride(text);
    if (!dim) {
      llvm::errs() << "tenon check: " << llvm::toString(dim.takeError()) << "\n";
      return 2;
    }
    options.dims.push_back(*dim);
  }
  for (const std::string &text : settings) {
    auto setting = parseSetting(text);
    if (!setting) {
      llvm::errs() << "tenon check: " << llvm::toString(setting.takeError()) << "\n";
      return 2;
    }
    options.language.settings.push_back(std::move(*setting));
  }
  options.language.libraries.push_back(libraryFolder());
  std::string model = options.model;
  if (mlir::failed(Compilation(std::move(options)).check()))
    return 1;
  llvm::outs() << model << ": compiles\n";
  return 0;
}

} // namespace tenon
