// Checks of sections, weights, targets and entry points; programs are in
// CheckProgram.cpp. A file can say anything: no arithmetic here may overflow.
#include "runtime/bundle/Check.h"

#include "runtime/bundle/Format.h"
#include "runtime/support/Checked.h"

#include <charconv>
#include <string_view>
#include <unordered_set>

namespace tenon::bundle {
namespace {

constexpr size_t maxRank = 64;

Status invalid(std::string message) { return Status(TENON_INVALID_BUNDLE, std::move(message)); }

Status checkSection(const Section &section, uint64_t fileSize) {
  auto kind = static_cast<uint32_t>(section.kind);
  bool known = kind >= 1 && kind <= 4;
  bool plain = section.external.empty() && section.encoding.empty();
  if (section.required && (!known || !plain))
    return Status(TENON_UNSUPPORTED, "section '" + section.name + "' (kind " +
                                         std::to_string(kind) +
                                         ") is required and not known to this version");
  if (section.external.empty() && !inRange(section.offset, section.size, fileSize))
    return invalid("section '" + section.name + "' reaches beyond the end of the file");
  if (section.external.empty() && section.offset % sectionAlignment != 0)
    return invalid("section '" + section.name + "' is not aligned to a page");
  uint64_t blocks = section.size / hashBlock + (section.size % hashBlock != 0);
  if (section.kind == SectionKind::Weights && section.blocks.size() != blocks)
    return invalid("section '" + section.name + "' has " + std::to_string(section.blocks.size()) +
                   " block hashes, expected " + std::to_string(blocks));
  return {};
}

/// A section that bytes may be taken from: of that kind and inside the file.
Status checkSectionUse(const Bundle &bundle, uint32_t index, SectionKind kind, const char *user) {
  TENON_TRY(checkIndex(index, bundle.sections.size(), "section"));
  const Section &section = bundle.sections[index];
  if (section.kind != kind || !section.external.empty() || !section.encoding.empty())
    return invalid(std::string(user) + " lies in section '" + section.name +
                   "', which is not of its kind");
  return {};
}

/// A permutation of the dimensions as "1,2,0", or empty.
bool isOrder(const std::string &layout, size_t rank) {
  if (layout.empty())
    return true;
  if (rank > maxRank)
    return false;
  std::vector<bool> seen(rank);
  const char *at = layout.data(), *end = at + layout.size();
  for (size_t i = 0; i < rank; ++i) {
    if (i != 0 && (at == end || *at++ != ','))
      return false;
    size_t dim;
    auto [next, error] = std::from_chars(at, end, dim);
    if (error != std::errc() || dim >= rank || seen[dim])
      return false;
    seen[dim] = true;
    at = next;
  }
  return at == end;
}

Status checkWeight(const Bundle &bundle, const Weight &weight) {
  TENON_TRY(checkSectionUse(bundle, weight.section, SectionKind::Weights, "a weight"));
  uint64_t limit = bundle.sections[weight.section].size;
  if (!inRange(weight.offset, weight.size, limit) || weight.offset % dataAlignment != 0)
    return invalid("weight '" + weight.name + "' does not fit its section");
  if (!isOrder(weight.layout, weight.shape.size()))
    return Status(TENON_UNSUPPORTED, "weight '" + weight.name + "' has layout '" + weight.layout +
                                         "', which is no order of its " +
                                         std::to_string(weight.shape.size()) + " dimensions");
  if (!elementBytes(weight.type))
    return {};
  uint64_t bytes = elementBytes(weight.type);
  if (__builtin_mul_overflow(bytes, weight.parts, &bytes) || weight.parts == 0)
    return invalid("weight '" + weight.name + "' has " + std::to_string(weight.parts) + " parts");
  for (uint64_t dim : weight.shape)
    if (__builtin_mul_overflow(bytes, dim, &bytes))
      return invalid("weight '" + weight.name + "' is too large");
  if (bytes != weight.size)
    return invalid("weight '" + weight.name + "' has " + std::to_string(weight.size) +
                   " bytes, expected " + std::to_string(bytes));
  return {};
}

/// Of a GPU: every kernel with code says how it is launched.
Status checkLaunches(const Bundle &bundle, const Target &target) {
  constexpr uint32_t maxThreads = 1024;
  if (target.launches.size() != bundle.kernels.size())
    return invalid("target '" + target.name + "' describes " +
                   std::to_string(target.launches.size()) + " launches, expected " +
                   std::to_string(bundle.kernels.size()));
  for (size_t i = 0; i < target.launches.size(); ++i) {
    if (target.entries[i] == noEntry)
      continue;
    TENON_TRY(checkIndex(target.launches[i].code, bundle.kernels.size(), "kernel"));
    if (target.launches[i].threads < 1 || target.launches[i].threads > maxThreads)
      return invalid("kernel '" + bundle.kernels[i].name + "' has blocks of " +
                     std::to_string(target.launches[i].threads) + " threads");
  }
  return {};
}

Status checkTarget(const Bundle &bundle, const Target &target) {
  TENON_TRY(checkSectionUse(bundle, target.section, SectionKind::Code, "code"));
  if (target.ptx != none)
    TENON_TRY(checkSectionUse(bundle, target.ptx, SectionKind::Code, "code"));
  if (target.entries.size() != bundle.kernels.size())
    return invalid("target '" + target.name + "' has " + std::to_string(target.entries.size()) +
                   " kernels, expected " + std::to_string(bundle.kernels.size()));
  if (target.device == "cuda")
    TENON_TRY(checkLaunches(bundle, target));
  for (uint64_t entry : target.entries)
    if (entry != noEntry && entry >= bundle.sections[target.section].size)
      return invalid("target '" + target.name + "' has a kernel outside its code");
  return {};
}

Status checkSymbols(const EntryPoint &entry) {
  std::unordered_set<std::string_view> names;
  for (const Symbol &symbol : entry.symbols) {
    if (symbol.min < 0 || symbol.min > symbol.max || symbol.step < 1)
      return invalid("symbol '" + symbol.name + "' has an empty range");
    if (!names.insert(symbol.name).second)
      return invalid("two symbols are called '" + symbol.name + "'");
  }
  return {};
}

Status checkExprs(const EntryPoint &entry) {
  for (size_t i = 0; i < entry.exprs.size(); ++i) {
    const ExprNode &node = entry.exprs[i];
    if (static_cast<uint32_t>(node.op) >= numExprOps)
      return Status(TENON_UNSUPPORTED, "an expression has an operator not known to this version");
    if (node.op == ExprOp::Constant)
      continue;
    if (node.op == ExprOp::Symbol) {
      TENON_TRY(checkIndex(node.a, entry.symbols.size(), "symbol"));
      continue;
    }
    TENON_TRY(checkIndex(node.a, i, "operand of an expression"));
    TENON_TRY(checkIndex(node.b, i, "operand of an expression"));
  }
  return {};
}

Status checkShape(const EntryPoint &entry, const std::vector<Expr> &shape) {
  if (shape.size() > maxRank)
    return invalid("a tensor has " + std::to_string(shape.size()) +
                   " dimensions, expected at most " + std::to_string(maxRank));
  for (Expr dim : shape)
    TENON_TRY(checkIndex(dim, entry.exprs.size(), "expression"));
  return {};
}

Status checkTensor(const Bundle &bundle, const EntryPoint &entry, const Tensor &tensor) {
  if (tensor.state != none)
    TENON_TRY(checkIndex(tensor.state, bundle.states.size(), "state"));
  return checkShape(entry, tensor.shape);
}

} // namespace

Status checkSections(const Bundle &bundle, uint64_t fileSize) {
  for (const Section &section : bundle.sections)
    TENON_TRY(checkSection(section, fileSize));
  return {};
}

Status checkMesh(const Bundle &bundle) {
  constexpr uint64_t maxRanks = 1 << 20;
  uint64_t ranks = 1;
  for (const Axis &axis : bundle.mesh) {
    ranks *= axis.size;
    if (ranks == 0 || ranks > maxRanks)
      return invalid("axis '" + axis.name + "' of the mesh has size " + std::to_string(axis.size));
  }
  if (ranks != bundle.ranks)
    return invalid("the mesh has " + std::to_string(ranks) + " ranks, the bundle " +
                   std::to_string(bundle.ranks));
  return {};
}

Status checkData(const Bundle &bundle) {
  for (const Weight &weight : bundle.weights)
    TENON_TRY(checkWeight(bundle, weight));
  for (const Constant &constant : bundle.constants) {
    TENON_TRY(checkSectionUse(bundle, constant.section, SectionKind::Constants, "a constant"));
    if (!inRange(constant.offset, constant.size, bundle.sections[constant.section].size))
      return invalid("a constant does not fit its section");
  }
  for (const State &state : bundle.states)
    if (state.initial != none)
      TENON_TRY(checkIndex(state.initial, bundle.constants.size(), "constant"));
  return {};
}

Status checkTargets(const Bundle &bundle) {
  for (const Kernel &kernel : bundle.kernels) {
    for (uint8_t access : kernel.access)
      if (access < AccessRead || access > AccessBoth)
        return invalid("kernel '" + kernel.name + "' has a parameter of unknown access");
    for (String message : kernel.messages)
      TENON_TRY(checkIndex(message, bundle.strings.size(), "string"));
  }
  for (const Target &target : bundle.targets)
    TENON_TRY(checkTarget(bundle, target));
  return {};
}

Status checkEntry(const Bundle &bundle, const EntryPoint &entry) {
  TENON_TRY(checkSymbols(entry));
  TENON_TRY(checkExprs(entry));
  for (const Tensor &tensor : entry.inputs)
    TENON_TRY(checkTensor(bundle, entry, tensor));
  for (const Tensor &tensor : entry.outputs)
    TENON_TRY(checkTensor(bundle, entry, tensor));
  for (const StateShape &state : entry.states) {
    TENON_TRY(checkIndex(state.state, bundle.states.size(), "state"));
    TENON_TRY(checkIndex(state.size, entry.exprs.size(), "expression"));
    TENON_TRY(checkShape(entry, state.shape));
  }
  for (const Program &program : entry.programs)
    TENON_TRY(checkProgram(bundle, entry, program));
  return {};
}

Status checkBundle(const Bundle &bundle, uint64_t fileSize) {
  TENON_TRY(checkSections(bundle, fileSize));
  TENON_TRY(checkMesh(bundle));
  TENON_TRY(checkData(bundle));
  TENON_TRY(checkTargets(bundle));
  for (const EntryPoint &entry : bundle.entries)
    if (Status status = checkEntry(bundle, entry); !status.ok())
      return invalid("entry point '" + entry.name + "': " + status.error().message);
  return {};
}

} // namespace tenon::bundle
