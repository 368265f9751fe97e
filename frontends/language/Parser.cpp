//===- Parser.cpp - declarations and statements ---------------------------===//

#include "frontends/language/Parser.h"
#include "llvm/ADT/STLExtras.h"

namespace tenon::language {

//===----------------------------------------------------------------------===//
// Words and tokens
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral kKeywords[] = {
    "use",  "config", "size",   "state", "fn",    "module", "entry", "shard", "for", "in",   "if",
    "else", "return", "require", "where", "and",  "or",     "not",   "by",    "over", "while", "true", "false"};
static constexpr llvm::StringLiteral kItems[] = {"use", "config", "size",  "state",
                                                 "fn",  "module", "entry", "shard"};

llvm::ArrayRef<llvm::StringLiteral> keywords() { return kKeywords; }
bool isKeyword(llvm::StringRef name) { return llvm::is_contained(kKeywords, name); }
bool isReduction(llvm::StringRef name) {
  static constexpr llvm::StringLiteral names[] = {"sum", "prod", "max",    "min",    "mean",
                                                  "any", "all",  "argmax", "argmin", "cumsum", "cumprod", "cummax", "cummin"};
  return llvm::is_contained(names, name);
}

Parser::Parser(const Source &source, Problems &problems) : source(source), problems(problems) {
  tokens = lex(source, problems).tokens;
}

Parser::Depth::Depth(Parser &parser) : parser(parser) {
  if (++parser.depth > kMaxDepth) {
    --parser.depth;
    parser.fail("this is nested more than " + llvm::Twine(kMaxDepth) + " deep");
  }
}

const Token &Parser::peek(size_t ahead) const {
  return tokens[std::min(position + ahead, tokens.size() - 1)];
}
Token Parser::take() {
  Token token = peek();
  if (position + 1 < tokens.size())
    ++position;
  return token;
}
bool Parser::continues(llvm::StringRef mark) const {
  return at(mark) && (open || !peek().startsLine);
}
bool Parser::accept(llvm::StringRef mark) {
  if (!at(mark))
    return false;
  take();
  return true;
}

std::string Parser::describeNext() const {
  const Token &token = peek();
  if (token.kind == TokenKind::End)
    return "the end of the file";
  return "'" + token.text().take_front(40).str() + "'";
}
void Parser::fail(const llvm::Twine &message) {
  throw Abandon{{peek().span, message.str(), {}, {}}};
}
Token Parser::expect(llvm::StringRef mark, llvm::StringRef after) {
  if (!at(mark))
    fail("expected '" + mark + "' " + after + ", found " + describeNext());
  return take();
}
Token Parser::expectName(llvm::StringRef what) {
  if (peek().kind != TokenKind::Name)
    fail("expected " + what + ", found " + describeNext());
  if (isKeyword(peek().text()))
    fail("expected " + what + ", but " + describeNext() + " is a word of the language");
  return take();
}

void Parser::endStatement() {
  if (accept(";") || at("}") || peek().startsLine || peek().kind == TokenKind::End)
    return;
  fail("expected the end of the statement, found " + describeNext());
}

/// To the next line at this depth of braces, or before the brace that ends it.
void Parser::skipStatement() {
  int braces = 0;
  for (bool first = true; peek().kind != TokenKind::End; first = false) {
    if (braces == 0 && (at("}") || (!first && peek().startsLine)))
      return;
    braces += at("{") ? 1 : at("}") ? -1 : 0;
    take();
  }
}
void Parser::skipItem() {
  int braces = 0;
  for (; peek().kind != TokenKind::End; take()) {
    bool isItem = peek().startsLine && peek().kind == TokenKind::Name &&
                  source.lineAndColumn(peek().span.begin).second == 1 &&
                  llvm::is_contained(kItems, peek().text());
    if (isItem)
      return;
    braces += at("{") ? 1 : at("}") ? -1 : 0;
    if (braces < 0)
      braces = 0;
  }
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

Program Parser::parseProgram() {
  Program program;
  program.source = &source;
  while (peek().kind != TokenKind::End) {
    size_t start = position;
    try {
      parseItem(program);
    } catch (Abandon &abandon) {
      problems.add(std::move(abandon.problem));
      depth = 0, open = false;
      if (position == start)
        take();
      skipItem();
    }
  }
  return program;
}

void Parser::parseItem(Program &program) {
  if (at("use"))
    program.uses.push_back(parseUse());
  else if (at("config"))
    parseConfig(program);
  else if (at("size"))
    program.sizes.push_back(parseSize());
  else if (at("state"))
    parseStates(program.states);
  else if (at("fn"))
    program.functions.push_back(parseFunction(/*named=*/true));
  else if (at("entry"))
    program.entries.push_back(parseFunction(/*named=*/true));
  else if (at("module"))
    program.modules.push_back(parseModule());
  else if (at("shard"))
    program.shards.push_back(parseShard());
  else if (peek().kind == TokenKind::Name && !isKeyword(peek().text()) &&
           (peek(1).is("=") || peek(1).is(":")))
    program.settings.push_back(parseSetting());
  else {
    std::vector<std::string> words(std::begin(kItems), std::end(kItems));
    std::string near = nearest(peek().text(), words);
    Problem problem{peek().span,
                    "expected a declaration (use, config, size, state, fn, module, entry, shard, "
                    "or NAME = ...), found " + describeNext(), {}, {}};
    if (!near.empty())
      problem.hint("did you mean '" + near + "'?");
    throw Abandon{problem};
  }
}

/// use std.{softmax, rms_norm}      use std.softmax
UseDecl Parser::parseUse() {
  UseDecl use;
  use.span = take().span;
  use.file = expectName("a file's name after 'use'").text().str();
  expect(".", "after the file's name");
  if (!accept("{")) {
    Token name = expectName("a name to use");
    use.names.push_back({name.text().str(), name.span});
    return use;
  }
  do {
    if (at("}"))
      break;
    Token name = expectName("a name to use");
    use.names.push_back({name.text().str(), name.span});
  } while (accept(","));
  expect("}", "after the names");
  return use;
}

void Parser::parseConfig(Program &program) {
  take();
  expect("{", "after 'config'");
  while (!at("}") && peek().kind != TokenKind::End) {
    try {
      program.config.push_back(parseSetting());
    } catch (Abandon &abandon) {
      problems.add(std::move(abandon.problem));
      depth = 0, open = false;
      skipStatement();
    }
  }
  expect("}", "at the end of the config");
}

Setting Parser::parseSetting() {
  Setting setting;
  Token name = expectName("a name");
  setting.span = name.span;
  setting.name = name.text().str();
  if (accept(":"))
    setting.type = parseType();
  expect("=", "after '" + setting.name + "'");
  setting.value = parseExpr();
  endStatement();
  return setting;
}

/// size S in 1..2048 by 8
SizeDecl Parser::parseSize() {
  take();
  SizeDecl size;
  Token name = expectName("the size's name");
  size.span = name.span;
  size.name = name.text().str();
  expect("in", "after the size's name");
  size.min = parseSum();
  expect("..", "after the least value");
  size.max = parseSum();
  if (accept("by"))
    size.step = parseSum();
  endStatement();
  return size;
}

/// state k, v: f16[B, 8]
void Parser::parseStates(std::vector<StateDecl> &states) {
  take();
  std::vector<Token> names;
  do
    names.push_back(expectName("the state's name"));
  while (accept(","));
  expect(":", "after the state's name");
  size_t type = position;
  for (const Token &name : names) {
    position = type;
    states.push_back({name.span, name.text().str(), parseType()});
  }
  endStatement();
}

/// shard heads, groups over tp
ShardDecl Parser::parseShard() {
  ShardDecl shard;
  shard.span = take().span;
  do
    shard.sizes.push_back(expectName("a size").text().str());
  while (accept(","));
  expect("over", "after the sizes");
  shard.axis = expectName("an axis of the mesh").text().str();
  endStatement();
  return shard;
}

std::unique_ptr<Module> Parser::parseModule() {
  take();
  auto module = std::make_unique<Module>();
  Token name = expectName("the module's name");
  module->span = name.span;
  module->name = name.text().str();
  if (at("("))
    module->params = parseParams();
  expect("{", "before the module's members");
  while (!at("}") && peek().kind != TokenKind::End) {
    try {
      if (at("state")) {
        std::vector<StateDecl> states;
        parseStates(states);
        for (StateDecl &state : states)
          module->members.push_back({std::nullopt, std::move(state), nullptr});
      } else {
        module->members.push_back(parseMember(*module));
      }
    } catch (Abandon &abandon) {
      problems.add(std::move(abandon.problem));
      depth = 0, open = false;
      skipStatement();
    }
  }
  expect("}", "at the end of the module");
  return module;
}

Member Parser::parseMember(Module &) {
  Member member;
  if (at("fn"))
    member.function = parseFunction(/*named=*/false);
  else
    member.setting = parseSetting();
  return member;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

std::unique_ptr<Function> Parser::parseFunction(bool named) {
  auto function = std::make_unique<Function>();
  function->span = take().span;
  if (named || !at("(")) {
    Token name = expectName("the function's name");
    function->span = name.span;
    function->name = name.text().str();
  }
  function->params = parseParams();
  if (accept("->"))
    parseResults(*function);
  if (accept("=")) {
    Stmt stmt;
    stmt.kind = StmtKind::Return;
    stmt.values.push_back(parseExpr());
    stmt.span = stmt.values.front()->span;
    endStatement();
    function->body.push_back(std::move(stmt));
    return function;
  }
  function->body = parseBraced();
  return function;
}

void Parser::parseResults(Function &function) {
  function.hasResults = true;
  if (!accept("("))
    return parseResult(function);
  Brackets brackets(*this);
  do
    parseResult(function);
  while (accept(","));
  expect(")", "after the results");
}
void Parser::parseResult(Function &function) {
  std::string name;
  if (peek().kind == TokenKind::Name && peek(1).is(":")) {
    name = take().text().str();
    take();
  }
  function.resultNames.push_back(name);
  function.results.push_back(parseType());
}

std::vector<Param> Parser::parseParams() {
  expect("(", "before the parameters");
  Brackets brackets(*this);
  std::vector<Param> params;
  while (!at(")")) {
    params.push_back(parseParam());
    if (!accept(","))
      break;
  }
  expect(")", "after the parameters");
  return params;
}

Param Parser::parseParam() {
  Param param;
  Token name = expectName("a parameter");
  param.span = name.span;
  param.name = name.text().str();
  if (accept("[")) {
    param.isPattern = true;
    param.pattern = parseBinders("]");
  } else if (accept(":")) {
    param.type = parseType();
  }
  if (accept("="))
    param.init = parseExpr();
  return param;
}

/// f32[B, S]    [B, S]    f32
TypeExpr Parser::parseType() {
  Depth guard(*this);
  TypeExpr type;
  type.span = peek().span;
  if (peek().kind == TokenKind::Name)
    type.element = expectName("a type").text().str();
  else if (!at("["))
    fail("expected a type, found " + describeNext());
  if (!at("[") || (peek().startsLine && !type.element.empty() && !open))
    return type;
  take();
  Brackets brackets(*this);
  while (!at("]")) {
    if (at("*")) {
      type.dims.push_back(make(ExprKind::Star, take().span));
    } else {
      type.dims.push_back(parseSum());
    }
    if (!accept(","))
      break;
  }
  type.span = type.span.to(expect("]", "after the dimensions").span);
  return type;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

Block Parser::parseBraced() {
  Depth guard(*this);
  Brackets lines(*this, /*open=*/false);
  expect("{", "before the statements");
  Block block = parseBlock();
  expect("}", "after the statements");
  return block;
}

Block Parser::parseBlock() {
  Block block;
  while (!at("}") && peek().kind != TokenKind::End) {
    unsigned outer = depth;
    try {
      block.push_back(parseStatement());
    } catch (Abandon &abandon) {
      problems.add(std::move(abandon.problem));
      depth = outer, open = false;
      skipStatement();
    }
  }
  return block;
}

Stmt Parser::parseStatement() {
  Depth guard(*this);
  if (at("for"))
    return parseFor();
  if (at("if"))
    return parseIf();
  Stmt stmt;
  stmt.span = peek().span;
  if (at("return")) {
    take();
    stmt.kind = StmtKind::Return;
    if (!at("}") && !peek().startsLine)
      stmt.values = parseList();
    endStatement();
    return stmt;
  }
  if (at("require")) {
    take();
    stmt.kind = StmtKind::Require;
    stmt.values = parseList();
    endStatement();
    return stmt;
  }
  return parseAssignment();
}

/// for l in 0..layers while not done { ... }
Stmt Parser::parseFor() {
  Stmt stmt;
  stmt.kind = StmtKind::For;
  stmt.span = take().span;
  stmt.name = expectName("the counter").text().str();
  expect("in", "after the counter");
  stmt.values.push_back(parseSum());
  expect("..", "after the first value");
  stmt.values.push_back(parseSum());
  if (accept("while"))
    stmt.values.push_back(parseExpr());
  stmt.body = parseBraced();
  return stmt;
}

Stmt Parser::parseIf() {
  Stmt stmt;
  stmt.kind = StmtKind::If;
  stmt.span = take().span;
  stmt.values.push_back(parseOr());
  stmt.body = parseBraced();
  if (accept("else")) {
    if (at("if"))
      stmt.otherwise.push_back(parseStatement());
    else
      stmt.otherwise = parseBraced();
  }
  return stmt;
}

std::vector<ExprPtr> Parser::parseList() {
  std::vector<ExprPtr> list;
  do
    list.push_back(parseExpr());
  while (accept(","));
  return list;
}

/// x = ...    y[i, j] = ...    x: f32[n] = ...    k[b, at] <- ...    f(x)
Stmt Parser::parseAssignment() {
  Stmt stmt;
  stmt.span = peek().span;
  std::vector<ExprPtr> left = parseList();
  std::optional<TypeExpr> type;
  if (left.size() == 1 && accept(":"))
    type = parseType();
  bool isUpdate = at("<-");
  if (!isUpdate && !at("=")) {
    if (type || left.size() > 1)
      fail("expected '=', found " + describeNext());
    stmt.values = std::move(left);
    endStatement();
    return stmt;
  }
  take();
  stmt.kind = isUpdate ? StmtKind::Update : StmtKind::Define;
  for (ExprPtr &expr : left)
    stmt.targets.push_back(toTarget(std::move(expr)));
  stmt.targets.front().type = std::move(type);
  stmt.values.push_back(parseExpr());
  endStatement();
  return stmt;
}

Target Parser::toTarget(ExprPtr expr) {
  Target target;
  target.span = expr->span;
  if (expr->kind == ExprKind::Name) {
    target.name = expr->name;
    return target;
  }
  bool isElement = expr->kind == ExprKind::Index && expr->parts.front()->kind == ExprKind::Name;
  if (!isElement || expr->fill)
    throw Abandon{{expr->span, "this cannot be assigned to; expected NAME or NAME[INDICES]", {}, {}}};
  target.isIndexed = true;
  target.name = expr->parts.front()->name;
  for (ExprPtr &index : llvm::drop_begin(expr->parts))
    target.indices.push_back(std::move(index));
  return target;
}

} // namespace tenon::language
