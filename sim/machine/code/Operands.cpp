// Operands of PTX as registers of the draft: immediates, special registers and
// symbols become rows that are filled when a warp starts.
#include "sim/machine/code/Decoding.h"
#include <bit>

namespace tenon::sim {

using namespace ptx;

unsigned typeBits(Type type) {
  switch (type) {
#define TYPE(name, spelling, bits, kind)                                                           \
  case Type::name:                                                                                 \
    return bits;
#include "sim/ptx/Types.def"
  default:
    return 32;
  }
}

bool isSignedType(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 || type == Type::S64;
}

bool isFloatType(Type type) {
  switch (type) {
  case Type::F16: case Type::F32: case Type::F64: case Type::BF16: case Type::F16x2:
  case Type::BF16x2: case Type::F32x2: case Type::TF32:
    return true;
  default:
    return false;
  }
}

RegisterUse Decoding::scratch(unsigned bits) {
  result.registers.push_back({uint8_t(bits), true, 0});
  return {uint32_t(result.registers.size() - 1), uint8_t(bits)};
}

RegisterUse Decoding::registerOf(uint32_t index) {
  auto [it, fresh] = registers.try_emplace({functionIndex, index}, 0);
  unsigned bits = registerBits(source->registers[index].type);
  if (fresh) {
    if (typeBits(source->registers[index].type) == 128)
      fail("registers of 128 bits are not simulated");
    it->second = scratch(bits).reg;
  }
  return {it->second, uint8_t(bits)};
}

RegisterUse Decoding::preset(PresetRow row) {
  result.registers.push_back({row.bits, false, 0});
  program.presets.push_back(row);
  result.presetRegisters.push_back(uint32_t(result.registers.size() - 1));
  return {result.presetRegisters.back(), row.bits};
}

RegisterUse Decoding::constant(uint64_t value, unsigned bits) {
  unsigned width = bits == 1 ? 1 : bits <= 32 ? 32 : 64;
  if (bits < 64)
    value &= (1ull << bits) - 1;
  auto it = constants.find({value, width});
  if (it != constants.end())
    return {it->second, uint8_t(width)};
  PresetRow row;
  row.bits = uint8_t(width);
  row.value = value;
  RegisterUse reg = preset(row);
  constants[{value, width}] = reg.reg;
  return reg;
}

bool isReservedShared(SpecialRegister reg) {
  using S = SpecialRegister;
  return reg == S::ReservedSmemOffsetBegin || reg == S::ReservedSmemOffsetEnd || reg == S::ReservedSmemOffsetCap ||
         reg == S::ReservedSmemOffset;
}

RegisterUse Decoding::special(SpecialRegister reg, uint8_t component) {
  using S = SpecialRegister;
  if (isReservedShared(reg)) // the second part, from a quarter on, is that of cooperative groups
    return constant(reg == S::ReservedSmemOffsetBegin ? 0
                    : reg == S::ReservedSmemOffset    ? component * (reservedSharedBytes / 4)
                                                      : reservedSharedBytes, 32);
  bool timer = reg == S::Clock || reg == S::Clock64 || reg == S::ClockHi ||
               reg == S::Globaltimer || reg == S::GlobaltimerLo || reg == S::GlobaltimerHi;
  bool wide = reg == S::Clock64 || reg == S::Globaltimer || reg == S::Gridid || reg == S::Pm64 ||
              reg == S::CurrentGraphExec;
  uint8_t bits = reg == S::IsExplicitCluster ? 1 : wide ? 64 : 32;
  if (timer) {
    RegisterUse d = scratch(64);
    emit(HandlerId::Clock, d).slots[0].imm = reg == S::Globaltimer || reg == S::GlobaltimerLo ||
                                             reg == S::GlobaltimerHi;
    if (wide)
      return d;
    RegisterUse half = scratch(32);
    bool high = reg == S::ClockHi || reg == S::GlobaltimerHi;
    emit(high ? HandlerId::High32 : HandlerId::Low32, half, d);
    return half;
  }
  uint32_t key = uint32_t(reg) << 8 | component;
  auto it = specials.find(key);
  if (it != specials.end())
    return {it->second, bits};
  PresetRow row;
  row.kind = PresetRow::Kind::Special;
  row.bits = bits;
  row.special = reg;
  row.component = component;
  RegisterUse use = preset(row);
  specials[key] = use.reg;
  return use;
}

ptx::Space Decoding::spaceOf(const SymbolRef &ref) const {
  if (ref.kind == SymbolRef::Kind::Global)
    return module().variables[ref.index].space;
  if (ref.kind == SymbolRef::Kind::Local)
    return source->variables[ref.index].space;
  return ptx::Space::Param;
}

std::optional<uint32_t> Decoding::sharedOffset(const SymbolRef &ref) const {
  bool global = ref.kind == SymbolRef::Kind::Global;
  if (!global && ref.kind != SymbolRef::Kind::Local) // parameters are counted on their own
    return std::nullopt;
  auto it = shared.find({global ? noIndex : target->source, ref.index});
  return it == shared.end() ? std::nullopt : std::optional(it->second);
}

std::optional<uint32_t> Decoding::frameOffset(const SymbolRef &ref) const {
  const std::vector<uint32_t> *list = nullptr;
  if (ref.kind == SymbolRef::Kind::Local)
    list = &frameVariables[functionIndex];
  else if (ref.kind == SymbolRef::Kind::Param && !source->isEntry)
    list = &frameParams[functionIndex];
  else if (ref.kind == SymbolRef::Kind::Result)
    list = &frameResults[functionIndex];
  if (!list || ref.index >= list->size() || (*list)[ref.index] == noIndex)
    return std::nullopt;
  return (*list)[ref.index];
}

RegisterUse Decoding::symbol(const SymbolRef &ref, int64_t offset, unsigned bits) {
  using K = SymbolRef::Kind;
  if (ref.kind == K::Function)
    return constant(functionWindow + 16ull * ref.index, bits);
  if (auto frame = frameOffset(ref)) {
    RegisterUse d = scratch(64);
    emit(HandlerId::LocalAddress, d).slots[0].imm = int32_t(*frame + offset);
    if (bits == 64)
      return d;
    RegisterUse low = scratch(32);
    emit(HandlerId::Low32, low, d);
    return low;
  }
  if (auto inShared = sharedOffset(ref))
    return constant(uint64_t(*inShared + offset), bits);
  if (ref.kind == K::Param) { // of the kernel: an offset in the parameter space
    uint64_t at = 0;
    for (uint32_t i = 0; i <= ref.index; ++i) {
      const Variable &v = source->params[i];
      at = (at + v.alignment - 1) / v.alignment * v.alignment;
      if (i < ref.index)
        at += v.size;
    }
    return constant(at + uint64_t(offset), bits);
  }
  if (ref.kind == K::Global && ref.index < addresses.size() && addresses[ref.index])
    return constant(addresses[ref.index] + uint64_t(offset), bits);
  fail("a symbol without an address");
  return constant(0, bits);
}

RegisterUse Decoding::predicateNot(RegisterUse p) {
  RegisterUse d = scratch(1);
  emit(HandlerId::PNot, d, p);
  return d;
}

RegisterUse Decoding::read(const Operand &operand, unsigned bits) {
  using K = Operand::Kind;
  RegisterUse reg;
  switch (operand.kind) {
  case K::Register:
    reg = registerOf(operand.reg);
    break;
  case K::Immediate:
    return constant(bits == 1 ? operand.bits != 0 : operand.bits, bits);
  case K::Special:
    reg = special(operand.special, operand.component);
    break;
  case K::Symbol:
  case K::Function:
    return symbol(operand.symbol, operand.offset, bits <= 32 ? 32 : 64);
  default:
    fail("an operand of this kind is not a value");
    return constant(0, bits);
  }
  if (operand.negated)
    reg = predicateNot(reg);
  if (reg.bits == 64 && bits <= 32 && bits > 1) {
    RegisterUse low = scratch(32);
    emit(HandlerId::Low32, low, reg);
    return low;
  }
  if (reg.bits == 32 && bits == 64) {
    RegisterUse wide = scratch(64);
    emit(HandlerId::ZeroExtend32, wide, reg);
    return wide;
  }
  return reg;
}

RegisterUse Decoding::readAs(const Operand &operand, Type type) {
  if (operand.kind == Operand::Kind::Immediate && operand.immediate != Operand::Immediate::Integer) {
    bool single = operand.immediate == Operand::Immediate::F32;
    double value = single ? double(std::bit_cast<float>(uint32_t(operand.bits)))
                          : std::bit_cast<double>(operand.bits);
    if (type == Type::F64)
      return constant(single ? std::bit_cast<uint64_t>(value) : operand.bits, 64);
    if (type == Type::F32)
      return constant(single ? uint32_t(operand.bits) : std::bit_cast<uint32_t>(float(value)), 32);
    if (type == Type::F16 || type == Type::BF16) {
      ScalarFlags flags;
      flags.type = type == Type::F16 ? LaneKind::F16 : LaneKind::BF16;
      flags.from = LaneKind::F64;
      return constant(scalarFunction(ScalarOp::Convert)(std::bit_cast<uint64_t>(value), 0, 0, flags),
                      16);
    }
  }
  return read(operand, typeBits(type));
}

RegisterUse Decoding::write(const Operand &operand, unsigned bits) {
  unsigned width = bits == 1 ? 1 : bits <= 32 ? 32 : 64;
  if (operand.kind == Operand::Kind::Sink)
    return scratch(width);
  if (operand.kind != Operand::Kind::Register) {
    fail("a destination must be a register");
    return scratch(width);
  }
  RegisterUse reg = registerOf(operand.reg);
  reg.write = true;
  return reg;
}

RegisterUse Decoding::writeAs(const Operand &operand, Type type) {
  return write(operand, typeBits(type));
}

bool Decoding::constantValue(const Operand &operand, int64_t &value) const {
  if (operand.kind != Operand::Kind::Immediate)
    return false;
  value = int64_t(operand.bits);
  return true;
}

AddressOperand Decoding::address(const Operand &operand) {
  AddressOperand result;
  result.offset = operand.offset;
  using B = Operand::AddressBase;
  if (operand.addressBase == B::Register) {
    result.reg = registerOf(operand.reg);
  } else if (operand.addressBase == B::Symbol) {
    result.reg = symbol(operand.symbol, operand.offset, 64);
    result.offset = 0;
  } else {
    result.reg = constant(uint64_t(operand.offset), 64);
    result.offset = 0;
  }
  return result;
}

// --- emitting

void Decoding::use(DraftOp &op, Field field, RegisterUse reg, bool write, bool effect) {
  op.uses.push_back({reg.reg, field, 0, write, effect});
}

DraftOp &Decoding::emit(HandlerId id) {
  DraftOp &op = target->ops.emplace_back();
  op.id = id;
  if (!current)
    return op;
  op.first = firstOp;
  firstOp = false;
  op.line = current->line;
  op.location = current->location;
  if (current->guard != NoIndex) {
    op.guarded = true;
    op.guardNegated = current->guardNegated;
    use(op, Field::Guard, registerOf(current->guard), false);
  }
  return op;
}

DraftOp &Decoding::emit(HandlerId id, RegisterUse d, std::optional<RegisterUse> a,
                        std::optional<RegisterUse> b, std::optional<RegisterUse> c) {
  DraftOp &op = emit(id);
  if (!d.write && op.guarded) { // a scratch register: harmless without the guard
    op.guarded = false;
    op.uses.clear();
  }
  if (a)
    use(op, Field::A, *a, false);
  if (b)
    use(op, Field::B, *b, false);
  if (c)
    use(op, Field::C, *c, false);
  use(op, Field::D, d, true);
  return op;
}

DraftOp &Decoding::scalar(ScalarOp fn, uint32_t flags, RegisterUse d, std::optional<RegisterUse> a,
                          std::optional<RegisterUse> b, std::optional<RegisterUse> c) {
  DraftOp &op = emit(HandlerId::Scalar, d, a, b, c);
  op.slots[0].imm = int32_t(fn);
  op.slots[1].imm = int32_t(flags);
  op.slots[1].d = d.bits;
  op.slots[1].a = a ? a->bits : 0;
  op.slots[1].b = b ? b->bits : 0;
  op.slots[1].c = c ? c->bits : 0;
  return op;
}

void Decoding::emitExtended(std::unique_ptr<ExtendedOp> extended) {
  DraftOp &op = emit(HandlerId::Extended);
  op.extended = int(program.extended.size());
  for (size_t i = 0; i < extended->operands.size(); ++i) {
    RegisterUse &operand = extended->operands[i];
    op.uses.push_back({operand.reg, Field::Operand, uint16_t(i), operand.write, operand.sideEffect});
    if (extended->pinsRegisters)
      result.registers[operand.reg].shared = false;
  }
  program.extended.push_back(std::move(extended));
}

} // namespace tenon::sim
