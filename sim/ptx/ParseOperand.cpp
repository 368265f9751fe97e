// Operands, addresses and constant expressions. Operands are parsed by their
// look alone; whether an instruction takes them is checked afterwards.
#include "sim/ptx/ParserImpl.h"

#include <bit>
#include <cmath>

namespace tenon::sim::ptx {
namespace {

constexpr unsigned MaxDepth = 64;
constexpr size_t MaxElements = 512;

struct SpecialInfo {
  std::string_view name;
  SpecialRegister special;
  unsigned components;
};
constexpr SpecialInfo Specials[] = {
#define SPECIAL(name, spelling, type, components) {spelling, SpecialRegister::name, components},
#include "sim/ptx/SpecialRegisters.def"
};

double asDouble(const Constant &c) {
  if (c.isFloat)
    return std::bit_cast<double>(c.bits);
  return c.isUnsigned ? static_cast<double>(c.bits) : static_cast<double>(int64_t(c.bits));
}

Constant fromDouble(double value) { return {true, false, false, std::bit_cast<uint64_t>(value)}; }
Constant fromInt(uint64_t bits, bool isUnsigned) { return {false, false, isUnsigned, bits}; }

struct BinaryOp {
  std::string_view spelling;
  unsigned level;
};
constexpr BinaryOp BinaryOps[] = {
    {"||", 0}, {"&&", 1}, {"|", 2},  {"^", 3},  {"&", 4},  {"==", 5}, {"!=", 5}, {"<", 6},
    {"<=", 6}, {">", 6},  {">=", 6}, {"<<", 7}, {">>", 7}, {"+", 8},  {"-", 8},  {"*", 9},
    {"/", 9},  {"%", 9}};
constexpr unsigned Levels = 10;

const BinaryOp *binaryOp(const Token &token, unsigned level) {
  if (token.kind == Token::Kind::Punct)
    for (const BinaryOp &op : BinaryOps)
      if (op.level == level && token.text == op.spelling)
        return &op;
  return nullptr;
}

/// False for operators that floats do not have.
bool applyFloat(std::string_view op, double a, double b, Constant &out) {
  if (op == "+" || op == "-" || op == "*" || op == "/")
    out = fromDouble(op == "+" ? a + b : op == "-" ? a - b : op == "*" ? a * b : a / b);
  else if (op == "==" || op == "!=")
    out = fromInt((a == b) == (op == "=="), false);
  else if (op == "<" || op == "<=" || op == ">" || op == ">=")
    out = fromInt(op == "<" ? a < b : op == "<=" ? a <= b : op == ">" ? a > b : a >= b, false);
  else
    return false;
  return true;
}

/// False for a division by zero.
bool applyInteger(std::string_view op, const Constant &x, const Constant &y, Constant &out) {
  uint64_t a = x.bits, b = y.bits;
  int64_t sa = int64_t(a), sb = int64_t(b);
  bool uns = x.isUnsigned || y.isUnsigned;
  if (op == "/" || op == "%") {
    if (b == 0)
      return false;
    bool overflow = !uns && sb == -1; // INT64_MIN / -1 does not trap here
    if (op == "/")
      out = fromInt(uns ? a / b : overflow ? 0 - a : uint64_t(sa / sb), uns);
    else
      out = fromInt(uns ? a % b : overflow ? 0 : uint64_t(sa % sb), uns);
    return true;
  }
  if (op == "+") out = fromInt(a + b, uns);
  else if (op == "-") out = fromInt(a - b, uns);
  else if (op == "*") out = fromInt(a * b, uns);
  else if (op == "|") out = fromInt(a | b, uns);
  else if (op == "^") out = fromInt(a ^ b, uns);
  else if (op == "&") out = fromInt(a & b, uns);
  else if (op == "<<") out = fromInt(b > 63 ? 0 : a << b, x.isUnsigned);
  else if (op == ">>") out = fromInt(x.isUnsigned ? (b > 63 ? 0 : a >> b) : uint64_t(sa >> (b > 63 ? 63 : b)), x.isUnsigned);
  else if (op == "||") out = fromInt(a || b, false);
  else if (op == "&&") out = fromInt(a && b, false);
  else if (op == "==") out = fromInt(a == b, false);
  else if (op == "!=") out = fromInt(a != b, false);
  else if (op == "<") out = fromInt(uns ? a < b : sa < sb, false);
  else if (op == "<=") out = fromInt(uns ? a <= b : sa <= sb, false);
  else if (op == ">") out = fromInt(uns ? a > b : sa > sb, false);
  else out = fromInt(uns ? a >= b : sa >= sb, false);
  return true;
}

int componentOf(std::string_view dotted) {
  static constexpr std::string_view Names[] = {".x", ".y", ".z", ".w", ".r", ".g", ".b", ".a"};
  for (int i = 0; i < 8; ++i)
    if (dotted == Names[i])
      return i % 4;
  return -1;
}

int selectorOf(std::string_view dotted) {
  static constexpr std::string_view Names[] = {"",    ".b0", ".b1", ".b2",  ".b3",  ".h0",
                                               ".h1", ".h10", ".b3210"};
  for (int i = 1; i < 7; ++i)
    if (dotted == Names[i])
      return i;
  return 0;
}

} // namespace

bool Parser::parseOperand(Operand &operand, unsigned depth) {
  if (depth > 4)
    return error(peek(), "operand nested too deeply");
  const Token &token = peek();
  if (token.is("_")) {
    take();
    operand.kind = Operand::Kind::Sink;
  } else if (token.is("[")) {
    return parseAddress(operand);
  } else if (token.is("{")) {
    take();
    operand.kind = Operand::Kind::Vector;
    return parseElements(operand, "}", depth);
  } else if ((token.is("!") || token.is("-")) && peek(1).kind == Token::Kind::Identifier &&
             !peek(1).is("WARP_SZ")) {
    (token.is("!") ? operand.negated : operand.minus) = true;
    take();
    if (!parseNamedOperand(operand))
      return false;
  } else if (token.kind == Token::Kind::Identifier && !token.is("WARP_SZ")) {
    if (!parseNamedOperand(operand))
      return false;
  } else {
    const Token &at = peek();
    Constant value;
    if (!parseConstant(value))
      return false;
    operand.kind = Operand::Kind::Immediate;
    operand.bits = value.bits;
    if (value.isFloat && value.isSingle) {
      operand.immediate = Operand::Immediate::F32;
      operand.bits = std::bit_cast<uint32_t>(float(std::bit_cast<double>(value.bits)));
      if (at.kind == Token::Kind::Float && at.isSingle) // keeps the bits of a NaN
        operand.bits = at.bits;
    } else if (value.isFloat) {
      operand.immediate = Operand::Immediate::F64;
    }
  }
  if (!accept("|"))
    return true;
  Operand first = std::move(operand);
  operand = {};
  operand.kind = Operand::Kind::Pair;
  operand.elements.resize(2);
  operand.elements[0] = std::move(first);
  return parseOperand(operand.elements[1], depth + 1);
}

bool Parser::parseElements(Operand &operand, std::string_view close, unsigned depth) {
  if (accept(close))
    return true;
  do {
    if (operand.elements.size() == MaxElements)
      return error(peek(), "more than " + std::to_string(MaxElements) + " elements");
    operand.elements.emplace_back();
    if (!parseOperand(operand.elements.back(), depth + 1))
      return false;
  } while (accept(","));
  return expect(close, "the elements");
}

bool Parser::parseNamedOperand(Operand &operand) {
  const Token at = take();
  Name storage;
  const Name *name = find(at.text, storage);
  if (!name && at.text[0] == '%')
    --position;
  if (!name && at.text[0] == '%')
    return parseSpecial(operand);
  if (!name) { // a label or table that comes later; resolved at the function's end
    operand.kind = Operand::Kind::Label;
    operand.label = static_cast<uint32_t>(pending.size());
    operand.table = 1; // marks it as pending
    pending.push_back({at, currentScope});
    return true;
  }
  if (name->kind == Name::Kind::Register)
    return parseComponent(operand, *name, at);
  if (name->kind == Name::Kind::Symbol) {
    bool isFunction = name->symbol.kind == SymbolRef::Kind::Function;
    operand.kind = isFunction ? Operand::Kind::Function : Operand::Kind::Symbol;
    operand.symbol = name->symbol;
    if (const Variable *v = variable(name->symbol); v && v->space == Space::Reg) {
      operand.kind = Operand::Kind::Register;
      operand.reg = v->registerIndex;
      return true;
    }
    return isFunction || parseOffset(operand);
  }
  operand.kind = name->kind == Name::Kind::Label ? Operand::Kind::Label : Operand::Kind::Table;
  (name->kind == Name::Kind::Label ? operand.label : operand.table) = name->index;
  if (name->kind == Name::Kind::Label)
    operand.table = NoIndex;
  return true;
}

bool Parser::parseComponent(Operand &operand, const Name &name, const Token &at) {
  operand.kind = Operand::Kind::Register;
  operand.reg = name.index;
  if (peek().kind != Token::Kind::Dotted) {
    if (name.vectorWidth == 1)
      return true;
    operand.kind = Operand::Kind::Vector;
    for (unsigned i = 0; i < name.vectorWidth; ++i) {
      operand.elements.emplace_back();
      operand.elements.back().kind = Operand::Kind::Register;
      operand.elements.back().reg = name.index + i;
    }
    return true;
  }
  const Token dotted = take();
  int component = componentOf(dotted.text);
  if (name.vectorWidth > 1 && component >= 0 && component < name.vectorWidth)
    operand.reg = name.index + component;
  else if (int selector = selectorOf(dotted.text))
    operand.selector = static_cast<uint8_t>(selector);
  else
    return error(dotted, "'" + std::string(at.text) + "' has no component '" +
                             std::string(dotted.text) + "'");
  return true;
}

bool Parser::parseSpecial(Operand &operand) {
  const Token at = take();
  std::string_view base = at.text;
  unsigned number = 0;
  bool numbered = false, is64 = base.ends_with("_64");
  auto lookup = [&](std::string_view name) -> const SpecialInfo * {
    for (const SpecialInfo &info : Specials)
      if (info.name == name)
        return &info;
    return nullptr;
  };
  const SpecialInfo *info = lookup(base);
  if (!info) { // %pm3, %pm3_64, %envreg12, %reserved_smem_offset_1
    std::string_view digits = is64 ? base.substr(0, base.size() - 3) : base;
    size_t end = digits.find_last_not_of("0123456789") + 1;
    for (char c : digits.substr(end).substr(0, 3))
      number = number * 10 + unsigned(c - '0');
    std::string_view prefix = digits.substr(0, end);
    if (prefix.ends_with('_'))
      prefix.remove_suffix(1);
    info = end < digits.size() ? lookup(is64 ? "%pm64" : prefix) : nullptr;
    numbered = true;
  }
  if (!info || (numbered && (info->components == 4 || number >= info->components)) ||
      (!numbered && info->components != 1 && info->components != 4))
    return error(at, "'" + std::string(at.text) + "' is not declared");
  operand.kind = Operand::Kind::Special;
  operand.special = info->special;
  operand.component = static_cast<uint8_t>(number);
  if (info->components != 4 || numbered)
    return true;
  if (peek().kind != Token::Kind::Dotted || componentOf(peek().text) < 0) {
    operand.kind = Operand::Kind::Vector; // mov.v4 reads all four
    for (uint8_t i = 0; i < 4; ++i) {
      operand.elements.emplace_back();
      operand.elements.back().kind = Operand::Kind::Special;
      operand.elements.back().special = info->special;
      operand.elements.back().component = i;
    }
    return true;
  }
  operand.component = static_cast<uint8_t>(componentOf(take().text));
  return true;
}

bool Parser::parseOffset(Operand &operand) {
  if (!peek().is("+") && !peek().is("-"))
    return true;
  bool minus = take().is("-");
  const Token &at = peek();
  Constant value;
  if (!parseBinary(value, 8, 0))
    return false;
  if (value.isFloat)
    return error(at, "expected an integer offset");
  operand.offset = static_cast<int64_t>(minus ? 0 - value.bits : value.bits);
  return true;
}

bool Parser::parseAddress(Operand &operand) {
  take();
  operand.kind = Operand::Kind::Address;
  const Token at = peek();
  Name storage;
  const Name *name = at.kind == Token::Kind::Identifier ? find(at.text, storage) : nullptr;
  if (at.kind == Token::Kind::Identifier && !at.is("WARP_SZ")) {
    if (!name || (name->kind != Name::Kind::Register && name->kind != Name::Kind::Symbol))
      return error(at, "'" + std::string(at.text) + "' is not declared as a register or variable");
    Operand base;
    if (!parseNamedOperand(base))
      return false;
    if (base.kind == Operand::Kind::Register) {
      operand.addressBase = Operand::AddressBase::Register;
      operand.reg = base.reg;
    } else if (base.kind == Operand::Kind::Symbol) {
      operand.addressBase = Operand::AddressBase::Symbol;
      operand.symbol = base.symbol;
      operand.offset = base.offset;
    } else {
      return error(at, "'" + std::string(at.text) + "' cannot be the base of an address");
    }
    if (!parseOffset(operand))
      return false;
  } else {
    Constant value;
    if (!parseConstant(value))
      return false;
    if (value.isFloat)
      return error(at, "expected an address");
    operand.offset = static_cast<int64_t>(value.bits);
  }
  while (accept(",")) {
    if (operand.elements.size() == MaxElements)
      return error(peek(), "too many coordinates");
    operand.elements.emplace_back();
    if (!parseOperand(operand.elements.back(), 1))
      return false;
  }
  return expect("]", "the address");
}

bool Parser::parseConstant(Constant &value, unsigned depth) {
  if (depth > MaxDepth)
    return error(peek(), "expression nested too deeply");
  if (!parseBinary(value, 0, depth))
    return false;
  if (!accept("?"))
    return true;
  Constant yes, no;
  if (!parseConstant(yes, depth + 1) || !expect(":", "the first choice") ||
      !parseConstant(no, depth + 1))
    return false;
  value = (value.isFloat ? asDouble(value) != 0 : value.bits != 0) ? yes : no;
  return true;
}

bool Parser::parseBinary(Constant &value, unsigned level, unsigned depth) {
  if (level == Levels)
    return parseUnary(value, depth + 1);
  if (!parseBinary(value, level + 1, depth))
    return false;
  while (const BinaryOp *op = binaryOp(peek(), level)) {
    // `p|q` of operands is not an expression.
    if (peek(1).kind == Token::Kind::Identifier && !peek(1).is("WARP_SZ"))
      return true;
    const Token at = take();
    Constant right;
    if (!parseBinary(right, level + 1, depth))
      return false;
    bool single = value.isSingle && right.isSingle;
    bool ok = value.isFloat || right.isFloat
                  ? applyFloat(op->spelling, asDouble(value), asDouble(right), value)
                  : applyInteger(op->spelling, value, right, value);
    if (!ok)
      return error(at, "cannot apply '" + std::string(op->spelling) + "' to these constants");
    value.isSingle = single && value.isFloat;
  }
  return true;
}

bool Parser::parseUnary(Constant &value, unsigned depth) {
  if (depth > MaxDepth)
    return error(peek(), "expression nested too deeply");
  const Token at = peek();
  bool cast = at.is("(") && (peek(1).is(".s64") || peek(1).is(".u64")) && peek(2).is(")");
  if (!cast && !at.is("-") && !at.is("+") && !at.is("~") && !at.is("!"))
    return parsePrimary(value, depth);
  bool toUnsigned = cast && peek(1).is(".u64");
  position += cast ? 3 : 1;
  if (!parseUnary(value, depth + 1))
    return false;
  if (cast) {
    if (value.isFloat)
      return error(at, "cannot convert a float constant to an integer");
    value.isUnsigned = toUnsigned;
  } else if (at.is("-")) {
    value.bits = value.isFloat ? value.bits ^ (uint64_t(1) << 63) : 0 - value.bits;
  } else if (at.is("!")) {
    value = fromInt(value.isFloat ? asDouble(value) == 0 : value.bits == 0, false);
  } else if (at.is("~")) {
    if (value.isFloat)
      return error(at, "cannot apply '~' to a float constant");
    value.bits = ~value.bits;
  }
  return true;
}

bool Parser::parsePrimary(Constant &value, unsigned depth) {
  const Token &token = peek();
  if (token.is("(")) {
    take();
    return parseConstant(value, depth + 1) && expect(")", "the expression");
  }
  if (token.kind == Token::Kind::Integer) {
    value = fromInt(token.bits, token.isUnsigned);
  } else if (token.kind == Token::Kind::Float) {
    value = {true, token.isSingle, false, token.bits};
    if (token.isSingle)
      value.bits = std::bit_cast<uint64_t>(double(std::bit_cast<float>(uint32_t(token.bits))));
  } else if (token.is("WARP_SZ")) {
    value = fromInt(32, false);
  } else {
    return error(token, "expected an operand, found " + describe(token));
  }
  take();
  return true;
}

bool Parser::parseInteger(uint64_t &value, uint64_t limit, std::string_view what) {
  const Token at = peek();
  Constant constant;
  if (!parseConstant(constant))
    return false;
  bool negative = !constant.isUnsigned && int64_t(constant.bits) < 0;
  if (constant.isFloat || negative || constant.bits > limit)
    return error(at, "expected " + std::string(what) + " of at most " + std::to_string(limit));
  value = constant.bits;
  return true;
}

} // namespace tenon::sim::ptx
