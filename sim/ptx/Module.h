// The typed result of parsing PTX: what sim/machine decodes from.
//
// Everything is resolved: a register operand is an index into
// Function::registers, a branch target an index into Function::labels, a symbol
// a SymbolRef. Nested { } scopes are flattened, so names may repeat inside a
// function while indices do not. A Module is immutable after parsing and may be
// read from several threads.
//
//   ld.global.v2.f32 {%f1, %f2}, [%rd4+8];     gives
//     opcode Ld, mods [Global, V2], types [F32],
//     operands [Vector{Register, Register}, Address{Register %rd4, offset 8}]
#pragma once

#include "sim/ptx/Names.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::sim::ptx {

constexpr uint32_t NoIndex = ~0u;

/// What a name in an operand or an initialiser stands for.
struct SymbolRef {
  enum class Kind : uint8_t {
    None,
    Global,   // Module::variables[index]
    Local,    // Function::variables[index]: local, shared, const, call parameters
    Param,    // Function::params[index] of the enclosing function
    Result,   // Function::results[index] of the enclosing function
    Function, // Module::functions[index]
  };
  Kind kind = Kind::None;
  uint32_t index = NoIndex;
  bool operator==(const SymbolRef &) const = default;
};

enum class Linkage : uint8_t { Internal, Extern, Visible, Weak, Common };

/// An address stored in initialised memory: `.u64 p = generic(x) + 4`.
struct Relocation {
  uint64_t offset = 0; // where in the variable
  uint8_t bytes = 8;   // 8 or 4; 1 with a mask operator: byte `byteIndex` of it
  uint8_t byteIndex = 0;
  bool generic = false; // a generic address, not one of the symbol's own space
  SymbolRef target;
  int64_t addend = 0;
};

struct Initializer {
  bool present = false;
  std::vector<uint8_t> bytes; // at most Variable::size; the rest is zero
  std::vector<Relocation> relocations;
};

struct Variable {
  std::string name;
  Space space = Space::Global;
  Linkage linkage = Linkage::Internal;
  Type type = Type::B8;
  uint8_t vectorWidth = 1;    // 1, 2 or 4
  uint32_t alignment = 1;     // explicit or natural, a power of two
  uint64_t size = 0;          // bytes; 0 for `[]`: dynamic shared memory or extern
  std::vector<uint64_t> dims; // outermost first; 0 for the open dimension of `[]`
  bool openArray = false;
  bool managed = false;
  uint32_t registerIndex = NoIndex; // parameters in registers (Space::Reg)
  bool pointsTo = false;            // `.ptr`: with the next two
  Space pointee = Space::Global;
  bool pointeeGeneric = true; // `.ptr` without a space
  uint32_t pointeeAlignment = 4;
  Initializer initializer;
  uint32_t line = 0;
};

struct Register {
  std::string name;
  Type type = Type::B32;
};

struct Operand {
  enum class Kind : uint8_t {
    Register,  // reg (negated: `!p`)
    Immediate, // immediate, bits
    Special,   // special, component
    Symbol,    // symbol + offset as a value: `mov.u64 %rd1, buffer+4`
    Address,   // [base + offset], see addressBase; elements: coordinates
    Label,     // label
    Function,  // symbol: a function, in a call
    Table,     // call prototype or target list, or a branch table: `table`
    Vector,    // elements: {a, b}
    List,      // elements: (a, b) of a call
    Pair,      // elements: `p|q`
    Sink,      // `_`
  };
  enum class Immediate : uint8_t { Integer, F32, F64 };
  enum class AddressBase : uint8_t { Absolute, Register, Symbol };

  Kind kind = Kind::Sink;
  bool negated = false;  // `!p`
  bool minus = false;    // `-a` (video instructions)
  Immediate immediate = Immediate::Integer;
  AddressBase addressBase = AddressBase::Absolute;
  SpecialRegister special = SpecialRegister::Tid;
  uint8_t component = 0; // 0 1 2 3 for .x .y .z .w; the number of %envreg
  uint8_t selector = 0;  // video: 0 none, 1-4 .b0-.b3, 5-6 .h0 .h1
  uint32_t reg = NoIndex;
  uint32_t label = NoIndex;
  uint32_t table = NoIndex;
  SymbolRef symbol;
  int64_t offset = 0;
  /// Integers are sign-extended to 64 bits; F32 holds the 32 bits of the float,
  /// F64 the 64 of the double, whatever the instruction's type.
  uint64_t bits = 0;
  std::vector<Operand> elements;
};

