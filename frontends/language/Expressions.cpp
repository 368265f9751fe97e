//===- Expressions.cpp - names, operators, conversions --------------------===//
//
// Numbers known at compile time are computed; a number that meets a tensor takes
// its element type; two tensors must have one shape and one type. Elements are
// aligned by their labels.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "frontends/language/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;
namespace tenon::language {

constexpr unsigned kMaxEvalDepth = 2000;

Val Elaborator::eval(const Expr &expr, Scope &scope) {
  if (++evalDepth > kMaxEvalDepth) {
    --evalDepth;
    fail(expr.span, "this nests more than " + Twine(kMaxEvalDepth) + " evaluations");
  }
  llvm::scope_exit leave([&] { --evalDepth; });
  switch (expr.kind) {
  case ExprKind::Integer:
    return intVal(expr.integer);
  case ExprKind::Float:
    return floatVal(expr.number);
  case ExprKind::String:
    return stringVal(interpolate(expr, scope));
  case ExprKind::Name:
    return evalName(expr, scope);
  case ExprKind::Star:
    fail(expr.span, "'*' stands for indices and dimensions only");
  case ExprKind::Unary:
    return evalUnary(expr, scope);
  case ExprKind::Binary:
    return evalBinary(expr, scope);
  case ExprKind::Call:
    return evalCall(expr, scope);
  case ExprKind::Index:
    return evalAccess(expr, scope);
  case ExprKind::Field:
    return evalField(expr, scope);
  case ExprKind::Reduce:
    return evalReduce(expr, scope);
  case ExprKind::Comprehend: {
    std::vector<IndexDecl> decls;
    for (const Binder &binder : expr.binders)
      decls.push_back({binder.span, binder.name, binder.extent.get()});
    return notation(decls, *expr.parts.front(), scope, expr.span);
  }
  case ExprKind::Where:
    return evalWhere(expr, scope);
  case ExprKind::Conditional:
    return evalConditional(expr, scope);
  case ExprKind::Tuple:
    break;
  }
  Val tuple;
  tuple.kind = ValKind::Tuple;
  tuple.parts = std::make_shared<std::vector<Val>>();
  for (const ExprPtr &part : expr.parts)
    tuple.parts->push_back(eval(*part, scope));
  return tuple;
}

Val Elaborator::evalName(const Expr &expr, Scope &scope) {
  if (expr.name == "true" || expr.name == "false")
    return boolVal(expr.name == "true");
  if (Val *value = scope.find(expr.name)) {
    if (value->kind == ValKind::Poison)
      throw Abandon{};
    note(expr.span, *value);
    return *value;
  }
  if (expr.name == "inf")
    return floatVal(INFINITY);
  if (expr.name == "pi")
    return floatVal(M_PI);
  Problem unknown = problem(expr.span, "'" + expr.name + "' is not known here");
  throw Abandon{suggest(unknown, expr.name, scope)};
}

/// A member of an instance.
Val Elaborator::evalField(const Expr &expr, Scope &scope) {
  Val base = eval(*expr.parts.front(), scope);
  if (base.kind != ValKind::Instance)
    fail(expr.span, "only modules have members, this is " + describe(base));
  auto it = base.instance->scope.names.find(expr.name);
  if (it == base.instance->scope.names.end()) {
    Problem unknown = problem(expr.span, "module '" + base.instance->module->name +
                                             "' has no '" + expr.name + "'");
    Scope members;
    members.names = base.instance->scope.names;
    throw Abandon{suggest(unknown, expr.name, members)};
  }
  if (it->second.kind == ValKind::Poison)
    throw Abandon{};
  return it->second;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

DimExpr Elaborator::evalSize(const Expr &expr, Scope &scope, StringRef what) {
  Val value = eval(expr, scope);
  if (value.kind != ValKind::Int || value.size.hasFactors())
    fail(expr.span, what + " must be a whole number or a size, this is " + describe(value));
  if (value.size.isInvalid())
    fail(expr.span, what + " overflows");
  return value.size;
}
int64_t Elaborator::evalInt(const Expr &expr, Scope &scope, StringRef what) {
  DimExpr size = evalSize(expr, scope, what);
  if (!size.isConstant())
    fail(expr.span, what + " must be known at compile time, this is " + size.str());
  return size.getValue();
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// Weights and states as the tensors that they hold now.
Val Elaborator::load(Val value) {
  if (value.kind == ValKind::Weight)
    return tensorVal(readWeight(*value.weight));
  if (value.kind == ValKind::State)
    return tensorVal(currentState(*value.state));
  return value;
}

/// A number as a tensor of one element; tensors stay as they are.
Val Elaborator::toTensor(const Val &value, Type element, Span span) {
  switch (value.kind) {
  case ValKind::Tensor:
  case ValKind::Element:
    return value;
  case ValKind::Int: {
    if (value.size.hasFactors())
      return emitIndex(value.size, element);
    if (value.size.isInvalid())
      fail(span, "this number overflows");
    if (value.size.isConstant())
      return tensorVal(b.number(double(value.size.getValue()), element));
    return tensorVal(b.cast(b.dimValue(value.size), element));
  }
  case ValKind::Float:
    if (!isa<FloatType>(element) && value.number != std::floor(value.number))
      fail(span, "the number " + std::to_string(value.number) + " meets whole numbers");
    return tensorVal(b.number(value.number, element));
  case ValKind::Bool:
    return tensorVal(b.number(value.flag ? 1 : 0, b.i1()));
  default:
    fail(span, "this is " + describe(value) + ", expected a tensor or number");
  }
}

Val Elaborator::toElement(Val value, Span span) {
  value = load(value);
  if (value.kind == ValKind::Element)
    return value;
  value = toTensor(value, b.i64(), span);
  if (value.kind == ValKind::Element)
    return value;
  if (TensorBuilder::rank(value.tensor) > 0)
    fail(span, "this is " + describe(value) + " as a whole; write its indices");
  return elementVal(value.tensor, {});
}

/// Labels of all in the order of dimensions, each once.
Labels Elaborator::joined(ArrayRef<Labels> all) const {
  Labels result;
  for (const Labels &labels : all)
    for (unsigned label : labels)
      if (!llvm::is_contained(result, label))
        result.push_back(label);
  llvm::sort(result, [&](unsigned a, unsigned c) { return indices[a].key < indices[c].key; });
  return result;
}

/// The value with a dimension for each label of \p order, of size 1 where it has
/// none of its own.
Value Elaborator::alignTo(Value value, ArrayRef<unsigned> labels, ArrayRef<unsigned> order) {
  Ints permutation, missing;
  for (auto [i, label] : llvm::enumerate(order)) {
    auto it = llvm::find(labels, label);
    if (it == labels.end())
      missing.push_back(i);
    else
      permutation.push_back(it - labels.begin());
  }
  value = b.transpose(value, permutation);
  return missing.empty() ? value : b.unsqueeze(value, missing);
}

void Elaborator::unify(Val &a, Val &c, Span span) {
  a = load(a), c = load(c);
  auto isPlain = [](const Val &value) {
    return value.kind != ValKind::Tensor && value.kind != ValKind::Element;
  };
  auto elementOf = [](const Val &value) { return TensorBuilder::elementType(value.tensor); };
  if (isPlain(a) && isPlain(c)) {
    bool isReal = a.kind == ValKind::Float || c.kind == ValKind::Float;
    Type element = isReal ? b.f32() : a.kind == ValKind::Bool ? b.i1() : b.i64();
    a = toTensor(a, element, span), c = toTensor(c, element, span);
  } else if (isPlain(a)) {
    a = toTensor(a, elementOf(c), span);
  } else if (isPlain(c)) {
    c = toTensor(c, elementOf(a), span);
  }
  if (elementOf(a) != elementOf(c))
    fail(span, "this joins " + describe(a) + " and " + describe(c) +
                   "; precision changes only where it is written, as in f32(...)");
}

/// Elements get the same dimensions; whole tensors must have them.
void Elaborator::alignPair(Val &a, Val &c, Span span) {
  auto isScalar = [](const Val &value) { return TensorBuilder::rank(value.tensor) == 0; };
  if (a.kind == ValKind::Tensor && c.kind == ValKind::Tensor) {
    Dims left = TensorBuilder::dims(a.tensor), right = TensorBuilder::dims(c.tensor);
    if (isScalar(a) || isScalar(c) || left == right)
      return;
    bool maybe = left.size() == right.size() &&
                 llvm::all_of(llvm::zip(left, right), [&](auto pair) {
                   return ranges.isEqual(std::get<0>(pair), std::get<1>(pair)) != false;
                 });
    if (!maybe)
      throw Abandon{problem(span, "this joins " + describe(a) + " and " + describe(c))
                        .hint("index notation says how dimensions meet, as in [b, i] x[b, i] + y[i]")};
    for (auto [x, y] : llvm::zip(left, right))
      b.checkEqual(x, y, "sizes of joined tensors differ");
    return;
  }
  for (Val *value : {&a, &c})
    if (value->kind == ValKind::Tensor) {
      if (!isScalar(*value))
        fail(span, "this joins " + describe(a) + " and " + describe(c) + "; write the indices of both");
      *value = elementVal(value->tensor, {});
    }
  Labels order = joined({a.labels, c.labels});
  a.tensor = alignTo(a.tensor, a.labels, order);
  c.tensor = alignTo(c.tensor, c.labels, order);
  a.labels = c.labels = order;
}

/// An expression of indices and sizes as numbers of a type.
Val Elaborator::emitIndex(DimExpr expr, Type element) {
  Type type = isa<IntegerType>(element) && !element.isInteger(1) ? element : b.i64();
  auto leaf = [&](DimExpr e) -> Val {
    if (e.isFactor()) {
      unsigned index = e.getValue();
      if (!indices[index].extent)
        throw Abandon{problem(indices[index].span, "it cannot be inferred how far index '" +
                                                       indices[index].name + "' runs")
                          .hint("write '" + indices[index].name + " < N' where it is introduced")};
      return elementVal(b.iota(indices[index].extent, type), {index});
    }
    return elementVal(b.cast(b.dimValue(e), type), {});
  };
  std::function<Val(DimExpr)> visit = [&](DimExpr e) -> Val {
    SmallVector<DimExpr, 4> operands = e.getOperands();
    if (operands.empty() || !e.hasFactors())
      return leaf(e);
    Val result = visit(operands.front());
    for (DimExpr operand : llvm::drop_begin(operands)) {
      Val other = visit(operand);
      alignPair(result, other, {});
      Value x = result.tensor, y = other.tensor;
      switch (e.getKind()) {
      case DimKind::Add: x = b.add(x, y); break;
      case DimKind::Mul: x = b.mul(x, y); break;
      case DimKind::Mod: x = b.mod(x, y); break;
      case DimKind::Min: x = b.min(x, y); break;
      case DimKind::Max: x = b.max(x, y); break;
      case DimKind::CeilDiv: x = b.div(b.add(x, b.sub(y, 1)), y); break;
      default: x = b.div(b.sub(x, b.mod(x, y)), y); break;
      }
      result.tensor = x;
    }
    return result;
  };
  Val result = visit(expr);
  result.tensor = b.cast(result.tensor, element);
  return result;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

Val Elaborator::evalUnary(const Expr &expr, Scope &scope) {
  Val value = load(eval(*expr.parts.front(), scope));
  at(expr.span);
  bool isMinus = expr.name == "-";
  if (value.kind == ValKind::Bool && !isMinus)
    return boolVal(!value.flag);
  if (value.kind == ValKind::Int && isMinus)
    return intVal(-value.size);
  if (value.kind == ValKind::Float && isMinus)
    return floatVal(-value.number);
  if (!value.isTensorLike())
    fail(expr.span, "'" + expr.name + "' does not apply to " + describe(value));
  bool isBool = TensorBuilder::elementType(value.tensor).isInteger(1);
  if (isBool == isMinus)
    fail(expr.span, "'" + expr.name + "' does not apply to " + describe(value));
  value.tensor = isMinus ? b.neg(value.tensor) : b.logicalNot(value.tensor);
  value.dimNames.clear();
  return value;
}

Val Elaborator::evalBinary(const Expr &expr, Scope &scope) {
  Val left = eval(*expr.parts[0], scope);
  if (left.kind == ValKind::Bool && (expr.name == "and" || expr.name == "or") &&
      left.flag == (expr.name == "or"))
    return left; // the other side may not even make sense
  Val right = eval(*expr.parts[1], scope);
  at(expr.span);
  return binary(expr.name, std::move(left), std::move(right), expr);
}

static bool isComparison(StringRef op) {
  return op == "==" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=";
}

Val Elaborator::binary(StringRef op, Val a, Val c, const Expr &expr) {
  a = load(a), c = load(c);
  if (!a.isTensorLike() && !c.isTensorLike()) {
    bool hasIndex = (a.kind == ValKind::Int && a.size.hasFactors()) ||
                    (c.kind == ValKind::Int && c.size.hasFactors());
    bool isSymbolic = (a.kind == ValKind::Int && !a.size.isConstant()) ||
                      (c.kind == ValKind::Int && !c.size.isConstant());
    bool isIndexArithmetic = a.kind == ValKind::Int && c.kind == ValKind::Int && !isComparison(op) &&
                             op != "^";
    if (isIndexArithmetic || (!hasIndex && !isSymbolic))
      return binaryNumbers(op, a, c, expr);
  }
  unify(a, c, expr.span);
  alignPair(a, c, expr.span);
  Val result = a.kind == ValKind::Element || TensorBuilder::rank(a.tensor) ? a : c;
  if (result.dimNames.empty())
    result.dimNames = c.dimNames;
  result.tensor = emitBinary(op, a.tensor, c.tensor, expr.span);
  return result;
}

static double powerOf(double x, double y) { return std::pow(x, y); }

Val Elaborator::joinLists(const Val &a, const Val &c, Span span) {
  constexpr size_t most = 1024;
  if (a.parts->size() + c.parts->size() > most)
    fail(span, "a list has at most " + Twine(most) + " values");
  Val both = a;
  both.parts = std::make_shared<std::vector<Val>>(*a.parts);
  both.parts->insert(both.parts->end(), c.parts->begin(), c.parts->end());
  return both;
}

Val Elaborator::binaryNumbers(StringRef op, const Val &a, const Val &c, const Expr &expr) {
  auto wrong = [&]() -> Val {
    fail(expr.span, "'" + op + "' does not apply to " + describe(a) + " and " + describe(c));
  };
  if (a.kind == ValKind::Bool && c.kind == ValKind::Bool) {
    if (op == "and" || op == "or")
      return boolVal(op == "and" ? a.flag && c.flag : a.flag || c.flag);
    return op == "==" ? boolVal(a.flag == c.flag) : op == "!=" ? boolVal(a.flag != c.flag) : wrong();
  }
  if (a.kind == ValKind::String && c.kind == ValKind::String)
    return op == "==" ? boolVal(a.text == c.text)
           : op == "!=" ? boolVal(a.text != c.text)
           : op == "+"  ? stringVal((a.text + c.text).substr(0, 4096))
                        : wrong();
  if (a.kind == ValKind::List && c.kind == ValKind::List && op == "+")
    return joinLists(a, c, expr.span);
  bool isInt = a.kind == ValKind::Int && c.kind == ValKind::Int;
  if (isInt && !isComparison(op) && op != "^") {
    bool divides = op == "/" || op == "%";
    if (divides && c.size.isConstant() && c.size.getValue() <= 0)
      fail(expr.span, "a whole number or index is divided by " + Twine(c.size.getValue()));
    DimExpr size = op == "+"   ? a.size + c.size
                   : op == "-" ? a.size - c.size
                   : op == "*" ? a.size * c.size
                   : op == "/" ? a.size.floorDiv(c.size)
                   : op == "%" ? a.size.mod(c.size)
                               : DimExpr();
    if (!size)
      return wrong();
    if (size.isInvalid())
      fail(expr.span, "this number overflows");
    return intVal(size);
  }
  if (!a.isConstantNumber() || !c.isConstantNumber())
    return wrong();
  double x = a.asNumber(), y = c.asNumber();
  if (isComparison(op))
    return boolVal(op == "==" ? x == y : op == "!=" ? x != y : op == "<" ? x < y
                                     : op == "<=" ? x <= y : op == ">" ? x > y : x >= y);
  if (op == "^" && isInt && y >= 0 && std::abs(powerOf(x, y)) < 9e15)
    return intVal(int64_t(powerOf(x, y)));
  return op == "+"   ? floatVal(x + y)
         : op == "-" ? floatVal(x - y)
         : op == "*" ? floatVal(x * y)
         : op == "/" ? floatVal(x / y)
         : op == "%" ? floatVal(x - y * std::floor(x / y))
         : op == "^" ? floatVal(powerOf(x, y))
                     : wrong();
}

Value Elaborator::emitBinary(StringRef op, Value x, Value y, Span span) {
  Type element = TensorBuilder::elementType(x);
  bool isBool = element.isInteger(1), isLogic = op == "and" || op == "or";
  if (isLogic ? !isBool : isBool && op != "==" && op != "!=")
    fail(span, "'" + op + "' does not apply to elements of type " + (isBool ? "bool" : shapeText(element)));
  if (op == "/" && isa<IntegerType>(element))
    return b.div(b.sub(x, b.mod(x, y)), y); // rounds down, as sizes do
  if (op == "^") {
    auto constant = y.getDefiningOp<ConstantOp>();
    auto splat = constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue()) : nullptr;
    if (splat && splat.isSplat() && splat.getSplatValue<APFloat>().isExactlyValue(2.0))
      return b.mul(x, x);
    return b.pow(x, y);
  }
  return op == "+"     ? b.add(x, y)
         : op == "-"   ? b.sub(x, y)
         : op == "*"   ? b.mul(x, y)
         : op == "/"   ? b.div(x, y)
         : op == "%"   ? b.mod(x, y)
         : op == "and" ? b.logicalAnd(x, y)
         : op == "or"  ? b.logicalOr(x, y)
         : op == "=="  ? b.eq(x, y)
         : op == "!="  ? b.ne(x, y)
         : op == "<"   ? b.lt(x, y)
         : op == "<="  ? b.le(x, y)
         : op == ">"   ? b.gt(x, y)
                       : b.ge(x, y);
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

Val Elaborator::evalConditional(const Expr &expr, Scope &scope) {
  Val condition = load(eval(*expr.parts[1], scope));
  if (condition.kind == ValKind::Bool)
    return eval(*expr.parts[condition.flag ? 0 : 2], scope);
  Val yes = eval(*expr.parts[0], scope), no = eval(*expr.parts[2], scope);
  at(expr.span);
  return select(condition, yes, no, expr.span);
}

Val Elaborator::select(const Val &given, Val yes, Val no, Span span) {
  Val condition = given;
  bool isBool = condition.isTensorLike() && TensorBuilder::elementType(condition.tensor).isInteger(1);
  if (!isBool)
    fail(span, "the condition is " + describe(condition) + ", expected bool");
  unify(yes, no, span);
  alignPair(yes, no, span);
  Val wide = yes;
  alignPair(condition, wide, span);
  alignPair(condition, no, span);
  alignPair(condition, wide, span);
  Val result = condition.kind == ValKind::Element || TensorBuilder::rank(condition.tensor) ? condition : wide;
  if (result.kind == ValKind::Tensor && TensorBuilder::rank(wide.tensor))
    result.dimNames = wide.dimNames;
  result.tensor = b.select(condition.tensor, wide.tensor, no.tensor);
  return result;
}

/// `a where c` outside of a reduction: minus infinity where c does not hold. Of a
/// whole tensor made by index notation, c may name its indices.
Val Elaborator::evalWhere(const Expr &expr, Scope &scope) {
  Val value = load(eval(*expr.parts[0], scope));
  if (!value.isTensorLike() || !TensorBuilder::isFloat(value.tensor))
    fail(expr.span, "'where' leaves minus infinity, which " + describe(value) + " cannot hold; use 'a if c else b'");
  bool isNamed = value.kind == ValKind::Tensor && !value.dimNames.empty() && !current;
  if (!isNamed) {
    Val condition = load(eval(*expr.parts[1], scope));
    at(expr.span);
    return select(condition, value, floatVal(-INFINITY), expr.span);
  }
  Scope inner(&scope);
  Notation notation;
  Notation *saved = std::exchange(current, &notation);
  llvm::scope_exit restore([&] { current = saved; });
  Labels order;
  for (auto [name, dim] : llvm::zip(value.dimNames, TensorBuilder::dims(value.tensor))) {
    order.push_back(addIndex({expr.span, name, nullptr}, inner, order.size()));
    indices[order.back()].extent = dim;
    if (!name.empty())
      bindIndex(inner, name, order.back());
  }
  scan(*expr.parts[1], inner, notation);
  inferExtents(notation);
  checkExtents(notation);
  Val condition = load(eval(*expr.parts[1], inner));
  at(expr.span);
  Val masked = select(condition, elementVal(value.tensor, order), floatVal(-INFINITY), expr.span);
  Val result = finish(masked, order, expr.span);
  result.dimNames = value.dimNames;
  return result;
}

} // namespace tenon::language
