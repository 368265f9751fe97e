//===- ParseExpr.cpp - expressions ----------------------------------------===//
//
// From loose to tight:
//
//   a if c else b      a where c      or      and      not
//   == != < <= > >=      + -      * / %      sum(i) ...      -x      x ^ y
//   f(x)  x[i]  m.name
//
// A reduction takes the product that follows it: `sum(i) a[i] * b[i] + c` adds
// c once.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace tenon::language {

ExprPtr Parser::make(ExprKind kind, Span span) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->span = span;
  return expr;
}

ExprPtr Parser::limited(ExprPtr expr) {
  auto add = [&](const ExprPtr &part) {
    if (part)
      expr->height = std::max(expr->height, part->height + 1);
  };
  llvm::for_each(expr->parts, add);
  add(expr->fill);
  for (const Binder &binder : expr->binders)
    add(binder.extent);
  if (expr->height > kMaxHeight)
    fail("this expression is more than " + llvm::Twine(kMaxHeight) + " operations high");
  return expr;
}

ExprPtr Parser::binary(llvm::StringRef name, ExprPtr left, ExprPtr right) {
  ExprPtr expr = make(ExprKind::Binary, left->span.to(right->span));
  expr->name = name.str();
  expr->parts.push_back(std::move(left));
  expr->parts.push_back(std::move(right));
  return limited(std::move(expr));
}

ExprPtr Parser::parseExpr() {
  Depth guard(*this);
  ExprPtr value = parseOr();
  if (continues("where")) {
    take();
    ExprPtr expr = make(ExprKind::Where, value->span);
    expr->parts.push_back(std::move(value));
    expr->parts.push_back(parseOr());
    expr->span = expr->span.to(expr->parts.back()->span);
    value = limited(std::move(expr));
  }
  if (!continues("if"))
    return value;
  take();
  ExprPtr expr = make(ExprKind::Conditional, value->span);
  expr->parts.push_back(std::move(value));
  expr->parts.push_back(parseOr());
  expect("else", "after the condition");
  expr->parts.push_back(parseExpr());
  expr->span = expr->span.to(expr->parts.back()->span);
  return limited(std::move(expr));
}

ExprPtr Parser::parseOr() {
  Depth guard(*this);
  ExprPtr left = parseAnd();
  while (continues("or")) {
    take();
    left = binary("or", std::move(left), parseAnd());
  }
  return left;
}

ExprPtr Parser::parseAnd() {
  ExprPtr left = parseNot();
  while (continues("and")) {
    take();
    left = binary("and", std::move(left), parseNot());
  }
  return left;
}

ExprPtr Parser::parseNot() {
  if (!at("not"))
    return parseComparison();
  Depth guard(*this);
  ExprPtr expr = make(ExprKind::Unary, take().span);
  expr->name = "not";
  expr->parts.push_back(parseNot());
  expr->span = expr->span.to(expr->parts.front()->span);
  return limited(std::move(expr));
}

ExprPtr Parser::parseComparison() {
  ExprPtr left = parseSum();
  for (llvm::StringRef mark : {"==", "!=", "<=", ">=", "<", ">"}) {
    if (!continues(mark))
      continue;
    take();
    return binary(mark, std::move(left), parseSum());
  }
  return left;
}

ExprPtr Parser::parseSum() {
  Depth guard(*this);
  ExprPtr left = parseProduct();
  while (continues("+") || continues("-")) {
    std::string mark = take().text().str();
    left = binary(mark, std::move(left), parseProduct());
  }
  return left;
}

ExprPtr Parser::parseProduct() {
  Depth guard(*this);
  ExprPtr left = parseUnary();
  while (continues("*") || continues("/") || continues("%")) {
    std::string mark = take().text().str();
    left = binary(mark, std::move(left), parseUnary());
  }
  return left;
}

ExprPtr Parser::parseUnary() {
  Depth guard(*this);
  if (atReduction())
    return parseReduction();
  if (!at("-"))
    return parsePower();
  ExprPtr expr = make(ExprKind::Unary, take().span);
  expr->name = "-";
  expr->parts.push_back(parseUnary());
  expr->span = expr->span.to(expr->parts.front()->span);
  return limited(std::move(expr));
}

ExprPtr Parser::parsePower() {
  ExprPtr base = parsePostfix();
  if (!continues("^"))
    return base;
  take();
  return binary("^", std::move(base), parseUnary());
}

