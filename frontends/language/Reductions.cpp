//===- Reductions.cpp - sums, extremes, running sums ----------------------===//
//
// A sum of products is one contraction: its factors are told apart, those that
// do not depend on what is summed are multiplied afterwards, and a factor whose
// indices another one has too is multiplied into it.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace mlir;
namespace tenon::language {

/// The factors of a product: numbers, elements, and elements to divide by.
struct Factors {
  double number = 1;
  std::vector<Val> above, below;
};

static bool dependsOn(const Val &value, ArrayRef<unsigned> labels) {
  return llvm::any_of(value.labels, [&](unsigned label) { return llvm::is_contained(labels, label); });
}

Val Elaborator::evalReduce(const Expr &expr, Scope &outer) {
  auto it = current ? current->binders.find(&expr) : decltype(current->binders.find(&expr))();
  if (!current || it == current->binders.end())
    return notation({}, expr, outer, expr.span); // of nothing but itself
  if (StringRef(expr.name).starts_with("cum"))
    return evalScan(expr, outer);
  Labels over = it->second;
  Scope scope(&outer);
  for (auto [binder, label] : llvm::zip(expr.binders, over))
    bindIndex(scope, binder.name, label);
  if (over.empty())
    fail(expr.span, "'" + expr.name + "' names no index");
  if (expr.name != "sum" && expr.name != "mean")
    return reduceGeneric(expr, over, scope);
  Val sum = reduceSum(expr, over, scope);
  if (expr.name == "sum")
    return sum;
  Dims extents;
  for (unsigned label : over)
    extents.push_back(indices[label].extent);
  DimExpr count = product(&context, extents);
  if (!TensorBuilder::isFloat(sum.tensor))
    fail(expr.span, "the mean of whole numbers is not whole; convert them");
  Type element = TensorBuilder::elementType(sum.tensor);
  if (count.isConstant())
    sum.tensor = b.mul(sum.tensor, 1.0 / double(count.getValue()));
  else
    sum.tensor = b.div(sum.tensor, b.cast(b.dimValue(count), element));
  return sum;
}

void Elaborator::collectFactors(const Expr &expr, bool inverse, Scope &scope, Factors &factors) {
  if (expr.kind == ExprKind::Binary && (expr.name == "*" || expr.name == "/")) {
    collectFactors(*expr.parts[0], inverse, scope, factors);
    collectFactors(*expr.parts[1], inverse != (expr.name == "/"), scope, factors);
    return;
  }
  Val value = load(eval(expr, scope));
  if (value.isConstantNumber()) {
    factors.number = inverse ? factors.number / value.asNumber() : factors.number * value.asNumber();
    return;
  }
  (inverse ? factors.below : factors.above).push_back(value);
}

/// An integer quotient rounds: its parts are no factors.
static bool hasIntegerDivision(const Expr &expr) {
  if (expr.kind != ExprKind::Binary || (expr.name != "*" && expr.name != "/"))
    return false;
  return expr.name == "/" || hasIntegerDivision(*expr.parts[0]) || hasIntegerDivision(*expr.parts[1]);
}

Val Elaborator::reduceSum(const Expr &expr, ArrayRef<unsigned> over, Scope &scope) {
  Factors factors;
  const Expr &body = *expr.parts.front();
  collectFactors(body, false, scope, factors);
  at(expr.span);
  Type element;
  for (std::vector<Val> *list : {&factors.above, &factors.below})
    for (Val &value : *list) {
      bool isIndex = value.kind == ValKind::Int;
      if (!isIndex)
        value = toElement(value, body.span);
      if (!isIndex && !element)
        element = TensorBuilder::elementType(value.tensor);
    }
  if (!element)
    element = factors.number == std::floor(factors.number) ? b.i64() : b.f32();
  if (!isa<FloatType>(element) && hasIntegerDivision(body))
    return reduceGeneric(expr, over, scope);
  if (element.isInteger(1))
    fail(body.span, "bool cannot be added; convert it, as in i64(...)");
  for (std::vector<Val> *list : {&factors.above, &factors.below})
    for (Val &value : *list) {
      value = value.kind == ValKind::Int ? toElement(toTensor(value, element, body.span), body.span) : value;
      if (TensorBuilder::elementType(value.tensor) != element)
        fail(body.span, "this product joins " + shapeText(element) + " and " +
                            shapeText(TensorBuilder::elementType(value.tensor)) +
                            "; precision changes only where it is written, as in f32(...)");
    }
  std::vector<Val> inner, after;
  for (Val &value : factors.above)
    (dependsOn(value, over) ? inner : after).push_back(value);
  std::vector<Val> afterBelow;
  for (Val &value : factors.below) {
    if (!dependsOn(value, over)) {
      afterBelow.push_back(value);
      continue;
    }
    Val inverse = value;
    inverse.tensor = b.div(b.number(1, element), value.tensor);
    inner.push_back(inverse);
  }
  if (inner.empty())
    inner.push_back(elementVal(b.number(1, element), {}));
  if (expr.parts.size() > 1)
    inner.front() = maskFor(expr, inner.front(), 0, scope);
  for (unsigned label : over)
    if (llvm::none_of(inner, [&](const Val &value) { return llvm::is_contained(value.labels, label); }))
      throw Abandon{problem(expr.span, "index '" + indices[label].name + "' is reduced, but nothing depends on it")};
  Val result = contract(inner, over);
  if (factors.number != 1)
    result.tensor = b.mul(result.tensor, toTensor(floatVal(factors.number), element, expr.span).tensor);
  for (Val &value : after) {
    alignPair(result, value, expr.span);
    result.tensor = b.mul(result.tensor, value.tensor);
  }
  for (Val &value : afterBelow) {
    alignPair(result, value, expr.span);
    result.tensor = b.div(result.tensor, value.tensor);
  }
  return result;
}

static bool isSubset(const Labels &a, const Labels &c) {
  return llvm::all_of(a, [&](unsigned label) { return llvm::is_contained(c, label); });
}

Val Elaborator::contract(ArrayRef<Val> given, ArrayRef<unsigned> over) {
  std::vector<Val> factors(given.begin(), given.end());
  // A contraction pays where each factor has an index that the other lacks; a
  // product of 16 bits is one in any case, for it keeps its bits until it is added.
  Type element = TensorBuilder::elementType(factors.front().tensor);
  bool isFloat = isa<FloatType>(element);
  size_t least = isFloat && element.getIntOrFloatBitWidth() == 16 ? 2 : 1;
  auto multiply = [&](size_t from, size_t into) {
    Val a = factors[from], c = factors[into];
    alignPair(c, a, {});
    c.tensor = b.mul(c.tensor, a.tensor);
    factors[into] = c;
    factors.erase(factors.begin() + from);
  };
  for (bool changed = true; changed && factors.size() > least;) {
    changed = false;
    for (size_t i = 0; i < factors.size() && !changed; ++i)
      for (size_t j = 0; j < factors.size() && !changed; ++j)
        if (i != j && (!isFloat || isSubset(factors[i].labels, factors[j].labels))) {
          multiply(i, j);
          changed = true;
        }
  }
  if (factors.size() == 1)
    return reduceElement(Combiner::Add, factors.front(), over);
  std::vector<Labels> labels;
  for (const Val &factor : factors)
    labels.push_back(factor.labels);
  Labels all = joined(labels), kept;
  llvm::copy_if(all, std::back_inserter(kept), [&](unsigned label) { return !llvm::is_contained(over, label); });
  Labels numbered = kept;
  numbered.append(over.begin(), over.end());
  auto numberOf = [&](unsigned label) { return int64_t(llvm::find(numbered, label) - numbered.begin()); };
  SmallVector<Value> operands;
  SmallVector<Ints> lists;
  for (const Val &factor : factors) {
    operands.push_back(factor.tensor);
    lists.push_back(Ints(llvm::map_range(factor.labels, numberOf)));
  }
  return elementVal(b.contract(operands, lists, Ints(llvm::map_range(kept, numberOf))), kept);
}

Val Elaborator::reduceElement(Combiner combiner, Val value, ArrayRef<unsigned> over) {
  Ints dims;
  Labels kept;
  for (auto [i, label] : llvm::enumerate(value.labels)) {
    if (llvm::is_contained(over, label))
      dims.push_back(i);
    else
      kept.push_back(label);
  }
  return elementVal(b.reduce(combiner, value.tensor, dims, /*keep=*/false), kept);
}

/// The value where the reduction's condition holds, else what does not count.
Val Elaborator::maskFor(const Expr &expr, Val value, double neutral, Scope &scope) {
  Val condition = load(eval(*expr.parts[1], scope));
  if (condition.kind == ValKind::Bool && condition.flag)
    return value;
  if (condition.kind == ValKind::Bool)
    condition = toElement(toTensor(condition, b.i1(), expr.span), expr.span);
  at(expr.span);
  Type element = TensorBuilder::elementType(value.tensor);
  Val other = elementVal(b.number(neutral, element), {});
  return select(condition, value, other, expr.parts[1]->span);
}

static double neutralOf(StringRef name, Type element) {
  bool isFloat = isa<FloatType>(element);
  if (name == "max" || name == "argmax")
    return isFloat ? -INFINITY : element.isUnsignedInteger() ? 0 : -std::ldexp(1.0, element.getIntOrFloatBitWidth() - 1);
  if (name == "min" || name == "argmin")
    return isFloat ? INFINITY : std::ldexp(1.0, element.getIntOrFloatBitWidth() - 1) - 1;
  return name == "prod" || name == "all" ? 1 : 0;
}

Val Elaborator::reduceGeneric(const Expr &expr, ArrayRef<unsigned> over, Scope &scope) {
  Val value = load(eval(*expr.parts.front(), scope));
  at(expr.span);
  value = toElement(value, expr.parts.front()->span);
  Type element = TensorBuilder::elementType(value.tensor);
  bool isLogic = expr.name == "any" || expr.name == "all";
  if (isLogic != element.isInteger(1))
    fail(expr.parts.front()->span, "'" + expr.name + "' does not apply to " + describe(value));
  if (expr.parts.size() > 1)
    value = maskFor(expr, value, neutralOf(expr.name, element), scope);
  for (unsigned label : over)
    if (!llvm::is_contained(value.labels, label))
      throw Abandon{problem(expr.span, "index '" + indices[label].name + "' is reduced, but nothing depends on it")};
  if (expr.name == "argmax" || expr.name == "argmin") {
    if (over.size() != 1)
      fail(expr.span, "'" + expr.name + "' goes along one index");
    size_t dim = llvm::find(value.labels, over[0]) - value.labels.begin();
    Combiner which = expr.name == "argmax" ? Combiner::Max : Combiner::Min;
    Labels kept = value.labels;
    kept.erase(kept.begin() + dim);
    return elementVal(b.argReduce(which, value.tensor, dim, /*last=*/false), kept);
  }
  Combiner combiner = llvm::StringSwitch<Combiner>(expr.name)
                          .Case("sum", Combiner::Add)
                          .Case("prod", Combiner::Mul)
                          .Case("max", Combiner::Max)
                          .Case("min", Combiner::Min)
                          .Case("any", Combiner::Or)
                          .Default(Combiner::And);
  return reduceElement(combiner, value, over);
}

/// cumsum(t) x[b, t]: the sum of all up to t, for each t.
Val Elaborator::evalScan(const Expr &expr, Scope &scope) {
  Labels along = current->binders.find(&expr)->second;
  Val value = toElement(load(eval(*expr.parts.front(), scope)), expr.parts.front()->span);
  at(expr.span);
  if (along.size() != 1 || expr.parts.size() > 1 || !llvm::is_contained(value.labels, along[0]))
    fail(expr.span, "'" + expr.name + "' runs along one index of its operand, without 'where'");
  Combiner combiner = llvm::StringSwitch<Combiner>(expr.name)
                          .Case("cumsum", Combiner::Add)
                          .Case("cumprod", Combiner::Mul)
                          .Case("cummax", Combiner::Max)
                          .Default(Combiner::Min);
  size_t dim = llvm::find(value.labels, along[0]) - value.labels.begin();
  value.tensor = b.scan(combiner, value.tensor, dim, /*exclusive=*/false, /*reverse=*/false);
  return value;
}

} // namespace tenon::language
