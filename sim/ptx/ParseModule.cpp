// The parser's frame: tokens, errors, names, and what stands at module scope.
#include "sim/ptx/ParserImpl.h"

#include <charconv>

namespace tenon::sim::ptx {
namespace {

constexpr size_t MaxTextBytes = size_t(1) << 30;
constexpr unsigned NewestVersion = 90;

struct LinkageName {
  std::string_view name;
  Linkage linkage;
};
constexpr LinkageName Linkages[] = {{".extern", Linkage::Extern},
                                    {".visible", Linkage::Visible},
                                    {".weak", Linkage::Weak},
                                    {".common", Linkage::Common}};

bool startsTopLevel(const Token &token) {
  static constexpr std::string_view Names[] = {
      ".extern", ".visible", ".weak", ".common", ".func", ".entry", ".global", ".const",
      ".shared", ".file", ".section", ".target", ".version", ".address_size", ".alias"};
  for (std::string_view name : Names)
    if (token.is(name))
      return true;
  return false;
}

} // namespace

Parser::Parser(std::string_view text, const ParseOptions &options)
    : options(options), module(std::make_shared<Module>()) {
  module->text = text.substr(0, MaxTextBytes);
  tokens = tokenize(module->text);
  scopes.emplace_back();
  module->locations.emplace_back();
}

const Token &Parser::peek(size_t ahead) const {
  return tokens[std::min(position + ahead, tokens.size() - 1)];
}

const Token &Parser::take() {
  const Token &token = peek();
  if (position + 1 < tokens.size())
    ++position;
  return token;
}

bool Parser::accept(std::string_view spelling) {
  if (!peek().is(spelling))
    return false;
  take();
  return true;
}

bool Parser::expect(std::string_view spelling, std::string_view after) {
  if (accept(spelling))
    return true;
  return error(peek(), "expected '" + std::string(spelling) + "' after " + std::string(after) +
                           ", found " + describe(peek()));
}

std::string Parser::describe(const Token &token) {
  if (token.kind == Token::Kind::End)
    return "the end of the text";
  return "'" + std::string(token.text) + "'";
}

bool Parser::error(const Token &at, std::string message) {
  if (at.kind == Token::Kind::Bad) // what the lexer says is nearer to the cause
    message = std::string(at.text);
  if (!tooManyErrors())
    result.diagnostics.push_back(
        {Diagnostic::Severity::Error, at.line, at.column, std::move(message)});
  ++errors;
  return false;
}

/// To behind the next `;`, or before a brace or the next declaration.
void Parser::skipStatement() {
  while (peek().kind != Token::Kind::End && !peek().is("}") && !peek().is("{")) {
    if (take().is(";"))
      return;
    if (!function && startsTopLevel(peek()))
      return;
  }
}

void Parser::skipBlock() {
  unsigned depth = 0;
  do {
    depth += peek().is("{") ? 1 : peek().is("}") ? -1 : 0;
    take();
  } while (depth && peek().kind != Token::Kind::End);
}

const Parser::Name *Parser::find(std::string_view name, uint32_t scope, Name &storage) const {
  size_t digits = name.find_last_not_of("0123456789") + 1;
  uint64_t number = 0;
  auto [end, status] = std::from_chars(name.data() + digits, name.data() + name.size(), number);
  bool numbered = status == std::errc() && (name[digits] != '0' || digits + 1 == name.size());
  for (; scope != NoIndex; scope = scopes[scope].parent) {
    const Scope &s = scopes[scope];
    if (auto it = s.names.find(name); it != s.names.end())
      return &it->second;
    if (!numbered)
      continue;
    auto range = s.ranges.find(name.substr(0, digits));
    if (range != s.ranges.end() && number < range->second.count) {
      storage = {};
      storage.index = range->second.first + static_cast<uint32_t>(number);
      return &storage;
    }
  }
  return nullptr;
}

bool Parser::declare(const Token &at, const Name &name) {
  if (at.text == "_") // anonymous, as in call prototypes
    return true;
  if (!scopes[currentScope].names.emplace(at.text, name).second)
    return error(at, "'" + std::string(at.text) + "' is already declared");
  return true;
}

const Variable *Parser::variable(SymbolRef symbol) const {
  switch (symbol.kind) {
  case SymbolRef::Kind::Global: return &module->variables[symbol.index];
  case SymbolRef::Kind::Local: return &function->variables[symbol.index];
  case SymbolRef::Kind::Param: return &function->params[symbol.index];
  case SymbolRef::Kind::Result: return &function->results[symbol.index];
  default: return nullptr;
  }
}

ParseResult Parser::run() {
  if (parseHeader())
    while (peek().kind != Token::Kind::End && !tooManyErrors())
      if (!parseTopLevel())
        skipStatement();
  result.text = module->text;
  if (errors == 0)
    result.module = module;
  return std::move(result);
}

bool Parser::parseHeader() {
  if (!peek().is(".version"))
    return error(peek(), "PTX must begin with .version, found " + describe(peek()));
  return true;
}

bool Parser::parseTopLevel() {
  const Token at = take();
  if (at.is(".version")) return parseVersion();
  if (at.is(".target")) return parseTarget();
  if (at.is(".address_size")) return parseAddressSize();
  if (at.is(".file")) return parseFile();
  if (at.is(".section")) return parseSection();
  if (at.is(".alias")) return parseAlias();
  if (at.is(".pragma")) return parsePragma(module->pragmas);
  if (at.is(".loc")) return parseLocation();
  if (at.is("{") || at.is("}") || at.is(";"))
    return at.is(";") || error(at, "unexpected " + describe(at) + " outside a function");
  Token directive = at;
  Linkage linkage = Linkage::Internal;
  for (const LinkageName &name : Linkages)
    if (at.is(name.name)) {
      linkage = name.linkage;
      directive = take();
    }
  if (directive.is(".func")) return parseFunction(linkage, false);
  if (directive.is(".entry")) return parseFunction(linkage, true);
  if (directive.is(".global") || directive.is(".tex"))
    return parseVariables(Space::Global, linkage, module->variables, false);
  if (directive.is(".const"))
    return parseVariables(Space::Const, linkage, module->variables, false);
  if (directive.is(".shared"))
    return parseVariables(Space::Shared, linkage, module->variables, false);
  if (directive.is(".local"))
    return parseVariables(Space::Local, linkage, module->variables, false);
  return error(directive, "unknown directive " + describe(directive));
}

bool Parser::parseVersion() {
  const Token at = take(); // "9.0" lexes as a float
  auto [end, status] =
      std::from_chars(at.text.data(), at.text.data() + at.text.size(), module->versionMajor);
  if (at.kind != Token::Kind::Float || at.isSingle || status != std::errc() || *end != '.' ||
      std::from_chars(end + 1, at.text.data() + at.text.size(), module->versionMinor).ec !=
          std::errc())
    return error(at, "expected a version such as 9.0, found " + describe(at));
  if (module->versionMajor > 99 || module->versionMinor > 9 ||
      module->versionMajor * 10 + module->versionMinor > NewestVersion)
    return error(at, "PTX version " + std::string(at.text) + " is newer than 9.0");
  return true;
}

bool Parser::parseTarget() {
  do {
    const Token at = take();
    std::string_view name = at.text;
    if (name.starts_with("sm_")) {
      const char *last = name.data() + name.size();
      auto [end, status] = std::from_chars(name.data() + 3, last, module->targetSM);
      bool suffixed = last - end == 1 && (*end == 'a' || *end == 'f');
      if (status != std::errc() || (end != last && !suffixed) || module->targetSM > 999)
        return error(at, "unknown target " + describe(at));
      module->target = name;
      module->targetSuffix = suffixed ? *end : '\0';
    } else if (name == "debug") {
      module->debug = true;
    } else if (name != "texmode_unified" && name != "texmode_independent" &&
               name != "map_f64_to_f32") {
      return error(at, "unknown target " + describe(at));
    }
  } while (accept(","));
  return true;
}

bool Parser::parseAddressSize() {
  uint64_t size = 0;
  const Token at = peek();
  if (!parseInteger(size, 64, "an address size"))
    return false;
  if (size != 64)
    return error(at, "only .address_size 64 is supported");
  module->addressSize = static_cast<unsigned>(size);
  return true;
}

bool Parser::parseFile() {
  uint64_t number = 0;
  if (!parseInteger(number, 1u << 20, "a file number"))
    return false;
  const Token name = take();
  if (name.kind != Token::Kind::String)
    return error(name, "expected a file name, found " + describe(name));
  if (module->files.size() <= number)
    module->files.resize(number + 1);
  module->files[number] = name.text;
  uint64_t ignored = 0; // time and size
  while (accept(","))
    if (!parseInteger(ignored, ~uint64_t(0), "a number"))
      return false;
  return true;
}

/// Debug sections are skipped, but for the strings that `.loc ... function_name`
/// refers to: a label followed by the bytes of a string.
bool Parser::parseSection() {
  take();
  if (!peek().is("{"))
    return error(peek(), "expected '{' after the section's name, found " + describe(peek()));
  take();
  std::string *text = nullptr;
  while (!peek().is("}") && peek().kind != Token::Kind::End) {
    const Token at = take();
    if (at.kind == Token::Kind::Identifier && peek().is(":")) {
      text = &debugStrings[at.text];
    } else if (at.kind == Token::Kind::Integer && text) {
      if (at.bits == 0 || at.bits > 255 || text->size() > 4096)
        text = nullptr;
      else
        text->push_back(static_cast<char>(at.bits));
    }
  }
  for (auto &[index, label] : namedLocations)
    if (auto it = debugStrings.find(label); it != debugStrings.end())
      module->locations[index].functionName = it->second;
  return expect("}", "the section");
}

bool Parser::parseAlias() {
  const Token name = take();
  if (!expect(",", "the alias"))
    return false;
  const Token target = take();
  uint32_t from = module->findFunction(name.text), to = module->findFunction(target.text);
  if (from == NoIndex || to == NoIndex || from == to)
    return error(from == NoIndex ? name : target,
                 "'" + std::string((from == NoIndex ? name : target).text) +
                     "' is not a function that an alias can name");
  module->functions[from].alias = to;
  return expect(";", "the alias");
}

bool Parser::parsePragma(std::vector<std::string> &into) {
  do {
    const Token at = take();
    if (at.kind != Token::Kind::String)
      return error(at, "expected a string after .pragma, found " + describe(at));
    into.emplace_back(at.text);
  } while (accept(","));
  return expect(";", ".pragma");
}

std::string_view Module::sourceLine(uint32_t number) const {
  std::string_view rest = text;
  for (uint32_t i = 1; i < number; ++i) {
    size_t end = rest.find('\n');
    if (end == std::string_view::npos)
      return {};
    rest.remove_prefix(end + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  return rest.ends_with('\r') ? rest.substr(0, rest.size() - 1) : rest;
}

uint32_t Module::findFunction(std::string_view name) const {
  for (uint32_t i = 0; i < functions.size(); ++i)
    if (functions[i].name == name)
      return i;
  return NoIndex;
}

uint32_t Module::findVariable(std::string_view name) const {
  for (uint32_t i = 0; i < variables.size(); ++i)
    if (variables[i].name == name)
      return i;
  return NoIndex;
}

std::string ParseResult::log(std::string_view fileName) const {
  std::string log;
  Module lines;
  lines.text = text;
  for (const Diagnostic &d : diagnostics) {
    std::string_view source = lines.sourceLine(d.line).substr(0, 200);
    log += std::string(fileName) + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) +
           (d.severity == Diagnostic::Severity::Error ? ": error: " : ": warning: ") + d.message +
           "\n" + std::string(source) + "\n";
    for (size_t i = 1; i < d.column && i <= source.size(); ++i)
      log += source[i - 1] == '\t' ? '\t' : ' ';
    log += "^\n";
  }
  return log;
}

ParseResult parseModule(std::string_view text, const ParseOptions &options) {
  return Parser(text, options).run();
}

} // namespace tenon::sim::ptx
