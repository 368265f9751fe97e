// Floating point: the common roundings are vector ops, all others functions per
// lane. Comparisons, selection.
#include "sim/machine/code/Decoding.h"

namespace tenon::sim {

using namespace ptx;

static Rounding roundingOf(const Instruction &i) {
  if (i.has(Mod::Rz) || i.has(Mod::Rzi))
    return Rounding::Zero;
  if (i.has(Mod::Rm) || i.has(Mod::Rmi))
    return Rounding::Down;
  if (i.has(Mod::Rp) || i.has(Mod::Rpi))
    return Rounding::Up;
  if (i.has(Mod::Rna))
    return Rounding::NearestAway;
  return Rounding::Nearest;
}

ScalarFlags floatFlags(const Instruction &i) {
  ScalarFlags flags;
  flags.type = flags.from = laneKind(i.type());
  flags.rounding = roundingOf(i);
  flags.integerRounding = i.has(Mod::Rni) || i.has(Mod::Rzi) || i.has(Mod::Rmi) || i.has(Mod::Rpi);
  flags.ftz = i.has(Mod::Ftz);
  flags.sat = i.has(Mod::Sat);
  flags.approx = i.has(Mod::Approx);
  flags.full = i.has(Mod::Full);
  flags.relu = i.has(Mod::Relu);
  flags.nan = i.has(Mod::Nan);
  flags.xorsign = i.has(Mod::XorsignAbs);
  flags.abs = i.has(Mod::Abs);
  flags.satfinite = i.has(Mod::Satfinite);
  return flags;
}

/// The vector op of an arithmetic instruction in its commonest form.
static std::optional<HandlerId> vectorOp(const Instruction &i, const ScalarFlags &f) {
  using H = HandlerId;
  using O = Opcode;
  bool single = f.type == LaneKind::F32;
  if ((!single && f.type != LaneKind::F64) || f.rounding != Rounding::Nearest || f.sat || f.nan ||
      f.xorsign || f.abs || i.operands.size() > 4)
    return std::nullopt;
  bool ftz = f.ftz;
  switch (i.opcode) {
  case O::Add:
    return !single ? H::AddF64 : ftz ? H::AddFtzF32 : H::AddF32;
  case O::Sub:
    return !single ? H::SubF64 : ftz ? H::SubFtzF32 : H::SubF32;
  case O::Mul:
    return !single ? H::MulF64 : ftz ? H::MulFtzF32 : H::MulF32;
  case O::Fma:
  case O::Mad:
    return !single ? H::FmaF64 : ftz ? H::FmaFtzF32 : H::FmaF32;
  case O::Min:
    return single && !ftz && i.operands.size() == 3 ? std::optional(H::MinF32) : std::nullopt;
  case O::Max:
    return single && !ftz && i.operands.size() == 3 ? std::optional(H::MaxF32) : std::nullopt;
  default:
    return std::nullopt;
  }
}

static std::optional<ScalarOp> scalarFloatOp(Opcode opcode) {
  using O = Opcode;
  switch (opcode) {
  case O::Add: return ScalarOp::FAdd;
  case O::Sub: return ScalarOp::FSub;
  case O::Mul: return ScalarOp::FMul;
  case O::Fma: case O::Mad: return ScalarOp::FFma;
  case O::Div: return ScalarOp::FDiv;
  case O::Rcp: return ScalarOp::FRcp;
  case O::Sqrt: return ScalarOp::FSqrt;
  case O::Rsqrt: return ScalarOp::FRsqrt;
  case O::Sin: return ScalarOp::FSin;
  case O::Cos: return ScalarOp::FCos;
  case O::Lg2: return ScalarOp::FLg2;
  case O::Ex2: return ScalarOp::FEx2;
  case O::Tanh: return ScalarOp::FTanh;
  case O::Min: return ScalarOp::FMin;
  case O::Max: return ScalarOp::FMax;
  case O::Neg: return ScalarOp::FNeg;
  case O::Abs: return ScalarOp::FAbs;
  case O::Copysign: return ScalarOp::FCopysign;
  default: return std::nullopt;
  }
}

bool Decoding::decodeFloat(const I &i) {
  if (i.opcode == Opcode::Testp) {
    const Mod tests[] = {Mod::Finite, Mod::Infinite, Mod::Number, Mod::Notanumber, Mod::Normal,
                         Mod::Subnormal};
    ScalarFlags flags = floatFlags(i);
    for (uint8_t t = 0; t < 6; ++t)
      if (i.has(tests[t]))
        flags.extra = t;
    scalar(ScalarOp::FTestp, flags.pack(), write(i.operands[0], 1), readAs(i.operands[1], i.type()));
    return true;
  }
  auto fn = scalarFloatOp(i.opcode);
  Type t = i.type();
  if (!fn || !isFloatType(t))
    return false;
  ScalarFlags flags = floatFlags(i);
  std::optional<RegisterUse> sources[3];
  bool mixed = i.types.size() == 2; // add.f32.f16: narrow sources widened exactly
  if (mixed && (i.opcode == Opcode::Fma || i.opcode == Opcode::Add || i.opcode == Opcode::Sub)) {
    size_t narrow = i.opcode == Opcode::Fma ? 2 : 1;
    for (size_t n = 0; n + 1 < i.operands.size(); ++n) {
      if (n >= narrow) {
        sources[n] = readAs(i.operands[n + 1], t);
        continue;
      }
      ScalarFlags widen;
      widen.type = LaneKind::F32;
      widen.from = laneKind(i.type(1));
      sources[n] = scratch(32);
      scalar(ScalarOp::Convert, widen.pack(), *sources[n], readAs(i.operands[n + 1], i.type(1)));
    }
  } else {
    if (i.operands.size() > 4)
      return false;
    for (size_t n = 1; n < i.operands.size(); ++n)
      sources[n - 1] = readAs(i.operands[n], t);
  }
  flags.extra = sources[2].has_value(); // min and max of three
  RegisterUse d = writeAs(i.operands[0], t);
  if (auto id = vectorOp(i, flags))
    emit(*id, d, sources[0], sources[1], sources[2]);
  else if (i.opcode == Opcode::Neg && t == Type::F32 && !flags.ftz)
    emit(HandlerId::NegF32, d, sources[0]);
  else if (i.opcode == Opcode::Neg && t == Type::F64)
    emit(HandlerId::NegF64, d, sources[0]);
  else if (i.opcode == Opcode::Abs && t == Type::F32 && !flags.ftz)
    emit(HandlerId::AbsF32, d, sources[0]);
  else if (i.opcode == Opcode::Abs && t == Type::F64)
    emit(HandlerId::AbsF64, d, sources[0]);
  else
    scalar(*fn, flags.pack(), d, sources[0], sources[1], sources[2]);
  return true;
}

static HandlerId setpOf(Type t) {
  switch (t) {
  case Type::U16: case Type::B16: return HandlerId::SetpU16;
  case Type::S16: return HandlerId::SetpS16;
  case Type::S32: return HandlerId::SetpS32;
  case Type::U64: case Type::B64: return HandlerId::SetpU64;
  case Type::S64: return HandlerId::SetpS64;
  case Type::F32: return HandlerId::SetpF32;
  case Type::F64: return HandlerId::SetpF64;
  default: return HandlerId::SetpU32;
  }
}

RegisterUse Decoding::compare(Mod comparison, Type type, RegisterUse a, RegisterUse b, bool ftz) {
  auto widen = [&](RegisterUse reg, LaneKind from) {
    ScalarFlags flags;
    flags.type = LaneKind::F32;
    flags.from = from;
    flags.ftz = ftz;
    RegisterUse d = scratch(32);
    scalar(ScalarOp::Convert, flags.pack(), d, reg);
    return d;
  };
  auto flushHalf = [&](RegisterUse reg) {
    ScalarFlags flags;
    flags.type = LaneKind::F16;
    flags.ftz = true;
    RegisterUse d = scratch(32);
    scalar(ScalarOp::FMax, flags.pack(), d, reg, reg);
    return d;
  };
  if (type == Type::F16 && ftz) {
    a = flushHalf(a);
    b = flushHalf(b);
  }
  if (type == Type::F16 || type == Type::BF16 || (type == Type::F32 && ftz)) {
    a = widen(a, laneKind(type));
    b = widen(b, laneKind(type));
    type = Type::F32;
  }
  RegisterUse p = scratch(1);
  int32_t test = *comparisonOf(comparison);
  emit(setpOf(type), p, a, b).slots[0].imm = test;
  // `ne` is false for NaN, though "not eq" is true; `equ` is true, though eq is false.
  bool ordered = comparison == Mod::Ne, unordered = comparison == Mod::Equ;
  if (!isFloatType(type) || (!ordered && !unordered))
    return p;
  RegisterUse number = scratch(1), both = scratch(1);
  emit(setpOf(type), number, a, b).slots[0].imm =
      int32_t(Comparison::Ordered) | (unordered ? negatedComparison : 0);
  emit(ordered ? HandlerId::PAnd : HandlerId::POr, both, p, number);
  return both;
}

static Mod comparisonMod(const Instruction &i) {
  for (Mod m : i.mods)
    if (comparisonOf(m))
      return m;
  return Mod::Eq;
}

static std::optional<HandlerId> booleanOf(const Instruction &i) {
  if (i.has(Mod::And))
    return HandlerId::PAnd;
  if (i.has(Mod::Or))
    return HandlerId::POr;
  if (i.has(Mod::Xor))
    return HandlerId::PXor;
  return std::nullopt;
}

bool Decoding::decodeCompare(const I &i) {
  using O = Opcode;
  using H = HandlerId;
  if (i.opcode == O::Selp || i.opcode == O::Slct) {
    Type t = i.type();
    RegisterUse p;
    if (i.opcode == O::Selp)
      p = read(i.operands[3], 1);
    else
      p = compare(Mod::Ge, i.type(1), readAs(i.operands[3], i.type(1)),
                  constant(0, 32), i.has(Mod::Ftz));
    emit(registerBits(t) == 64 ? H::Select64 : H::Select32, writeAs(i.operands[0], t),
         readAs(i.operands[1], t), readAs(i.operands[2], t), p);
    return true;
  }
  if (i.opcode != O::Setp && i.opcode != O::Set)
    return false;
  bool set = i.opcode == O::Set;
  Type t = i.type(set ? 1 : 0);
  Mod test = comparisonMod(i);
  auto combine = booleanOf(i);
  RegisterUse a = readAs(i.operands[1], t), b = readAs(i.operands[2], t);
  std::optional<RegisterUse> c;
  if (combine)
    c = read(i.operands[3], 1);
  auto finish = [&](RegisterUse p) {
    if (!combine)
      return p;
    RegisterUse d = scratch(1);
    emit(*combine, d, p, *c);
    return d;
  };
  bool packed = t == Type::F16x2 || t == Type::BF16x2;
  Type element = t == Type::F16x2 ? Type::F16 : t == Type::BF16x2 ? Type::BF16 : t;
  RegisterUse first = a, second = a;
  if (packed) {
    RegisterUse parts[4] = {scratch(32), scratch(32), scratch(32), scratch(32)};
    emit(H::Low16, parts[0], a);
    emit(H::Low16, parts[1], b);
    emit(H::High16, parts[2], a);
    emit(H::High16, parts[3], b);
    first = finish(compare(test, element, parts[0], parts[1], i.has(Mod::Ftz)));
    second = finish(compare(test, element, parts[2], parts[3], i.has(Mod::Ftz)));
  } else {
    RegisterUse p = compare(test, element, a, b, i.has(Mod::Ftz));
    first = finish(p);
    const Operand &d = i.operands[0];
    if (!set && d.kind == Operand::Kind::Pair)
      second = finish(predicateNot(p));
  }
  if (!set) {
    const Operand &d = i.operands[0];
    bool pair = d.kind == Operand::Kind::Pair;
    emit(H::PMov, write(pair ? d.elements[0] : d, 1), first);
    if (pair)
      emit(H::PMov, write(d.elements[1], 1), second);
    return true;
  }
  Type to = i.type(0);
  auto one = [&](Type type, RegisterUse p) {
    uint64_t value = type == Type::F32 ? 0x3f800000
                     : type == Type::F16 || type == Type::F16x2 ? 0x3c00
                     : type == Type::BF16 || type == Type::BF16x2 ? 0x3f80
                     : typeBits(type) == 16 ? 0xffff : 0xffffffff;
    RegisterUse d = scratch(32);
    emit(H::Select32, d, constant(value, 32), constant(0, 32), p);
    return d;
  };
  if (!packed)
    return emit(H::Mov32, writeAs(i.operands[0], to), one(to, first)), true;
  RegisterUse low = one(Type(to == Type::F16x2 || to == Type::BF16x2 ? to : Type::U16), first);
  RegisterUse high = one(Type(to == Type::F16x2 || to == Type::BF16x2 ? to : Type::U16), second);
  emit(H::Pack32, writeAs(i.operands[0], to), low, high);
  return true;
}

} // namespace tenon::sim
