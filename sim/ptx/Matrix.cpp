// Shapes, types and fragment sizes of matrix instructions: what a warp's (or
// warpgroup's) registers must hold, computed from shape and type.
#include "sim/ptx/ParserImpl.h"

namespace tenon::sim::ptx {
namespace {

using Kind = Operand::Kind;

unsigned count(const Operand &operand) {
  return operand.kind == Kind::Vector ? static_cast<unsigned>(operand.elements.size()) : 1;
}

/// 32-bit registers per lane that hold m x n values (64-bit ones for f64).
unsigned registersFor(unsigned rows, unsigned columns, Type type, unsigned lanes = 32) {
  unsigned bits = bitWidth(type);
  if (type == Type::E2M1 || type == Type::E2M3 || type == Type::E3M2)
    bits = 8; // padded to bytes
  unsigned perRegister = type == Type::F64 ? 64 : 32;
  unsigned total = rows * columns * bits;
  return (total + lanes * perRegister - 1) / (lanes * perRegister);
}

std::string wrongCount(const char *which, unsigned want, unsigned have) {
  return std::string("fragment ") + which + " needs " + std::to_string(want) +
         " registers, found " + std::to_string(have);
}

std::string checkWidths(const Function &function, const Operand &operand, Type type,
                        const char *which) {
  unsigned bits = type == Type::F64 ? 64 : 32;
  auto fits = [&](const Operand &e) {
    return e.kind == Kind::Sink || bitWidth(function.registers[e.reg].type) == bits;
  };
  bool ok = operand.kind != Kind::Vector ? fits(operand) : true;
  for (const Operand &element : operand.elements)
    ok &= fits(element);
  return ok ? "" : std::string("fragment ") + which + " needs registers of " +
                       std::to_string(bits) + " bits";
}

struct Combination {
  Shape shape;
  Type a, b; // b: None means the same as a
  Type accumulators[2];
};

/// mma.sync without block scaling. s4/u4 and s8/u8 may be mixed, so may the fp8s.
constexpr Combination MmaTable[] = {
    {{8, 8, 4}, Type::F16, Type::None, {Type::F16, Type::F32}},
    {{16, 8, 8}, Type::F16, Type::None, {Type::F16, Type::F32}},
    {{16, 8, 16}, Type::F16, Type::None, {Type::F16, Type::F32}},
    {{16, 8, 8}, Type::BF16, Type::None, {Type::F32, Type::F32}},
    {{16, 8, 16}, Type::BF16, Type::None, {Type::F32, Type::F32}},
    {{16, 8, 4}, Type::TF32, Type::None, {Type::F32, Type::F32}},
    {{16, 8, 8}, Type::TF32, Type::None, {Type::F32, Type::F32}},
    {{8, 8, 4}, Type::F64, Type::None, {Type::F64, Type::F64}},
    {{16, 8, 4}, Type::F64, Type::None, {Type::F64, Type::F64}},
    {{16, 8, 8}, Type::F64, Type::None, {Type::F64, Type::F64}},
    {{16, 8, 16}, Type::F64, Type::None, {Type::F64, Type::F64}},
    {{8, 8, 16}, Type::S8, Type::U8, {Type::S32, Type::S32}},
    {{16, 8, 16}, Type::S8, Type::U8, {Type::S32, Type::S32}},
    {{16, 8, 32}, Type::S8, Type::U8, {Type::S32, Type::S32}},
    {{8, 8, 32}, Type::S4, Type::U4, {Type::S32, Type::S32}},
    {{16, 8, 32}, Type::S4, Type::U4, {Type::S32, Type::S32}},
    {{16, 8, 64}, Type::S4, Type::U4, {Type::S32, Type::S32}},
    {{8, 8, 128}, Type::B1, Type::None, {Type::S32, Type::S32}},
    {{16, 8, 128}, Type::B1, Type::None, {Type::S32, Type::S32}},
    {{16, 8, 256}, Type::B1, Type::None, {Type::S32, Type::S32}},
    {{16, 8, 16}, Type::E4M3, Type::E5M2, {Type::F16, Type::F32}},
    {{16, 8, 32}, Type::E4M3, Type::E5M2, {Type::F16, Type::F32}},
};

bool isOneOf(Type type, const Combination &c) {
  return type == c.a || (c.b != Type::None && type == c.b);
}

bool isKnownMma(const Instruction &i) {
  Type d = i.types[0], a = i.types[1], b = i.types[2], c = i.types[3];
  for (const Combination &row : MmaTable) {
    bool accumulators = (d == row.accumulators[0] || d == row.accumulators[1]) &&
                        (c == row.accumulators[0] || c == row.accumulators[1]);
    bool mixed = d != c && !(row.shape == Shape{8, 8, 4} && a == Type::F16);
    if (row.shape == i.shape && isOneOf(a, row) && isOneOf(b, row) && accumulators && !mixed)
      return true;
  }
  return false;
}

std::string checkMma(const Function &function, const Instruction &i) {
  Shape s = i.shape;
  bool wide = i.types.size() > 1 && i.types[1] == Type::F16 && s == Shape{8, 8, 4};
  if (!i.has(Mod::BlockScale) && !i.has(Mod::KindF8f6f4) && !isKnownMma(i))
    return "no mma of this shape has these types";
  // m8n8k4 f16 computes four products, one per 8 lanes.
  unsigned lanes = wide ? 8 : 32;
  Type types[] = {i.types[0], i.types[1], i.types[2], i.types[3]};
  unsigned want[] = {registersFor(s.m, s.n, types[0], lanes),
                     registersFor(s.m, s.k, types[1], lanes),
                     registersFor(s.k, s.n, types[2], lanes),
                     registersFor(s.m, s.n, types[3], lanes)};
  if (i.has(Mod::KindMxf4) || i.has(Mod::KindMxf4nvf4)) // four bits a value here
    want[1] /= 2, want[2] /= 2;
  static constexpr const char *Names[] = {"d", "a", "b", "c"};
  for (unsigned f = 0; f < 4; ++f) {
    if (count(i.operands[f]) != want[f])
      return wrongCount(Names[f], want[f], count(i.operands[f]));
    if (std::string w = checkWidths(function, i.operands[f], types[f], Names[f]); !w.empty())
      return w;
  }
  return {};
}

/// Registers of a wmma fragment, as the manual's tables give them.
unsigned wmmaRegisters(Shape s, char which, Type type) {
  bool sixteen = s.m * s.n == 256 && s.k == 16;
  switch (type) {
  case Type::F16: return which == 'c' ? 4 : 8;
  case Type::F32: return which == 'c' ? 8 : 4;
  case Type::BF16: return s.m == 16 ? 4 : which == 'a' ? (s.m == 8 ? 2 : 8) : (s.n == 8 ? 2 : 8);
  case Type::TF32: return 4;
  case Type::F64: return which == 'c' ? 2 : 1;
  case Type::S8:
  case Type::U8:
    return s.m == 16 ? 2 : which == 'a' ? (s.m == 8 ? 1 : 4) : (s.n == 8 ? 1 : 4);
  case Type::S4:
  case Type::U4:
  case Type::B1: return 1;
  case Type::S32: return sixteen ? 8 : 2;
  default: return 0;
  }
}

std::string checkWmma(const Instruction &i) {
  auto check = [&](const Operand &operand, char which, Type type) {
    unsigned want = wmmaRegisters(i.shape, which, type);
    const char name[] = {which, 0};
    return count(operand) == want ? std::string() : wrongCount(name, want, count(operand));
  };
  if (i.opcode == Opcode::WmmaLoad)
    return check(i.operands[0], i.has(Mod::A) ? 'a' : i.has(Mod::B) ? 'b' : 'c', i.type());
  if (i.opcode == Opcode::WmmaStore)
    return check(i.operands[1], 'c', i.type());
  // f16 products name only d and c: .f32.f16 has f16 factors.
  bool four = i.types.size() == 4;
  Type d = i.types[0], a = four ? i.types[1] : Type::F16, b = four ? i.types[2] : Type::F16;
  Type c = four ? i.types[3] : i.types[1];
  if (i.types.size() == 3)
    return "wmma.mma names two types or four";
  const Type types[] = {d, a, b, c};
  for (unsigned f = 0; f < 4; ++f)
    if (std::string w = check(i.operands[f], "cabc"[f], types[f]); !w.empty())
      return w;
  return {};
}

std::string checkLdmatrix(const Instruction &i, const Operand &fragment) {
  unsigned matrices = i.has(Mod::X1) ? 1 : i.has(Mod::X2) ? 2 : 4;
  unsigned each = i.shape == Shape{16, 16, 0} ? 2 : 1;
  return count(fragment) == matrices * each
             ? std::string()
             : wrongCount("of the matrices", matrices * each, count(fragment));
}

std::string checkWgmma(const Function &function, const Instruction &i) {
  Shape s = i.shape;
  Type d = i.types[0], a = i.types[1];
  bool sparse = i.opcode == Opcode::WgmmaMmaAsyncSp;
  unsigned k = a == Type::B1 ? 256 : 256 / bitWidth(a);
  if (s.k != k * (sparse ? 2 : 1))
    return "k must be " + std::to_string(k * (sparse ? 2 : 1)) + " for ." +
           std::string(spelling(a)) + ", found " + std::to_string(s.k);
  bool integer = d == Type::S32;
  if (s.n > 24 && integer && s.n % 16)
    return "n must be 8, 24 or a multiple of 16 for integers, found " + std::to_string(s.n);
  unsigned want = registersFor(s.m, s.n, d, 128);
  if (count(i.operands[0]) != want)
    return wrongCount("d", want, count(i.operands[0]));
  if (i.operands[1].kind == Kind::Vector && count(i.operands[1]) != 4)
    return wrongCount("a", 4, count(i.operands[1]));
  size_t tail = i.operands.size() - (sparse ? 6 : 4);
  bool half = a == Type::F16 || a == Type::BF16;
  bool registers = i.operands[1].kind == Kind::Vector;
  if (half && !sparse && tail != (registers ? 3u : 4u))
    return std::string("this form takes ") + (registers ? "7" : "8") + " operands, found " +
           std::to_string(i.operands.size());
  for (size_t j = i.operands.size() - tail; j < i.operands.size(); ++j) {
    bool scale = j - (i.operands.size() - tail) < 2;
    uint64_t bits = i.operands[j].bits;
    if (scale ? bits != 1 && bits != ~uint64_t(0) : bits > 1)
      return scale ? "scale of a factor must be 1 or -1" : "transposition must be 0 or 1";
  }
  return checkWidths(function, i.operands[0], d, "d");
}

} // namespace

std::string checkMatrix(const Function &function, const Instruction &i) {
  switch (i.opcode) {
  case Opcode::Mma: return checkMma(function, i);
  case Opcode::WmmaLoad:
  case Opcode::WmmaStore:
  case Opcode::WmmaMma: return checkWmma(i);
  case Opcode::Ldmatrix: return checkLdmatrix(i, i.operands[0]);
  case Opcode::Stmatrix: return checkLdmatrix(i, i.operands[1]);
  case Opcode::WgmmaMmaAsync: return checkWgmma(function, i);
  default: return {};
  }
}

} // namespace tenon::sim::ptx
