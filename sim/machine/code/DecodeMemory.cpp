// Loads, stores, atomics, fences and what PTX says about caches (which has no
// effect here).
#include "sim/machine/code/Decoding.h"
#include <bit>

namespace tenon::sim {

using namespace ptx;

using MachineSpace = tenon::sim::Space;

static uint8_t scopeOf(const Instruction &i) {
  if (i.has(Mod::Cta))
    return 0;
  if (i.has(Mod::Cluster))
    return 1;
  if (i.has(Mod::Sys))
    return 3;
  return 2;
}

static MachineSpace spaceOfMods(const Instruction &i) {
  if (i.has(Mod::Global) || i.has(Mod::Const))
    return MachineSpace::Global;
  if (i.has(Mod::Shared) || i.has(Mod::SharedCta) || i.has(Mod::SharedCluster))
    return MachineSpace::Shared;
  if (i.has(Mod::Local))
    return MachineSpace::Local;
  if (i.has(Mod::Param) || i.has(Mod::ParamEntry) || i.has(Mod::ParamFunc))
    return MachineSpace::Param;
  return MachineSpace::Generic;
}

static const Operand *addressOperand(const Instruction &i) {
  for (const Operand &o : i.operands)
    if (o.kind == Operand::Kind::Address)
      return &o;
  return nullptr;
}

/// ld.param of a kernel at a known offset: a row filled when the warp starts.
void Decoding::loadParameter(const I &i) {
  const Operand &from = i.operands[1], &d = i.operands[0];
  Type t = i.type();
  int64_t at = 0;
  for (uint32_t p = 0; p <= from.symbol.index; ++p) {
    const Variable &v = source->params[p];
    at = (at + v.alignment - 1) / v.alignment * v.alignment;
    at += p < from.symbol.index ? int64_t(v.size) : from.offset;
  }
  unsigned bytes = typeBits(t) / 8;
  bool vector = d.kind == Operand::Kind::Vector;
  size_t count = vector ? d.elements.size() : 1;
  int64_t limit = int64_t(program.functions[0].params.size());
  (void)limit;
  for (size_t n = 0; n < count; ++n) {
    const Operand &to = vector ? d.elements[n] : d;
    if (to.kind == Operand::Kind::Sink)
      continue;
    RegisterUse reg = write(to, typeBits(t));
    PresetRow row;
    row.kind = PresetRow::Kind::Parameter;
    row.bits = reg.bits;
    row.value = uint64_t(at) + n * bytes;
    row.bytes = uint8_t(bytes);
    row.isSigned = isSignedType(t) && reg.bits > bytes * 8 && typeBits(source->registers[to.reg].type) > bytes * 8;
    auto key = std::make_tuple(uint32_t(row.value), row.bits, row.bytes, row.isSigned);
    auto [it, fresh] = parameters.try_emplace(key, 0);
    if (fresh)
      it->second = preset(row).reg;
    emit(reg.bits == 64 ? HandlerId::Mov64 : HandlerId::Mov32, reg, RegisterUse{it->second, reg.bits});
  }
}

/// What the text says of the access.
static MemoryShape shapeOf(const Instruction &i, bool load) {
  MemoryShape shape;
  shape.space = spaceOfMods(i);
  shape.logBytes = uint8_t(std::countr_zero(typeBits(i.type()) / 8));
  shape.signExtend = load && isSignedType(i.type());
  shape.strong = i.has(Mod::Volatile) || i.has(Mod::Relaxed) || i.has(Mod::Acquire) ||
                 i.has(Mod::Release) || i.has(Mod::Mmio);
  shape.acquire = i.has(Mod::Acquire) || i.has(Mod::Release);
  shape.scope = i.has(Mod::Volatile) ? 3 : scopeOf(i);
  return shape;
}

/// The address as register and 32-bit offset; says in `shape` which space it is of.
AddressOperand Decoding::accessAddress(const Operand &where, MemoryShape &shape) {
  AddressOperand at;
  bool symbol = where.addressBase == Operand::AddressBase::Symbol;
  if (auto frame = symbol ? frameOffset(where.symbol) : std::nullopt) {
    shape.space = MachineSpace::Local;
    shape.frameRelative = true;
    at = {constant(0, 64), int64_t(*frame) + where.offset};
  } else {
    if (shape.space == MachineSpace::Param && !source->isEntry)
      shape.space = MachineSpace::Local;
    at = address(where);
  }
  shape.wideAddress = at.reg.bits == 64;
  if (at.offset != int32_t(at.offset - 32) + 32) {
    RegisterUse sum = scratch(64);
    emit(HandlerId::AddB64, sum, at.reg, constant(uint64_t(at.offset), 64));
    at = {sum, 0};
  }
  return at;
}

/// The registers of a load or store; one wider than what is loaded is filled
/// afterwards from the scratch register that stands for it (`extend`).
std::vector<RegisterUse> Decoding::dataRegisters(const I &i, bool load, Extensions &extend) {
  const Operand &data = load ? i.operands[0] : i.operands[1];
  Type t = i.type();
  unsigned bits = typeBits(t);
  bool vector = data.kind == Operand::Kind::Vector;
  std::vector<RegisterUse> regs;
  for (size_t n = 0; n < (vector ? data.elements.size() : 1); ++n) {
    const Operand &o = vector ? data.elements[n] : data;
    if (!load) {
      regs.push_back(readAs(o, t));
      continue;
    }
    RegisterUse d = write(o, bits);
    if (d.bits == 64 && bits < 64) {
      extend.push_back({scratch(32), d});
      d = extend.back().first;
      d.write = true;
    }
    regs.push_back(d);
  }
  return regs;
}

/// The handler of a load or store. Generic addresses are mostly global ones.
static HandlerId memoryHandler(const MemoryShape &shape, bool load) {
  using H = HandlerId;
  bool generic = shape.space == MachineSpace::Generic && shape.wideAddress;
  if (shape.space != MachineSpace::Global && shape.space != MachineSpace::Shared && !generic)
    return load ? H::LoadOther : H::StoreOther;
  H base = shape.space == MachineSpace::Shared ? (load ? H::LoadShared : H::StoreShared)
                                               : (load ? H::LoadGlobal : H::StoreGlobal);
  return H(unsigned(base) + memoryKind(shape));
}

void Decoding::loadOrStore(const I &i, bool load) {
  const Operand &data = load ? i.operands[0] : i.operands[1];
  Type t = i.type();
  unsigned bits = typeBits(t);
  if (bits == 128)
    return fail("registers of 128 bits are not simulated");
  MemoryShape shape = shapeOf(i, load);
  program.usesStrong |= shape.strong;
  AddressOperand at = accessAddress(*addressOperand(i), shape);
  Extensions extend; // loaded, wider destination
  std::vector<RegisterUse> regs = dataRegisters(i, load, extend);
  size_t perOp = std::min<size_t>(std::min<size_t>(regs.size(), 4), 128 / bits);
  shape.logCount = uint8_t(std::countr_zero(perOp));
  for (size_t n = 0; n < regs.size(); n += perOp) {
    DraftOp &op = emit(memoryHandler(shape, load));
    use(op, Field::A, at.reg, false, true);
    for (size_t k = 0; k < perOp; ++k)
      use(op, Field(unsigned(Field::D2) + k), regs[n + k], load);
    op.slots[0].imm = int32_t(at.offset + int64_t(n * bits / 8));
    op.slots[1].handler = uint16_t(std::min<size_t>(program.sites.size(), 0xffff));
    op.slots[1].guard = shape.pack();
  }
  program.sites.resize(std::min<size_t>(program.sites.size() + 1, 0x10000));
  // A register of 8 or 16 bits in a 32-bit row: sign extension stops at its width.
  bool narrowRegister = load && data.kind == Operand::Kind::Register &&
                        typeBits(source->registers[data.reg].type) <= 16;
  if (narrowRegister && shape.signExtend && shape.logBytes == 0)
    emit(HandlerId::Low16, regs[0], regs[0]);
  for (auto &[from, to] : extend)
    emit(isSignedType(t) ? HandlerId::SignExtend32 : HandlerId::ZeroExtend32, to, from);
}

bool Decoding::decodeMemory(const I &i) {
  using O = Opcode;
  switch (i.opcode) {
  case O::Ld:
  case O::Ldu: {
    const Operand &from = i.operands[1];
    bool param = spaceOfMods(i) == MachineSpace::Param && source->isEntry;
    if (param && from.addressBase == Operand::AddressBase::Symbol &&
        from.symbol.kind == SymbolRef::Kind::Param)
      loadParameter(i);
    else
      loadOrStore(i, true);
    return true;
  }
  case O::St:
    loadOrStore(i, false);
    return true;
  case O::Prefetch: case O::Prefetchu: case O::Applypriority: case O::Discard:
    return true;
  case O::Createpolicy:
    emit(HandlerId::Mov64, write(i.operands[0], 64), constant(0, 64));
    return true;
  case O::Membar:
  case O::Fence: {
    DraftOp &op = emit(HandlerId::Fence);
    bool asyncProxy = false;
    for (Mod m : i.mods)
      asyncProxy |= (m >= Mod::ProxyAsync && m <= Mod::ProxyAsyncGeneric) || m == Mod::MbarrierInit;
    op.slots[0].imm = asyncProxy;
    program.usesAsync |= asyncProxy;
    return true;
  }
  default:
    return false;
  }
}

static std::optional<AtomicType> atomicType(Type t) {
  switch (t) {
  case Type::B16: return AtomicType::B16;
  case Type::B32: return AtomicType::B32;
  case Type::B64: return AtomicType::B64;
  case Type::U32: return AtomicType::U32;
  case Type::U64: return AtomicType::U64;
  case Type::S32: return AtomicType::S32;
  case Type::S64: return AtomicType::S64;
  case Type::F16: return AtomicType::F16;
  case Type::BF16: return AtomicType::BF16;
  case Type::F16x2: return AtomicType::F16x2;
  case Type::BF16x2: return AtomicType::BF16x2;
  case Type::F32: return AtomicType::F32;
  case Type::F64: return AtomicType::F64;
  default: return std::nullopt;
  }
}

static AtomicOp atomicOp(const Instruction &i) {
  const std::pair<Mod, AtomicOp> table[] = {
      {Mod::Add, AtomicOp::Add}, {Mod::Min, AtomicOp::Min},   {Mod::Max, AtomicOp::Max},
      {Mod::Inc, AtomicOp::Inc}, {Mod::Dec, AtomicOp::Dec},   {Mod::And, AtomicOp::And},
      {Mod::Or, AtomicOp::Or},   {Mod::Xor, AtomicOp::Xor},   {Mod::Exch, AtomicOp::Exch},
      {Mod::Cas, AtomicOp::Cas}};
  for (auto [mod, op] : table)
    if (i.has(mod))
      return op;
  return AtomicOp::Add;
}

bool Decoding::decodeAtomic(const I &i) {
  bool returns = i.opcode == Opcode::Atom;
  if (!returns && i.opcode != Opcode::Red)
    return false;
  Type t = i.type();
  auto type = atomicType(t);
  if (!type)
    return fail("registers of 128 bits are not simulated"), true;
  const Operand &where = i.operands[returns ? 1 : 0];
  const Operand &value = i.operands[returns ? 2 : 1];
  AtomicShape atomic{atomicOp(i), *type};
  atomic.returns = returns;
  atomic.acquire = i.has(Mod::Acquire) || i.has(Mod::AcqRel);
  atomic.release = i.has(Mod::Release) || i.has(Mod::AcqRel);
  MemoryShape shape;
  shape.space = spaceOfMods(i);
  shape.logBytes = uint8_t(std::countr_zero(typeBits(t) / 8));
  shape.strong = true;
  shape.scope = scopeOf(i);
  AddressOperand at = address(where);
  shape.wideAddress = at.reg.bits == 64;
  bool vector = value.kind == Operand::Kind::Vector;
  size_t count = vector ? value.elements.size() : 1;
  for (size_t n = 0; n < count; ++n) { // each element is atomic on its own
    RegisterUse b = readAs(vector ? value.elements[n] : value, t);
    std::optional<RegisterUse> c;
    if (atomic.op == AtomicOp::Cas)
      c = readAs(i.operands[returns ? 3 : 2], t);
    RegisterUse d = scratch(registerBits(t));
    if (returns) {
      const Operand &to = i.operands[0];
      bool parts = to.kind == Operand::Kind::Vector;
      const Operand &one = parts ? to.elements[n] : to;
      if (one.kind != Operand::Kind::Sink)
        d = write(one, typeBits(t));
    }
    DraftOp &op = emit(HandlerId::Atomic);
    use(op, Field::A, at.reg, false, true);
    use(op, Field::B, b, false);
    if (c)
      use(op, Field::C, *c, false);
    use(op, Field::D, d, true);
    op.slots[0].imm = int32_t(at.offset + int64_t(n * typeBits(t) / 8));
    op.slots[1].handler = uint16_t(std::min<size_t>(program.sites.size(), 0xffff));
    op.slots[1].guard = shape.pack();
    op.slots[1].imm = atomic.pack();
  }
  program.sites.resize(std::min<size_t>(program.sites.size() + 1, 0x10000));
  program.usesAtomics = program.usesStrong = true;
  return true;
}

} // namespace tenon::sim
