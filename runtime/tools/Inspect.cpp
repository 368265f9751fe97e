// tenon inspect: what a bundle holds, as text or JSON.
#include "runtime/bundle/BundleFile.h"
#include "runtime/bundle/Expr.h"
#include "runtime/bundle/Format.h"
#include "runtime/tools/Model.h"

#include <nlohmann/json.hpp>

#include <cstdio>

using namespace tenon;
using namespace tenon::tools;
using namespace tenon::bundle;
using nlohmann::json;

namespace {

struct Options {
  std::string bundle;
  bool json = false, kernels = false, weights = false, memory = false;
};

/// A number where it is one, else the formula; null for none.
json sizeJson(const EntryPoint &entry, Expr expr) {
  if (expr == none)
    return nullptr;
  const ExprNode &node = entry.exprs[expr];
  return node.op == ExprOp::Constant ? json(node.value) : json(exprText(entry, expr));
}

json shapeJson(const EntryPoint &entry, const std::vector<Expr> &shape) {
  json sizes = json::array();
  for (Expr dim : shape)
    sizes.push_back(sizeJson(entry, dim));
  return sizes;
}

json tensorsJson(const EntryPoint &entry, const std::vector<Tensor> &tensors) {
  json list = json::array();
  for (const Tensor &tensor : tensors)
    list.push_back({{"name", tensor.name},
                    {"type", elementTypeText(tensor.type)},
                    {"shape", shapeJson(entry, tensor.shape)}});
  return list;
}

json entryJson(const EntryPoint &entry) {
  json symbols = json::array();
  for (const Symbol &symbol : entry.symbols)
    symbols.push_back(
        {{"name", symbol.name}, {"min", symbol.min}, {"max", symbol.max}, {"step", symbol.step}});
  return {{"name", entry.name},
          {"inputs", tensorsJson(entry, entry.inputs)},
          {"outputs", tensorsJson(entry, entry.outputs)},
          {"symbols", symbols}};
}

json nodesJson(const Bundle &bundle, const Instruction &instruction) {
  json nodes = json::array();
  for (String node : instruction.nodes)
    nodes.push_back(bundle.strings[node]);
  return nodes;
}

json launchJson(const Bundle &bundle, const EntryPoint &entry, const Program &program,
                const Instruction &instruction, const inst::Launch &launch) {
  json block = nullptr, registers = nullptr, shared = nullptr; // these exist on GPUs
  return {{"name", bundle.kernels[launch.kernel].name},
          {"entry", entry.name},
          {"nodes", nodesJson(bundle, instruction)},
          {"target", program.device},
          {"grid", json::array({sizeJson(entry, launch.grid)})},
          {"block", block},
          {"registers", registers},
          {"shared_bytes", shared},
          {"bytes", sizeJson(entry, launch.bytes)},
          {"flops", sizeJson(entry, launch.flops)}};
}

json kernelsJson(const Bundle &bundle) {
  json list = json::array();
  for (const EntryPoint &entry : bundle.entries)
    for (const Program &program : entry.programs)
      for (const Block &block : program.blocks)
        for (const Instruction &instruction : block.instructions)
          if (auto *launch = std::get_if<inst::Launch>(&instruction.body))
            list.push_back(launchJson(bundle, entry, program, instruction, *launch));
  return list;
}

json weightsJson(const Bundle &bundle) {
  json list = json::array();
  for (const Weight &weight : bundle.weights)
    list.push_back({{"name", weight.name},
                    {"type", elementTypeText(weight.type)},
                    {"shape", weight.shape},
                    {"layout", weight.layout},
                    {"bytes", weight.size},
                    {"offset", bundle.sections[weight.section].offset + weight.offset},
                    {"rank", weight.rank}});
  return list;
}

/// Adds sizes: numbers are summed, formulas joined.
json sum(const json &a, const json &b) {
  if (a.is_null() || b.is_null())
    return nullptr;
  if (a.is_number() && b.is_number()) {
    int64_t total;
    return __builtin_add_overflow(a.get<int64_t>(), b.get<int64_t>(), &total) ? json()
                                                                              : json(total);
  }
  auto text = [](const json &v) { return v.is_string() ? v.get<std::string>() : v.dump(); };
  return a == json(0) ? b : json(text(a) + "+" + text(b));
}

json memoryJson(const Bundle &bundle) {
  json arena = 0, bound = 0;
  for (const EntryPoint &entry : bundle.entries)
    for (const Program &program : entry.programs)
      for (const Arena &a : program.arenas) {
        arena = sum(arena, sizeJson(entry, a.size));
        bound = a.lowerBound == none ? json() : sum(bound, sizeJson(entry, a.lowerBound));
      }
  return {{"arena_bytes", arena}, {"lower_bound_bytes", bound}};
}

json toJson(const BundleFile &file) {
  const Bundle &bundle = file.bundle();
  json targets = json::array(), entries = json::array();
  for (const Target &target : bundle.targets)
    targets.push_back({{"device", target.device},
                       {"arch", target.arch},
                       {"name", target.name},
                       {"features", target.features},
                       {"bytes", bundle.sections[target.section].size}});
  for (const EntryPoint &entry : bundle.entries)
    entries.push_back(entryJson(entry));
  return {{"format", std::to_string(formatMajor) + "." + std::to_string(formatMinor)},
          {"producer", bundle.producer},
          {"file_bytes", file.fileSize()},
          {"ranks", bundle.ranks},
          {"targets", targets},
          {"entry_points", entries},
          {"kernels", kernelsJson(bundle)},
          {"weights", weightsJson(bundle)},
          {"memory", memoryJson(bundle)},
          {"sharding", nullptr}};
}

std::string text(const json &value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void printTensors(const char *title, const json &tensors) {
  for (const json &tensor : tensors) {
    std::string shape;
    for (const json &dim : tensor["shape"])
      shape += (shape.empty() ? "" : " x ") + text(dim);
    std::printf("  %s %s: %s [%s]\n", title, text(tensor["name"]).c_str(),
                text(tensor["type"]).c_str(), shape.c_str());
  }
}

void printSummary(const json &all) {
  std::printf("format %s, %s bytes, by %s\n", text(all["format"]).c_str(),
              text(all["file_bytes"]).c_str(), text(all["producer"]).c_str());
  for (const json &target : all["targets"])
    std::printf("target %s:%s, %s bytes of code\n", text(target["device"]).c_str(),
                text(target["name"]).c_str(), text(target["bytes"]).c_str());
  for (const json &entry : all["entry_points"]) {
    std::printf("entry point %s\n", text(entry["name"]).c_str());
    printTensors("input", entry["inputs"]);
    printTensors("output", entry["outputs"]);
    for (const json &symbol : entry["symbols"])
      std::printf("  size %s in %s..%s by %s\n", text(symbol["name"]).c_str(),
                  text(symbol["min"]).c_str(), text(symbol["max"]).c_str(),
                  text(symbol["step"]).c_str());
  }
  std::printf("%zu launches, %zu weights\n", all["kernels"].size(), all["weights"].size());
}

void printDetails(const json &all, const Options &options) {
  if (options.kernels)
    for (const json &kernel : all["kernels"])
      std::printf("kernel %s grid %s: %s\n", text(kernel["name"]).c_str(),
                  text(kernel["grid"][0]).c_str(), text(kernel["nodes"]).c_str());
  if (options.weights)
    for (const json &weight : all["weights"])
      std::printf("weight %s: %s %s, %s bytes at %s%s%s\n", text(weight["name"]).c_str(),
                  text(weight["type"]).c_str(), text(weight["shape"]).c_str(),
                  text(weight["bytes"]).c_str(), text(weight["offset"]).c_str(),
                  weight["layout"] == "" ? "" : ", ", text(weight["layout"]).c_str());
  if (options.memory)
    std::printf("arena %s bytes, at least %s\n", text(all["memory"]["arena_bytes"]).c_str(),
                text(all["memory"]["lower_bound_bytes"]).c_str());
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Shows what a bundle holds.", "tenon inspect");
  Options options;
  app.add_option("bundle", options.bundle, "the .tenon file")->required();
  app.add_flag("--json", options.json, "everything, as JSON");
  app.add_flag("--kernels", options.kernels, "one line per launch");
  app.add_flag("--weights", options.weights, "one line per weight");
  app.add_flag("--memory", options.memory, "the memory plan");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::shared_ptr<const BundleFile> file;
  if (Status status = BundleFile::open(options.bundle, file); !status.ok())
    return report("tenon inspect", status);
  json all = toJson(*file);
  if (options.json) {
    std::puts(all.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return 0;
  }
  printSummary(all);
  printDetails(all, options);
  return 0;
}
