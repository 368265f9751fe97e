// Checks of programs: every field of every instruction by its kind in
// Instructions.def, then what one instruction asks beyond that.
#include "runtime/bundle/Check.h"

#include <algorithm>

namespace tenon::bundle {
namespace {

Status invalid(std::string message) { return Status(TENON_INVALID_BUNDLE, std::move(message)); }

class ProgramChecker {
public:
  ProgramChecker(const Bundle &bundle, const EntryPoint &entry, const Program &program)
      : bundle(bundle), entry(entry), program(program) {}
  Status run();

private:
  Status checkBuffer(const Buffer &buffer);
  Status checkInstruction(const Instruction &instruction, size_t block);
  Status checkField(FieldKind kind, uint64_t word, size_t block);
  Status checkField(FieldKind kind, Compare compare, size_t block) {
    return checkField(kind, static_cast<uint64_t>(compare), block);
  }
  Status checkField(FieldKind kind, const std::vector<uint32_t> &list, size_t block);
  Status writable(uint32_t buffer);
  Status checkNesting();

  template <typename T>
  Status special(const T &) {
    return {};
  }
  Status special(const inst::Launch &launch);
  Status special(const inst::Copy &copy) { return writable(copy.to); }
  Status special(const inst::Fill &fill);
  Status special(const inst::Bind &bind) { return integer(bind.type); }
  Status special(const inst::Store &store);
  Status integer(uint32_t type);
  Status special(const inst::Loop &loop);
  Status special(const inst::Collective &collective);

