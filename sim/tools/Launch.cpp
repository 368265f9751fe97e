// tenon-sim launch: one kernel of a PTX file, with arguments from the command
// line, on the machine itself (no driver in between).
//
//   --arg x=@x.npy            a pointer to the file's contents
//   --arg y=zeros:f32:1024    a pointer to 1024 zeros (uninit: not initialised)
//   --arg n=i32:1024          a value
#include "sim/tools/Array.h"
#include "sim/tools/Options.h"

#include "sim/machine/Machine.h"
#include "sim/ptx/Parser.h"

#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

namespace tenon::sim::tools {
namespace {

struct LaunchOptions {
  SimOptions sim;
  std::string file, entry, grid = "1", block = "1", cluster;
  std::vector<std::string> arguments, outputs;
  unsigned shared = 0;
};

struct Argument {
  std::string name;
  bool pointer = false;
  Array array;               // pointer
  uint64_t address = 0;
  std::vector<std::byte> value;
};

[[noreturn]] void fail(const std::string &message) { throw std::runtime_error(message); }

std::array<uint32_t, 3> dimensions(const std::string &text, const char *what) {
  std::array<uint32_t, 3> out{1, 1, 1};
  std::stringstream stream(text);
  std::string part;
  for (unsigned i = 0; std::getline(stream, part, ','); ++i) {
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), out[std::min(i, 2u)]);
    if (i > 2 || error != std::errc() || *end)
      fail(std::string(what) + " must be X, X,Y or X,Y,Z, found '" + text + "'");
  }
  return out;
}

template <typename T> std::vector<std::byte> bytesOf(T value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::vector<std::byte> scalar(const std::string &type, const std::string &text) {
  char *end = nullptr;
  std::vector<std::byte> bytes;
  if (type == "f32" || type == "f64") {
    double value = std::strtod(text.c_str(), &end);
    bytes = type == "f32" ? bytesOf(static_cast<float>(value)) : bytesOf(value);
  } else {
    unsigned size = elementBytes(type);
    int64_t value = type[0] == 'u' ? static_cast<int64_t>(std::strtoull(text.c_str(), &end, 0))
                                   : std::strtoll(text.c_str(), &end, 0);
    bytes = bytesOf(value);
    bytes.resize(size);
  }
  if (text.empty() || *end || bytes.empty())
    fail("'" + type + ":" + text + "' is no value");
  return bytes;
}

Argument parseArgument(const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos)
    fail("--arg must be NAME=VALUE, found '" + text + "'");
  Argument argument;
  argument.name = text.substr(0, equals);
  std::string value = text.substr(equals + 1);
  if (value.starts_with("@")) {
    argument.pointer = true;
    argument.array = readNpy(value.substr(1));
    return argument;
  }
  size_t first = value.find(':'), second = first == std::string::npos ? first : value.find(':', first + 1);
  if (first == std::string::npos)
    fail("'" + value + "' is no argument; expected @FILE.npy, zeros:TYPE:N, uninit:TYPE:N or TYPE:VALUE");
  if (second == std::string::npos) {
    argument.value = scalar(value.substr(0, first), value.substr(first + 1));
    return argument;
  }
  std::string kind = value.substr(0, first), type = value.substr(first + 1, second - first - 1);
  uint64_t count = std::strtoull(value.c_str() + second + 1, nullptr, 10), bytes = 0;
  if ((kind != "zeros" && kind != "uninit") || !elementBytes(type) || !count ||
      __builtin_mul_overflow(count, elementBytes(type), &bytes) || bytes > uint64_t(1) << 36)
    fail("'" + value + "' is no argument");
  argument.pointer = true;
  argument.array = {type, {count}, std::vector<std::byte>(bytes)};
  if (kind == "uninit")
    argument.value.resize(1); // marks it
  return argument;
}

std::shared_ptr<const ptx::Module> parse(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    fail("cannot read '" + path + "'");
  std::stringstream text;
  text << file.rdbuf();
  ptx::ParseResult result = ptx::parseModule(text.str());
  if (!result.module) {
    std::cerr << result.log(path);
    fail("'" + path + "' is not valid PTX");
  }
  return result.module;
}

