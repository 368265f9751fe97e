// tenon run: runs a bundle once and writes its outputs.
#include "runtime/program/DlTensor.h"
#include "runtime/tools/Model.h"

#include <cstdio>
#include <filesystem>

using namespace tenon;
using namespace tenon::tools;

namespace {

constexpr const char *program = "tenon run";

struct Options : ModelOptions {
  std::string outputDir;
  std::string outputFile;
};

Status makeFolder(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error)
    return {};
  return Status(TENON_IO, "cannot make folder '" + path + "': " + error.message());
}

Status writeOutputs(const Model &model, const Options &options) {
  std::vector<std::pair<std::string, Array>> arrays;
  FileNames names;
  for (size_t i = 0; i < model.numOutputs(); ++i) {
    auto &[name, array] = arrays.emplace_back(names.get(model.outputName(i)), Array());
    TENON_TRY(model.output(i, array));
    std::printf("%s: %s %s\n", model.outputName(i).c_str(), elementTypeText(array.type),
                shapeText(array.shape.data(), array.shape.size()).c_str());
  }
  if (!options.outputDir.empty()) {
    TENON_TRY(makeFolder(options.outputDir));
    for (auto &[name, array] : arrays)
      TENON_TRY(writeNpy(options.outputDir + "/" + name + ".npy", array));
  }
  return options.outputFile.empty() ? Status() : writeNpz(options.outputFile, arrays);
}

Status runModel(const Options &options) {
  Model model;
  TENON_TRY(model.open(options));
  TENON_TRY(model.prepareInputs(options));
  TENON_TRY(model.run());
  return writeOutputs(model, options);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Runs a bundle once.", program);
  Options options;
  addModelOptions(app, options);
  app.add_flag("--random", options.random, "draw inputs that are not given at random");
  app.add_option("--output-dir", options.outputDir, "folder for NAME.npy of each output");
  app.add_option("--output", options.outputFile, "one .npz file for all outputs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return report(program, runModel(options));
  } catch (const std::bad_alloc &) {
    return report(program, Status(TENON_OUT_OF_MEMORY, "out of memory"));
  }
}
