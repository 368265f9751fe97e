// tenon run: runs a bundle once and writes its outputs.
#include "runtime/program/DlTensor.h"
#include "runtime/tools/Model.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <unistd.h>

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

/// Whether a file can be made in the folder that `path` names or lies in.
Status checkFolder(const std::string &path) {
  std::string folder = path.empty() ? "." : path;
  if (::access(folder.c_str(), W_OK | X_OK) == 0)
    return {};
  return Status(TENON_IO, "cannot write to folder '" + folder + "': " + std::strerror(errno));
}

/// Finds out before the run whether its outputs have a place.
Status preparePlaces(const Options &options) {
  if (!options.outputDir.empty()) {
    TENON_TRY(makeFolder(options.outputDir));
    TENON_TRY(checkFolder(options.outputDir));
  }
  if (!options.outputFile.empty())
    TENON_TRY(checkFolder(std::filesystem::path(options.outputFile).parent_path()));
  return {};
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
  if (!options.outputDir.empty())
    for (auto &[name, array] : arrays)
      TENON_TRY(writeNpy(options.outputDir + "/" + name + ".npy", array));
  return options.outputFile.empty() ? Status() : writeNpz(options.outputFile, arrays);
}

Status runModel(const Options &options) {
  Model model;
  TENON_TRY(model.open(options));
  TENON_TRY(model.prepareInputs(options));
  TENON_TRY(preparePlaces(options));
  TENON_TRY(model.run());
  return writeOutputs(model, options);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Runs a bundle once.", program);
  Options options;
  addModelOptions(app, options);
  app.add_flag("--random", options.random, "draw inputs that are not given at random");
  app.add_option("--output-dir", options.outputDir, "folder for NAME.npy of each output")
      ->option_text("FOLDER");
  app.add_option("--output", options.outputFile, "one .npz file for all outputs")
      ->option_text("FILE");
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  if (!options.dims.empty() && !options.random)
    return misuse(app, "--dim gives sizes of random inputs: it needs --random");
  try {
    return report(program, runModel(options));
  } catch (const std::bad_alloc &) {
    return report(program, Status(TENON_OUT_OF_MEMORY, "out of memory"));
  }
}
