// Rules of single instructions that the table's notation cannot say: vector
// widths, roundings of conversions, orders that need a scope, ranges of
// constants, packing moves.
#include "sim/ptx/ParserImpl.h"

namespace tenon::sim::ptx {
namespace {

using Kind = Operand::Kind;

bool isFloat(Type type) { return typeClass(type) == TypeClass::Float; }
bool isInteger(Type type) {
  return typeClass(type) == TypeClass::Unsigned || typeClass(type) == TypeClass::Signed;
}

bool hasAny(const Instruction &i, std::initializer_list<Mod> mods) {
  for (Mod mod : mods)
    if (i.has(mod))
      return true;
  return false;
}

bool isConstant(const Operand &operand) { return operand.kind == Kind::Immediate; }

std::string checkMemory(const Instruction &i) {
  unsigned width = i.has(Mod::V2) ? 2 : i.has(Mod::V4) ? 4 : i.has(Mod::V8) ? 8 : 1;
  unsigned bits = bitWidth(i.type()) * width;
  bool global = i.has(Mod::Global);
  bool elsewhere = hasAny(i, {Mod::Shared, Mod::SharedCta, Mod::SharedCluster, Mod::Local, Mod::Const, Mod::Param,
                              Mod::ParamEntry, Mod::ParamFunc});
  if (bits > (elsewhere ? 128u : 256u))
    return "a vector of " + std::to_string(bits) + " bits is too wide";
  if (i.has(Mod::V8) && bitWidth(i.type()) != 32)
    return "'.v8' needs a type of 32 bits";
  bool ordered = hasAny(i, {Mod::Relaxed, Mod::Acquire, Mod::Release});
  bool scoped = hasAny(i, {Mod::Cta, Mod::Cluster, Mod::Gpu, Mod::Sys});
  if (ordered != scoped)
    return ordered ? "a memory order needs a scope" : "a scope needs a memory order";
  if (i.has(Mod::Mmio) && !i.has(Mod::Sys))
    return "'.mmio' needs scope '.sys'";
  if (i.has(Mod::Nc) && !global)
    return "'.nc' needs '.global'";
  if (i.opcode == Opcode::St && i.has(Mod::Const))
    return "cannot store to constant memory";
  return {};
}

std::string checkCachePolicy(const Instruction &i, unsigned without) {
  bool operand = i.operands.size() > without;
  if (operand == i.has(Mod::L2CacheHint))
    return {};
  return operand ? "a cache policy needs '.L2::cache_hint'"
                 : "'.L2::cache_hint' needs a cache policy";
}

/// Saturating an integer that always fits would mean nothing.
bool saturationMatters(Type to, Type from) {
  bool toSigned = typeClass(to) == TypeClass::Signed, fromSigned = typeClass(from) == TypeClass::Signed;
  return bitWidth(to) - toSigned < bitWidth(from) - fromSigned || (fromSigned && !toSigned);
}

/// What .ftz, .sat and roundings may stand with, as ptxas has it.
std::string checkConvertModifiers(const Instruction &i, Type to, Type from) {
  bool bf16 = to == Type::BF16 || from == Type::BF16;
  if (i.has(Mod::Ftz) && to != Type::F32 && from != Type::F32)
    return "'.ftz' needs one type to be .f32";
  if (i.has(Mod::Sat) && bf16)
    return "'.sat' cannot be combined with type .bf16";
  if (i.has(Mod::Sat) && isInteger(to) && isInteger(from) && !saturationMatters(to, from))
    return "'.sat' has no effect on this conversion";
  if (i.has(Mod::Rna))
    return "'.rna' converts to .tf32 only";
  Type other = to == Type::BF16 ? from : to;
  if (bf16 && isInteger(other) && bitWidth(other) == 8)
    return "integers of 8 bits do not convert to or from .bf16";
  return {};
}

std::string checkConvert(const Instruction &i) {
  if (i.types.size() != 2 || i.has(Mod::Relu) || i.has(Mod::Satfinite))
    return {};
  Type to = i.types[0], from = i.types[1];
  bool toInt = isInteger(to), fromInt = isInteger(from);
  if (!(toInt || isFloat(to)) || !(fromInt || isFloat(from)) || to == Type::TF32)
    return {};
  bool integerRounding = hasAny(i, {Mod::Rni, Mod::Rzi, Mod::Rmi, Mod::Rpi});
  bool floatRounding = hasAny(i, {Mod::Rn, Mod::Rz, Mod::Rm, Mod::Rp, Mod::Rna});
  bool fromBF16 = from == Type::BF16 && to != Type::BF16;
  if (toInt && fromInt && (integerRounding || floatRounding))
    return "a conversion between integers takes no rounding";
  if (toInt && !fromInt && !integerRounding)
    return "rounding to an integer needs one of .rni .rzi .rmi .rpi";
  if (!toInt && fromInt && !floatRounding)
    return "a conversion from an integer needs one of .rn .rz .rm .rp";
  if (!toInt && !fromInt && bitWidth(to) < bitWidth(from) && !floatRounding)
    return "a narrowing conversion needs one of .rn .rz .rm .rp";
  if (!toInt && !fromInt && bitWidth(to) > bitWidth(from) && (integerRounding || (floatRounding && !fromBF16)))
    return "a widening conversion takes no rounding";
  if (to == from && floatRounding)
    return "a conversion to the same type takes no rounding but .rni .rzi .rmi .rpi";
  if (to != from && !toInt && !fromInt && integerRounding)
    return "rounding to an integer keeps the type";
  return checkConvertModifiers(i, to, from);
}

std::string checkCompare(const Instruction &i) {
  Type type = i.types[i.types.size() - 1];
  TypeClass kind = typeClass(type);
  bool floatOnly = hasAny(i, {Mod::Equ, Mod::Neu, Mod::Ltu, Mod::Leu, Mod::Gtu, Mod::Geu,
                              Mod::Num, Mod::NanTest});
  bool unsignedOnly = hasAny(i, {Mod::Lo, Mod::Ls, Mod::Hi, Mod::Hs});
  bool ordering = hasAny(i, {Mod::Lt, Mod::Le, Mod::Gt, Mod::Ge});
  bool floating = kind == TypeClass::Float || kind == TypeClass::Packed;
  if (floatOnly && !floating)
    return "this comparison needs a floating-point type";
  if (unsignedOnly && kind != TypeClass::Unsigned)
    return "this comparison needs an unsigned type";
  if (ordering && kind == TypeClass::Bits)
    return "types .b16 .b32 .b64 can only be compared by .eq and .ne";
  if (i.has(Mod::Ftz) && !(type == Type::F32 || type == Type::F16 || type == Type::F16x2))
    return "'.ftz' needs type .f32, .f16 or .f16x2";
  if (i.opcode == Opcode::Setp && type == Type::BF16 && i.operands[0].kind == Kind::Pair)
    return "'setp' of type .bf16 has one destination";
  return {};
}

unsigned bitsOf(const Function &function, const Operand &operand) {
  return operand.kind == Kind::Register ? bitWidth(function.registers[operand.reg].type) : 0;
}

/// A register that holds part or all of a moved value.
bool isMoveRegister(const Function &function, const Operand &operand, unsigned bits) {
  return operand.kind == Kind::Register && !operand.negated && !operand.minus &&
         bitsOf(function, operand) == bits &&
         function.registers[operand.reg].type != Type::Pred;
}

bool isMoveVector(const Function &function, const Operand &operand, unsigned bits, bool dest) {
  size_t count = operand.elements.size();
  if (operand.kind != Kind::Vector || count < 2 || bits % count)
    return false;
  for (const Operand &element : operand.elements) {
    bool other = dest ? element.kind == Kind::Sink
                      : isConstant(element) && element.immediate == Operand::Immediate::Integer;
    if (!other && !isMoveRegister(function, element, static_cast<unsigned>(bits / count)))
      return false;
  }
  return count == 2 || count == 4 || count == 8;
}

bool classesAgree(const Function &function, Type type, const Operand &operand) {
  if (operand.kind != Kind::Register || typeClass(type) == TypeClass::Bits)
    return true;
  TypeClass held = typeClass(function.registers[operand.reg].type);
  return held == TypeClass::Bits || (held == TypeClass::Float) == isFloat(type);
}

std::string checkMove(const Function &function, const Instruction &i) {
  const Operand &to = i.operands[0], &from = i.operands[1];
  unsigned bits = bitWidth(i.type());
  std::string name = "." + std::string(spelling(i.type()));
  if (to.kind == Kind::Vector)
    return isMoveVector(function, to, bits, true) && isMoveRegister(function, from, bits)
               ? ""
               : "unpacking needs a register and a vector that together have the bits of " + name;
  if (!isMoveRegister(function, to, bits) || !classesAgree(function, i.type(), to))
    return "operand 1 of 'mov' must be a register of type " + name;
  switch (from.kind) {
  case Kind::Vector:
    return isMoveVector(function, from, bits, false)
               ? ""
               : "packing needs a vector whose elements together have the bits of " + name;
  case Kind::Register:
    return isMoveRegister(function, from, bits) && classesAgree(function, i.type(), from)
               ? ""
               : "operand 2 of 'mov' must be a register of type " + name;
  case Kind::Immediate: {
    bool integer = from.immediate == Operand::Immediate::Integer;
    bool fits = isInteger(i.type()) ? integer : !isFloat(i.type()) || !integer;
    return fits ? "" : "constant is not of type " + name;
  }
  case Kind::Symbol:
  case Kind::Function:
    return bits >= 32 && !isFloat(i.type()) ? "" : "an address does not fit type " + name;
  case Kind::Special: {
    unsigned have = from.special == SpecialRegister::Tid ? 32 : 0;
    switch (from.special) {
#define SPECIAL(name, spelling, type, components)                                                  \
  case SpecialRegister::name: have = bitWidth(Type::type); break;
#include "sim/ptx/SpecialRegisters.def"
    }
    // Old code reads the 32-bit indices as u16.
    return have == bits || (have == 32 && bits == 16) || (from.special == SpecialRegister::Gridid && bits == 32)
               ? ""
               : "special register has " + std::to_string(have) + " bits, not those of " + name;
  }
  default: return "operand 2 of 'mov' must be a register, constant or variable";
  }
}

/// A second, predicate result that cannot be left out.
std::string checkPair(const Instruction &i) {
  return i.operands[0].kind == Kind::Pair ? "" : "the destination needs a predicate: d|p";
}

std::string checkBarrierOrder(const Instruction &i) {
  bool ordered = hasAny(i, {Mod::Release, Mod::Relaxed, Mod::Acquire});
  bool scoped = hasAny(i, {Mod::Cta, Mod::Cluster});
  if (ordered == scoped || i.has(Mod::NoComplete))
    return {};
  return ordered ? "a memory order needs a scope" : "a scope needs a memory order";
}

std::string checkRange(const Operand &operand, uint64_t low, uint64_t high, const char *what) {
  if (!isConstant(operand) || (operand.bits >= low && operand.bits <= high))
    return {};
  return std::string(what) + " must be from " + std::to_string(low) + " to " +
         std::to_string(high) + ", found " + std::to_string(int64_t(operand.bits));
}

std::string checkCopySize(const Instruction &i) {
  uint64_t size = i.operands[2].bits;
  if (size != 16 && (i.has(Mod::Cg) || (size != 4 && size != 8)))
    return "copy size must be " + std::string(i.has(Mod::Cg) ? "16" : "4, 8 or 16") + ", found " +
           std::to_string(int64_t(size));
  bool hint = i.has(Mod::L2CacheHint);
  size_t count = i.operands.size();
  if (hint && (count < 4))
    return "'.L2::cache_hint' needs a cache policy";
  return {};
}

std::string checkTensor(const Instruction &i) {
  unsigned dims = i.has(Mod::D1) ? 1 : i.has(Mod::D2) ? 2 : i.has(Mod::D3) ? 3
                  : i.has(Mod::D4) ? 4 : 5;
  if (i.has(Mod::TileGather4) || i.has(Mod::TileScatter4))
    dims = 5;
  for (const Operand &operand : i.operands) {
    if (operand.kind != Kind::Address || operand.elements.empty())
      continue;
    const Operand &coordinates = operand.elements[0];
    size_t count = coordinates.kind == Kind::Vector ? coordinates.elements.size() : 1;
    if (operand.elements.size() != 1 || count != dims)
      return "a tensor of " + std::to_string(dims) + " dimensions needs as many coordinates, found " +
             std::to_string(count);
  }
  return {};
}

std::string checkRegisterCount(const Operand &operand) {
  if (operand.bits < 24 || operand.bits > 256 || operand.bits % 8)
    return "register count must be a multiple of 8 from 24 to 256, found " +
           std::to_string(int64_t(operand.bits));
  return {};
}

} // namespace

std::string checkSemantics(const Function &function, const Instruction &i) {
  switch (i.opcode) {
  case Opcode::Ld:
    if (std::string wrong = checkMemory(i); !wrong.empty())
      return wrong;
    return checkCachePolicy(i, 2);
  case Opcode::St:
    if (std::string wrong = checkMemory(i); !wrong.empty())
      return wrong;
    return checkCachePolicy(i, 2);
  case Opcode::Atom: return checkCachePolicy(i, i.has(Mod::Cas) ? 4 : 3);
  case Opcode::Red: return checkCachePolicy(i, 2);
  case Opcode::Mov: return i.type() == Type::Pred ? "" : checkMove(function, i);
  case Opcode::Cvt: return checkConvert(i);
  case Opcode::Set:
  case Opcode::Setp: return checkCompare(i);
  case Opcode::CpAsync: return checkCopySize(i);
  case Opcode::CpAsyncBulkTensor:
  case Opcode::CpReduceAsyncBulkTensor:
  case Opcode::CpAsyncBulkPrefetchTensor: return checkTensor(i);
  case Opcode::Lop3:
    if (std::string wrong = hasAny(i, {Mod::Or, Mod::And}) ? checkPair(i) : ""; !wrong.empty())
      return wrong;
    return checkRange(i.operands[4], 0, 255, "the table of 'lop3'");
  case Opcode::ElectSync: return checkPair(i);
  case Opcode::Bfe:
  case Opcode::Bfi: {
    size_t at = i.operands.size() - 2;
    std::string wrong = checkRange(i.operands[at], 0, 255, "the position");
    return wrong.empty() ? checkRange(i.operands[at + 1], 0, 255, "the length") : wrong;
  }
  case Opcode::MbarrierArrive:
  case Opcode::MbarrierArriveDrop:
  case Opcode::MbarrierExpectTx:
  case Opcode::MbarrierCompleteTx:
  case Opcode::MbarrierTestWait:
  case Opcode::MbarrierTryWait: return checkBarrierOrder(i);
  case Opcode::Bar:
  case Opcode::Barrier:
    return checkRange(i.operands[i.has(Mod::Red) ? 1 : 0], 0, 15, "the barrier's number");
  case Opcode::CpAsyncWaitGroup:
  case Opcode::CpAsyncBulkWaitGroup:
    return checkRange(i.operands[0], 0, ~0u, "the number of groups");
  case Opcode::WgmmaWaitGroup: return checkRange(i.operands[0], 0, 7, "the number of groups");
  case Opcode::Setmaxnreg: return checkRegisterCount(i.operands[0]);
  default: return {};
  }
}

} // namespace tenon::sim::ptx