std::vector<std::byte> place(Machine &machine, const Kernel &kernel, std::vector<Argument> &arguments) {
  if (arguments.size() != kernel.parameters.size())
    fail("'" + kernel.name + "' has " + std::to_string(kernel.parameters.size()) + " parameters, found " +
         std::to_string(arguments.size()) + " --arg");
  std::vector<std::byte> block(kernel.parameterBytes);
  for (size_t i = 0; i < arguments.size(); ++i) {
    Argument &argument = arguments[i];
    if (argument.pointer) {
      bool initialise = argument.value.empty();
      argument.address = machine.memory().allocate(0, argument.array.bytes.size(), 256, argument.name);
      if (!argument.address)
        fail("no memory for '" + argument.name + "'");
      if (initialise)
        machine.memory().copy(reinterpret_cast<void *>(argument.address), argument.array.bytes.data(),
                              argument.array.bytes.size());
      argument.value = bytesOf(argument.address);
    }
    if (argument.value.size() != kernel.parameters[i].size)
      fail("argument '" + argument.name + "' has " + std::to_string(argument.value.size()) +
           " bytes, the parameter " + std::to_string(kernel.parameters[i].size));
    std::memcpy(block.data() + kernel.parameters[i].offset, argument.value.data(), argument.value.size());
  }
  return block;
}

void writeOutputs(const LaunchOptions &options, const std::vector<Argument> &arguments) {
  for (const std::string &output : options.outputs) {
    size_t equals = output.find('=');
    std::string name = output.substr(0, equals);
    auto found = std::find_if(arguments.begin(), arguments.end(),
                              [&](const Argument &a) { return a.pointer && a.name == name; });
    if (equals == std::string::npos || found == arguments.end())
      fail("--out '" + output + "' names no array argument");
    Array array = found->array;
    std::memcpy(array.bytes.data(), reinterpret_cast<const void *>(found->address), array.bytes.size());
    writeNpy(output.substr(equals + 1), array);
  }
}

Options machineOptions(const SimOptions &sim) {
  Options options;
  std::string unknown;
  options.checks = *Checks::parse(sim.checks, unknown);
  options.order = *findOrder(sim.order);
  options.seed = sim.seed;
  options.threads = sim.threads;
  options.fastMma = sim.fastMma;
  return options;
}

int launch(const LaunchOptions &options) {
  auto parsed = parse(options.file);
  Machine machine(*findGpuSpec(options.sim.gpu), 1, machineOptions(options.sim));
  std::string log;
  auto module = machine.gpu(0).load(*parsed, log);
  std::cerr << log;
  const Kernel *kernel = module ? module->kernel(options.entry) : nullptr;
  if (!kernel)
    fail(module ? "'" + options.file + "' has no entry '" + options.entry + "'" : "'" + options.file + "' cannot be loaded");
  std::vector<Argument> arguments;
  for (const std::string &text : options.arguments)
    arguments.push_back(parseArgument(text));
  std::vector<std::byte> block = place(machine, *kernel, arguments);
  LaunchConfig config;
  config.kernel = kernel;
  config.grid = dimensions(options.grid, "--grid");
  config.block = dimensions(options.block, "--block");
  if (!options.cluster.empty())
    config.cluster = dimensions(options.cluster, "--cluster");
  config.dynamicSharedBytes = options.shared;
  config.parameters = block;
  config.position.stream = 1;
  config.position.sequence = 1;
  LaunchResult result = machine.gpu(0).launch(config);
  for (const Finding &finding : machine.findings().sorted())
    std::cerr << Findings::text(finding) << "\n";
  if (!options.sim.report.empty() && !(std::ofstream(options.sim.report) << machine.findings().json() << "\n"))
    fail("cannot write '" + options.sim.report + "'");
  if (result.status != LaunchStatus::Ok)
    fail(options.entry + ": " + result.message);
  writeOutputs(options, arguments);
  return machine.findings().size() ? 1 : 0;
}

} // namespace

void addLaunch(CLI::App &app, int &status) {
  auto options = std::make_shared<LaunchOptions>();
  CLI::App *command = app.add_subcommand("launch", "run one kernel of a PTX file");
  options->sim.addTo(*command);
  command->add_option("file", options->file, "PTX file")->required();
  command->add_option("--entry", options->entry, "name of the kernel")->required();
  command->add_option("--grid", options->grid, "blocks, X,Y,Z");
  command->add_option("--block", options->block, "threads per block, X,Y,Z");
  command->add_option("--cluster", options->cluster, "blocks per cluster, X,Y,Z");
  command->add_option("--shared", options->shared, "bytes of dynamic shared memory");
  command->add_option("--arg", options->arguments, "NAME=@FILE.npy, NAME=zeros:TYPE:N or NAME=TYPE:VALUE, in order");
  command->add_option("--out", options->outputs, "NAME=FILE.npy: write an array after the launch");
  command->callback([options, &status] { status = launch(*options); });
}

} // namespace tenon::sim::tools
