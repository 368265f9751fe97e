// Integer arithmetic, logic, shifts and bit fields. Common forms are vector ops;
// the others are functions per lane, or short sequences over scratch registers.
#include "sim/machine/code/Decoding.h"

namespace tenon::sim {

using namespace ptx;

static LaneKind kindOf(Type type) {
  switch (type) {
  case Type::U8: case Type::B8: return LaneKind::U8;
  case Type::S8: return LaneKind::S8;
  case Type::U16: case Type::B16: return LaneKind::U16;
  case Type::S16: return LaneKind::S16;
  case Type::S32: return LaneKind::S32;
  case Type::U64: case Type::B64: return LaneKind::U64;
  case Type::S64: return LaneKind::S64;
  case Type::F16: return LaneKind::F16;
  case Type::BF16: return LaneKind::BF16;
  case Type::F32: return LaneKind::F32;
  case Type::F64: return LaneKind::F64;
  case Type::F16x2: return LaneKind::F16x2;
  case Type::BF16x2: return LaneKind::BF16x2;
  case Type::F32x2: return LaneKind::F32x2;
  case Type::U16x2: return LaneKind::U16x2;
  case Type::S16x2: return LaneKind::S16x2;
  default: return LaneKind::U32;
  }
}

static uint32_t typeFlags(Type type, uint8_t extra = 0) {
  ScalarFlags flags;
  flags.type = flags.from = kindOf(type);
  flags.extra = extra;
  return flags.pack();
}

/// The handler of that width, for ops that exist as B16, B32, B64.
static HandlerId byWidth(unsigned bits, HandlerId b16, HandlerId b32, HandlerId b64) {
  return bits <= 16 ? b16 : bits == 32 ? b32 : b64;
}

/// mul.wide and mad.wide: the result has twice the width.
void Decoding::multiplyWide(const I &i, bool add) {
  using H = HandlerId;
  Type t = i.type();
  bool isSigned = isSignedType(t), narrow = typeBits(t) == 16;
  Type wide = narrow ? (isSigned ? Type::S32 : Type::U32) : (isSigned ? Type::S64 : Type::U64);
  RegisterUse a = readAs(i.operands[1], t), b = readAs(i.operands[2], t);
  RegisterUse to = writeAs(i.operands[0], wide);
  if (add && !narrow) {
    emit(isSigned ? H::MadWideS32 : H::MadWideU32, to, a, b, readAs(i.operands[3], wide));
    return;
  }
  RegisterUse product = add ? scratch(registerBits(wide)) : to;
  emit(narrow ? (isSigned ? H::MulWideS16 : H::MulWideU16) : (isSigned ? H::MulWideS32 : H::MulWideU32),
       product, a, b);
  if (add)
    emit(H::AddB32, to, product, readAs(i.operands[3], wide));
}

/// mul.hi, mad.hi and the products of 24 bits: a product, then perhaps a sum.
void Decoding::multiplyThenAdd(const I &i, bool add) {
  using H = HandlerId;
  Type t = i.type();
  unsigned bits = typeBits(t);
  bool small = i.opcode == Opcode::Mul24 || i.opcode == Opcode::Mad24;
  RegisterUse a = readAs(i.operands[1], t), b = readAs(i.operands[2], t);
  RegisterUse product = add ? scratch(registerBits(t)) : writeAs(i.operands[0], t);
  if (small)
    scalar(i.has(Mod::Hi) ? ScalarOp::Mul24Hi : ScalarOp::Mul24Lo, typeFlags(t), product, a, b);
  else if (bits == 32)
    emit(isSignedType(t) ? H::MulHiS32 : H::MulHiU32, product, a, b);
  else
    scalar(ScalarOp::MulHi, typeFlags(t), product, a, b);
  if (!add)
    return;
  RegisterUse c = readAs(i.operands[3], t), to = writeAs(i.operands[0], t);
  if (i.has(Mod::Sat))
    scalar(ScalarOp::AddSat, typeFlags(t), to, product, c);
  else
    emit(byWidth(bits, H::AddB16, H::AddB32, H::AddB64), to, product, c);
}

bool Decoding::decodeMultiply(const I &i) {
  using O = Opcode;
  using H = HandlerId;
  Type t = i.type();
  bool small = i.opcode == O::Mul24 || i.opcode == O::Mad24;
  bool add = i.opcode == O::Mad || i.opcode == O::Mad24;
  if ((i.opcode != O::Mul && i.opcode != O::Mad && !small) || isFloatType(t) || i.has(Mod::Cc))
    return false;
  if (i.has(Mod::Wide))
    return multiplyWide(i, add), true;
  if (small || i.has(Mod::Hi))
    return multiplyThenAdd(i, add), true;
  RegisterUse a = readAs(i.operands[1], t), b = readAs(i.operands[2], t);
  unsigned bits = typeBits(t);
  if (add) {
    RegisterUse to = writeAs(i.operands[0], t);
    emit(byWidth(bits, H::MadB16, H::MadB32, H::MadB64), to, a, b, readAs(i.operands[3], t));
  } else {
    emit(byWidth(bits, H::MulB16, H::MulB32, H::MulB64), writeAs(i.operands[0], t), a, b);
  }
  return true;
}

void Decoding::minOrMax(const I &i) {
  using H = HandlerId;
  Type t = i.type();
  unsigned bits = typeBits(t);
  bool min = i.opcode == Opcode::Min, isSigned = isSignedType(t);
  RegisterUse d = writeAs(i.operands[0], t), a = readAs(i.operands[1], t), b = readAs(i.operands[2], t);
  if (t == Type::U16x2 || t == Type::S16x2 || bits == 16 || i.has(Mod::Relu)) {
    ScalarFlags flags;
    flags.type = flags.from = kindOf(t);
    flags.relu = i.has(Mod::Relu);
    scalar(min ? ScalarOp::IntMin : ScalarOp::IntMax, flags.pack(), d, a, b);
    return;
  }
  H narrow = min ? (isSigned ? H::MinS32 : H::MinU32) : (isSigned ? H::MaxS32 : H::MaxU32);
  H wide = min ? (isSigned ? H::MinS64 : H::MinU64) : (isSigned ? H::MaxS64 : H::MaxU64);
  emit(bits == 32 ? narrow : wide, d, a, b);
}

bool Decoding::decodeInteger(const I &i) {
  using O = Opcode;
  using H = HandlerId;
  Type t = i.type();
  if (isFloatType(t) || i.has(Mod::Cc))
    return false;
  auto d = [&] { return writeAs(i.operands[0], t); };
  auto s = [&](unsigned n) { return readAs(i.operands[n], t); };
  unsigned bits = typeBits(t);
  bool packed = t == Type::U16x2 || t == Type::S16x2;
  auto lane = [&](ScalarOp fn, std::optional<RegisterUse> c = {}) {
    RegisterUse a = s(1), b = i.operands.size() > 2 ? s(2) : a;
    scalar(fn, typeFlags(t), d(), a, b, c);
  };
  switch (i.opcode) {
  case O::Add:
    if (packed || i.has(Mod::Sat))
      return scalar(i.has(Mod::Sat) ? ScalarOp::AddSat : ScalarOp::AddCarry, typeFlags(t), d(),
                    s(1), s(2), constant(0, 1)), true;
    emit(byWidth(bits, H::AddB16, H::AddB32, H::AddB64), d(), s(1), s(2));
    return true;
  case O::Sub:
    if (i.has(Mod::Sat))
      return lane(ScalarOp::SubSat), true;
    emit(byWidth(bits, H::SubB16, H::SubB32, H::SubB64), d(), s(1), s(2));
    return true;
  case O::Sad:
    return lane(ScalarOp::Sad, s(3)), true;
  case O::Div:
    return lane(ScalarOp::Div), true;
  case O::Rem:
    return lane(ScalarOp::Rem), true;
  case O::Abs:
    if (t == Type::S32)
      emit(H::AbsS32, d(), s(1));
    else
      lane(ScalarOp::IntAbs);
    return true;
  case O::Neg:
    emit(byWidth(bits, H::SubB16, H::SubB32, H::SubB64), d(), constant(0, bits), s(1));
    return true;
  case O::Min:
  case O::Max:
    return minOrMax(i), true;
  default:
    return false;
  }
}

/// lop3, whose form with .or or .and also gives a predicate.
void Decoding::threeInputLogic(const I &i) {
  using H = HandlerId;
  Type t = i.type();
  bool withPredicate = i.has(Mod::Or) || i.has(Mod::And);
  const Operand *to = &i.operands[0], *flag = nullptr;
  if (to->kind == Operand::Kind::Pair) {
    flag = &to->elements[1];
    to = &to->elements[0];
  }
  RegisterUse value = withPredicate ? scratch(32) : write(*to, 32);
  RegisterUse a = readAs(i.operands[1], t), b = readAs(i.operands[2], t), c = readAs(i.operands[3], t);
  emit(H::Lop3, value, a, b, c).slots[0].imm = int32_t(i.operands[4].bits & 0xff);
  if (!withPredicate)
    return;
  RegisterUse nonzero = scratch(1), p = read(i.operands[5], 1), combined = scratch(1);
  emit(H::SetpU32, nonzero, value, constant(0, 32)).slots[0].imm = *comparisonOf(Mod::Ne);
  emit(i.has(Mod::Or) ? H::POr : H::PAnd, combined, nonzero, p);
  emit(H::Mov32, write(*to, 32), value);
  if (flag)
    emit(H::PMov, write(*flag, 1), combined);
}

/// bfi: position and length, a byte each, in one register.
void Decoding::insertField(const I &i) {
  using H = HandlerId;
  Type t = i.type();
  RegisterUse low = scratch(32), high = scratch(32), shifted = scratch(32), both = scratch(32);
  emit(H::ZeroExtend8, low, read(i.operands[3], 32));
  emit(H::ZeroExtend8, high, read(i.operands[4], 32));
  emit(H::ShlB32, shifted, high, constant(8, 32));
  emit(H::OrB32, both, low, shifted);
  RegisterUse d = writeAs(i.operands[0], t), a = readAs(i.operands[1], t), b = readAs(i.operands[2], t);
  scalar(ScalarOp::BfiInsert, typeFlags(t), d, a, b, both);
}

static uint8_t prmtMode(const Instruction &i) {
  const Mod modes[] = {Mod::F4e, Mod::B4e, Mod::Rc8, Mod::Ecl, Mod::Ecr, Mod::Rc16};
  uint8_t mode = 0;
  for (uint8_t m = 0; m < 6; ++m)
    if (i.has(modes[m]))
      mode = uint8_t(m + 1);
  return mode;
}

bool Decoding::decodeBits(const I &i) {
  using O = Opcode;
  using H = HandlerId;
  Type t = i.type();
  unsigned bits = typeBits(t);
  auto d = [&] { return writeAs(i.operands[0], t); };
  auto s = [&](unsigned n) { return readAs(i.operands[n], t); };
  auto u32 = [&](unsigned n) { return read(i.operands[n], 32); };
  auto d32 = [&] { return write(i.operands[0], 32); };
  bool predicate = t == Type::Pred;
  switch (i.opcode) {
  case O::And:
    emit(predicate ? H::PAnd : bits == 64 ? H::AndB64 : H::AndB32, d(), s(1), s(2));
    return true;
  case O::Or:
    emit(predicate ? H::POr : bits == 64 ? H::OrB64 : H::OrB32, d(), s(1), s(2));
    return true;
  case O::Xor:
    emit(predicate ? H::PXor : bits == 64 ? H::XorB64 : H::XorB32, d(), s(1), s(2));
    return true;
  case O::Not:
    emit(predicate ? H::PNot : byWidth(bits, H::NotB16, H::NotB32, H::NotB64), d(), s(1));
    return true;
  case O::Cnot:
    return scalar(ScalarOp::Cnot, typeFlags(t), d(), s(1)), true;
  case O::Lop3:
    return threeInputLogic(i), true;
  case O::Shf: {
    bool left = i.has(Mod::L), clamp = i.has(Mod::Clamp);
    emit(left ? (clamp ? H::FunnelLeftClamp : H::FunnelLeftWrap)
              : (clamp ? H::FunnelRightClamp : H::FunnelRightWrap),
         d(), s(1), s(2), u32(3));
    return true;
  }
  case O::Shl:
    emit(byWidth(bits, H::ShlB16, H::ShlB32, H::ShlB64), d(), s(1), u32(2));
    return true;
  case O::Shr:
    if (isSignedType(t))
      emit(byWidth(bits, H::ShrS16, H::ShrS32, H::ShrS64), d(), s(1), u32(2));
    else
      emit(byWidth(bits, H::ShrU16, H::ShrU32, H::ShrU64), d(), s(1), u32(2));
    return true;
  case O::Popc:
    if (bits == 32)
      emit(H::PopcB32, d32(), s(1));
    else
      scalar(ScalarOp::Popc64, typeFlags(t), d32(), s(1));
    return true;
  case O::Clz:
    return scalar(ScalarOp::Clz, typeFlags(t), d32(), s(1)), true;
  case O::Bfind:
    return scalar(i.has(Mod::Shiftamt) ? ScalarOp::BfindShift : ScalarOp::Bfind, typeFlags(t), d32(),
                  s(1)), true;
  case O::Fns:
    return scalar(ScalarOp::Fns, typeFlags(t), d(), u32(1), u32(2), u32(3)), true;
  case O::Brev:
    return scalar(ScalarOp::Brev, typeFlags(t), d(), s(1)), true;
  case O::Bfe:
    return scalar(ScalarOp::Bfe, typeFlags(t), d(), s(1), u32(2), u32(3)), true;
  case O::Bfi:
    return insertField(i), true;
  case O::Bmsk:
    return scalar(i.has(Mod::Clamp) ? ScalarOp::BmskClamp : ScalarOp::BmskWrap, typeFlags(t), d(),
                  s(1), s(2)), true;
  case O::Szext:
    return scalar(i.has(Mod::Clamp) ? ScalarOp::SzextClamp : ScalarOp::SzextWrap, typeFlags(t), d(),
                  s(1), u32(2)), true;
  case O::Dp4a:
  case O::Dp2a: {
    uint8_t signs = uint8_t(isSignedType(i.type(0)) | isSignedType(i.type(1)) << 1);
    ScalarOp half = i.has(Mod::Hi) ? ScalarOp::Dp2aHi : ScalarOp::Dp2aLo;
    return scalar(i.opcode == O::Dp4a ? ScalarOp::Dp4a : half, typeFlags(t, signs), d32(), u32(1), u32(2), u32(3)), true;
  }
  case O::Prmt:
    return scalar(ScalarOp::Prmt, typeFlags(t, prmtMode(i)), d(), s(1), s(2), s(3)), true;
  default:
    return false;
  }
}

/// Adds with a carry (or borrow) bit, which lives in a predicate of its own.
bool Decoding::decodeCarry(const I &i) {
  using O = Opcode;
  bool in = i.opcode == O::Addc || i.opcode == O::Subc || i.opcode == O::Madc;
  bool out = i.has(Mod::Cc);
  if (!in && !out)
    return false;
  Type t = i.type();
  if (carry == noIndex)
    carry = scratch(1).reg;
  RegisterUse cc{carry, 1, true}, carryIn = in ? RegisterUse{carry, 1} : constant(0, 1);
  bool subtract = i.opcode == O::Sub || i.opcode == O::Subc;
  RegisterUse a = readAs(i.operands[1], t), b = readAs(i.operands[2], t);
  if (i.opcode == O::Mad || i.opcode == O::Madc) {
    RegisterUse product = scratch(registerBits(t));
    if (i.has(Mod::Hi))
      scalar(ScalarOp::MulHi, typeFlags(t), product, a, b);
    else
      emit(typeBits(t) == 32 ? HandlerId::MulB32 : HandlerId::MulB64, product, a, b);
    a = product;
    b = readAs(i.operands[3], t);
  }
  RegisterUse sum = scratch(registerBits(t)), next = scratch(1);
  scalar(subtract ? ScalarOp::SubBorrow : ScalarOp::AddCarry, typeFlags(t), sum, a, b, carryIn);
  if (out) {
    scalar(subtract ? ScalarOp::BorrowOfSub : ScalarOp::CarryOfAdd, typeFlags(t), next, a, b, carryIn);
    emit(HandlerId::PMov, cc, next);
  }
  emit(sum.bits == 64 ? HandlerId::Mov64 : HandlerId::Mov32, writeAs(i.operands[0], t), sum);
  return true;
}

LaneKind laneKind(Type type) { return kindOf(type); }

} // namespace tenon::sim
