// What tenon-run and tenon-bench share: a bundle and a session through the C
// API, and inputs from files or at random.
#pragma once

#include "runtime/support/CommandLine.h"
#include "runtime/support/FromApi.h"
#include "runtime/tools/Array.h"
#include "tenon.h"

#include <memory>
#include <string>
#include <vector>

namespace tenon::tools {

/// Exit status of a command that ended in this error.
int exitStatus(tenon_code code);
/// Prints "PROGRAM: error: NODE: MESSAGE" and returns the exit status.
int report(const char *program, const Status &status);

/// Options that both commands have.
struct ModelOptions {
  std::string bundle;
  std::string entry;
  std::vector<std::string> inputs; ///< NAME=FILE, or FILE.npz
  std::vector<std::string> dims;   ///< NAME=SIZE
  uint64_t seed = 0;
  bool random = false;
  int threads = 0;
  std::string device = "cpu";
  bool noVerify = false;
  /// The rank that this is, in a group that the caller keeps; null: one rank.
  tenon_group *group = nullptr;
  int rank = 0;
};
void addModelOptions(CLI::App &app, ModelOptions &options);

/// An opened bundle with a session and the inputs of one entry point.
class Model {
public:
  ~Model();
  /// Opens the bundle, checks its weights unless told not to, makes a session.
  Status open(const ModelOptions &options);
  /// Reads or draws every input.
  Status prepareInputs(const ModelOptions &options);
  /// Runs once; outputs are the session's own.
  Status run();

  tenon_session *session() const { return handle; }
  size_t numOutputs() const { return outputs.size(); }
  std::string outputName(size_t index) const;
  /// A copy of an output of the last run.
  Status output(size_t index, Array &array) const;
  const std::string &entryName() const { return name; }

private:
  Status findEntry(const std::string &wanted);
  Status readInputs(const std::vector<std::string> &specs, std::map<std::string, Array> &given);
  Status takeInput(const tenon_tensor_info &info, std::map<std::string, Array> &given,
                   const ModelOptions &options, Array &array);

  tenon_bundle *bundle = nullptr;
  tenon_session *handle = nullptr;
  size_t entry = 0;
  std::string name, path;
  std::string assumed; ///< free sizes that nobody gave: "batch, sequence"
  std::vector<Array> inputs;
  std::vector<DLTensor> inputTensors, outputs;
};

/// Random inputs where none is given: floats N(0, 1), integers 0 or 1, bool
/// true. Free sizes come from NAME=SIZE, then from the given inputs; `assumed`
/// names those that got the least allowed size because nothing else did.
Status randomInputs(const std::string &bundlePath, const std::string &entry,
                    const std::vector<std::string> &dims, uint64_t seed,
                    std::map<std::string, Array> &inputs, std::string &assumed);

} // namespace tenon::tools
