// The syntax tree of a template. Expressions are evaluated, statements run; each
// node knows its line. Trees are at most `maxDepth` deep, so that walking (and
// freeing) one never exhausts the stack, whatever the template.
#pragma once

#include "runtime/llm/template/Interpreter.h"

namespace tenon::llm {

constexpr int maxDepth = 100;

struct Node {
  explicit Node(int line) : line(line) {}
  virtual ~Node() = default;
  int line;
  int depth = 1;
};

struct Expression : Node {
  using Node::Node;
  virtual Value evaluate(Interpreter &in, Scope &scope) const = 0;
};
using Expr = std::unique_ptr<Expression>;
using Exprs = std::vector<Expr>;

/// How a statement ends: normally, or on its way out of a loop.
enum class Flow { Next, Break, Continue };

struct Statement : Node {
  using Node::Node;
  virtual Flow run(Interpreter &in, Scope &scope, std::string &out) const = 0;
};
using Stmt = std::unique_ptr<Statement>;
using Block = std::vector<Stmt>;

Flow runBlock(const Block &block, Interpreter &in, Scope &scope, std::string &out);

// ---- Expressions (Expressions.cpp) ----------------------------------------

struct Literal : Expression {
  Literal(int line, Value value) : Expression(line), value(std::move(value)) {}
  Value evaluate(Interpreter &, Scope &) const override { return value; }
  Value value;
};

struct NameExpr : Expression {
  NameExpr(int line, std::string name) : Expression(line), name(std::move(name)) {}
  Value evaluate(Interpreter &in, Scope &scope) const override;
  std::string name;
};

/// [a, b], or (a, b).
struct ListExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Exprs items;
  bool isTuple = false;
};

struct DictExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  std::vector<std::pair<Expr, Expr>> items;
};

/// not x, -x, +x.
struct UnaryExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  std::string op;
  Expr operand;
};

/// a op b: arithmetic, ~, and, or.
struct BinaryExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  std::string op;
  Expr left, right;
};

/// a < b <= c: each pair must hold.
struct CompareExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Expr first;
  std::vector<std::pair<std::string, Expr>> rest;
};

/// a if c else b.
struct ConditionalExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Expr condition, yes, no; ///< `no` may be null
};

/// x.name.
struct AttributeExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Expr object;
  std::string name;
};

/// x[index].
struct IndexExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Expr object, index;
};

/// x[start:stop:step]; each may be null.
struct SliceExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Expr object, start, stop, step;
};

struct CallArguments {
  Exprs positional;
  std::vector<std::pair<std::string, Expr>> named;
  Arguments evaluate(Interpreter &in, Scope &scope) const;
};

struct CallExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Expr callee;
  CallArguments arguments;
};

/// x | name(arguments); of a filter block `operand` is null.
struct FilterExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Value apply(const Value &value, Interpreter &in, Scope &scope) const;
  Expr operand;
  std::string name;
  CallArguments arguments;
};

/// x is [not] name(arguments).
struct TestExpr : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter &in, Scope &scope) const override;
  Expr operand;
  std::string name;
  bool negated = false;
  CallArguments arguments;
};

// ---- Statements (Statements.cpp) ------------------------------------------

struct TextStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  std::string text;
};

struct PrintStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  Expr value;
};

struct IfStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  std::vector<std::pair<Expr, Block>> branches; ///< if, elif, ...
  Block otherwise;
};

/// What a set or a for assigns to: names, tuples of them, or namespace.attribute.
struct Target {
  std::string name;
  std::string attribute;     ///< of the namespace `name`, or ""
  std::vector<Target> parts; ///< of a tuple, or none
  void assign(const Value &value, Interpreter &in, Scope &scope) const;
};

struct ForStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  Target target;
  Expr items, condition; ///< `condition` may be null
  Block body, otherwise;
  bool usesLoop = false; ///< whether anything inside reads `loop`

private:
  List select(Interpreter &in, Scope &scope) const;
  Value loopValue(Interpreter &in, const List &items, size_t at) const;
};

struct SetStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  Target target;
  Expr value;
};

/// {% set x %}...{% endset %}, through filters.
struct SetBlockStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  Target target;
  std::vector<std::unique_ptr<FilterExpr>> filters;
  Block body;
};

struct Parameter {
  std::string name;
  Expr fallback; ///< or null
};

struct MacroStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  Value makeCallable(Interpreter &in, Scope &scope) const;
  std::string name;
  std::vector<Parameter> parameters;
  Block body;

private:
  Value call(Interpreter &in, Scope &defined, const Arguments &arguments) const;
};

/// {% call(parameters) callee(...) %}...{% endcall %}.
struct CallBlockStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  std::unique_ptr<MacroStmt> caller;
  std::unique_ptr<CallExpr> call;
};

struct FilterBlockStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  std::vector<std::unique_ptr<FilterExpr>> filters;
  Block body;
};

/// {% with a = b %}, {% generation %}: a scope of its own.
struct ScopeStmt : Statement {
  using Statement::Statement;
  Flow run(Interpreter &in, Scope &scope, std::string &out) const override;
  std::vector<std::pair<Target, Expr>> values;
  Block body;
};

struct JumpStmt : Statement {
  JumpStmt(int line, Flow flow) : Statement(line), flow(flow) {}
  Flow run(Interpreter &, Scope &, std::string &) const override { return flow; }
  Flow flow;
};

} // namespace tenon::llm
