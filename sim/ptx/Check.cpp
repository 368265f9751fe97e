// Finds the form of an instruction that fits its suffixes and operands, and says
// what is wrong with the nearest one when none fits.
#include "sim/ptx/ParserImpl.h"

namespace tenon::sim::ptx {
namespace {

using Kind = Operand::Kind;

bool isFloatClass(Type type) { return typeClass(type) == TypeClass::Float; }

/// Whether a register of type `reg` can hold a value that the instruction calls
/// `type`. Loose: it may be wider (ld, st, cvt).
bool registerFits(Type type, Type reg, bool loose) {
  if (type == Type::Pred || reg == Type::Pred)
    return type == reg;
  unsigned want = bitWidth(type), have = bitWidth(reg);
  if (type == Type::TF32)
    return have == 32;
  if (have < want || (have > want && !loose))
    return false;
  TypeClass kind = typeClass(type), held = typeClass(reg);
  if (kind == TypeClass::Bits || held == TypeClass::Bits || type == reg)
    return true;
  bool integers = held == TypeClass::Unsigned || held == TypeClass::Signed;
  if (kind == TypeClass::Unsigned || kind == TypeClass::Signed)
    return integers;
  // Packed values travel in integer registers; 16-bit floats in theirs.
  return integers ? kind != TypeClass::Float || want == 16 : kind == TypeClass::Packed;
}

bool immediateFits(Type type, const Operand &operand) {
  bool integer = operand.immediate == Operand::Immediate::Integer;
  switch (typeClass(type)) {
  case TypeClass::Unsigned:
  case TypeClass::Signed: return integer;
  case TypeClass::Float: return !integer;
  case TypeClass::Predicate: return integer;
  default: return true;
  }
}

std::string roleName(const OperandSpec &spec, Type type) {
  std::string of = type == Type::None ? "" : " of type ." + std::string(spelling(type));
  switch (spec.role) {
  case OperandRole::Dest:
  case OperandRole::DestLoose:
  case OperandRole::SourceRegister: return "a register" + of;
  case OperandRole::DestVector: return "a register or vector" + of;
  case OperandRole::DestFragment:
  case OperandRole::SourceFragment: return "a vector of registers" + of;
  case OperandRole::DestPredicate: return "a predicate register";
  case OperandRole::DestPredicatePair: return "a predicate register or two of them (p|q)";
  case OperandRole::DestAndPredicate: return "a register" + of + ", alone or with a predicate (d|p)";
  case OperandRole::SourceVector: return "a register, constant or vector" + of;
  case OperandRole::SourcePredicate: return "a predicate";
  case OperandRole::SizeOrPredicate: return "a size or a predicate";
  case OperandRole::DescriptorOrFragment: return "a 64-bit descriptor or a vector of registers";
  case OperandRole::Address: return "an address";
  case OperandRole::Tensor: return "an address with coordinates";
  case OperandRole::Immediate: return "an integer constant";
  case OperandRole::SymbolOrValue: return "a register, constant or variable" + of;
  case OperandRole::Label: return "a label";
  case OperandRole::BranchTable: return "a list of branch targets";
  default: return "a register or constant" + of;
  }
}

class OperandChecker {
public:
  OperandChecker(const Function &function, const Instruction &instruction)
      : function(function), instruction(instruction) {}

  /// Empty, or the first mismatch.
  std::string check(const Form &form) {
    const std::vector<Operand> &operands = instruction.operands;
    size_t least = 0;
    for (const OperandSpec &spec : form.operands)
      least += !spec.optional;
    if (operands.size() < least || operands.size() > form.operands.size())
      return quoted() + " takes " + std::to_string(least) +
             (least == form.operands.size() ? "" : " to " + std::to_string(form.operands.size())) +
             " operands, found " + std::to_string(operands.size());
    // Trailing optional operands are told apart by what they fit.
    size_t spec = 0;
    for (size_t i = 0; i < operands.size(); ++i, ++spec) {
      while (spec < form.operands.size() && form.operands[spec].optional &&
             form.operands.size() - spec > operands.size() - i &&
             !fits(form.operands[spec], operands[i]))
        ++spec;
      if (spec == form.operands.size() || !fits(form.operands[spec], operands[i]))
        return mismatch(i, form.operands[std::min(spec, form.operands.size() - 1)]);
    }
    return {};
  }

private:
  std::string quoted() const { return "'" + std::string(spelling(instruction.opcode)) + "'"; }

