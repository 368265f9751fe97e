// The interpreter. Operands were checked at load (CheckProgram.cpp); sizes and
// offsets depend on symbols and are checked here, each time a buffer is used:
// a buffer must lie inside its container.
#include "runtime/program/EntryRunner.h"
#include "runtime/support/Checked.h"

#include <chrono>
#include <cstring>

namespace tenon {

using namespace bundle;

namespace {

Status broken(std::string message) { return Status(TENON_INVALID_BUNDLE, std::move(message)); }

template <typename T>
bool widen(const char *data, int64_t &value) {
  T element;
  std::memcpy(&element, data, sizeof element);
  value = static_cast<int64_t>(element);
  return !(std::is_unsigned_v<T> && value < 0);
}

/// Reads an integer; false where it does not fit.
bool readInteger(ElementType type, const char *data, int64_t &value) {
  switch (type) {
  case ElementType::I8:
    return widen<int8_t>(data, value);
  case ElementType::I1:
  case ElementType::U8:
    return widen<uint8_t>(data, value);
  case ElementType::I16:
    return widen<int16_t>(data, value);
  case ElementType::U16:
    return widen<uint16_t>(data, value);
  case ElementType::I32:
    return widen<int32_t>(data, value);
  case ElementType::U32:
    return widen<uint32_t>(data, value);
  case ElementType::I64:
    return widen<int64_t>(data, value);
  case ElementType::U64:
    return widen<uint64_t>(data, value);
  default:
    return false;
  }
}

bool holds(Compare compare, int64_t left, int64_t right) {
  switch (compare) {
  case Compare::Equal:
    return left == right;
  case Compare::NotEqual:
    return left != right;
  case Compare::Less:
    return left < right;
  case Compare::LessEqual:
    return left <= right;
  }
  return false;
}

const char *compareText(Compare compare) {
  static const char *const texts[] = {"equal to ", "other than ", "less than ", "at most "};
  return texts[static_cast<uint32_t>(compare)];
}

} // namespace

Status EntryRunner::evaluate(Expr expr, int64_t &value) const {
  value = values.value(expr);
  if (values.state(expr) == ExprValues::State::Known)
    return {};
  bool unbound = values.state(expr) == ExprValues::State::Unbound;
  return Status(TENON_EXECUTION, "the size " + exprText(entry, expr) +
                                     (unbound ? " is not known yet" : " does not fit 64 bits"));
}

Status EntryRunner::weightOrConstant(const Buffer &buffer, Range &range) {
  void *data = nullptr;
  bool isWeight = buffer.kind == BufferKind::Weight;
  TENON_TRY(isWeight ? device.weight(buffer.index, data) : device.constant(buffer.index, data));
  const Bundle &all = file.bundle();
  uint64_t size = isWeight ? all.weights[buffer.index].size : all.constants[buffer.index].size;
  range = {static_cast<char *>(data), static_cast<int64_t>(size)};
  return {};
}

std::string EntryRunner::sizesText() const {
  std::string text;
  for (size_t i = 0; i < entry.symbols.size(); ++i)
    if (values.isBound(i) && !entry.symbols[i].name.empty())
      text += (text.empty() ? " with " : ", ") + entry.symbols[i].name + " = " +
              std::to_string(values.symbols()[i]);
  return text;
}

Status EntryRunner::stateMemory(uint32_t index, Range &range) {
  const StateShape *state = stateShapes[index];
  if (!state)
    return broken("the entry point does not declare a state that it uses");
  TENON_TRY(evaluate(state->size, range.size));
  if (range.size < 0)
    return broken("a state has a negative size");
  void *data = states.find(index, range.size);
  if (!data) {
    std::vector<int64_t> shape(state->shape.size());
    for (size_t i = 0; i < shape.size(); ++i)
      TENON_TRY(evaluate(state->shape[i], shape[i]));
    TENON_TRY(states.get(device, index, shape, range.size, data));
  }
  range.data = static_cast<char *>(data);
  return {};
}

Status EntryRunner::container(const Buffer &buffer, Range &range) {
  switch (buffer.kind) {
  case BufferKind::Input: {
    const Input &input = inputs[buffer.index];
    range = device.isHost() ? input.range : Range{input.mirror.data(), input.range.size};
    return {};
  }
  case BufferKind::Output: {
    TENON_TRY(prepareOutput(buffer.index));
    const Output &output = outputs[buffer.index];
    range = device.isHost() ? output.range : Range{output.mirror.data(), output.range.size};
    return {};
  }
  case BufferKind::Weight:
  case BufferKind::Constant:
    return weightOrConstant(buffer, range);
  case BufferKind::Arena:
    if (!arenas[buffer.index].ready)
      return broken("arena " + std::to_string(buffer.index) + " is used before it is made");
    range = arenas[buffer.index].range;
    return {};
  case BufferKind::State:
    return stateMemory(buffer.index, range);
  }
  return {};
}

Status EntryRunner::resolve(uint32_t index, Range &range) {
  const Buffer &buffer = program.buffers[index];
  int64_t offset, size;
  Range whole;
  TENON_TRY(evaluate(buffer.offset, offset));
  TENON_TRY(evaluate(buffer.size, size));
  if (size < 0)
    return Status(TENON_EXECUTION, "a tensor would have " + std::to_string(size) + " bytes (" +
                                       exprText(entry, buffer.size) + ")" + sizesText());
  TENON_TRY(container(buffer, whole));
  if (offset < 0 || !inRange(offset, size, whole.size))
    return broken("a tensor takes " + std::to_string(size) + " bytes at " +
                  std::to_string(offset) + " of " + std::to_string(whole.size) + sizesText());
  range = {whole.data + offset, size};
  return {};
}

int64_t EntryRunner::knownOr(Expr expr, int64_t otherwise) const {
  bool known = expr != none && values.state(expr) == ExprValues::State::Known;
  return known ? values.value(expr) : otherwise;
}

Status EntryRunner::execute(const inst::Arena &in) {
  ArenaSlot &arena = arenas[in.arena];
  int64_t size;
  TENON_TRY(evaluate(program.arenas[in.arena].size, size));
  if (size < 0)
    return broken("an arena has a negative size");
  if (!arena.memory.reserve(device, size))
    return Status(TENON_OUT_OF_MEMORY,
                  "no memory for " + std::to_string(size) + " bytes of intermediate results");
  arena.range = {arena.memory.data(), size};
  arena.ready = true;
  return {};
}

Status EntryRunner::execute(const inst::Launch &in) {
  int64_t grid, scratch;
  TENON_TRY(evaluate(in.grid, grid));
  TENON_TRY(evaluate(in.scratch, scratch));
  for (size_t i = 0; i < in.buffers.size(); ++i) {
    Range range;
    TENON_TRY(resolve(in.buffers[i], range));
    arguments[i] = range.data;
  }
  int64_t work = std::max(knownOr(in.flops, -1), knownOr(in.bytes, -1));
  return device.launch({in.kernel, grid, scratch, work, arguments.data(), in.buffers.size(),
                        values.symbols().data(), values.symbols().size()});
}

Status EntryRunner::copy(uint32_t to, uint32_t from) {
  Range target, source;
  TENON_TRY(resolve(to, target));
  TENON_TRY(resolve(from, source));
  if (target.size != source.size)
    return broken("a copy of " + std::to_string(source.size) + " bytes into " +
                  std::to_string(target.size));
  return device.copy(target.data, source.data, target.size);
}

Status EntryRunner::execute(const inst::Copy &in) { return copy(in.to, in.from); }

Status EntryRunner::execute(const inst::Fill &in) {
  Range target;
  TENON_TRY(resolve(in.to, target));
  if (target.size % in.width)
    return broken("a fill of " + std::to_string(target.size) + " bytes by a pattern of " +
                  std::to_string(in.width));
  return device.fill(target.data, in.pattern, in.width, target.size);
}

Status EntryRunner::execute(const inst::Store &in) {
  ElementType type = *elementTypeFromCode(in.type);
  Range to;
  int64_t value, stored = 0;
  TENON_TRY(resolve(in.to, to));
  TENON_TRY(evaluate(in.value, value));
  if (to.size < elementBytes(type))
    return broken("a size is written outside its buffer");
  TENON_TRY(device.upload(to.data, &value, elementBytes(type)));
  if (!readInteger(type, reinterpret_cast<const char *>(&value), stored) || stored != value)
    return Status(TENON_EXECUTION, "the size " + exprText(entry, in.value) + " is " +
                                       std::to_string(value) + ", which does not fit type " +
                                       elementTypeText(type));
  return {};
}

Status EntryRunner::execute(const inst::Bind &in) {
  ElementType type = *elementTypeFromCode(in.type);
  Range from;
  int64_t index, offset, value;
  TENON_TRY(resolve(in.from, from));
  TENON_TRY(evaluate(in.index, index));
  if (index < 0 || !checkedMul(index, elementBytes(type), offset) ||
      !inRange(offset, elementBytes(type), from.size))
    return broken("a size is read outside its buffer");
  const std::string &name = entry.symbols[in.symbol].name;
  char element[8] = {};
  TENON_TRY(finishWork());
  TENON_TRY(device.download(element, from.data + offset, elementBytes(type)));
  if (!readInteger(type, element, value))
    return Status(TENON_EXECUTION, "size '" + name + "' does not fit 64 bits");
  if (Status status = checkSymbol(in.symbol, value); !status.ok())
    return Status(TENON_EXECUTION, "size '" + name + "' " + status.error().message);
  values.bind(in.symbol, value);
  return {};
}

Status EntryRunner::execute(const inst::Check &in) {
  int64_t left, right;
  TENON_TRY(evaluate(in.left, left));
  TENON_TRY(evaluate(in.right, right));
  if (holds(in.compare, left, right))
    return {};
  return Status(TENON_EXECUTION, file.bundle().strings[in.message] + ": " + std::to_string(left) +
                                     ", expected " + compareText(in.compare) +
                                     std::to_string(right) + sizesText());
}

Status EntryRunner::readFlag(uint32_t buffer, bool &flag) {
  Range range;
  TENON_TRY(resolve(buffer, range));
  if (range.size < 1)
    return broken("a condition has no bytes");
  char byte = 0;
  TENON_TRY(finishWork());
  TENON_TRY(device.download(&byte, range.data, 1));
  flag = byte != 0;
  return {};
}

Status EntryRunner::execute(const inst::If &in) {
  bool condition = false;
  TENON_TRY(readFlag(in.condition, condition));
  uint32_t block = condition ? in.then : in.otherwise;
  return block == none ? Status() : runBlock(block);
}

Status EntryRunner::execute(const inst::Loop &in) {
  int64_t trips = INT64_MAX;
  if (in.trips != none)
    TENON_TRY(evaluate(in.trips, trips));
  int64_t round = 0;
  values.bind(in.counter, round);
  for (; round < trips; values.bind(in.counter, ++round)) {
    bool more = true;
    if (in.condition != none)
      TENON_TRY(readFlag(in.condition, more));
    if (!more)
      break;
    TENON_TRY(runBlock(in.body));
    for (size_t i = 0; i < in.to.size(); ++i)
      TENON_TRY(copy(in.to[i], in.from[i]));
  }
  return {};
}

Status EntryRunner::observe(const inst::Launch &in, const Instruction &instruction) {
  auto start = std::chrono::steady_clock::now();
  TENON_TRY(execute(in));
  TENON_TRY(finishWork());
  std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  std::string nodes = nodeNames(instruction);
  tenon_launch_info info = {file.bundle().kernels[in.kernel].name.c_str(), nodes.c_str(),
                            time.count(), knownOr(in.flops, -1), knownOr(in.bytes, -1)};
  hooks.observer.callback(hooks.observer.user, &info);
  return {};
}

std::string EntryRunner::nodeNames(const Instruction &instruction) const {
  std::string names;
  for (uint32_t node : instruction.nodes)
    names += (names.empty() ? "" : ", ") + file.bundle().strings[node];
  return names;
}

Status EntryRunner::runInstruction(const Instruction &instruction) {
  if (hooks.observer.callback)
    if (auto *launch = std::get_if<inst::Launch>(&instruction.body))
      return observe(*launch, instruction);
  return std::visit([&](const auto &in) { return execute(in); }, instruction.body);
}

Status EntryRunner::runBlock(uint32_t block) {
  for (const Instruction &instruction : program.blocks[block].instructions) {
    Status status = runInstruction(instruction);
    if (!status.ok()) {
      status.setNode(nodeNames(instruction));
      return status;
    }
  }
  return {};
}

} // namespace tenon
