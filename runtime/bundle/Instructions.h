// Instructions as structures: one for each row of Instructions.def, and
// Instruction, which is any of them with the model nodes it stands for.
//
//   Instruction i{Launch{.kernel = 0, .grid = 3, ...}, {nodeString}};
//   if (auto *launch = std::get_if<Launch>(&i.body)) ...
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace tenon::bundle {

constexpr uint32_t none = 0xFFFFFFFFu;

/// What a field's word means; see Instructions.def.
enum class FieldKind : uint8_t {
  Kernel,
  Arena,
  Symbol,
  Buffer,
  OptionalBuffer,
  Expr,
  OptionalExpr,
  Block,
  OptionalBlock,
  String,
  Type,
  Compare,
  Integer,
  Buffers,
  Word64,
};

enum class Compare : uint32_t { Equal = 0, NotEqual = 1, Less = 2, LessEqual = 3 };
constexpr uint32_t numCompares = 4;

namespace fields {
using Kernel = uint32_t;
using Arena = uint32_t;
using Symbol = uint32_t;
using Buffer = uint32_t;
using OptionalBuffer = uint32_t;
using Expr = uint32_t;
using OptionalExpr = uint32_t;
using Block = uint32_t;
using OptionalBlock = uint32_t;
using String = uint32_t;
using Type = uint32_t;
using Compare = bundle::Compare;
using Integer = uint32_t;
using Buffers = std::vector<uint32_t>;
using Word64 = uint64_t;

} // namespace fields

enum class Opcode : uint16_t {
#define INSTRUCTION(Name, code, text, doc) Name = code,
#include "runtime/bundle/Instructions.def"
};

namespace inst {
#define INSTRUCTION(Name, code, text, doc) struct Name {
#define FIELD(kind, name, doc) fields::kind name{};
#define END(Name)                                                                                  \
  static constexpr Opcode opcode = Opcode::Name;                                                   \
  }                                                                                                \
  ;
#include "runtime/bundle/Instructions.def"
} // namespace inst

using InstructionBody = std::variant<std::monostate
#define INSTRUCTION(Name, code, text, doc) , inst::Name
#include "runtime/bundle/Instructions.def"
                                     >;

struct Instruction {
  InstructionBody body;
  /// The model's nodes this stands for, as strings of the bundle.
  std::vector<uint32_t> nodes;
};

/// The description of one instruction, for decoding, checks and documentation.
struct FieldInfo {
  FieldKind kind;
  const char *name;
  const char *doc;
};
struct InstructionInfo {
  Opcode opcode;
  const char *text;
  const char *doc;
  std::vector<FieldInfo> fields;
};
/// All rows of Instructions.def, in order.
const std::vector<InstructionInfo> &instructionTable();

/// Appends the fields of `body` as words; returns its opcode.
Opcode encodeInstruction(const InstructionBody &body, std::vector<uint32_t> &words);

/// The inverse: false if the opcode is unknown or the words are too few or too
/// many. Words are not checked against tables; checkInstruction does that.
bool decodeInstruction(uint16_t opcode, const uint32_t *words, size_t numWords,
                       InstructionBody &body);

/// The row of an instruction.
const InstructionInfo &instructionInfo(const InstructionBody &body);

} // namespace tenon::bundle