  std::string mismatch(size_t index, const OperandSpec &spec) const {
    return "operand " + std::to_string(index + 1) + " of " + quoted() + " must be " +
           roleName(spec, typeOf(spec));
  }

  Type typeOf(const OperandSpec &spec) const {
    using From = OperandSpec::TypeFrom;
    if (spec.typeFrom == From::Fixed)
      return spec.fixedType;
    if (spec.typeFrom == From::Index)
      return spec.typeIndex < instruction.types.size() ? instruction.types[spec.typeIndex]
                                                       : Type::None;
    if (spec.typeFrom == From::Wide)
      switch (instruction.type()) {
      case Type::U16: return Type::U32;
      case Type::S16: return Type::S32;
      case Type::U32: return Type::U64;
      default: return Type::S64;
      }
    return Type::None;
  }

  Type registerType(const Operand &operand) const { return function.registers[operand.reg].type; }

  bool isPlainRegister(const Operand &operand) const {
    return operand.kind == Kind::Register && !operand.negated && !operand.minus &&
           !operand.selector;
  }

  bool isRegister(const Operand &operand, const OperandSpec &spec, bool loose) const {
    if (!isPlainRegister(operand))
      return false;
    Type type = typeOf(spec), held = registerType(operand);
    if (spec.typeFrom == OperandSpec::TypeFrom::AnyInteger || type == Type::None)
      return held != Type::Pred;
    return registerFits(type, held, loose);
  }

  bool isValue(const Operand &operand, const OperandSpec &spec, bool loose) const {
    if (operand.kind == Kind::Immediate)
      return typeOf(spec) == Type::None || immediateFits(typeOf(spec), operand);
    return isRegister(operand, spec, loose);
  }

  bool isPredicate(const Operand &operand) const {
    return operand.kind == Kind::Register && registerType(operand) == Type::Pred;
  }

  bool isVector(const Operand &operand, const OperandSpec &spec, bool dest) const {
    unsigned width = instruction.has(Mod::V2) ? 2 : instruction.has(Mod::V4) ? 4
                     : instruction.has(Mod::V8) ? 8 : 1;
    if (width == 1 || operand.kind != Kind::Vector) {
      bool sink = dest && spec.sink && operand.kind == Kind::Sink && instruction.opcode == Opcode::Atom;
      return width == 1 && (sink || (dest ? isRegister(operand, spec, true)
                                          : isValue(operand, spec, true)));
    }
    if (operand.elements.size() != width)
      return false;
    for (const Operand &element : operand.elements)
      if (!(dest ? (spec.sink && element.kind == Kind::Sink) || isRegister(element, spec, true)
                 : isValue(element, spec, true)))
        return false;
    return true;
  }

  /// Fragments: registers; what type and how many is checked per instruction.
  bool isFragment(const Operand &operand, bool sink) const {
    if (operand.kind != Kind::Vector)
      return isPlainRegister(operand) && registerType(operand) != Type::Pred;
    for (const Operand &element : operand.elements)
      if (!(sink && element.kind == Kind::Sink) &&
          (!isPlainRegister(element) || registerType(element) == Type::Pred))
        return false;
    return !operand.elements.empty();
  }

  bool isAddress(const Operand &operand) const {
    if (operand.kind != Kind::Address)
      return false;
    if (operand.addressBase != Operand::AddressBase::Register)
      return true;
    Type type = registerType(operand);
    TypeClass kind = typeClass(type);
    return (bitWidth(type) == 64 || bitWidth(type) == 32) && kind != TypeClass::Float &&
           kind != TypeClass::Packed;
  }

  bool isPair(const Operand &operand, const OperandSpec &spec, bool firstIsPredicate) const {
    const Operand &first = operand.elements[0], &second = operand.elements[1];
    bool firstFits = first.kind == Kind::Sink ||
                     (firstIsPredicate ? isPredicate(first) && !first.negated
                                       : isRegister(first, spec, false));
    return firstFits && (second.kind == Kind::Sink || (isPredicate(second) && !second.negated));
  }

