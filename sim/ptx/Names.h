// The enumerations of PTX: opcodes, modifiers, types, special registers, state
// spaces, and their spellings. Each list is one .def file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::sim::ptx {

enum class Opcode : uint16_t {
#define OPCODE(name, spelling) name,
#include "sim/ptx/Opcodes.def"
};

enum class Mod : uint16_t {
#define MODIFIER(name, spelling) name,
#include "sim/ptx/Modifiers.def"
};

enum class Type : uint8_t {
  None,
#define TYPE(name, spelling, bits, kind) name,
#include "sim/ptx/Types.def"
};

enum class TypeClass : uint8_t {
  None, Bits, Unsigned, Signed, Float, Packed, Narrow, Opaque, Predicate
};

enum class SpecialRegister : uint8_t {
#define SPECIAL(name, spelling, type, components) name,
#include "sim/ptx/SpecialRegisters.def"
};

/// Where a variable lives. Reg stands for parameters of functions that are
/// passed in registers.
enum class Space : uint8_t { Global, Const, Shared, Local, Param, Reg };

/// Spellings, without the leading dot (special registers with their %).
std::string_view spelling(Opcode opcode);
std::string_view spelling(Mod mod);
std::string_view spelling(Type type);
std::string_view spelling(SpecialRegister special);
std::string_view spelling(Space space);

/// Bits of one value of the type: 32 for f16x2, 4 for s4, 1 for pred.
unsigned bitWidth(Type type);
TypeClass typeClass(Type type);
inline bool isSigned(Type type) { return typeClass(type) == TypeClass::Signed; }

std::optional<Type> typeNamed(std::string_view name);
std::optional<Mod> modNamed(std::string_view name);

} // namespace tenon::sim::ptx
