// The instruction table in a form that can be matched: Instructions.def is
// parsed once, at first use.
#pragma once

#include "sim/ptx/Module.h"

#include <span>
#include <string>
#include <vector>

namespace tenon::sim::ptx {

/// A modifier, a type or a shape, as a comparable value.
struct Suffix {
  enum class Kind : uint8_t { Mod, Type, Shape };
  Kind kind = Kind::Mod;
  Mod mod{};
  Type type = Type::None;
  Shape shape;
  bool operator==(const Suffix &) const = default;
};
std::optional<Suffix> suffixNamed(std::string_view name);
std::string spelling(const Suffix &suffix);

struct SuffixPosition {
  std::vector<Suffix> choices;
  bool required = true;
  bool ordered = false; // must follow the suffix matched before it
};

enum class OperandRole : uint8_t {
  Dest, DestLoose, DestVector, DestFragment, DestPredicate, DestPredicatePair, DestAndPredicate,
  Source, SourceLoose, SourceVector, SourceFragment, SourceRegister, SourcePredicate,
  SizeOrPredicate, DescriptorOrFragment, Address, Tensor, Immediate, SymbolOrValue, Label,
  BranchTable, Any,
};

struct OperandSpec {
  enum class TypeFrom : uint8_t { None, Index, Wide, Fixed, AnyInteger };
  OperandRole role = OperandRole::Any;
  TypeFrom typeFrom = TypeFrom::None;
  uint8_t typeIndex = 0;
  Type fixedType = Type::None;
  bool sink = false;
  bool optional = false;
};

struct Form {
  Opcode opcode;
  uint16_t row; // in Instructions.def
  std::vector<SuffixPosition> suffixes;
  std::vector<OperandSpec> operands;
  unsigned ptxVersion; // major * 10 + minor
  std::string_view sm; // see Instructions.def
};

std::span<const Form> allForms();
/// Forms of one opcode; adjacent in allForms().
std::span<const Form> formsOf(Opcode opcode);

/// The opcode with the longest spelling that is `first` followed by some of the
/// dotted names; `used` says by how many.
std::optional<Opcode> opcodeNamed(std::string_view first, std::span<const std::string_view> dotted,
                                  unsigned &used);

/// Fills mods, types and shape of `instruction` in the form's order. False if
/// the suffixes do not fit it.
bool matchSuffixes(const Form &form, std::span<const Suffix> suffixes, Instruction &instruction);

/// Why no form of the opcode takes these suffixes.
std::string explainSuffixes(Opcode opcode, std::span<const Suffix> suffixes);

/// Whether sm_<sm><suffix> satisfies a form's requirement.
bool targetAllows(std::string_view need, unsigned sm, char suffix);

} // namespace tenon::sim::ptx