/// A list of at most N small values, kept inline.
template <typename T, unsigned N> class InlineList {
public:
  bool push(T value) {
    if (count == N)
      return false;
    values[count++] = value;
    return true;
  }
  unsigned size() const { return count; }
  bool empty() const { return count == 0; }
  T operator[](unsigned i) const { return values[i]; }
  const T *begin() const { return values.data(); }
  const T *end() const { return values.data() + count; }

private:
  std::array<T, N> values{};
  uint8_t count = 0;
};

/// Shape of a matrix instruction: m16n8k16 is {16, 8, 16}; ldmatrix's m8n8 is
/// {8, 8, 0}; all zero where there is none.
struct Shape {
  uint16_t m = 0, n = 0, k = 0;
  bool operator==(const Shape &) const = default;
};

struct Instruction {
  Opcode opcode = Opcode::Trap;
  uint16_t form = 0; // row of Instructions.def that it matched
  uint32_t guard = NoIndex; // register of `@p`
  bool guardNegated = false;
  Shape shape;
  /// In the order of Instructions.def, whatever the order in the text.
  InlineList<Mod, 14> mods;
  /// In the order of the text. `cvt.rn.f16.f32` is [F16, F32].
  InlineList<Type, 6> types;
  /// A call is [List results, Register or Function, List arguments] and, where
  /// the text names one, a Table.
  std::vector<Operand> operands;
  uint32_t line = 0;     // in the PTX text, from 1
  uint32_t location = 0; // Module::locations; 0: none

  bool has(Mod mod) const {
    for (Mod m : mods)
      if (m == mod)
        return true;
    return false;
  }
  /// Type number `i`, or the last one: `add.f32` has one for all operands.
  Type type(unsigned i = 0) const {
    return types.empty() ? Type::None : types[i < types.size() ? i : types.size() - 1];
  }
};

struct Label {
  std::string name;
  uint32_t instruction = 0; // may equal the number of instructions: the end
};

/// `.branchtargets`, `.calltargets` or `.callprototype`.
struct Table {
  enum class Kind : uint8_t { Branch, Calls, Prototype };
  Kind kind = Kind::Branch;
  std::string name;
  std::vector<uint32_t> labels;    // Branch
  std::vector<uint32_t> functions; // Calls: Module::functions
  std::vector<Variable> results;   // Prototype
  std::vector<Variable> params;
  bool noReturn = false;
};

/// Performance and cluster directives; zero where absent.
struct LaunchBounds {
  std::array<uint32_t, 3> maxThreads{};      // .maxntid
  std::array<uint32_t, 3> requiredThreads{}; // .reqntid
  uint32_t minBlocksPerSM = 0;               // .minnctapersm
  uint32_t maxBlocksPerSM = 0;               // .maxnctapersm
  uint32_t maxRegisters = 0;                 // .maxnreg
  std::array<uint32_t, 3> requiredCluster{}; // .reqnctapercluster
  bool explicitCluster = false;              // .explicitcluster
  uint32_t maxClusterRank = 0;               // .maxclusterrank
  bool blocksAreClusters = false;            // .blocksareclusters
};

struct Function {
  std::string name;
  bool isEntry = false;
  bool hasBody = false; // a prototype has none; extern functions never get one
  bool noReturn = false;
  uint32_t alias = NoIndex; // `.alias`: the function that this name stands for
  Linkage linkage = Linkage::Internal;
  std::vector<Variable> results;
  std::vector<Variable> params;
  LaunchBounds bounds;
  std::vector<std::string> pragmas;
  std::vector<Register> registers;
  std::vector<Variable> variables; // declared in the body, all scopes
  std::vector<Label> labels;
  std::vector<Table> tables;
  std::vector<Instruction> instructions;
  uint32_t line = 0;
};

/// One `.loc`. `inlinedAt` is the location of the call it was inlined into.
struct Location {
  uint32_t file = 0; // Module::files
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t inlinedAt = 0;   // Module::locations; 0: none
  std::string functionName; // of the inlined function, where the text says it
};

struct Module {
  unsigned versionMajor = 0, versionMinor = 0;
  std::string target;       // "sm_90a"
  unsigned targetSM = 0;    // 90
  char targetSuffix = 0;    // 'a', 'f' or 0
  unsigned addressSize = 64;
  bool debug = false;
  std::vector<std::string> files;   // by the number in `.file`; gaps are empty
  std::vector<Location> locations;  // [0] means none
  std::vector<Variable> variables;  // module scope: global, const, shared
  std::vector<Function> functions;  // entries, functions and prototypes
  std::vector<std::string> pragmas;
  std::string text; // the source, for messages

  /// Line `number` (from 1) of the text, without its line end.
  std::string_view sourceLine(uint32_t number) const;
  /// Index of a function or variable by name, or NoIndex.
  uint32_t findFunction(std::string_view name) const;
  uint32_t findVariable(std::string_view name) const;
};

} // namespace tenon::sim::ptx
