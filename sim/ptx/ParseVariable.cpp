// Variables, parameters and initialisers.
#include "sim/ptx/ParserImpl.h"

#include <bit>
#include <cstring>

namespace tenon::sim::ptx {
namespace {

constexpr uint64_t MaxVariableBytes = uint64_t(1) << 40;
constexpr uint64_t MaxInitializerBytes = uint64_t(1) << 30;
constexpr unsigned MaxInitializerDepth = 16;

uint64_t elementBytes(Type type) {
  if (typeClass(type) == TypeClass::Opaque)
    return 8;
  return (bitWidth(type) + 7) / 8;
}

std::optional<Space> spaceNamed(std::string_view dotted) {
  if (dotted == ".global") return Space::Global;
  if (dotted == ".const") return Space::Const;
  if (dotted == ".shared" || dotted == ".shared::cta") return Space::Shared;
  if (dotted == ".local") return Space::Local;
  if (dotted == ".param") return Space::Param;
  return std::nullopt;
}

/// Rounds a double to the bits of a 16-bit float with `mantissa` bits.
uint16_t toHalfBits(double value, bool bfloat) {
  if (!bfloat)
    return std::bit_cast<uint16_t>(static_cast<_Float16>(value));
  uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

} // namespace

bool Parser::parseAlignment(uint32_t &alignment) {
  const Token at = peek();
  uint64_t value = 0;
  if (!parseInteger(value, 1u << 20, "an alignment"))
    return false;
  if (!std::has_single_bit(value))
    return error(at, "alignment " + std::to_string(value) + " is not a power of two");
  alignment = static_cast<uint32_t>(value);
  return true;
}

/// `.align 16 .v4 .b32`, in any order, up to the type.
bool Parser::parseVariablePrefix(Variable &variable) {
  variable.alignment = 0;
  while (peek().kind == Token::Kind::Dotted) {
    const Token at = take();
    if (at.text == ".align") {
      if (!parseAlignment(variable.alignment))
        return false;
    } else if (at.text == ".v2" || at.text == ".v4") {
      variable.vectorWidth = at.text == ".v2" ? 2 : 4;
    } else if (at.text == ".attribute") {
      if (!expect("(", ".attribute"))
        return false;
      for (unsigned depth = 1; depth && peek().kind != Token::Kind::End; take()) {
        variable.managed |= peek().is(".managed");
        depth += peek().is("(") ? 1 : peek().is(")") ? -1 : 0;
      }
    } else if (at.text == ".ptr") {
      if (!parsePointer(variable))
        return false;
    } else if (auto type = typeNamed(at.text.substr(1))) {
      variable.type = *type;
      if (peek().is(".ptr") && (take(), !parsePointer(variable)))
        return false;
      return true;
    } else {
      return error(at, "'" + std::string(at.text) + "' is not a type");
    }
  }
  return error(peek(), "expected a type, found " + describe(peek()));
}

bool Parser::parsePointer(Variable &variable) {
  variable.pointsTo = true;
  if (auto space = spaceNamed(peek().text)) {
    variable.pointee = *space;
    variable.pointeeGeneric = false;
    take();
  }
  return !accept(".align") || parseAlignment(variable.pointeeAlignment);
}

bool Parser::parseArrayDims(Variable &variable) {
  while (accept("[")) {
    uint64_t count = 0;
    if (accept("]")) {
      if (!variable.dims.empty())
        return error(peek(), "only the first dimension of an array may be open");
      variable.openArray = true;
    } else if (!parseInteger(count, MaxVariableBytes, "an array size") ||
               !expect("]", "the array size")) {
      return false;
    }
    variable.dims.push_back(count);
    if (variable.dims.size() > 16)
      return error(peek(), "more than 16 dimensions");
  }
  return true;
}

bool Parser::parseVariableName(Variable &variable) {
  const Token &at = peek();
  if (at.kind != Token::Kind::Identifier)
    return error(at, "expected a name, found " + describe(at));
  variable.name = at.text;
  variable.line = at.line;
  take();
  return true;
}

/// Size from element, vector width and dimensions; natural alignment.
bool Parser::finishSize(Variable &variable, const Token &at) {
  uint64_t element = elementBytes(variable.type) * variable.vectorWidth;
  uint64_t count = 1;
  bool overflow = false;
  for (size_t i = variable.openArray ? 1 : 0; i < variable.dims.size(); ++i)
    overflow |= __builtin_mul_overflow(count, variable.dims[i], &count);
  uint64_t total = 0;
  overflow |= __builtin_mul_overflow(count, element, &total);
  if (overflow || total > MaxVariableBytes)
    return error(at, "'" + variable.name + "' is too large");
  if (variable.alignment == 0)
    variable.alignment = static_cast<uint32_t>(std::bit_ceil(element));
  variable.size = total;
  if (variable.openArray) {
    uint64_t rows = (variable.initializer.bytes.size() + total - 1) / (total ? total : 1);
    variable.dims[0] = rows;
    variable.size = rows * total;
  }
  if (variable.initializer.bytes.size() > variable.size)
    return error(at, "more initial values than '" + variable.name + "' has elements");
  return true;
}

bool Parser::parseVariables(Space space, Linkage linkage, std::vector<Variable> &into,
                            bool inBody) {
  Variable prefix;
  prefix.space = space;
  prefix.linkage = linkage;
  if (!parseVariablePrefix(prefix))
    return false;
  do {
    Variable variable = prefix;
    const Token at = peek();
    if (!parseVariableName(variable) || !parseArrayDims(variable))
      return false;
    if (accept("=") && !parseInitializer(variable))
      return false;
    if (!finishSize(variable, at))
      return false;
    SymbolRef symbol{inBody ? SymbolRef::Kind::Local : SymbolRef::Kind::Global,
                     static_cast<uint32_t>(into.size())};
    // An extern declaration may be repeated, and be followed by the definition.
    uint32_t existing = inBody ? NoIndex : module->findVariable(variable.name);
    if (existing != NoIndex && (into[existing].linkage == Linkage::Extern ||
                                linkage == Linkage::Extern)) {
      if (linkage != Linkage::Extern)
        into[existing] = std::move(variable);
      continue;
    }
    if (!declare(at, {Name::Kind::Symbol, 0, 1, symbol}))
      return false;
    into.push_back(std::move(variable));
  } while (accept(","));
  return expect(";", "the declaration");
}

/// One parameter of a function: `.param .align 8 .b8 name[16]`, `.reg .b32 %r`.
bool Parser::parseParameter(Variable &variable) {
  const Token at = peek();
  if (accept(".reg"))
    variable.space = Space::Reg;
  else if (accept(".param"))
    variable.space = Space::Param;
  else
    return error(at, "expected .param or .reg, found " + describe(at));
  if (!parseVariablePrefix(variable))
    return false;
  const Token name = peek();
  return parseVariableName(variable) && parseArrayDims(variable) && finishSize(variable, name);
}

bool Parser::parseInitializer(Variable &variable) {
  if (variable.space != Space::Global && variable.space != Space::Const)
    return error(peek(), "variables in ." + std::string(spelling(variable.space)) +
                             " cannot be initialised");
  variable.initializer.present = true;
  return peek().is("{") ? parseInitializerList(variable, 0) : parseInitializerValue(variable);
}

/// Nested braces fill the array in order; a short inner list is padded to its
/// row, as in C.
bool Parser::parseInitializerList(Variable &variable, unsigned depth) {
  if (depth > MaxInitializerDepth)
    return error(peek(), "initialiser nested too deeply");
  take();
  uint64_t row = elementBytes(variable.type) * variable.vectorWidth;
  for (size_t i = depth + 1; i < variable.dims.size(); ++i)
    if (__builtin_mul_overflow(row, variable.dims[i], &row))
      return error(peek(), "'" + variable.name + "' is too large");
  if (accept("}"))
    return true;
  do {
    if (peek().is("}"))
      break;
    if (!peek().is("{")) {
      if (!parseInitializerValue(variable))
        return false;
      continue;
    }
    std::vector<uint8_t> &bytes = variable.initializer.bytes;
    uint64_t begin = bytes.size();
    if (!parseInitializerList(variable, depth + 1))
      return false;
    if (row > MaxInitializerBytes || begin > MaxInitializerBytes)
      return error(peek(), "initialiser of '" + variable.name + "' is too large");
    if (bytes.size() < begin + row && depth + 1 <= variable.dims.size())
      bytes.resize(begin + row);
  } while (accept(","));
  return expect("}", "the initialiser");
}

bool Parser::isRelocationStart() const {
  const Token &token = peek();
  if (token.kind == Token::Kind::Identifier)
    return !token.is("WARP_SZ");
  return token.kind == Token::Kind::Integer && peek(1).is("(");
}

bool Parser::parseInitializerValue(Variable &variable) {
  const Token at = peek();
  unsigned bytes = static_cast<unsigned>(elementBytes(variable.type));
  if (isRelocationStart())
    return parseRelocation(variable, bytes);
  Constant value;
  if (!parseConstant(value))
    return false;
  return appendConstant(variable, value, at);
}

bool Parser::appendConstant(Variable &variable, const Constant &value, const Token &at) {
  bool floatType = variable.type == Type::F16 || variable.type == Type::BF16 ||
                   variable.type == Type::F32 || variable.type == Type::F64;
  if (!floatType && value.isFloat && typeClass(variable.type) != TypeClass::Bits)
    return error(at, "float value for an integer variable");
  std::vector<uint8_t> &bytes = variable.initializer.bytes;
  if (bytes.size() > MaxInitializerBytes)
    return error(at, "initialiser of '" + variable.name + "' is too large");
  uint64_t bits = value.bits;
  double number = value.isFloat    ? std::bit_cast<double>(value.bits)
                  : value.isUnsigned ? double(value.bits)
                                     : double(int64_t(value.bits));
  if (variable.type == Type::F32 || (value.isSingle && elementBytes(variable.type) == 4))
    bits = std::bit_cast<uint32_t>(static_cast<float>(number));
  else if (variable.type == Type::F64)
    bits = std::bit_cast<uint64_t>(number);
  else if (variable.type == Type::F16 || variable.type == Type::BF16)
    bits = value.isFloat ? toHalfBits(number, variable.type == Type::BF16) : value.bits;
  uint8_t raw[16] = {};
  std::memcpy(raw, &bits, 8);
  if (!value.isFloat && !value.isUnsigned && int64_t(value.bits) < 0)
    std::memset(raw + 8, 0xff, 8);
  bytes.insert(bytes.end(), raw, raw + elementBytes(variable.type));
  return true;
}

/// `name`, `name+4`, `generic(name)+4`, and byte masks `0xFF00(name)`.
bool Parser::parseRelocation(Variable &variable, unsigned bytes) {
  Relocation relocation;
  relocation.offset = variable.initializer.bytes.size();
  relocation.bytes = static_cast<uint8_t>(bytes);
  const Token start = peek();
  unsigned closing = 0;
  if (start.kind == Token::Kind::Integer) {
    unsigned shift = start.bits ? static_cast<unsigned>(std::countr_zero(start.bits)) : 64;
    if (shift > 56 || shift % 8 || start.bits >> shift != 0xff || bytes != 1)
      return error(start, "expected a mask of one byte for a byte element");
    relocation.byteIndex = static_cast<uint8_t>(shift / 8);
    take(), take();
    ++closing;
  } else if (bytes < 4) {
    return error(start, "an address needs an element of 4 or 8 bytes");
  }
  if (peek().is("generic") && peek(1).is("(")) {
    take(), take();
    relocation.generic = true;
    ++closing;
  }
  const Token at = take();
  Name storage;
  const Name *name = at.kind == Token::Kind::Identifier ? find(at.text, storage) : nullptr;
  if (!name || name->kind != Name::Kind::Symbol)
    return error(at, "'" + std::string(at.text) + "' is not declared as a variable or function");
  relocation.target = name->symbol;
  for (bool again = true; again;) {
    again = closing && accept(")");
    closing -= again;
    Operand offset;
    if ((peek().is("+") || peek().is("-")) && !parseOffset(offset))
      return false;
    if (__builtin_add_overflow(relocation.addend, offset.offset, &relocation.addend))
      return error(at, "offset does not fit 64 bits");
  }
  if (closing)
    return expect(")", "the address");
  variable.initializer.relocations.push_back(relocation);
  variable.initializer.bytes.resize(relocation.offset + elementBytes(variable.type));
  return true;
}

} // namespace tenon::sim::ptx
