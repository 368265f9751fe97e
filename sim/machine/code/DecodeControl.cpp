// Branches, calls, returns, and how a kernel ends.
#include "sim/machine/code/Decoding.h"

namespace tenon::sim {

using namespace ptx;

static CallSite::Builtin builtinOf(const std::string &name) {
  using B = CallSite::Builtin;
  if (name == "vprintf")
    return B::Vprintf;
  if (name == "__assertfail" || name == "__assert_fail")
    return B::AssertFail;
  if (name == "malloc")
    return B::Malloc;
  if (name == "free")
    return B::Free;
  return B::None;
}

void Decoding::call(const I &i) {
  const Operand *callee = nullptr;
  std::vector<const Operand *> lists;
  bool before = true;
  const Operand *results = nullptr, *arguments = nullptr;
  for (const Operand &o : i.operands) {
    if (o.kind == Operand::Kind::List)
      (before ? results : arguments) = &o;
    else if (o.kind == Operand::Kind::Register || o.kind == Operand::Kind::Function ||
             o.kind == Operand::Kind::Symbol) {
      callee = &o;
      before = false;
    }
  }
  if (!callee)
    return fail("a call without a target");
  CallSite site;
  site.caller = functionIndex;
  auto bind = [&](const Operand *list, std::vector<CallParameter> &into) {
    if (!list)
      return;
    for (const Operand &o : list->elements) {
      auto frame = frameOffset(o.symbol);
      if (!frame)
        return fail("call arguments in registers are not simulated");
      uint64_t size = o.symbol.kind == SymbolRef::Kind::Local ? source->variables[o.symbol.index].size
                      : o.symbol.kind == SymbolRef::Kind::Param ? source->params[o.symbol.index].size
                                                                : source->results[o.symbol.index].size;
      into.push_back({*frame, uint32_t(size), 0, 0});
    }
  };
  bind(arguments, site.arguments);
  bind(results, site.results);
  DraftOp *op = nullptr;
  if (callee->kind == Operand::Kind::Register) {
    RegisterUse target = read(*callee, 64);
    op = &emit(HandlerId::Call);
    use(*op, Field::A, target, false, true);
  } else {
    const Function &fn = module().functions[callee->symbol.index];
    auto it = program.functionOfSource.find(callee->symbol.index);
    if (it != program.functionOfSource.end())
      site.function = it->second;
    else if ((site.builtin = builtinOf(fn.name)) == CallSite::Builtin::None)
      return fail("call of " + fn.name + ", which has no body");
    if (site.function != noIndex) {
      const FunctionCode &code = program.functions[site.function];
      const Function &body = module().functions[code.source];
      if (body.params.size() != site.arguments.size())
        return fail("call of " + fn.name + " with the wrong number of arguments");
    }
    op = &emit(HandlerId::Call);
  }
  op->slots[0].imm = int32_t(program.calls.size());
  program.calls.push_back(std::move(site));
}

bool Decoding::decodeControl(const I &i) {
  using O = Opcode;
  switch (i.opcode) {
  case O::Bra: {
    DraftOp &op = emit(i.guard == NoIndex ? HandlerId::Jump : HandlerId::Branch);
    op.label = i.operands[0].label;
    return true;
  }
  case O::BrxIdx: {
    RegisterUse index = read(i.operands[0], 32);
    DraftOp &op = emit(HandlerId::BranchTable);
    use(op, Field::A, index, false, true);
    op.table = int(i.operands[1].table);
    return true;
  }
  case O::Call:
    call(i);
    return true;
  case O::Ret:
    emit(HandlerId::Return);
    return true;
  case O::Exit:
    emit(HandlerId::Exit);
    return true;
  case O::Trap:
    emit(HandlerId::Trap);
    return true;
  case O::Brkpt: case O::Pmevent: case O::Nanosleep: case O::Setmaxnreg:
    if (i.opcode == O::Nanosleep)
      emit(HandlerId::Yield);
    return true;
  case O::Activemask:
    emit(HandlerId::ActiveMask, write(i.operands[0], 32));
    return true;
  case O::Griddepcontrol:
    return true;
  default:
    return false;
  }
}

} // namespace tenon::sim
