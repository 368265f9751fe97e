// mov, cvt, cvta and the like: values carried over, widened, narrowed, rounded.
#include "sim/machine/code/Decoding.h"

namespace tenon::sim {

using namespace ptx;

ScalarFlags floatFlags(const Instruction &i);

/// mov with {a, b} on either side: parts of 16 or 32 bits, packed and unpacked.
void Decoding::moveVector(const I &i) {
  using H = HandlerId;
  const Operand &d = i.operands[0], &s = i.operands[1];
  unsigned bits = typeBits(i.type());
  if (bits == 128)
    return fail("registers of 128 bits are not simulated");
  bool pack = s.kind == Operand::Kind::Vector;
  const std::vector<Operand> &parts = pack ? s.elements : d.elements;
  unsigned partBits = bits / unsigned(parts.size());
  if (partBits < 16 && bits != 32 && bits != 16)
    return fail("vectors of this width are not simulated");
  auto shiftRight = [&](RegisterUse from, unsigned by) {
    RegisterUse to = scratch(from.bits);
    emit(from.bits == 64 ? H::ShrU64 : H::ShrU32, to, from, constant(by, 32));
    return to;
  };
  if (!pack) {
    RegisterUse from = scratch(registerBits(i.type()));
    emit(from.bits == 64 ? H::Mov64 : H::Mov32, from, readAs(s, i.type()));
    for (size_t n = 0; n < parts.size(); ++n) {
      if (parts[n].kind == Operand::Kind::Sink)
        continue;
      RegisterUse part = n ? shiftRight(from, unsigned(n) * partBits) : from;
      RegisterUse low = part;
      if (part.bits == 64)
        emit(H::Low32, low = scratch(32), part);
      H move = partBits == 32 ? H::Mov32 : partBits == 16 ? H::Low16 : H::ZeroExtend8;
      emit(move, write(parts[n], 32), low);
    }
    return;
  }
  if (parts.size() == 2 && partBits == 32) {
    emit(H::Pack64, writeAs(d, i.type()), read(parts[0], 32), read(parts[1], 32));
    return;
  }
  if (parts.size() == 2 && partBits == 16) {
    emit(H::Pack32, writeAs(d, i.type()), read(parts[0], 16), read(parts[1], 16));
    return;
  }
  RegisterUse sum = constant(0, bits);
  for (size_t n = 0; n < parts.size(); ++n) {
    RegisterUse part = read(parts[n], partBits), wide = part;
    if (bits == 64)
      emit(H::ZeroExtend32, wide = scratch(64), part);
    RegisterUse shifted = scratch(wide.bits), next = scratch(wide.bits);
    emit(bits == 64 ? H::ShlB64 : H::ShlB32, shifted, wide, constant(n * partBits, 32));
    emit(bits == 64 ? H::OrB64 : H::OrB32, next, sum, shifted);
    sum = next;
  }
  emit(bits == 64 ? H::Mov64 : H::Mov32, writeAs(d, i.type()), sum);
}

static uint64_t windowOf(const Instruction &i) {
  if (i.has(Mod::Shared) || i.has(Mod::SharedCta) || i.has(Mod::SharedCluster))
    return sharedWindow;
  if (i.has(Mod::Local))
    return localWindow;
  if (i.has(Mod::Param) || i.has(Mod::ParamEntry))
    return paramWindow;
  return 0;
}

bool Decoding::decodeMove(const I &i) {
  using O = Opcode;
  using H = HandlerId;
  switch (i.opcode) {
  case O::Mov: {
    Type t = i.type();
    const Operand &d = i.operands[0], &s = i.operands[1];
    if (d.kind == Operand::Kind::Vector || s.kind == Operand::Kind::Vector)
      return moveVector(i), true;
    if (typeBits(t) == 128)
      return fail("registers of 128 bits are not simulated"), true;
    if (t == Type::Pred)
      emit(H::PMov, write(d, 1), read(s, 1));
    else
      emit(registerBits(t) == 64 ? H::Mov64 : H::Mov32, writeAs(d, t), readAs(s, t));
    return true;
  }
  case O::Cvta: {
    unsigned bits = typeBits(i.type());
    uint64_t window = windowOf(i);
    if (bits == 32 && window)
      return fail("32-bit generic addresses are not simulated"), true;
    RegisterUse a = read(i.operands[1], bits), d = write(i.operands[0], bits);
    if (!window)
      emit(bits == 64 ? H::Mov64 : H::Mov32, d, a);
    else
      emit(i.has(Mod::To) ? H::SubB64 : H::AddB64, d, a, constant(window, 64));
    return true;
  }
  case O::Isspacep: {
    uint64_t window = windowOf(i);
    RegisterUse a = read(i.operands[1], 64), low = scratch(1), high = scratch(1);
    uint64_t from = window ? window : globalStart;
    uint64_t to = window ? window + 0x1000000000 : ~0ull;
    if (i.has(Mod::Const)) // constants lie in global memory here
      to = from;
    emit(H::SetpU64, low, a, constant(from, 64)).slots[0].imm = int32_t(Comparison::Ge);
    emit(H::SetpU64, high, a, constant(to, 64)).slots[0].imm = int32_t(Comparison::Lt);
    emit(H::PAnd, write(i.operands[0], 1), low, high);
    return true;
  }
  default:
    return false;
  }
}

static bool isInteger(Type t) { return !isFloatType(t) && typeBits(t) >= 8; }

static LaneKind convertKind(Type t) {
  switch (t) {
  case Type::TF32: return LaneKind::TF32;
  case Type::E4M3x2: return LaneKind::E4M3x2;
  case Type::E5M2x2: return LaneKind::E5M2x2;
  case Type::U32: case Type::B32: return LaneKind::U32;
  default: return laneKind(t);
  }
}

/// The low bits of a 32-bit row, extended to all of it.
RegisterUse Decoding::extended(RegisterUse value, unsigned bits, bool isSigned) {
  using H = HandlerId;
  if (bits >= 32)
    return value;
  RegisterUse full = scratch(32);
  emit(bits == 8 ? (isSigned ? H::SignExtend8 : H::ZeroExtend8) : (isSigned ? H::SignExtend16 : H::Low16),
       full, value);
  return full;
}

unsigned Decoding::declaredBits(const Operand &operand, unsigned otherwise) const {
  return operand.kind == Operand::Kind::Register ? typeBits(source->registers[operand.reg].type) : otherwise;
}

/// Writes an integer of `type`; a destination that is wider gets it extended.
void Decoding::writeInteger(const Operand &to, Type type, RegisterUse value) {
  using H = HandlerId;
  unsigned bits = typeBits(type), declared = declaredBits(to, bits);
  bool isSigned = isSignedType(type);
  RegisterUse d = write(to, bits);
  if (value.bits == 64)
    emit(H::Mov64, d, value);
  else if (d.bits == 64)
    emit(isSigned ? H::SignExtend32 : H::ZeroExtend32, d, extended(value, bits, isSigned));
  else if (declared <= 16)
    emit(H::Low16, d, bits == 8 ? extended(value, bits, isSigned) : value);
  else
    emit(H::Mov32, d, extended(value, bits, isSigned));
}

/// Integer to integer without saturation: extend or cut.
bool Decoding::integerToInteger(const I &i) {
  using H = HandlerId;
  Type to = i.type(0), from = i.type(1);
  unsigned toBits = typeBits(to), fromBits = typeBits(from);
  bool isSigned = isSignedType(from);
  RegisterUse value = read(i.operands[1], fromBits);
  if (value.bits == 64 && toBits < 64) {
    RegisterUse low = toBits == 32 && declaredBits(i.operands[0], 32) == 32 ? write(i.operands[0], 32) : scratch(32);
    emit(H::Low32, low, value);
    if (low.write)
      return true;
    value = low;
  } else if (toBits > fromBits) {
    value = extended(value, fromBits, isSigned);
    if (toBits == 64) {
      RegisterUse d = write(i.operands[0], 64);
      return emit(isSigned ? H::SignExtend32 : H::ZeroExtend32, d, value), true;
    }
  }
  return writeInteger(i.operands[0], to, value), true;
}

bool Decoding::decodeConvert(const I &i) {
  using H = HandlerId;
  if (i.opcode == Opcode::CvtPack) {
    ScalarFlags flags = floatFlags(i);
    flags.from = LaneKind::S32;
    const Type t = i.type(0);
    flags.extra = uint8_t(typeBits(t) | 0);
    flags.relu = isSignedType(t) || t == Type::S4 || t == Type::S2;
    std::optional<RegisterUse> c;
    if (i.operands.size() > 3)
      c = read(i.operands[3], 32);
    scalar(ScalarOp::CvtPackInt, flags.pack(), write(i.operands[0], 32), read(i.operands[1], 32),
           read(i.operands[2], 32), c);
    return true;
  }
  if (i.opcode != Opcode::Cvt)
    return false;
  Type to = i.type(0), from = i.type(1);
  bool plain = !i.has(Mod::Sat) && !i.has(Mod::Relu) && !i.has(Mod::Satfinite);
  if (isInteger(to) && isInteger(from) && plain)
    return integerToInteger(i);
  static const Type unsupported[] = {Type::E2M3x2, Type::E3M2x2, Type::E2M1x2, Type::UE8M0x2,
                                     Type::E4M3x4, Type::E5M2x4, Type::E2M3x4, Type::E3M2x4,
                                     Type::E2M1x4};
  for (Type t : unsupported)
    if (to == t || from == t)
      return false;
  if (i.has(Mod::Rs))
    return false;
  ScalarFlags flags = floatFlags(i);
  flags.type = convertKind(to);
  flags.from = convertKind(from);
  RegisterUse a = readAs(i.operands[1], from);
  if (i.operands.size() == 3) { // two values into one register: the first is the upper
    scalar(ScalarOp::ConvertPack, flags.pack(), writeAs(i.operands[0], to), a,
           readAs(i.operands[2], from));
    return true;
  }
  bool nearest = flags.rounding == Rounding::Nearest && !flags.ftz && plain;
  std::optional<H> fast;
  if (nearest && to == Type::F32 && from == Type::S32) fast = H::CvtF32S32;
  if (nearest && to == Type::F32 && from == Type::U32) fast = H::CvtF32U32;
  if (nearest && to == Type::F64 && from == Type::S32) fast = H::CvtF64S32;
  if (nearest && to == Type::F64 && from == Type::U32) fast = H::CvtF64U32;
  if (nearest && to == Type::F64 && from == Type::F32) fast = H::CvtF64F32;
  if (nearest && to == Type::F32 && from == Type::BF16) fast = H::CvtF32BF16;
  if (plain && !flags.ftz && i.has(Mod::Rzi) && to == Type::S32 && from == Type::F32)
    fast = H::CvtS32F32;
  bool exact = !isInteger(to) || (typeBits(to) > 8 && declaredBits(i.operands[0], 0) == typeBits(to));
  RegisterUse value = exact ? write(i.operands[0], typeBits(to)) : scratch(registerBits(to));
  if (fast)
    emit(*fast, value, a);
  else
    scalar(ScalarOp::Convert, flags.pack(), value, a);
  if (!exact)
    writeInteger(i.operands[0], to, value);
  return true;
}

} // namespace tenon::sim
