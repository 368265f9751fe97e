// Expressions: a function per level of precedence. Chains like a + a + a make trees
// that lean left without nesting the parser, so nodes carry their depth themselves.
#include "runtime/llm/template/ExpressionParser.h"

#include <algorithm>
#include <charconv>

namespace tenon::llm {

// ---- Tokens -----------------------------------------------------------------

static std::string described(const Token &token) {
  switch (token.kind) {
  case Token::End:
    return "the end";
  case Token::PrintEnd:
    return "'}}'";
  case Token::BlockEnd:
    return "'%}'";
  case Token::String:
    return "a string";
  default:
    return "'" + token.text + "'";
  }
}

bool ExpressionParser::takeOperator(const char *text) {
  bool found = isOperator(text);
  at += found;
  return found;
}

bool ExpressionParser::takeName(const char *name) {
  bool found = peek().kind == Token::Name && peek().text == name;
  at += found;
  return found;
}

void ExpressionParser::expectOperator(const char *text) {
  if (!takeOperator(text))
    fail(std::string("expected '") + text + "', found " + described(peek()));
}

void ExpressionParser::expectName(const char *name) {
  if (!takeName(name))
    fail(std::string("expected '") + name + "', found " + described(peek()));
}

const Token &ExpressionParser::expect(Token::Kind kind) {
  static const char *const names[] = {"text", "'{{'", "'}}'", "'{%'", "'%}'", "a name", "a string"};
  if (peek().kind != kind)
    fail(std::string("expected ") + names[kind] + ", found " + described(peek()));
  return next();
}

bool ExpressionParser::mentions(const char *name, size_t begin, size_t end) const {
  return std::any_of(tokens.begin() + begin, tokens.begin() + end, [&](const Token &token) {
    return token.kind == Token::Name && token.text == name;
  });
}

template <typename T>
std::unique_ptr<T> ExpressionParser::deepened(std::unique_ptr<T> &&node,
                                              std::initializer_list<const Node *> children) {
  for (const Node *child : children)
    if (child)
      node->depth = std::max(node->depth, child->depth + 1);
  if (node->depth > maxDepth)
    fail("an expression is nested more than " + std::to_string(maxDepth) + " deep");
  return std::move(node);
}

// ---- Operators --------------------------------------------------------------

Expr ExpressionParser::parseTuple(bool conditional) {
  int line = peek().line;
  auto item = [&] { return conditional ? parseExpression() : parseOr(); };
  Expr first = item();
  if (!isOperator(","))
    return first;
  auto tuple = std::make_unique<ListExpr>(line);
  tuple->isTuple = true;
  tuple->items.push_back(std::move(first));
  while (takeOperator(",")) {
    bool ends = peek().kind == Token::PrintEnd || peek().kind == Token::BlockEnd || isOperator(")");
    if (!ends)
      tuple->items.push_back(item());
  }
  return tuple;
}

Expr ExpressionParser::parseExpression() {
  Deeper deeper(*this);
  Expr value = parseOr();
  while (peek().kind == Token::Name && peek().text == "if") {
    auto conditional = std::make_unique<ConditionalExpr>(next().line);
    conditional->yes = std::move(value);
    conditional->condition = parseOr();
    if (takeName("else"))
      conditional->no = parseExpression();
    value =
        deepened(std::move(conditional), {conditional->yes.get(), conditional->condition.get()});
  }
  return value;
}

Expr ExpressionParser::binary(std::string op, Expr left, Expr right) {
  auto node = std::make_unique<BinaryExpr>(left->line);
  node->op = std::move(op);
  node->left = std::move(left);
  node->right = std::move(right);
  const Node *a = node->left.get(), *b = node->right.get();
  return deepened(std::move(node), {a, b});
}

Expr ExpressionParser::chain(Expr (ExpressionParser::*operand)(),
                             std::initializer_list<const char *> operators) {
  Expr left = (this->*operand)();
  while (true) {
    auto found = std::find_if(operators.begin(), operators.end(), [&](const char *op) {
      return peek().text == op && (peek().kind == Token::Operator || peek().kind == Token::Name);
    });
    if (found == operators.end())
      return left;
    next();
    left = binary(*found, std::move(left), (this->*operand)());
  }
}

Expr ExpressionParser::parseOr() { return chain(&ExpressionParser::parseAnd, {"or"}); }
Expr ExpressionParser::parseAnd() { return chain(&ExpressionParser::parseNot, {"and"}); }
Expr ExpressionParser::parseSum() { return chain(&ExpressionParser::parseConcat, {"+", "-"}); }
Expr ExpressionParser::parseConcat() { return chain(&ExpressionParser::parseProduct, {"~"}); }
Expr ExpressionParser::parseProduct() {
  return chain(&ExpressionParser::parsePower, {"*", "//", "/", "%"});
}

Expr ExpressionParser::parseNot() {
  if (peek().kind != Token::Name || peek().text != "not")
    return parseCompare();
  Deeper deeper(*this);
  auto node = std::make_unique<UnaryExpr>(next().line);
  node->op = "not";
  node->operand = parseNot();
  const Node *operand = node->operand.get();
  return deepened(std::move(node), {operand});
}

Expr ExpressionParser::parseCompare() {
  auto node = std::make_unique<CompareExpr>(peek().line);
  node->first = parseSum();
  while (true) {
    std::string op = peek().text;
    bool symbol = peek().kind == Token::Operator &&
                  (op == "==" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=");
    bool in = peek().kind == Token::Name && op == "in";
    bool notIn = peek().kind == Token::Name && op == "not" && peek(1).kind == Token::Name &&
                 peek(1).text == "in";
    if (!symbol && !in && !notIn)
      break;
    skip(notIn ? 2 : 1);
    node->rest.emplace_back(notIn ? "not in" : op, parseSum());
  }
  if (node->rest.empty())
    return std::move(node->first);
  for (const auto &[op, operand] : node->rest)
    node->depth = std::max(node->depth, operand->depth + 1);
  const Node *first = node->first.get();
  return deepened(std::move(node), {first});
}

Expr ExpressionParser::parsePower() {
  Expr left = parseUnary();
  while (takeOperator("**"))
    left = binary("**", std::move(left), parseUnary());
  return left;
}

Expr ExpressionParser::parseUnary(bool filters) {
  Deeper deeper(*this);
  Expr value;
  if (isOperator("-") || isOperator("+")) {
    auto node = std::make_unique<UnaryExpr>(peek().line);
    node->op = next().text;
    node->operand = parseUnary(false);
    const Node *operand = node->operand.get();
    value = deepened(std::move(node), {operand});
  } else {
    value = parsePrimary();
  }
  value = parsePostfix(std::move(value));
  return filters ? parseFiltersAndTests(std::move(value)) : std::move(value);
}

// ---- Primaries ----------------------------------------------------------------

Expr ExpressionParser::parsePrimary() {
  const Token &token = peek();
  switch (token.kind) {
  case Token::Name:
    return parseNameOrConstant();
  case Token::String: {
    std::string text;
    while (peek().kind == Token::String) // neighbours are one string
      text += next().text;
    return std::make_unique<Literal>(token.line, Value::string(text));
  }
  case Token::Integer: {
    int64_t value;
    const std::string &digits = next().text;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc())
      fail("the number " + digits + " does not fit 64 bits");
    return std::make_unique<Literal>(token.line, Value::integer(value));
  }
  case Token::Float: {
    double value = 0;
    const std::string &digits = next().text;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return std::make_unique<Literal>(token.line, Value::real(value));
  }
  default:
    break;
  }
  if (isOperator("("))
    return parseParenthesis();
  if (isOperator("["))
    return parseList();
  if (isOperator("{"))
    return parseDict();
  fail("expected an expression, found " + described(token));
}

Expr ExpressionParser::parseNameOrConstant() {
  const Token &token = next();
  if (token.text == "true" || token.text == "True")
    return std::make_unique<Literal>(token.line, Value::boolean(true));
  if (token.text == "false" || token.text == "False")
    return std::make_unique<Literal>(token.line, Value::boolean(false));
  if (token.text == "none" || token.text == "None")
    return std::make_unique<Literal>(token.line, Value::none());
  return std::make_unique<NameExpr>(token.line, token.text);
}

Expr ExpressionParser::parseParenthesis() {
  int line = next().line;
  if (takeOperator(")")) {
    auto empty = std::make_unique<ListExpr>(line);
    empty->isTuple = true;
    return empty;
  }
  Expr value = parseTuple();
  expectOperator(")");
  return value;
}

Expr ExpressionParser::parseList() {
  auto list = std::make_unique<ListExpr>(next().line);
  while (!isOperator("]")) {
    list->items.push_back(parseExpression());
    list->depth = std::max(list->depth, list->items.back()->depth + 1);
    if (!isOperator("]"))
      expectOperator(",");
  }
  expectOperator("]");
  return deepened(std::move(list), {});
}

Expr ExpressionParser::parseDict() {
  auto dict = std::make_unique<DictExpr>(next().line);
  while (!isOperator("}")) {
    Expr key = parseExpression();
    expectOperator(":");
    Expr value = parseExpression();
    dict->depth = std::max({dict->depth, key->depth + 1, value->depth + 1});
    dict->items.emplace_back(std::move(key), std::move(value));
    if (!isOperator("}"))
      expectOperator(",");
  }
  expectOperator("}");
  return deepened(std::move(dict), {});
}

// ---- What follows a primary -----------------------------------------------------

Expr ExpressionParser::parsePostfix(Expr value) {
  while (true) {
    if (isOperator(".")) {
      value = parseAttribute(std::move(value));
    } else if (isOperator("[")) {
      value = parseSubscript(std::move(value));
    } else if (isOperator("(")) {
      auto call = std::make_unique<CallExpr>(peek().line);
      call->callee = std::move(value);
      call->arguments = parseArguments();
      const Node *callee = call->callee.get();
      value = deepened(std::move(call), {callee});
    } else {
      return value;
    }
  }
}

Expr ExpressionParser::parseAttribute(Expr object) {
  int line = next().line;
  const Node *inner = object.get();
  if (peek().kind == Token::Integer) {
    auto node = std::make_unique<IndexExpr>(line);
    node->object = std::move(object);
    node->index = parsePrimary();
    return deepened(std::move(node), {inner});
  }
  auto node = std::make_unique<AttributeExpr>(line);
  node->object = std::move(object);
  node->name = expect(Token::Name).text;
  return deepened(std::move(node), {inner});
}

Expr ExpressionParser::parseSubscript(Expr object) {
  int line = next().line;
  const Node *inner = object.get();
  Expr parts[3];
  int colons = 0;
  while (!isOperator("]")) {
    if (takeOperator(":")) {
      if (++colons > 2)
        fail("a slice has at most two colons");
    } else {
      parts[colons] = parseTuple();
      if (!isOperator(":") && !isOperator("]"))
        fail("expected ']', found " + described(peek()));
    }
  }
  expectOperator("]");
  if (colons) {
    auto node = std::make_unique<SliceExpr>(line);
    node->object = std::move(object);
    node->start = std::move(parts[0]);
    node->stop = std::move(parts[1]);
    node->step = std::move(parts[2]);
    return deepened(std::move(node),
                    {inner, node->start.get(), node->stop.get(), node->step.get()});
  }
  if (!parts[0])
    fail("expected an index");
  auto node = std::make_unique<IndexExpr>(line);
  node->object = std::move(object);
  node->index = std::move(parts[0]);
  return deepened(std::move(node), {inner, node->index.get()});
}

CallArguments ExpressionParser::parseArguments() {
  CallArguments arguments;
  expectOperator("(");
  while (!isOperator(")")) {
    if (isOperator("*") || isOperator("**"))
      fail("'*' arguments are not supported");
    bool named =
        peek().kind == Token::Name && peek(1).kind == Token::Operator && peek(1).text == "=";
    if (named) {
      std::string name = next().text;
      skip(1);
      arguments.named.emplace_back(std::move(name), parseExpression());
    } else if (!arguments.named.empty()) {
      fail("an argument without a name follows one with a name");
    } else {
      arguments.positional.push_back(parseExpression());
    }
    if (!isOperator(")"))
      expectOperator(",");
  }
  expectOperator(")");
  return arguments;
}

std::unique_ptr<FilterExpr> ExpressionParser::parseFilterCall(Expr operand) {
  auto node = std::make_unique<FilterExpr>(peek().line);
  node->name = expect(Token::Name).text;
  while (takeOperator("."))
    node->name += "." + expect(Token::Name).text;
  if (!isFilter(node->name))
    fail("there is no filter '" + node->name + "'");
  if (isOperator("("))
    node->arguments = parseArguments();
  node->operand = std::move(operand);
  const Node *inner = node->operand.get();
  return deepened(std::move(node), {inner});
}

Expr ExpressionParser::parseFiltersAndTests(Expr value) {
  while (true) {
    if (takeOperator("|")) {
      value = parseFilterCall(std::move(value));
    } else if (takeName("is")) {
      value = parseTest(std::move(value));
    } else if (isOperator("(")) {
      value = parsePostfix(std::move(value));
    } else {
      return value;
    }
  }
}

Expr ExpressionParser::parseTest(Expr value) {
  auto node = std::make_unique<TestExpr>(peek().line);
  node->negated = takeName("not");
  node->name = expect(Token::Name).text;
  if (!isTest(node->name))
    fail("there is no test '" + node->name + "'");
  bool bare = peek().kind == Token::String || peek().kind == Token::Integer ||
              peek().kind == Token::Float || isOperator("[") || isOperator("{") ||
              (peek().kind == Token::Name && peek().text != "else" && peek().text != "or" &&
               peek().text != "and" && peek().text != "is" && peek().text != "if" &&
               peek().text != "in" && peek().text != "not");
  if (isOperator("("))
    node->arguments = parseArguments();
  else if (bare)
    node->arguments.positional.push_back(parsePostfix(parsePrimary()));
  node->operand = std::move(value);
  const Node *inner = node->operand.get();
  return deepened(std::move(node), {inner});
}

} // namespace tenon::llm
