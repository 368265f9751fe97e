// Statements of a function body: declarations, labels, tables, `.loc`,
// instructions and calls.
#include "sim/ptx/ParserImpl.h"

namespace tenon::sim::ptx {
namespace {

constexpr unsigned MaxScopeDepth = 256;

std::optional<Space> declaredSpace(const Token &token) {
  if (token.is(".local")) return Space::Local;
  if (token.is(".shared") || token.is(".shared::cta")) return Space::Shared;
  if (token.is(".param")) return Space::Param;
  if (token.is(".global")) return Space::Global;
  if (token.is(".const")) return Space::Const;
  return std::nullopt;
}

} // namespace

bool Parser::parseBody() {
  const Token open = take();
  unsigned depth = 1;
  location = 0;
  pending.clear();
  uint32_t outer = currentScope;
  auto openScope = [&] {
    scopes.push_back({currentScope, {}, {}});
    currentScope = static_cast<uint32_t>(scopes.size() - 1);
  };
  openScope();
  while (depth && peek().kind != Token::Kind::End && !tooManyErrors()) {
    if (accept("{")) {
      if (++depth > MaxScopeDepth)
        return error(peek(), "blocks nested too deeply");
      openScope();
    } else if (accept("}")) {
      --depth;
      currentScope = scopes[currentScope].parent;
    } else if (!parseStatement()) {
      skipStatement();
    }
  }
  if (depth && !tooManyErrors())
    return error(open, "function '" + function->name + "' has no closing '}'");
  resolvePending();
  // Scopes of this function are not needed any more.
  scopes.resize(outer);
  currentScope = 0;
  return true;
}

bool Parser::parseStatement() {
  const Token &token = peek();
  if (token.is(";")) {
    take();
    return true;
  }
  if (token.kind == Token::Kind::Identifier && peek(1).is(":"))
    return parseLabelled();
  if (token.kind != Token::Kind::Dotted)
    return parseInstruction();
  const Token directive = take();
  if (directive.is(".reg"))
    return parseRegisters();
  if (directive.is(".loc"))
    return parseLocation();
  if (directive.is(".pragma"))
    return parsePragma(function->pragmas);
  if (directive.is(".maxnreg") || directive.is(".minnctapersm") || directive.is(".maxntid")) {
    --position;
    return parseFunctionDirectives(*function);
  }
  if (auto space = declaredSpace(directive))
    return parseVariables(*space, Linkage::Internal, function->variables, true);
  if (directive.is(".extern") && peek().is(".shared")) {
    take();
    return parseVariables(Space::Shared, Linkage::Extern, function->variables, true);
  }
  return error(directive, "unknown directive " + describe(directive));
}

bool Parser::parseLabelled() {
  const Token name = take();
  take();
  if (peek().is(".branchtargets") || peek().is(".calltargets") || peek().is(".callprototype"))
    return parseTable(name);
  uint32_t index = static_cast<uint32_t>(function->labels.size());
  function->labels.push_back(
      {std::string(name.text), static_cast<uint32_t>(function->instructions.size())});
  return declare(name, {Name::Kind::Label, index, 1, {}});
}

bool Parser::parseTable(const Token &label) {
  const Token kind = take();
  Table table;
  table.name = label.text;
  if (kind.is(".callprototype")) {
    table.kind = Table::Kind::Prototype;
    if (accept("(") && !parseParameters(table.results, ")"))
      return false;
    if (!expect("_", ".callprototype"))
      return false;
    if (accept("(") && !parseParameters(table.params, ")"))
      return false;
    Function directives;
    if (!parseFunctionDirectives(directives))
      return false;
    table.noReturn = directives.noReturn;
  } else {
    bool calls = kind.is(".calltargets");
    table.kind = calls ? Table::Kind::Calls : Table::Kind::Branch;
    do {
      const Token at = take();
      if (at.kind != Token::Kind::Identifier)
        return error(at, "expected a name, found " + describe(at));
      if (calls) {
        uint32_t callee = module->findFunction(at.text);
        if (callee == NoIndex)
          return error(at, "'" + std::string(at.text) + "' is not declared as a function");
        table.functions.push_back(callee);
      } else { // positions in `pending` until the function's end
        table.labels.push_back(static_cast<uint32_t>(pending.size()));
        pending.push_back({at, currentScope});
      }
    } while (accept(","));
  }
  uint32_t index = static_cast<uint32_t>(function->tables.size());
  function->tables.push_back(std::move(table));
  return declare(label, {Name::Kind::Table, index, 1, {}}) && expect(";", "the table");
}

/// `.loc 1 10 5`, or `.loc 2 7 1, function_name $L+0, inlined_at 1 10 5`.
bool Parser::parseLocation() {
  auto readPosition = [&](Location &loc) {
    uint32_t *parts[] = {&loc.file, &loc.line, &loc.column};
    for (uint32_t *part : parts) {
      const Token at = take();
      if (at.kind != Token::Kind::Integer || at.bits > ~0u)
        return error(at, "expected file, line and column after .loc, found " + describe(at));
      *part = static_cast<uint32_t>(at.bits);
    }
    return true;
  };
  Location loc;
  std::string_view label;
  if (!readPosition(loc))
    return false;
  while (accept(",")) {
    const Token attribute = take();
    if (attribute.is("function_name")) {
      label = take().text;
      Operand offset;
      if (!parseOffset(offset))
        return false;
    } else if (attribute.is("inlined_at")) {
      Location call;
      if (!readPosition(call))
        return false;
      auto known = locationOf.find(uint64_t(call.file) << 40 | call.line);
      if (known != locationOf.end()) {
        loc.inlinedAt = known->second;
      } else {
        module->locations.push_back(call);
        loc.inlinedAt = static_cast<uint32_t>(module->locations.size() - 1);
      }
    } else {
      return error(attribute, "unknown attribute " + describe(attribute) + " of .loc");
    }
  }
  module->locations.push_back(loc);
  location = static_cast<uint32_t>(module->locations.size() - 1);
  locationOf[uint64_t(loc.file) << 40 | loc.line] = location;
  if (!label.empty())
    namedLocations.emplace_back(location, label);
  return true;
}

bool Parser::parseGuard(Instruction &instruction) {
  take();
  instruction.guardNegated = accept("!");
  const Token at = take();
  Name storage;
  const Name *name = at.kind == Token::Kind::Identifier ? find(at.text, storage) : nullptr;
  if (!name || name->kind != Name::Kind::Register || name->vectorWidth != 1 ||
      function->registers[name->index].type != Type::Pred)
    return error(at, describe(at) + " is not a predicate register");
  instruction.guard = name->index;
  return true;
}

bool Parser::parseSuffixes(std::vector<Suffix> &suffixes, Opcode &opcode, const Token &at) {
  std::vector<Token> dots;
  std::vector<std::string_view> names;
  while (peek().kind == Token::Kind::Dotted) {
    dots.push_back(take());
    names.push_back(dots.back().text.substr(1));
  }
  unsigned used = 0;
  auto found = opcodeNamed(at.text, names, used);
  if (!found)
    return error(at, "unknown instruction '" + std::string(at.text) +
                         (names.empty() ? "" : "." + std::string(names[0])) + "'");
  opcode = *found;
  for (size_t i = used; i < names.size();) {
    // Some modifiers span several dotted names: `.proxy.async.shared::cta`.
    size_t length = std::min<size_t>(3, names.size() - i);
    std::optional<Suffix> suffix;
    for (; length && !suffix; --length) {
      std::string joined(names[i]);
      for (size_t j = 1; j < length; ++j)
        joined.append(".").append(names[i + j]);
      suffix = suffixNamed(joined);
      if (suffix)
        break;
    }
    if (!suffix)
      return error(dots[i], "'" + std::string(dots[i].text) + "' is not a modifier or type of '" +
                                std::string(spelling(opcode)) + "'");
    suffixes.push_back(*suffix);
    i += length;
  }
  return true;
}

bool Parser::parseInstruction() {
  Instruction instruction;
  instruction.location = location;
  if (peek().is("@") && !parseGuard(instruction))
    return false;
  const Token at = take();
  instruction.line = at.line;
  if (at.kind != Token::Kind::Identifier)
    return error(at, "expected an instruction, found " + describe(at));
  std::vector<Suffix> suffixes;
  if (!parseSuffixes(suffixes, instruction.opcode, at))
    return false;
  if (instruction.opcode == Opcode::Call) {
    if (!parseCallOperands(instruction))
      return false;
  } else if (!peek().is(";")) {
    do {
      instruction.operands.emplace_back();
      if (!parseOperand(instruction.operands.back()))
        return false;
    } while (accept(","));
  }
  if (!accept(";")) {
    Token end = tokens[position - 1]; // the line that lacks it, not the next one
    end.column += static_cast<uint32_t>(end.text.size());
    return peek().kind == Token::Kind::Bad
               ? error(peek(), "")
               : error(end, "expected ';' after the instruction, found " + describe(peek()));
  }
  finishInstruction(std::move(instruction), suffixes, at);
  return true; // the statement was read to its end, even if it is wrong
}

bool Parser::finishInstruction(Instruction &&instruction, const std::vector<Suffix> &suffixes,
                               const Token &at) {
  std::string problem = checkInstruction(*module, *function, instruction, suffixes);
  if (!problem.empty())
    return error(at, std::move(problem));
  if (instruction.opcode == Opcode::Call && !checkCall(instruction, at))
    return false;
  function->instructions.push_back(std::move(instruction));
  return true;
}

bool Parser::parseCallee(Operand &operand) {
  const Token at = peek();
  if (at.kind != Token::Kind::Identifier)
    return error(at, "expected a function or a register, found " + describe(at));
  if (!parseNamedOperand(operand))
    return false;
  bool callable = operand.kind == Operand::Kind::Function ||
                  operand.kind == Operand::Kind::Register;
  return callable || error(at, describe(at) + " is not declared as a function or a register");
}

/// call (results), callee, (arguments), table;
bool Parser::parseCallOperands(Instruction &instruction) {
  std::vector<Operand> &operands = instruction.operands;
  operands.resize(3);
  operands[0].kind = operands[2].kind = Operand::Kind::List;
  if (accept("(") && (!parseElements(operands[0], ")", 0) || !expect(",", "the results")))
    return false;
  if (!parseCallee(operands[1]))
    return false;
  if (!accept(","))
    return true;
  if (!accept("(")) { // no arguments, a table
    operands.emplace_back();
    return parseOperand(operands.back());
  }
  if (!parseElements(operands[2], ")", 0))
    return false;
  if (!accept(","))
    return true;
  operands.emplace_back();
  return parseOperand(operands.back());
}

bool Parser::checkCall(const Instruction &instruction, const Token &at) {
  const Operand &callee = instruction.operands[1];
  const std::vector<Variable> *results = nullptr, *params = nullptr;
  if (callee.kind == Operand::Kind::Function) {
    const Function &target = module->functions[callee.symbol.index];
    if (target.isEntry)
      return error(at, "'" + target.name + "' is an entry and cannot be called");
    results = &target.results;
    params = &target.params;
  } else if (instruction.operands.size() < 4) {
    return error(at, "an indirect call needs a prototype or a list of targets");
  } else if (const Operand &table = instruction.operands[3];
             table.kind == Operand::Kind::Table &&
             function->tables[table.table].kind == Table::Kind::Prototype) {
    results = &function->tables[table.table].results;
    params = &function->tables[table.table].params;
  }
  auto check = [&](const std::vector<Variable> *want, const Operand &list, const char *what) {
    return !want || want->size() == list.elements.size() ||
           error(at, "call has " + std::to_string(list.elements.size()) + " " + what +
                         ", the function " + std::to_string(want->size()));
  };
  return check(results, instruction.operands[0], "results") &&
         check(params, instruction.operands[2], "arguments");
}

void Parser::patch(Operand &operand) {
  for (Operand &element : operand.elements)
    patch(element);
  if (operand.kind != Operand::Kind::Label || operand.table != 1)
    return;
  const Pending &use = pending[operand.label];
  Name storage;
  const Name *name = find(use.token.text, use.scope, storage);
  operand.label = operand.table = NoIndex;
  if (name && name->kind == Name::Kind::Label) {
    operand.label = name->index;
  } else if (name && name->kind == Name::Kind::Table) {
    operand.kind = Operand::Kind::Table;
    operand.table = name->index;
  } else {
    error(use.token, "'" + std::string(use.token.text) + "' is not declared");
  }
}

/// A pending name may turn out to be a table where a label is needed, or the
/// other way round.
void Parser::checkTargets(const Instruction &instruction) {
  Token at;
  at.line = instruction.line;
  const Operand &last = instruction.operands.back();
  bool wantsLabel = instruction.opcode == Opcode::Bra;
  bool unresolved = last.label == NoIndex && last.table == NoIndex; // reported already
  if (!unresolved && (last.kind == Operand::Kind::Label) != wantsLabel)
    error(at, wantsLabel ? "'bra' needs a label, not a table"
                         : "expected a table of targets, not a label");
}

/// Labels and tables that were used before they were declared.
void Parser::resolvePending() {
  for (Instruction &instruction : function->instructions) {
    bool wasPending = false;
    for (Operand &operand : instruction.operands) {
      wasPending |= operand.kind == Operand::Kind::Label && operand.table == 1;
      patch(operand);
    }
    if (wasPending)
      checkTargets(instruction);
  }
  for (Table &table : function->tables)
    for (uint32_t &label : table.labels) {
      const Pending &use = pending[label];
      Name storage;
      const Name *name = find(use.token.text, use.scope, storage);
      if (name && name->kind == Name::Kind::Label)
        label = name->index;
      else
        error(use.token, "label '" + std::string(use.token.text) + "' is not declared");
    }
}

} // namespace tenon::sim::ptx
