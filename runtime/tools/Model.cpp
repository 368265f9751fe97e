// A bundle, a session and the inputs of a run, for the commands.
#include "runtime/tools/Model.h"

#include "runtime/program/DlTensor.h"

#include <cstdio>
#include <set>

namespace tenon::tools {

int exitStatus(tenon_code code) { return code == TENON_OK ? 0 : code == TENON_NO_DEVICE ? 3 : 1; }

int report(const char *program, const Status &status) {
  if (status.ok())
    return 0;
  const ErrorInfo &error = status.error();
  std::string node = error.node.empty() ? "" : error.node + ": ";
  std::fprintf(stderr, "%s: error: %s%s\n", program, node.c_str(), error.message.c_str());
  return exitStatus(error.code);
}

static std::string checkDevice(const std::string &device) {
  bool cuda = device.rfind("cuda:", 0) == 0 && device.size() > 5 &&
              device.find_first_not_of("0123456789", 5) == std::string::npos;
  return device == "cpu" || cuda ? "" : "expected cpu or cuda:N, got '" + device + "'";
}

void addModelOptions(CLI::App &app, ModelOptions &options) {
  app.add_option("BUNDLE", options.bundle, "the .tenon file")->required();
  app.add_option("--entry", options.entry, "entry point (default: the first)")
      ->option_text("NAME");
  app.add_option("--input", options.inputs, "an input from a .npy file, or several from an .npz")
      ->option_text("NAME=FILE");
  app.add_option("--dim", options.dims, "a free size of inputs drawn at random")
      ->option_text("NAME=SIZE");
  app.add_option("--seed", options.seed, "seed of random inputs (default 0)")->option_text("N");
  app.add_option("--threads", options.threads, "threads (default: one for each processor)")
      ->check(CLI::Range(0, 4096))
      ->option_text("N");
  app.add_option("--device", options.device, "cpu (default) or cuda:N")
      ->check(checkDevice)
      ->option_text("DEVICE");
  app.add_flag("--no-verify", options.noVerify, "do not check the weights' hashes first");
}

Model::~Model() {
  tenon_session_destroy(handle);
  tenon_bundle_close(bundle);
}

Status Model::findEntry(const std::string &wanted) {
  size_t count = tenon_bundle_entry_count(bundle);
  for (entry = 0; entry < count; ++entry) {
    name = tenon_bundle_entry_name(bundle, entry);
    if (wanted.empty() || wanted == name)
      return {};
  }
  return Status(TENON_INVALID_ARGUMENT, "the bundle has no entry point '" + wanted + "'");
}

Status Model::open(const ModelOptions &options) {
  path = options.bundle;
  TENON_TRY(fromApi(tenon_bundle_open(path.c_str(), &bundle)));
  TENON_TRY(findEntry(options.entry));
  if (!options.noVerify)
    TENON_TRY(fromApi(tenon_bundle_verify(bundle)));
  tenon_session_options session = {sizeof session, options.device.c_str(), options.threads,
                                   options.group, options.rank};
  TENON_TRY(fromApi(tenon_session_create(bundle, &session, &handle)));
  outputs.resize(tenon_bundle_output_count(bundle, entry));
  return {};
}

Status Model::readInputs(const std::vector<std::string> &specs,
                         std::map<std::string, Array> &given) {
  for (const std::string &spec : specs) {
    size_t equals = spec.find('=');
    if (equals == std::string::npos && spec.ends_with(".npz")) {
      TENON_TRY(readNpz(spec, given));
      continue;
    }
    if (equals == std::string::npos || equals == 0)
      return Status(TENON_INVALID_ARGUMENT, "expected --input NAME=FILE, got '" + spec + "'");
    std::string input = spec.substr(0, equals), file = spec.substr(equals + 1);
    if (file.ends_with(".npz")) {
      std::map<std::string, Array> archive;
      TENON_TRY(readNpz(file, archive));
      if (!archive.count(input))
        return Status(TENON_INVALID_ARGUMENT, "'" + file + "' has no array '" + input + "'");
      given[input] = std::move(archive[input]);
    } else {
      Status status = readNpy(file, given[input]);
      if (!status.ok())
        return Status(status.error().code, "input '" + input + "': " + status.error().message);
    }
  }
  return {};
}

/// The array for an input: converted where only the file format lacks the type.
Status Model::takeInput(const tenon_tensor_info &info, std::map<std::string, Array> &given,
                        const ModelOptions &options, Array &array) {
  auto found = given.find(info.name);
  if (found == given.end())
    return Status(TENON_INVALID_ARGUMENT, std::string("input '") + info.name + "' is not given" +
                                              (options.random ? "" : " (--random draws it)"));
  array = std::move(found->second);
  given.erase(found);
  bool small = isType(info.type, ElementType::BF16);
  if (small && array.type == ElementType::F32) {
    Array converted;
    convertFloats(array, ElementType::BF16, converted);
    array = std::move(converted);
  }
  return {};
}

/// A name the bundle does not have: said before what it leaves without a value.
static Status checkNames(const tenon_bundle *bundle, size_t entry,
                         const std::map<std::string, Array> &given) {
  std::set<std::string> known;
  for (size_t i = 0; i < tenon_bundle_input_count(bundle, entry); ++i) {
    known.insert(tenon_bundle_input(bundle, entry, i)->name);
  }
  for (const auto &[name, array] : given)
    if (!known.count(name))
      return Status(TENON_INVALID_ARGUMENT, "the bundle has no input '" + name + "'");
  return {};
}

Status Model::prepareInputs(const ModelOptions &options) {
  std::map<std::string, Array> given;
  TENON_TRY(readInputs(options.inputs, given));
  TENON_TRY(checkNames(bundle, entry, given));
  if (options.random)
    TENON_TRY(randomInputs(path, name, options.dims, options.seed, given, assumed));
  size_t count = tenon_bundle_input_count(bundle, entry);
  inputs.resize(count);
  inputTensors.resize(count);
  for (size_t i = 0; i < count; ++i) {
    TENON_TRY(takeInput(*tenon_bundle_input(bundle, entry, i), given, options, inputs[i]));
    Array &array = inputs[i];
    DLTensor &tensor = inputTensors[i];
    tensor = {};
    tensor.data = array.bytes.data();
    tensor.device = {kDLCPU, 0};
    tensor.ndim = static_cast<int32_t>(array.shape.size());
    tensor.dtype = toDlType(array.type);
    tensor.shape = array.shape.data();
    tensor.strides = array.strides.empty() ? nullptr : array.strides.data();
  }
  return {};
}

Status Model::run() {
  std::fill(outputs.begin(), outputs.end(), DLTensor{});
  Status status = fromApi(tenon_session_run(handle, entry, inputTensors.data(),
                                            inputTensors.size(), outputs.data(), outputs.size()));
  if (status.ok() || assumed.empty())
    return status;
  return Status(status.error().code,
                status.error().message + " (nobody gave the size of " + assumed + ": --dim does)",
                status.error().node);
}

std::string Model::outputName(size_t index) const {
  return tenon_bundle_output(bundle, entry, index)->name;
}

Status Model::output(size_t index, Array &array) const {
  const DLTensor &tensor = outputs[index];
  array = {};
#define ELEMENT(name, code, text, bits)                                                            \
  if (isType(tensor.dtype, ElementType::name))                                                     \
    array.type = ElementType::name;
#include "runtime/bundle/ElementTypes.def"
  array.shape.assign(tensor.shape, tensor.shape + tensor.ndim);
  int64_t bytes;
  countBytes(array.type, array.elements(), bytes);
  array.bytes.assign(dlData(tensor), dlData(tensor) + bytes);
  return {};
}

} // namespace tenon::tools