ExprPtr Parser::parsePostfix() {
  ExprPtr expr = parsePrimary();
  while (true) {
    Depth guard(*this);
    if (continues("(")) {
      expr = limited(parseCall(std::move(expr)));
    } else if (continues("[")) {
      expr = limited(parseIndex(std::move(expr)));
    } else if (continues(".")) {
      take();
      Token name = expectName("a member's name");
      ExprPtr field = make(ExprKind::Field, expr->span.to(name.span));
      field->name = name.text().str();
      field->parts.push_back(std::move(expr));
      expr = limited(std::move(field));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parseCall(ExprPtr callee) {
  take();
  Brackets brackets(*this);
  ExprPtr call = make(ExprKind::Call, callee->span);
  call->parts.push_back(std::move(callee));
  while (!at(")")) {
    std::string name;
    if (peek().kind == TokenKind::Name && peek(1).is("=")) {
      name = take().text().str();
      take();
    }
    call->names.push_back(name);
    call->parts.push_back(parseExpr());
    if (!accept(","))
      break;
  }
  call->span = call->span.to(expect(")", "after the arguments").span);
  return call;
}

/// x[i, j + 1]    x[*, n]    x[i - 1 | 0]
ExprPtr Parser::parseIndex(ExprPtr base) {
  take();
  Brackets brackets(*this);
  ExprPtr expr = make(ExprKind::Index, base->span);
  expr->parts.push_back(std::move(base));
  while (!at("]")) {
    if (at("*"))
      expr->parts.push_back(make(ExprKind::Star, take().span));
    else
      expr->parts.push_back(parseComparison());
    if (!accept(","))
      break;
  }
  if (accept("|"))
    expr->fill = parseSum();
  expr->span = expr->span.to(expect("]", "after the indices").span);
  return expr;
}

std::vector<Binder> Parser::parseBinders(llvm::StringRef close) {
  Brackets brackets(*this);
  std::vector<Binder> binders;
  while (!at(close)) {
    Binder binder;
    binder.span = peek().span;
    binder.name = accept("*") ? "*" : expectName("an index").text().str();
    if (accept("<"))
      binder.extent = parseSum();
    binders.push_back(std::move(binder));
    if (!accept(","))
      break;
  }
  expect(close, "after the indices");
  return binders;
}

/// `sum(i)` with something after it on its line is a reduction, else a call.
bool Parser::atReduction() const {
  if (peek().kind != TokenKind::Name || !isReduction(peek().text()) || !peek(1).is("("))
    return false;
  size_t ahead = 1;
  int parentheses = 0;
  do {
    parentheses += peek(ahead).is("(") ? 1 : peek(ahead).is(")") ? -1 : 0;
    if (peek(ahead).kind == TokenKind::End)
      return false;
    ++ahead;
  } while (parentheses > 0);
  const Token &next = peek(ahead);
  if (next.startsLine && !open)
    return false;
  bool isWord = next.kind == TokenKind::Name && isKeyword(next.text()) && !next.is("true") &&
                !next.is("false");
  return next.is("(") || (!isWord && next.kind != TokenKind::Mark && next.kind != TokenKind::End);
}

ExprPtr Parser::parseReduction() {
  Token name = take();
  ExprPtr expr = make(ExprKind::Reduce, name.span);
  expr->name = name.text().str();
  take();
  expr->binders = parseBinders(")");
  expr->parts.push_back(parseProduct());
  if (continues("where")) {
    take();
    expr->parts.push_back(parseOr());
  }
  expr->span = expr->span.to(expr->parts.back()->span);
  return limited(std::move(expr));
}

ExprPtr Parser::parsePrimary() {
  Depth guard(*this);
  if (at("("))
    return parseParenthesized();
  if (at("["))
    return parseComprehension();
  if (peek().kind == TokenKind::Name) {
    if (at("true") || at("false")) {
      ExprPtr expr = make(ExprKind::Name, peek().span);
      expr->name = take().text().str();
      return expr;
    }
    Token name = expectName("a value");
    ExprPtr expr = make(ExprKind::Name, name.span);
    expr->name = name.text().str();
    return expr;
  }
  return parseLiteral();
}

ExprPtr Parser::parseParenthesized() {
  Span start = take().span;
  Brackets brackets(*this);
  ExprPtr expr = parseExpr();
  if (at(",")) {
    ExprPtr tuple = make(ExprKind::Tuple, start);
    tuple->parts.push_back(std::move(expr));
    while (accept(","))
      tuple->parts.push_back(parseExpr());
    expr = limited(std::move(tuple));
  }
  expr->span = start.to(expect(")", "after the expression").span);
  return expr;
}

/// [b, s, i] x[b, s, i] * 2
ExprPtr Parser::parseComprehension() {
  ExprPtr expr = make(ExprKind::Comprehend, take().span);
  expr->binders = parseBinders("]");
  expr->parts.push_back(parseExpr());
  expr->span = expr->span.to(expr->parts.front()->span);
  return limited(std::move(expr));
}

ExprPtr Parser::parseLiteral() {
  const Token &token = peek();
  ExprPtr expr;
  if (token.kind == TokenKind::String) {
    expr = make(ExprKind::String, token.span);
    expr->name = token.text().drop_front().str();
    if (llvm::StringRef(expr->name).ends_with("\""))
      expr->name.pop_back();
  } else if (token.kind == TokenKind::Integer) {
    expr = make(ExprKind::Integer, token.span);
    if (token.text().getAsInteger(10, expr->integer))
      fail("the number " + token.text().take_front(30) + "... does not fit 64 bits");
  } else if (token.kind == TokenKind::Float) {
    expr = make(ExprKind::Float, token.span);
    if (!llvm::to_float(token.text(), expr->number))
      fail("this is no number");
  } else {
    fail("expected a value, found " + describeNext());
  }
  take();
  return expr;
}

} // namespace tenon::language
