// Expressions, by Jinja's precedences, from loosest to tightest: conditional, or,
// and, not, comparison, + -, ~, * / // %, **, unary, then postfix, filter, test.
#pragma once

#include "runtime/llm/template/Lexer.h"
#include "runtime/llm/template/Nodes.h"

#include <utility>

namespace tenon::llm {

class ExpressionParser {
protected:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens(std::move(tokens)) {}

  Expr parseExpression();
  /// One expression or several with commas; `conditional`: whether "a if b" may stand there.
  Expr parseTuple(bool conditional = true);
  /// A filter's name and arguments after the bar.
  std::unique_ptr<FilterExpr> parseFilterCall(Expr operand);

  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(at + ahead, tokens.size() - 1)];
  }
  const Token &next() { return tokens[at + 1 < tokens.size() ? at++ : at]; }
  void skip(size_t count) { at += count; }
  size_t position() const { return at; }
  bool mentions(const char *name, size_t begin, size_t end) const;

  bool isOperator(const char *text) const {
    return peek().kind == Token::Operator && peek().text == text;
  }
  bool takeOperator(const char *text);
  bool takeName(const char *name);
  void expectOperator(const char *text);
  void expectName(const char *name);
  const Token &expect(Token::Kind kind);
  [[noreturn]] void fail(const std::string &message) const {
    throw TemplateError(message, peek().line);
  }

  /// Counts how deep the parser is nested, and refuses what is too deep.
  struct Deeper {
    explicit Deeper(ExpressionParser &parser) : parser(parser) {
      if (++parser.depth > maxDepth)
        parser.fail("the template is nested more than " + std::to_string(maxDepth) + " deep");
    }
    ~Deeper() { --parser.depth; }
    ExpressionParser &parser;
  };

private:
  Expr parseOr();
  Expr parseAnd();
  Expr parseNot();
  Expr parseCompare();
  Expr parseSum();
  Expr parseConcat();
  Expr parseProduct();
  Expr parsePower();
  Expr parseUnary(bool filters = true);
  Expr parsePrimary();
  Expr parseNameOrConstant();
  Expr parseParenthesis();
  Expr parseList();
  Expr parseDict();
  Expr parsePostfix(Expr value);
  Expr parseAttribute(Expr object);
  Expr parseSubscript(Expr object);
  Expr parseFiltersAndTests(Expr value);
  Expr parseTest(Expr value);
  CallArguments parseArguments();
  Expr chain(Expr (ExpressionParser::*operand)(), std::initializer_list<const char *> operators);
  Expr binary(std::string op, Expr left, Expr right);
  /// Sets the depth of a node from its children's; refuses what is too deep.
  template <typename T>
  std::unique_ptr<T> deepened(std::unique_ptr<T> &&node,
                              std::initializer_list<const Node *> children);

  std::vector<Token> tokens;
  size_t at = 0;
  int depth = 0;
};

} // namespace tenon::llm
