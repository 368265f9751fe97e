//===- Ast.h - programs as trees --------------------------------*- C++ -*-===//
//
// What the parser makes and everything after it reads. A tree owns its parts
// and refers to its Source by spans; nothing in it is checked for meaning.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_AST_H
#define TENON_FRONTENDS_LANGUAGE_AST_H

#include "frontends/language/Source.h"
#include <optional>

namespace tenon::language {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
struct Stmt;
using Block = std::vector<Stmt>;

/// An index that a definition or reduction introduces: `i`, `i < 3`, or `*`.
struct Binder {
  Span span;
  std::string name; ///< "*" for the rest
  ExprPtr extent;   ///< null: inferred
};

enum class ExprKind {
  Integer,     ///< number
  Float,       ///< number
  String,      ///< name: the contents
  Name,        ///< name
  Star,        ///< `*` among dimensions or indices
  Unary,       ///< name: "-" or "not"; parts: operand
  Binary,      ///< name: the operator; parts: left, right
  Call,        ///< parts: callee, arguments; names: argument names, "" if none
  Index,       ///< parts: base, indices; fill: what lies outside
  Field,       ///< parts: base; name
  Reduce,      ///< name: sum, max, ...; binders; parts: body, [where]
  Comprehend,  ///< binders; parts: body
  Where,       ///< parts: value, condition
  Conditional, ///< parts: value, condition, otherwise
  Tuple        ///< parts
};

struct Expr {
  ExprKind kind;
  Span span;
  std::string name;
  double number = 0;
  int64_t integer = 0;
  unsigned height = 1; ///< of the tree, limited by the parser
  std::vector<ExprPtr> parts;
  std::vector<std::string> names;
  std::vector<Binder> binders;
  ExprPtr fill;
};

/// `f32[B, S]`, `[B, S]` (any element type), `f32` (one element).
struct TypeExpr {
  Span span;
  std::string element;
  std::vector<ExprPtr> dims;
};

/// A parameter: `x` (anything), `x[*, n]` (a tensor of that rank), `x: f32[n]`.
struct Param {
  Span span;
  std::string name;
  bool isPattern = false;
  std::vector<Binder> pattern;
  std::optional<TypeExpr> type;
  ExprPtr init; ///< the default
};

enum class StmtKind { Define, Update, For, If, Return, Require, Evaluate };

/// The left side of a definition: `x`, `x[i, j]`, `x: f32[n]`.
struct Target {
  Span span;
  std::string name;
  bool isIndexed = false;
  std::vector<ExprPtr> indices; ///< of an update, or names with `<` of a definition
  std::vector<Binder> binders;
  std::optional<TypeExpr> type;
};

struct Stmt {
  StmtKind kind = StmtKind::Evaluate;
  Span span;
  std::vector<Target> targets;
  std::vector<ExprPtr> values; ///< For: from, to, [while]; Require: condition, message
  std::string name;            ///< For: the counter
  Block body, otherwise;
};

struct Function {
  Span span;
  std::string name; ///< "" for what a module does when it is called
  std::vector<Param> params;
  std::vector<TypeExpr> results;
  std::vector<std::string> resultNames; ///< "" where it has none
  bool hasResults = false;
  Block body;
};

/// `state k, v: f16[B, 8]`
struct StateDecl {
  Span span;
  std::string name;
  TypeExpr type;
};

/// `name = value`, `name: type = value` of a config or module.
struct Setting {
  Span span;
  std::string name;
  std::optional<TypeExpr> type;
  ExprPtr value;
};

struct SizeDecl {
  Span span;
  std::string name;
  ExprPtr min, max, step;
};

/// A member of a module in order: one of the three is set.
struct Member {
  std::optional<Setting> setting;
  std::optional<StateDecl> state;
  std::unique_ptr<Function> function;
};

struct Module {
  Span span;
  std::string name;
  std::vector<Param> params;
  std::vector<Member> members;
};

struct UseDecl {
  Span span;
  std::string file;
  std::vector<std::pair<std::string, Span>> names;
};

struct ShardDecl {
  Span span;
  std::vector<std::string> sizes;
  std::string axis;
};

/// A whole file.
struct Program {
  const Source *source = nullptr;
  std::vector<UseDecl> uses;
  std::vector<Setting> config;
  std::vector<SizeDecl> sizes;
  std::vector<StateDecl> states;
  std::vector<Setting> settings; ///< `name = value` and weights outside of modules
  std::vector<std::unique_ptr<Function>> functions, entries;
  std::vector<std::unique_ptr<Module>> modules;
  std::vector<ShardDecl> shards;
};

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_AST_H
