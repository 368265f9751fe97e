// Function heads: results, name, parameters, performance directives.
#include "sim/ptx/ParserImpl.h"

namespace tenon::sim::ptx {
namespace {

constexpr size_t MaxParameters = 4096;
constexpr uint32_t MaxRegisters = 1u << 20;

bool sameParameters(const std::vector<Variable> &a, const std::vector<Variable> &b) {
  if (a.size() != b.size())
    return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].size != b[i].size)
      return false;
  return true;
}

} // namespace

bool Parser::parseFunction(Linkage linkage, bool isEntry) {
  Function parsed;
  parsed.linkage = linkage;
  parsed.isEntry = isEntry;
  parsed.line = peek().line;
  const Token at = peek();
  bool ok = parseFunctionHead(parsed);
  if (!ok) // still skip the body, so that it does not raise errors of its own
    while (!peek().is("{") && !peek().is(";") && peek().kind != Token::Kind::End)
      take();
  if (peek().is("{") && !ok) {
    skipBlock();
    return true;
  }
  if (!ok)
    return false;
  parsed.hasBody = peek().is("{");
  if (!parsed.hasBody)
    return addFunction(std::move(parsed), at) && expect(";", "the prototype");
  if (!addFunction(std::move(parsed), at)) {
    skipBlock();
    return true;
  }
  bool parsedBody = parseBody();
  function = nullptr;
  currentScope = 0;
  return parsedBody;
}

bool Parser::parseFunctionHead(Function &parsed) {
  if (accept(".attribute"))
    while (!peek().is(";") && peek().kind != Token::Kind::End && !take().is(")"))
      ;
  if (accept("(") && !parseParameters(parsed.results, ")"))
    return false;
  const Token name = take();
  if (name.kind != Token::Kind::Identifier)
    return error(name, "expected a function name, found " + describe(name));
  parsed.name = name.text;
  if (accept("(") && !parseParameters(parsed.params, ")"))
    return false;
  return parseFunctionDirectives(parsed);
}

bool Parser::parseParameters(std::vector<Variable> &into, std::string_view close) {
  if (accept(close))
    return true;
  do {
    into.emplace_back();
    if (into.size() > MaxParameters)
      return error(peek(), "too many parameters");
    if (!parseParameter(into.back()))
      return false;
  } while (accept(","));
  return expect(close, "the parameters");
}

bool Parser::parseDimensions(std::array<uint32_t, 3> &into) {
  into = {1, 1, 1};
  for (unsigned i = 0; i < 3; ++i) {
    uint64_t value = 0;
    if (!parseInteger(value, ~0u, "a size"))
      return false;
    into[i] = static_cast<uint32_t>(value);
    if (!accept(","))
      return true;
  }
  return true;
}

bool Parser::parseFunctionDirectives(Function &parsed) {
  LaunchBounds &bounds = parsed.bounds;
  auto number = [&](uint32_t &into) {
    uint64_t value = 0;
    bool ok = parseInteger(value, ~0u, "a number");
    into = static_cast<uint32_t>(value);
    return ok;
  };
  uint32_t ignored = 0;
  while (peek().kind == Token::Kind::Dotted) {
    const Token at = take();
    bool ok = true;
    if (at.is(".maxntid")) ok = parseDimensions(bounds.maxThreads);
    else if (at.is(".reqntid")) ok = parseDimensions(bounds.requiredThreads);
    else if (at.is(".reqnctapercluster")) ok = parseDimensions(bounds.requiredCluster);
    else if (at.is(".minnctapersm")) ok = number(bounds.minBlocksPerSM);
    else if (at.is(".maxnctapersm")) ok = number(bounds.maxBlocksPerSM);
    else if (at.is(".maxnreg")) ok = number(bounds.maxRegisters);
    else if (at.is(".maxclusterrank")) ok = number(bounds.maxClusterRank);
    else if (at.is(".explicitcluster")) bounds.explicitCluster = true;
    else if (at.is(".blocksareclusters")) bounds.blocksAreClusters = true;
    else if (at.is(".noreturn")) parsed.noReturn = true;
    else if (at.is(".abi_preserve") || at.is(".abi_preserve_control")) ok = number(ignored);
    else if (at.is(".unified")) ok = !accept("(") || (number(ignored) && accept(",") && number(ignored) && accept(")"));
    else if (at.is(".pragma")) ok = parsePragma(parsed.pragmas);
    else return error(at, "unknown directive " + describe(at));
    if (!ok)
      return false;
  }
  return true;
}

