// The statements of templates. What published chat templates do not use (include,
// import, extends, autoescape) is refused by name.
#include "runtime/llm/template/Parser.h"

#include "runtime/llm/template/ExpressionParser.h"

namespace tenon::llm {

namespace {

class Parser : ExpressionParser {
public:
  explicit Parser(std::string_view source) : ExpressionParser(tokenize(source)) {}

  Block run() {
    Block block = parseBlock({});
    if (peek().kind != Token::End)
      fail("unexpected '" + peek(1).text + "'");
    return block;
  }

private:
  /// Whether the next tag is a block tag of one of these names; it is not consumed.
  bool atTag(std::initializer_list<const char *> names) const {
    if (peek().kind != Token::BlockBegin || peek(1).kind != Token::Name)
      return false;
    for (const char *name : names)
      if (peek(1).text == name)
        return true;
    return false;
  }

  /// Statements up to one of the closing tags, which is not consumed, or the end.
  Block parseBlock(std::initializer_list<const char *> until) {
    Deeper deeper(*this);
    Block block;
    while (peek().kind != Token::End && !atTag(until)) {
      if (peek().kind == Token::BlockBegin && isClosing(peek(1).text) && until.size() == 0)
        break;
      block.push_back(parseStatement());
    }
    if (peek().kind == Token::End && until.size())
      fail(std::string("the template ends, expected '") + *until.begin() + "'");
    return block;
  }

  static bool isClosing(const std::string &name) {
    return name.compare(0, 3, "end") == 0 || name == "else" || name == "elif";
  }

  void closeTag(const char *name) {
    expect(Token::BlockBegin);
    expectName(name);
    expect(Token::BlockEnd);
  }

  Stmt parseStatement() {
    const Token &token = next();
    if (token.kind == Token::Text) {
      auto text = std::make_unique<TextStmt>(token.line);
      text->text = token.text;
      return text;
    }
    if (token.kind == Token::PrintBegin) {
      auto print = std::make_unique<PrintStmt>(token.line);
      print->value = parseTuple();
      expect(Token::PrintEnd);
      return print;
    }
    return parseTag();
  }

  Stmt parseTag() {
    Token name = next();
    if (name.kind != Token::Name)
      fail("expected the name of a statement");
    if (name.text == "if")
      return parseIf(name.line);
    if (name.text == "for")
      return parseFor(name.line);
    if (name.text == "set")
      return parseSet(name.line);
    if (name.text == "macro")
      return parseMacro(name.line);
    if (name.text == "call")
      return parseCall(name.line);
    if (name.text == "filter")
      return parseFilter(name.line);
    if (name.text == "with")
      return parseWith(name.line);
    if (name.text == "generation")
      return parseGeneration(name.line);
    if (name.text == "break" || name.text == "continue")
      return parseJump(name);
    fail("'" + name.text + "' is no statement that chat templates have");
  }

  Stmt parseIf(int line) {
    auto statement = std::make_unique<IfStmt>(line);
    bool more = true;
    while (more) {
      Expr condition = parseTuple();
      expect(Token::BlockEnd);
      Block body = parseBlock({"endif", "elif", "else"});
      statement->branches.emplace_back(std::move(condition), std::move(body));
      more = atTag({"elif"});
      if (more)
        skip(2);
    }
    if (atTag({"else"})) {
      skip(2);
      expect(Token::BlockEnd);
      statement->otherwise = parseBlock({"endif"});
    }
    closeTag("endif");
    return statement;
  }

  Stmt parseFor(int line) {
    auto loop = std::make_unique<ForStmt>(line);
    loop->target = parseTarget(false);
    expectName("in");
    loop->items = parseTuple(false);
    if (takeName("if"))
      loop->condition = parseExpression();
    if (peek().kind == Token::Name && peek().text == "recursive")
      fail("recursive loops are not supported");
    expect(Token::BlockEnd);
    size_t start = position();
    ++loops;
    loop->body = parseBlock({"endfor", "else"});
    --loops;
    loop->usesLoop = mentions("loop", start, position());
    if (atTag({"else"})) {
      skip(2);
      expect(Token::BlockEnd);
      loop->otherwise = parseBlock({"endfor"});
    }
    closeTag("endfor");
    return loop;
  }

  Target parseTarget(bool attributes) {
    Target first = parseTargetPart(attributes);
    if (!isOperator(","))
      return first;
    Target tuple;
    tuple.parts.push_back(std::move(first));
    while (takeOperator(","))
      if (peek().kind == Token::Name || isOperator("("))
        tuple.parts.push_back(parseTargetPart(attributes));
    return tuple;
  }

