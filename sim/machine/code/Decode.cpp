// The decoder's frame: which functions a kernel reaches, where its variables lie,
// and the loop over instructions.
#include "sim/machine/code/Decoding.h"
#include <algorithm>

namespace tenon::sim {

using namespace ptx;

Decoding::Decoding(Program &program, const GpuSpec &gpu, const VariableAddresses &addresses,
                   bool fastMma, std::string &log)
    : program(program), gpu(gpu), addresses(addresses), fast(fastMma), log(log) {
  result.program = &program;
}

void Decoding::fail(std::string message) {
  if (failed)
    return;
  failed = true;
  uint32_t line = current ? current->line : source ? source->line : 0;
  std::string text(program.module->sourceLine(line));
  size_t start = text.find_first_not_of(" \t");
  if (start != std::string::npos)
    text = text.substr(start);
  log += "line " + std::to_string(line) + ": " + message + ": " + text + "\n";
}

/// Calls visit(operand) for an operand and all inside it.
template <class Visit> static void forEachOperand(const Operand &operand, Visit visit) {
  visit(operand);
  for (const Operand &element : operand.elements)
    forEachOperand(element, visit);
}

std::vector<uint32_t> Decoding::reachable(uint32_t kernel) {
  const ptx::Module &m = *program.module;
  std::vector<uint32_t> order{kernel};
  auto add = [&](const SymbolRef &ref) {
    if (ref.kind == SymbolRef::Kind::Function && !m.functions[ref.index].isEntry &&
        m.functions[ref.index].hasBody &&
        std::find(order.begin(), order.end(), ref.index) == order.end())
      order.push_back(ref.index);
  };
  bool indirect = false;
  for (size_t i = 0; i < order.size(); ++i)
    for (const I &instruction : m.functions[order[i]].instructions)
      for (const Operand &operand : instruction.operands)
        forEachOperand(operand, [&](const Operand &o) {
          add(o.symbol);
          indirect |= instruction.opcode == Opcode::Call && o.kind == Operand::Kind::Register;
        });
  if (indirect) // a pointer may come from memory: any function may be meant
    for (uint32_t f = 0; f < m.functions.size(); ++f)
      add({SymbolRef::Kind::Function, f});
  return order;
}

bool Decoding::decodeKernel(uint32_t index) {
  std::vector<uint32_t> order = reachable(index);
  for (uint32_t f : order) {
    FunctionCode code;
    code.source = f;
    code.name = program.module->functions[f].name;
    program.functionOfSource[f] = uint32_t(program.functions.size());
    program.functions.push_back(code);
    result.functions.emplace_back();
    result.functions.back().source = f;
  }
  layOutShared(order);
  frameVariables.resize(order.size());
  frameParams.resize(order.size());
  frameResults.resize(order.size());
  for (uint32_t i = 0; i < order.size(); ++i)
    layOutFrame(i);
  bool good = true;
  for (uint32_t i = 0; i < order.size(); ++i) {
    decodeFunction(i);
    good &= !failed;
    failed = false;
  }
  if (good)
    lower(result);
  return good;
}

static uint64_t alignUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

void Decoding::layOutShared(const std::vector<uint32_t> &functions) {
  const ptx::Module &m = *program.module;
  uint64_t bytes = 0;
  std::vector<std::pair<uint32_t, uint32_t>> dynamic;
  // What the system keeps for itself, where code asks for it (cooperative groups do).
  for (uint32_t f : functions)
    for (const I &instruction : m.functions[f].instructions)
      for (const Operand &operand : instruction.operands)
        if (operand.kind == Operand::Kind::Special && isReservedShared(operand.special))
          program.reservedShared = reservedSharedBytes;
  bytes = program.reservedShared;
  auto place = [&](uint32_t function, uint32_t variable, const Variable &v) {
    if (v.space != ptx::Space::Shared || shared.count({function, variable}))
      return;
    if (v.size == 0) {
      dynamic.push_back({function, variable});
      shared[{function, variable}] = 0;
      return;
    }
    bytes = alignUp(bytes, std::max<uint32_t>(v.alignment, 1));
    shared[{function, variable}] = uint32_t(bytes);
    bytes += v.size;
  };
  for (uint32_t f : functions) {
    const Function &fn = m.functions[f];
    for (uint32_t v = 0; v < fn.variables.size(); ++v)
      place(f, v, fn.variables[v]);
    for (const I &instruction : fn.instructions)
      for (const Operand &operand : instruction.operands)
        forEachOperand(operand, [&](const Operand &o) {
          if (o.symbol.kind == SymbolRef::Kind::Global)
            place(noIndex, o.symbol.index, m.variables[o.symbol.index]);
        });
  }
  if (bytes > gpu.sharedPerSm)
    fail("static shared memory of " + std::to_string(bytes) + " bytes");
  uint64_t end = bytes;
  for (auto [f, v] : dynamic)
    end = std::max(end, alignUp(bytes, std::max<uint32_t>(16, f == noIndex
                            ? m.variables[v].alignment : m.functions[f].variables[v].alignment)));
  if (!dynamic.empty())
    bytes = end;
  for (auto key : dynamic)
    shared[key] = uint32_t(bytes);
  program.staticShared = uint32_t(bytes);
}

void Decoding::layOutFrame(uint32_t index) {
  const Function &fn = program.module->functions[program.functions[index].source];
  uint64_t bytes = 0;
  auto place = [&](const Variable &v, std::vector<uint32_t> &offsets) {
    bytes = alignUp(bytes, std::max<uint32_t>(v.alignment, 4));
    offsets.push_back(uint32_t(bytes));
    bytes += std::max<uint64_t>(v.size, v.space == ptx::Space::Reg ? 0 : 1);
  };
  for (const Variable &v : fn.variables)
    if (v.space == ptx::Space::Local || v.space == ptx::Space::Param)
      place(v, frameVariables[index]);
    else
      frameVariables[index].push_back(noIndex);
  if (!fn.isEntry) {
    for (const Variable &v : fn.params)
      place(v, frameParams[index]);
    for (const Variable &v : fn.results)
      place(v, frameResults[index]);
  }
  if (bytes > 512 * 1024)
    log += "function " + fn.name + ": local memory of " + std::to_string(bytes) +
           " bytes per thread exceeds 524288\n",
        failed = true;
  program.functions[index].frameBytes = uint32_t(alignUp(bytes, 16));
}

void Decoding::decodeFunction(uint32_t index) {
  functionIndex = index;
  target = &result.functions[index];
  source = &program.module->functions[target->source];
  carry = noIndex;
  FunctionCode &code = program.functions[index];
  auto describe = [&](const std::vector<Variable> &list, const std::vector<uint32_t> &offsets,
                      std::vector<CallParameter> &into) {
    for (size_t i = 0; i < list.size() && !source->isEntry; ++i) {
      CallParameter p{offsets[i], uint32_t(list[i].size), 0, 0};
      if (list[i].registerIndex != NoIndex)
        fail("parameters in registers (.reg) are not simulated");
      into.push_back(p);
    }
  };
  describe(source->params, frameParams[index], code.params);
  describe(source->results, frameResults[index], code.results);
  std::vector<uint32_t> start;
  for (const I &instruction : source->instructions) {
    start.push_back(uint32_t(target->ops.size()));
    current = &instruction;
    firstOp = true;
    if (!failed)
      decodeInstruction(instruction);
  }
  current = nullptr;
  start.push_back(uint32_t(target->ops.size()));
  emit(HandlerId::Return).line = source->line;
  for (const Label &label : source->labels)
    target->labels.push_back(start[label.instruction]);
  for (const Table &table : source->tables)
    target->tables.push_back(table.labels);
}

static InstructionClass classOf(const Instruction &i) {
  using O = Opcode;
  switch (i.opcode) {
  case O::Fma:
    return InstructionClass::Fma;
  case O::Mad:
    return isFloatType(i.type()) ? InstructionClass::Fma : InstructionClass::Alu;
  case O::Mma: case O::MmaSp: case O::MmaSpOrdered: case O::WmmaMma: case O::WgmmaMmaAsync:
  case O::WgmmaMmaAsyncSp:
    return InstructionClass::Mma;
  case O::Ld: case O::Ldu: case O::Ldmatrix: case O::WmmaLoad: case O::CpAsync:
  case O::CpAsyncBulk: case O::CpAsyncBulkTensor:
    return InstructionClass::Load;
  case O::St: case O::Stmatrix: case O::WmmaStore: case O::Atom: case O::Red: case O::StAsync:
  case O::RedAsync: case O::CpReduceAsyncBulk: case O::CpReduceAsyncBulkTensor:
    return InstructionClass::Store;
  case O::Bar: case O::Barrier: case O::BarrierCluster: case O::BarWarpSync: case O::Fence:
  case O::Membar: case O::MbarrierArrive: case O::MbarrierTryWait: case O::MbarrierTestWait:
  case O::MbarrierExpectTx: case O::WgmmaFence: case O::WgmmaWaitGroup: case O::CpAsyncWaitGroup:
  case O::CpAsyncWaitAll: case O::CpAsyncBulkWaitGroup:
    return InstructionClass::Barrier;
  case O::Bra: case O::BrxIdx: case O::Call: case O::Ret: case O::Exit: case O::Trap:
    return InstructionClass::Other;
  default:
    return i.opcode <= O::Isspacep || i.opcode == O::Cvt || i.opcode == O::Cvta
               ? InstructionClass::Alu : InstructionClass::Other;
  }
}

void Decoding::decodeInstruction(const I &i) {
  size_t before = target->ops.size();
  bool known = decodeInteger(i) || decodeMultiply(i) || decodeBits(i) || decodeCarry(i) || decodeFloat(i) ||
               decodeCompare(i) || decodeMove(i) || decodeConvert(i) || decodeMemory(i) ||
               decodeAtomic(i) || decodeControl(i) || decodeBarrier(i) || decodeWarp(i);
  if (!known && !failed) {
    if (auto op = decodeExtension(*this, i)) {
      program.usesAsync = true;
      emitExtended(std::move(op));
      known = true;
    }
  }
  if (!known)
    fail("the simulator does not execute " + std::string(spelling(i.opcode)) + " of this form");
  if (target->ops.size() == before) { // counted all the same
    RegisterUse p = constant(0, 1);
    emit(HandlerId::PMov, scratch(1), p);
  }
  target->ops[before].instructionClass = classOf(i);
}

} // namespace tenon::sim