/// Enters the function, or completes its prototype, and opens its scope.
bool Parser::addFunction(Function &&parsed, const Token &at) {
  Name storage;
  const Name *known = find(parsed.name, 0, storage);
  uint32_t index = static_cast<uint32_t>(module->functions.size());
  if (known && known->symbol.kind != SymbolRef::Kind::Function)
    return error(at, "'" + parsed.name + "' is already declared");
  if (known) {
    index = known->symbol.index;
    Function &old = module->functions[index];
    if (old.hasBody && parsed.hasBody)
      return error(at, "function '" + parsed.name + "' is already defined");
    if (!sameParameters(old.params, parsed.params) ||
        !sameParameters(old.results, parsed.results))
      return error(at, "'" + parsed.name + "' has other parameters than its prototype");
    if (parsed.hasBody || !old.hasBody)
      old = std::move(parsed);
  } else {
    module->functions.push_back(std::move(parsed));
    // The key must outlive the parse: a view into the text, not into the vector.
    for (size_t i = position; i-- > 0;)
      if (tokens[i].kind == Token::Kind::Identifier &&
          tokens[i].text == module->functions.back().name) {
        scopes[0].names.emplace(
            tokens[i].text,
            Name{Name::Kind::Symbol, 0, 1, {SymbolRef::Kind::Function, index}});
        break;
      }
  }
  function = &module->functions[index];
  if (function->hasBody && peek().is("{"))
    declareParameters(*function);
  else
    function = nullptr;
  return true;
}

void Parser::declareParameters(Function &parsed) {
  scopes.push_back({0, {}, {}});
  currentScope = static_cast<uint32_t>(scopes.size() - 1);
  auto enter = [&](std::vector<Variable> &list, SymbolRef::Kind kind) {
    for (uint32_t i = 0; i < list.size(); ++i) {
      if (list[i].space == Space::Reg) {
        list[i].registerIndex = static_cast<uint32_t>(parsed.registers.size());
        parsed.registers.push_back({list[i].name, list[i].type});
      }
      if (list[i].name != "_") // the views point into the module, which keeps its functions
        scopes[currentScope].names.emplace(list[i].name,
                                           Name{Name::Kind::Symbol, 0, 1, {kind, i}});
    }
  };
  enter(parsed.results, SymbolRef::Kind::Result);
  enter(parsed.params, SymbolRef::Kind::Param);
}

bool Parser::declareRegister(const Token &name, Type type, unsigned width) {
  uint32_t first = static_cast<uint32_t>(function->registers.size());
  uint64_t count = 1;
  bool range = accept("<");
  if (range) {
    // An expression would take the `>`.
    const Token at = take();
    if (at.kind != Token::Kind::Integer)
      return error(at, "expected a number of registers, found " + describe(at));
    count = at.bits;
    if (!expect(">", "the number of registers"))
      return false;
  }
  if (count > MaxRegisters || first + count * width > MaxRegisters)
    return error(name, "more than " + std::to_string(MaxRegisters) + " registers");
  for (uint64_t i = 0; i < count; ++i)
    for (unsigned lane = 0; lane < width; ++lane) {
      std::string spelled(name.text);
      if (range)
        spelled += std::to_string(i);
      if (width > 1)
        spelled += std::string(".") + "xyzw"[lane];
      function->registers.push_back({std::move(spelled), type});
    }
  if (!range)
    return declare(name, {Name::Kind::Register, first, static_cast<uint8_t>(width), {}});
  if (width > 1) {
    return error(name, "a range of vector registers is not supported");
  }
  if (!scopes[currentScope].ranges.emplace(name.text, RegisterRange{first, uint32_t(count)}).second)
    return error(name, "registers '" + std::string(name.text) + "' are already declared");
  return true;
}

/// `.reg .b32 %r<10>, %x;`
bool Parser::parseRegisters() {
  unsigned width = 1;
  if (peek().is(".v2") || peek().is(".v4"))
    width = take().is(".v2") ? 2 : 4;
  const Token at = take();
  auto type = at.kind == Token::Kind::Dotted ? typeNamed(at.text.substr(1)) : std::nullopt;
  if (type && (peek().is(".v2") || peek().is(".v4")))
    width = take().is(".v2") ? 2 : 4;
  bool fits = type && bitWidth(*type) >= 8 && typeClass(*type) != TypeClass::Opaque &&
              typeClass(*type) != TypeClass::Narrow;
  if (!fits && type != Type::Pred && type != Type::TF32)
    return error(at, describe(at) + " is not a type that registers can have");
  do {
    const Token name = take();
    if (name.kind != Token::Kind::Identifier)
      return error(name, "expected a register name, found " + describe(name));
    if (!declareRegister(name, *type, width))
      return false;
  } while (accept(","));
  return expect(";", "the registers");
}

} // namespace tenon::sim::ptx
