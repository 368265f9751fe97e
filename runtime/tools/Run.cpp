// tenon run: runs a bundle once and writes its outputs.
#include "runtime/program/DlTensor.h"
#include "runtime/tools/Model.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>
#include <unistd.h>

using namespace tenon;
using namespace tenon::tools;

namespace {

constexpr const char *program = "tenon run";

struct Options : ModelOptions {
  int ranks = 1;
  double deadline = 10;
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

/// All ranks of a group, each on a thread of its own; outputs are the first one's.
class Ranks {
public:
  explicit Ranks(const Options &options) : options(options), models(options.ranks) {}
  ~Ranks() {
    models.clear();
    tenon_group_destroy(group);
  }

  Status open() {
    if (options.ranks > 1)
      TENON_TRY(fromApi(tenon_group_create(options.ranks, options.deadline, &group)));
    for (size_t rank = 0; rank < models.size(); ++rank)
      TENON_TRY(open(rank));
    return {};
  }
  Status run() {
    if (models.size() == 1)
      return models.front().run();
    std::vector<Status> statuses(models.size());
    std::vector<std::thread> threads;
    for (size_t rank = 0; rank < models.size(); ++rank)
      threads.emplace_back([&, rank] { statuses[rank] = models[rank].run(); });
    for (std::thread &thread : threads)
      thread.join();
    return firstCause(statuses);
  }
  const Model &first() const { return models.front(); }

private:
  Status open(size_t rank) {
    ModelOptions own = options;
    own.group = group;
    own.rank = static_cast<int>(rank);
    own.noVerify |= rank > 0;
    if (models.size() > 1 && own.threads == 0)
      own.threads = std::max<int>(1, std::thread::hardware_concurrency() / models.size());
    TENON_TRY(models[rank].open(own));
    return models[rank].prepareInputs(own);
  }

  /// The error of a rank that failed by itself rather than because another did.
  static Status firstCause(std::vector<Status> &statuses) {
    Status *found = nullptr;
    for (Status &status : statuses)
      if (!status.ok() && (!found || found->error().message.rfind("rank ", 0) == 0))
        found = &status;
    return found ? std::move(*found) : Status();
  }

  const Options &options;
  tenon_group *group = nullptr;
  std::vector<Model> models;
};

Status runModel(const Options &options) {
  Ranks ranks(options);
  TENON_TRY(ranks.open());
  TENON_TRY(preparePlaces(options));
  TENON_TRY(ranks.run());
  return writeOutputs(ranks.first(), options);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Runs a bundle once.", program);
  Options options;
  addModelOptions(app, options);
  app.add_flag("--random", options.random, "draw inputs that are not given at random");
  app.add_option("--ranks", options.ranks, "ranks of a bundle for a mesh, all in this process")
      ->check(CLI::Range(1, 4096))
      ->option_text("N");
  app.add_option("--deadline", options.deadline, "seconds that ranks wait for each other (default 10)")
      ->check(CLI::PositiveNumber)
      ->option_text("SECONDS");
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