  Target parseTargetPart(bool attributes) {
    Deeper deeper(*this);
    if (takeOperator("(")) {
      Target inner = parseTarget(attributes);
      expectOperator(")");
      return inner;
    }
    Target target;
    target.name = expect(Token::Name).text;
    if (attributes && takeOperator("."))
      target.attribute = expect(Token::Name).text;
    return target;
  }

  Stmt parseSet(int line) {
    Target target = parseTarget(true);
    if (takeOperator("=")) {
      auto set = std::make_unique<SetStmt>(line);
      set->target = std::move(target);
      set->value = parseTuple();
      expect(Token::BlockEnd);
      return set;
    }
    auto set = std::make_unique<SetBlockStmt>(line);
    set->target = std::move(target);
    if (isOperator("|"))
      set->filters = parseFilters();
    expect(Token::BlockEnd);
    set->body = parseBlock({"endset"});
    closeTag("endset");
    return set;
  }

  /// | a | b(c)
  std::vector<std::unique_ptr<FilterExpr>> parseFilters() {
    std::vector<std::unique_ptr<FilterExpr>> filters;
    while (takeOperator("|"))
      filters.push_back(parseFilterCall(nullptr));
    return filters;
  }

  std::vector<Parameter> parseParameters() {
    std::vector<Parameter> parameters;
    while (!isOperator(")")) {
      Parameter parameter{expect(Token::Name).text, nullptr};
      if (takeOperator("="))
        parameter.fallback = parseExpression();
      parameters.push_back(std::move(parameter));
      if (!isOperator(")"))
        expectOperator(",");
    }
    expectOperator(")");
    return parameters;
  }

  Stmt parseMacro(int line) {
    auto macro = std::make_unique<MacroStmt>(line);
    macro->name = expect(Token::Name).text;
    expectOperator("(");
    macro->parameters = parseParameters();
    expect(Token::BlockEnd);
    macro->body = parseBody({"endmacro"});
    expect(Token::BlockBegin);
    expectName("endmacro");
    takeName(macro->name.c_str());
    expect(Token::BlockEnd);
    return macro;
  }

  /// A block that no break leaves.
  Block parseBody(std::initializer_list<const char *> until) {
    int outside = std::exchange(loops, 0);
    Block body = parseBlock(until);
    loops = outside;
    return body;
  }

  Stmt parseCall(int line) {
    auto statement = std::make_unique<CallBlockStmt>(line);
    statement->caller = std::make_unique<MacroStmt>(line);
    statement->caller->name = "caller";
    if (takeOperator("("))
      statement->caller->parameters = parseParameters();
    Expr call = parseExpression();
    auto *made = dynamic_cast<CallExpr *>(call.get());
    if (!made)
      fail("'call' expects a call of a macro");
    call.release();
    statement->call.reset(made);
    expect(Token::BlockEnd);
    statement->caller->body = parseBody({"endcall"});
    closeTag("endcall");
    return statement;
  }

  Stmt parseFilter(int line) {
    auto statement = std::make_unique<FilterBlockStmt>(line);
    statement->filters.push_back(parseFilterCall(nullptr));
    for (auto &filter : parseFilters())
      statement->filters.push_back(std::move(filter));
    expect(Token::BlockEnd);
    statement->body = parseBody({"endfilter"});
    closeTag("endfilter");
    return statement;
  }

  Stmt parseWith(int line) {
    auto statement = std::make_unique<ScopeStmt>(line);
    while (peek().kind != Token::BlockEnd) {
      Target target = parseTargetPart(false);
      expectOperator("=");
      statement->values.emplace_back(std::move(target), parseExpression());
      if (peek().kind != Token::BlockEnd)
        expectOperator(",");
    }
    expect(Token::BlockEnd);
    statement->body = parseBlock({"endwith"});
    closeTag("endwith");
    return statement;
  }

  /// What an assistant says: marks the text for training, which is all one here.
  Stmt parseGeneration(int line) {
    auto statement = std::make_unique<ScopeStmt>(line);
    expect(Token::BlockEnd);
    statement->body = parseBlock({"endgeneration"});
    closeTag("endgeneration");
    return statement;
  }

  Stmt parseJump(const Token &name) {
    if (loops == 0)
      fail("'" + name.text + "' stands outside of a loop");
    expect(Token::BlockEnd);
    return std::make_unique<JumpStmt>(name.line,
                                      name.text == "break" ? Flow::Break : Flow::Continue);
  }

  int loops = 0;
};

} // namespace

Block parseTemplate(std::string_view source) { return Parser(source).run(); }

} // namespace tenon::llm
