// tenon inspect: what a bundle holds, as text or JSON.
#include "runtime/bundle/BundleFile.h"
#include "runtime/bundle/Expr.h"
#include "runtime/bundle/Format.h"
#include "runtime/tools/Model.h"
#include "runtime/tools/Sizes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace tenon;
using namespace tenon::tools;
using namespace tenon::bundle;
using nlohmann::json;

namespace {

struct Options {
  std::string bundle;
  std::vector<std::string> dims;
  std::string ptx;
  bool json = false, kernels = false, weights = false, memory = false;
};

/// An entry point with the sizes that --dim gave.
struct Sized {
  explicit Sized(const EntryPoint &entry) : entry(entry), values(entry) {}

  const EntryPoint &entry;
  ExprValues values;
};

/// A number where it is one, else the formula; null for none.
json sizeJson(const Sized &sized, Expr expr) {
  if (expr == none)
    return nullptr;
  bool known = sized.values.state(expr) == ExprValues::State::Known;
  return known ? json(sized.values.value(expr)) : json(exprText(sized.entry, expr));
}

json shapeJson(const Sized &sized, const std::vector<Expr> &shape) {
  json sizes = json::array();
  for (Expr dim : shape)
    sizes.push_back(sizeJson(sized, dim));
  return sizes;
}

json tensorsJson(const Sized &sized, const std::vector<Tensor> &tensors) {
  json list = json::array();
  for (const Tensor &tensor : tensors)
    list.push_back({{"name", tensor.name},
                    {"type", elementTypeText(tensor.type)},
                    {"shape", shapeJson(sized, tensor.shape)}});
  return list;
}

json entryJson(const Sized &sized) {
  const EntryPoint &entry = sized.entry;
  json symbols = json::array();
  for (const Symbol &symbol : entry.symbols)
    symbols.push_back(
        {{"name", symbol.name}, {"min", symbol.min}, {"max", symbol.max}, {"step", symbol.step}});
  return {{"name", entry.name},
          {"inputs", tensorsJson(sized, entry.inputs)},
          {"outputs", tensorsJson(sized, entry.outputs)},
          {"symbols", symbols}};
}

json nodesJson(const Bundle &bundle, const Instruction &instruction) {
  json nodes = json::array();
  for (String node : instruction.nodes)
    nodes.push_back(bundle.strings[node]);
  return nodes;
}

/// How a GPU launches a kernel: threads of a block, and its scratch memory.
void describeBlock(const Bundle &bundle, const Sized &sized, const inst::Launch &launch,
                   json &block, json &shared) {
  for (const Target &target : bundle.targets)
    if (target.device == "cuda" && target.entries[launch.kernel] != noEntry) {
      block = json::array({target.launches[launch.kernel].threads});
      shared = sizeJson(sized, launch.scratch);
      return;
    }
}

json launchJson(const Bundle &bundle, const Sized &sized, const Program &program,
                const Instruction &instruction, const inst::Launch &launch) {
  json block = nullptr, registers = nullptr, shared = nullptr; // these exist on GPUs
  if (program.device == "cuda")
    describeBlock(bundle, sized, launch, block, shared);
  return {{"name", bundle.kernels[launch.kernel].name},
          {"entry", sized.entry.name},
          {"nodes", nodesJson(bundle, instruction)},
          {"target", program.device},
          {"grid", json::array({sizeJson(sized, launch.grid)})},
          {"block", block},
          {"registers", registers},
          {"shared_bytes", shared},
          {"bytes", sizeJson(sized, launch.bytes)},
          {"flops", sizeJson(sized, launch.flops)}};
}

json kernelsJson(const Bundle &bundle, const std::vector<Sized> &entries) {
  json list = json::array();
  for (const Sized &sized : entries)
    for (const Program &program : sized.entry.programs)
      for (const Block &block : program.blocks)
        for (const Instruction &instruction : block.instructions)
          if (auto *launch = std::get_if<inst::Launch>(&instruction.body))
            list.push_back(launchJson(bundle, sized, program, instruction, *launch));
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
  return a == json(0) ? b : json(text(a) + " + " + text(b));
}

json memoryJson(const std::vector<Sized> &entries) {
  json arena = 0, bound = 0;
  for (const Sized &sized : entries)
    for (const Program &program : sized.entry.programs)
      for (const Arena &a : program.arenas) {
        arena = sum(arena, sizeJson(sized, a.size));
        bound = a.lowerBound == none ? json() : sum(bound, sizeJson(sized, a.lowerBound));
      }
  return {{"arena_bytes", arena}, {"lower_bound_bytes", bound}};
}

json toJson(const BundleFile &file, const std::vector<Sized> &sizedEntries) {
  const Bundle &bundle = file.bundle();
  json targets = json::array(), entries = json::array();
  for (const Target &target : bundle.targets)
    targets.push_back({{"device", target.device},
                       {"arch", target.arch},
                       {"name", target.name},
                       {"features", target.features},
                       {"bytes", bundle.sections[target.section].size}});
  for (const Sized &sized : sizedEntries)
    entries.push_back(entryJson(sized));
  return {{"format", file.format()},
          {"producer", bundle.producer},
          {"file_bytes", file.fileSize()},
          {"ranks", bundle.ranks},
          {"targets", targets},
          {"entry_points", entries},
          {"kernels", kernelsJson(bundle, sizedEntries)},
          {"weights", weightsJson(bundle)},
          {"memory", memoryJson(sizedEntries)},
          {"sharding", nullptr}};
}

std::string text(const json &value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// "[2 x batch x 128]", or "scalar".
std::string shapeText(const json &shape) {
  std::string sizes;
  for (const json &dim : shape)
    sizes += (sizes.empty() ? "" : " x ") + text(dim);
  return sizes.empty() ? "scalar" : "[" + sizes + "]";
}

std::string join(const json &names) {
  std::string list;
  for (const json &name : names)
    list += (list.empty() ? "" : ", ") + text(name);
  return list;
}

void printTensors(const char *title, const json &tensors) {
  for (const json &tensor : tensors)
    std::printf("  %s %s: %s %s\n", title, text(tensor["name"]).c_str(),
                text(tensor["type"]).c_str(), shapeText(tensor["shape"]).c_str());
}

void printEntry(const json &json, const Sized &sized) {
  std::printf("entry point %s\n", text(json["name"]).c_str());
  printTensors("input", json["inputs"]);
  printTensors("output", json["outputs"]);
  for (size_t i = 0; i < sized.entry.symbols.size(); ++i)
    if (!sized.values.isBound(i))
      std::printf("  size %s: %s\n", sized.entry.symbols[i].name.c_str(),
                  rangeText(sized.entry.symbols[i]).c_str());
}

void printSummary(const json &all, const std::vector<Sized> &entries) {
  std::printf("format %s, %s bytes, by %s\n", text(all["format"]).c_str(),
              text(all["file_bytes"]).c_str(), text(all["producer"]).c_str());
  for (const json &target : all["targets"])
    std::printf("target %s:%s, %s bytes of code\n", text(target["device"]).c_str(),
                text(target["name"]).c_str(), text(target["bytes"]).c_str());
  for (size_t i = 0; i < entries.size(); ++i)
    printEntry(all["entry_points"][i], entries[i]);
  std::printf("%zu launches, %zu weights\n", all["kernels"].size(), all["weights"].size());
}

void printWeight(const json &weight) {
  std::printf("weight %s: %s %s, %s bytes at %s%s%s\n", text(weight["name"]).c_str(),
              text(weight["type"]).c_str(), shapeText(weight["shape"]).c_str(),
              text(weight["bytes"]).c_str(), text(weight["offset"]).c_str(),
              weight["layout"] == "" ? "" : ", ", text(weight["layout"]).c_str());
}

void printMemory(const json &memory) {
  const json &arena = memory["arena_bytes"], &least = memory["lower_bound_bytes"];
  if (arena.is_string())
    std::printf("arena bytes depend on sizes (--dim gives them): %s\n", text(arena).c_str());
  else
    std::printf("arena %s bytes%s\n", text(arena).c_str(),
                least.is_number() ? (", at least " + text(least)).c_str() : "");
}

void printDetails(const json &all, const Options &options) {
  if (options.kernels)
    for (const json &kernel : all["kernels"])
      std::printf("kernel %s grid %s%s: %s\n", text(kernel["name"]).c_str(),
                  text(kernel["grid"][0]).c_str(),
                  kernel["block"].is_null() ? "" : (" block " + text(kernel["block"][0])).c_str(),
                  join(kernel["nodes"]).c_str());
  if (options.weights)
    for (const json &weight : all["weights"])
      printWeight(weight);
  if (options.memory)
    printMemory(all["memory"]);
}

/// Every entry point with the given sizes; each size must belong to one of them.
Status bindSizes(const BundleFile &file, const std::vector<std::string> &dims,
                 std::vector<Sized> &entries) {
  std::vector<bool> taken(dims.size());
  Status last;
  for (const EntryPoint &entry : file.bundle().entries) {
    Sized &sized = entries.emplace_back(entry);
    for (size_t i = 0; i < dims.size(); ++i) {
      Status status = bindSize(entry, dims[i], sized.values);
      if (status.ok())
        taken[i] = true;
      else
        last = std::move(status);
    }
    sized.values.recompute();
  }
  bool all = std::find(taken.begin(), taken.end(), false) == taken.end();
  return all ? Status() : std::move(last);
}

/// The text of a kernel for the first GPU architecture that has it.
Status printPtx(const BundleFile &file, const std::string &name) {
  const Bundle &bundle = file.bundle();
  for (const Target &target : bundle.targets)
    for (size_t i = 0; target.device == "cuda" && i < target.entries.size(); ++i) {
      if (target.entries[i] == noEntry || bundle.kernels[i].name != name)
        continue;
      const char *section = reinterpret_cast<const char *>(file.sectionData(target.section));
      const char *text = section + target.entries[i];
      uint64_t room = bundle.sections[target.section].size - target.entries[i];
      std::fwrite(text, 1, strnlen(text, room), stdout);
      return {};
    }
  return Status(TENON_INVALID_ARGUMENT, "the bundle has no PTX of a kernel '" + name + "'");
}

int inspect(const Options &options) {
  std::shared_ptr<const BundleFile> file;
  std::vector<Sized> entries;
  Status status = BundleFile::open(options.bundle, file);
  if (status.ok())
    status = bindSizes(*file, options.dims, entries);
  if (!status.ok())
    return report("tenon inspect", status);
  if (!options.ptx.empty())
    return report("tenon inspect", printPtx(*file, options.ptx));
  json all = toJson(*file, entries);
  if (options.json) {
    std::puts(all.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return 0;
  }
  printSummary(all, entries);
  printDetails(all, options);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Shows what a bundle holds.", "tenon inspect");
  Options options;
  app.add_option("BUNDLE", options.bundle, "the .tenon file")->required();
  app.add_flag("--json", options.json, "everything, as JSON");
  app.add_flag("--kernels", options.kernels, "one line per launch");
  app.add_flag("--weights", options.weights, "one line per weight");
  app.add_flag("--memory", options.memory, "the memory plan");
  app.add_option("--ptx", options.ptx, "print the PTX of a kernel")->option_text("NAME");
  app.add_option("--dim", options.dims, "put a number for a free size in all formulas")
      ->option_text("NAME=SIZE");
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  return inspect(options);
}