  bool fits(const OperandSpec &spec, const Operand &operand) const {
    if (operand.kind == Kind::Sink && spec.sink)
      return true;
    switch (spec.role) {
    case OperandRole::Dest: return isRegister(operand, spec, false);
    case OperandRole::DestLoose: return isRegister(operand, spec, loose(spec));
    case OperandRole::DestVector: return isVector(operand, spec, true);
    case OperandRole::DestFragment: return isFragment(operand, spec.sink);
    case OperandRole::DestPredicate: return isPredicate(operand) && !operand.negated;
    case OperandRole::DestPredicatePair:
      return operand.kind == Kind::Pair ? isPair(operand, spec, true)
                                        : isPredicate(operand) && !operand.negated;
    case OperandRole::DestAndPredicate:
      return operand.kind == Kind::Pair ? isPair(operand, spec, false)
                                        : isRegister(operand, spec, false);
    case OperandRole::Source: return isValue(operand, spec, false);
    case OperandRole::SourceLoose: return isValue(operand, spec, loose(spec));
    case OperandRole::SourceVector: return isVector(operand, spec, false);
    case OperandRole::SourceFragment: return isFragment(operand, false);
    case OperandRole::SourceRegister: return isRegister(operand, spec, false);
    case OperandRole::SourcePredicate:
      return isPredicate(operand) ||
             (operand.kind == Kind::Immediate &&
              operand.immediate == Operand::Immediate::Integer) ||
             (operand.kind == Kind::Special && instruction.opcode == Opcode::Mov &&
              operand.special == SpecialRegister::IsExplicitCluster);
    case OperandRole::SizeOrPredicate: return isPredicate(operand) || isValue(operand, spec, false);
    case OperandRole::DescriptorOrFragment:
      return operand.kind == Kind::Vector
                 ? isFragment(operand, false)
                 : isPlainRegister(operand) && bitWidth(registerType(operand)) == 64;
    case OperandRole::Address: return isAddress(operand) && operand.elements.empty();
    case OperandRole::Tensor: return isAddress(operand) && !operand.elements.empty();
    case OperandRole::Immediate:
      return operand.kind == Kind::Immediate && operand.immediate == Operand::Immediate::Integer;
    case OperandRole::SymbolOrValue:
      return operand.kind == Kind::Symbol || operand.kind == Kind::Function ||
             isValue(operand, spec, false);
    case OperandRole::Label: return operand.kind == Kind::Label;
    case OperandRole::BranchTable:
      return operand.kind == Kind::Table || operand.kind == Kind::Label;
    case OperandRole::Any: return true;
    }
    return false;
  }

  /// cvt takes wider registers for integers only.
  bool loose(const OperandSpec &spec) const { return !isFloatClass(typeOf(spec)); }

  const Function &function;
  const Instruction &instruction;
};

std::string checkVersion(const Module &module, const Form &form) {
  unsigned version = module.versionMajor * 10 + module.versionMinor;
  std::string name = "'" + std::string(spelling(form.opcode)) + "' in this form";
  if (version < form.ptxVersion)
    return name + " needs PTX version " + std::to_string(form.ptxVersion / 10) + "." +
           std::to_string(form.ptxVersion % 10) + ", the module says " +
           std::to_string(module.versionMajor) + "." + std::to_string(module.versionMinor);
  if (!targetAllows(form.sm, module.targetSM, module.targetSuffix)) {
    std::string need(form.sm);
    if (need[0] == '=')
      need.erase(0, 1);
    if (need.back() == 't')
      need.back() = 'a';
    return name + " needs target sm_" + need + ", the module says " +
           (module.target.empty() ? "none" : module.target);
  }
  return {};
}

} // namespace

std::string checkInstruction(const Module &module, const Function &function,
                             Instruction &instruction, const std::vector<Suffix> &suffixes) {
  std::string problem;
  auto keepFirst = [&](std::string message) {
    if (problem.empty())
      problem = std::move(message);
  };
  for (const Form &form : formsOf(instruction.opcode)) {
    if (!matchSuffixes(form, suffixes, instruction))
      continue;
    instruction.form = form.row;
    std::string wrong = OperandChecker(function, instruction).check(form);
    if (wrong.empty())
      wrong = checkVersion(module, form);
    if (wrong.empty())
      wrong = checkSemantics(function, instruction);
    if (wrong.empty())
      wrong = checkMatrix(function, instruction);
    if (wrong.empty())
      return {};
    keepFirst(std::move(wrong));
  }
  if (problem.empty())
    problem = explainSuffixes(instruction.opcode, suffixes);
  return problem;
}

} // namespace tenon::sim::ptx
