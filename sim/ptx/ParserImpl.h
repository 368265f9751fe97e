// The parser's class. Its methods are spread over ParseModule.cpp (declarations
// of module scope and functions), ParseVariable.cpp (variables, initialisers),
// ParseBody.cpp (statements) and ParseOperand.cpp (operands, expressions).
//
// Methods return false after they have reported an error; the statement loop
// then skips to the next statement, so that one run reports several errors.
#pragma once

#include "sim/ptx/Forms.h"
#include "sim/ptx/Lexer.h"
#include "sim/ptx/Parser.h"

#include <deque>
#include <unordered_map>

namespace tenon::sim::ptx {

/// A constant: an integer (two's complement, maybe unsigned) or a float.
struct Constant {
  bool isFloat = false, isSingle = false, isUnsigned = false;
  uint64_t bits = 0; // of the integer, or of the double
};

class Parser {
public:
  Parser(std::string_view text, const ParseOptions &options);
  ParseResult run();

private:
  struct Name {
    enum class Kind : uint8_t { Register, Symbol, Label, Table };
    Kind kind = Kind::Register;
    uint32_t index = 0;
    uint8_t vectorWidth = 1; // of a register declared .v2 or .v4
    SymbolRef symbol;
  };
  /// `.reg .b32 %r<100>`: numbers 0 to count-1 after the prefix.
  struct RegisterRange {
    uint32_t first = 0, count = 0;
  };
  struct Scope {
    uint32_t parent = NoIndex;
    std::unordered_map<std::string_view, Name> names;
    std::unordered_map<std::string_view, RegisterRange> ranges;
  };
  /// A name used before it was declared: a label, or a table.
  struct Pending {
    Token token;
    uint32_t scope = 0;
  };

  // Tokens and errors.
  const Token &peek(size_t ahead = 0) const;
  const Token &take();
  bool accept(std::string_view spelling);
  bool expect(std::string_view spelling, std::string_view after);
  bool error(const Token &at, std::string message);
  void skipStatement();
  void skipBlock();
  bool tooManyErrors() const { return errors >= options.maxErrors; }
  static std::string describe(const Token &token);

  // Module scope.
  bool parseHeader();
  bool parseTopLevel();
  bool parseVersion();
  bool parseTarget();
  bool parseAddressSize();
  bool parseFile();
  bool parseSection();
  bool parseAlias();
  bool parsePragma(std::vector<std::string> &into);
  bool parseFunction(Linkage linkage, bool isEntry);
  bool parseFunctionHead(Function &function);
  bool parseParameters(std::vector<Variable> &into, std::string_view close);
  bool parseFunctionDirectives(Function &function);
  bool parseDimensions(std::array<uint32_t, 3> &into);
  bool addFunction(Function &&function, const Token &at);
  void declareParameters(Function &function);

  // Variables.
  bool parseVariables(Space space, Linkage linkage, std::vector<Variable> &into, bool inBody);
  bool parseVariablePrefix(Variable &variable);
  bool parseVariableName(Variable &variable);
  bool parseParameter(Variable &variable);
  bool parsePointer(Variable &variable);
  bool parseArrayDims(Variable &variable);
  bool finishSize(Variable &variable, const Token &at);
  bool parseInitializer(Variable &variable);
  bool parseInitializerList(Variable &variable, unsigned depth);
  bool parseInitializerValue(Variable &variable);
  bool parseRelocation(Variable &variable, unsigned bytes);
  bool isRelocationStart() const;
  bool appendConstant(Variable &variable, const Constant &value, const Token &at);
  bool parseAlignment(uint32_t &alignment);

  // Bodies.
  bool parseBody();
  bool parseStatement();
  bool parseRegisters();
  bool declareRegister(const Token &name, Type type, unsigned vectorWidth);
  bool parseLabelled();
  bool parseTable(const Token &label);
  bool parseLocation();
  bool parseInstruction();
  bool parseGuard(Instruction &instruction);
  bool parseSuffixes(std::vector<Suffix> &suffixes, Opcode &opcode, const Token &at);
  bool finishInstruction(Instruction &&instruction, const std::vector<Suffix> &suffixes,
                         const Token &at);
  bool parseCallOperands(Instruction &instruction);
  bool parseCallee(Operand &operand);
  bool checkCall(const Instruction &instruction, const Token &at);
  void resolvePending();
  void patch(Operand &operand);
  void checkTargets(const Instruction &instruction);

  // Operands and expressions.
  bool parseOperand(Operand &operand, unsigned depth = 0);
  bool parseNamedOperand(Operand &operand);
  bool parseSpecial(Operand &operand);
  bool parseAddress(Operand &operand);
  bool parseOffset(Operand &operand);
  bool parseElements(Operand &operand, std::string_view close, unsigned depth);
  bool parseComponent(Operand &operand, const Name &name, const Token &at);
  bool parseConstant(Constant &value, unsigned depth = 0);
  bool parseBinary(Constant &value, unsigned level, unsigned depth);
  bool parseUnary(Constant &value, unsigned depth);
  bool parsePrimary(Constant &value, unsigned depth);
  bool parseInteger(uint64_t &value, uint64_t limit, std::string_view what);

  // Names.
  const Name *find(std::string_view name, uint32_t scope, Name &storage) const;
  const Name *find(std::string_view name, Name &storage) const {
    return find(name, currentScope, storage);
  }
  bool declare(const Token &at, const Name &name);
  const Variable *variable(SymbolRef symbol) const;

  std::vector<Token> tokens;
  size_t position = 0;
  ParseOptions options;
  ParseResult result;
  unsigned errors = 0;
  std::shared_ptr<Module> module;

  std::deque<Scope> scopes; // [0] is the module's
  uint32_t currentScope = 0;
  Function *function = nullptr;
  std::vector<Pending> pending;
  uint32_t location = 0;
  std::unordered_map<uint64_t, uint32_t> locationOf; // file and line to Module::locations
  std::unordered_map<std::string_view, std::string> debugStrings;
  std::vector<std::pair<uint32_t, std::string_view>> namedLocations; // for .debug_str labels
};

/// Checks operands against the forms of the opcode that fit the suffixes, and
/// what the table cannot say. Returns an empty string or what is wrong.
std::string checkInstruction(const Module &module, const Function &function,
                             Instruction &instruction, const std::vector<Suffix> &suffixes);
/// Shapes, types and fragment sizes of matrix instructions.
std::string checkMatrix(const Function &function, const Instruction &instruction);
/// Rules of one opcode that the table cannot say.
std::string checkSemantics(const Function &function, const Instruction &instruction);

} // namespace tenon::sim::ptx