  const Bundle &bundle;
  const EntryPoint &entry;
  const Program &program;
};

size_t containerCount(const Bundle &bundle, const EntryPoint &entry, const Program &program,
                      BufferKind kind) {
  switch (kind) {
  case BufferKind::Input:
    return entry.inputs.size();
  case BufferKind::Output:
    return entry.outputs.size();
  case BufferKind::Weight:
    return bundle.weights.size();
  case BufferKind::Constant:
    return bundle.constants.size();
  case BufferKind::Arena:
    return program.arenas.size();
  case BufferKind::State:
    return bundle.states.size();
  }
  return 0;
}

Status ProgramChecker::checkBuffer(const Buffer &buffer) {
  TENON_TRY(checkIndex(static_cast<uint32_t>(buffer.kind), numBufferKinds, "kind of buffer"));
  size_t count = containerCount(bundle, entry, program, buffer.kind);
  TENON_TRY(checkIndex(buffer.index, count, "container of a buffer"));
  TENON_TRY(checkIndex(buffer.offset, entry.exprs.size(), "expression"));
  return checkIndex(buffer.size, entry.exprs.size(), "expression");
}

Status ProgramChecker::checkField(FieldKind kind, uint64_t word, size_t block) {
  switch (kind) {
  case FieldKind::Kernel:
    return checkIndex(word, bundle.kernels.size(), "kernel");
  case FieldKind::Arena:
    return checkIndex(word, program.arenas.size(), "arena");
  case FieldKind::Symbol:
    return checkIndex(word, entry.symbols.size(), "symbol");
  case FieldKind::OptionalBuffer:
    return word == none ? Status() : checkIndex(word, program.buffers.size(), "buffer");
  case FieldKind::Buffer:
    return checkIndex(word, program.buffers.size(), "buffer");
  case FieldKind::OptionalExpr:
    return word == none ? Status() : checkIndex(word, entry.exprs.size(), "expression");
  case FieldKind::Expr:
    return checkIndex(word, entry.exprs.size(), "expression");
  case FieldKind::OptionalBlock:
  case FieldKind::Block:
    if (word == none && kind == FieldKind::OptionalBlock)
      return {};
    // Blocks only refer to later ones, so that nesting ends.
    if (word <= block)
      return invalid("block " + std::to_string(block) + " contains an earlier one");
    return checkIndex(word, program.blocks.size(), "block");
  case FieldKind::String:
    return checkIndex(word, bundle.strings.size(), "string");
  case FieldKind::Type:
    return elementTypeFromCode(word) ? Status() : invalid("an element type is not known");
  case FieldKind::Compare:
    return checkIndex(word, numCompares, "comparison");
  case FieldKind::Integer:
  case FieldKind::Word64:
  case FieldKind::Buffers:
    return {};
  }
  return {};
}

Status ProgramChecker::checkField(FieldKind, const std::vector<uint32_t> &list, size_t block) {
  for (uint32_t word : list)
    TENON_TRY(checkField(FieldKind::Buffer, word, block));
  return {};
}

Status ProgramChecker::writable(uint32_t buffer) {
  BufferKind kind = program.buffers[buffer].kind;
  if (kind == BufferKind::Output || kind == BufferKind::Arena || kind == BufferKind::State)
    return {};
  return invalid("buffer " + std::to_string(buffer) + " is written but may only be read");
}

Status ProgramChecker::special(const inst::Launch &launch) {
  const Kernel &kernel = bundle.kernels[launch.kernel];
  if (launch.buffers.size() != kernel.access.size())
    return invalid("kernel '" + kernel.name + "' is launched with " +
                   std::to_string(launch.buffers.size()) + " buffers, expected " +
                   std::to_string(kernel.access.size()));
  for (size_t i = 0; i < launch.buffers.size(); ++i)
    if (kernel.access[i] & AccessWrite)
      TENON_TRY(writable(launch.buffers[i]));
  return {};
}

Status ProgramChecker::special(const inst::Fill &fill) {
  if (fill.width != 1 && fill.width != 2 && fill.width != 4 && fill.width != 8)
    return invalid("a fill pattern has " + std::to_string(fill.width) + " bytes");
  return writable(fill.to);
}

Status ProgramChecker::integer(uint32_t code) {
  ElementType type = *elementTypeFromCode(code);
  if (isFloat(type) || !elementBytes(type))
    return invalid(std::string("a size is held by an element of type ") + elementTypeText(type));
  return {};
}

Status ProgramChecker::special(const inst::Store &store) {
  TENON_TRY(integer(store.type));
  return writable(store.to);
}

Status ProgramChecker::special(const inst::Loop &loop) {
  if (loop.to.size() != loop.from.size())
    return invalid("a loop carries " + std::to_string(loop.from.size()) + " buffers into " +
                   std::to_string(loop.to.size()));
  for (uint32_t buffer : loop.to)
    TENON_TRY(writable(buffer));
  if (loop.trips == none && loop.condition == none)
    return invalid("a loop has no end");
  return {};
}

Status ProgramChecker::special(const inst::Collective &collective) {
  TENON_TRY(checkIndex(collective.kind, numCollectiveKinds, "kind of collective"));
  TENON_TRY(checkIndex(collective.reduction, numReductions, "reduction"));
  TENON_TRY(checkIndex(collective.axis, bundle.mesh.size(), "axis"));
  auto kind = static_cast<CollectiveKind>(collective.kind);
  bool reduces = kind == CollectiveKind::AllReduce || kind == CollectiveKind::ReduceScatter;
  if (reduces != (collective.reduction != 0))
    return invalid("a collective combines what it should not, or does not");
  if (!elementBytes(*elementTypeFromCode(collective.type)))
    return invalid("a collective of elements of less than a byte");
  return writable(collective.to);
}

Status ProgramChecker::checkInstruction(const Instruction &instruction, size_t block) {
  for (uint32_t node : instruction.nodes)
    TENON_TRY(checkIndex(node, bundle.strings.size(), "string"));
#define INSTRUCTION(Name, code, text, doc)                                                         \
  if (auto *in = std::get_if<inst::Name>(&instruction.body)) {
#define FIELD(kind, name, doc) TENON_TRY(checkField(FieldKind::kind, in->name, block));
#define END(Name)                                                                                  \
  return special(*in);                                                                             \
  }
#include "runtime/bundle/Instructions.def"
  return invalid("an instruction is empty");
}

/// The interpreter recurses once per level of nesting.
Status ProgramChecker::checkNesting() {
  constexpr unsigned maxDepth = 256;
  std::vector<unsigned> depth(program.blocks.size());
  auto enter = [&](size_t from, uint32_t to) {
    if (to != none)
      depth[to] = std::max(depth[to], depth[from] + 1);
  };
  for (size_t block = 0; block < program.blocks.size(); ++block) {
    if (depth[block] > maxDepth)
      return invalid("blocks are nested more than " + std::to_string(maxDepth) + " deep");
    for (const Instruction &instruction : program.blocks[block].instructions)
      if (auto *branch = std::get_if<inst::If>(&instruction.body)) {
        enter(block, branch->then);
        enter(block, branch->otherwise);
      } else if (auto *loop = std::get_if<inst::Loop>(&instruction.body)) {
        enter(block, loop->body);
      }
  }
  return {};
}

Status ProgramChecker::run() {
  if (program.blocks.empty())
    return invalid("a program has no blocks");
  for (const Arena &arena : program.arenas) {
    TENON_TRY(checkIndex(arena.size, entry.exprs.size(), "expression"));
    TENON_TRY(checkField(FieldKind::OptionalExpr, arena.lowerBound, 0));
  }
  for (const Buffer &buffer : program.buffers)
    TENON_TRY(checkBuffer(buffer));
  for (size_t block = 0; block < program.blocks.size(); ++block)
    for (const Instruction &instruction : program.blocks[block].instructions)
      TENON_TRY(checkInstruction(instruction, block));
  return checkNesting();
}

} // namespace

Status checkProgram(const Bundle &bundle, const EntryPoint &entry, const Program &program) {
  return ProgramChecker(bundle, entry, program).run();
}

} // namespace tenon::bundle
