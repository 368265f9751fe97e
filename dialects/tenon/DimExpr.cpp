//===- DimExpr.cpp - integer expressions over symbols ---------------------===//
//
// Construction and canonical form. An expression is kept as the attribute of
// its canonical polynomial:
//   1. Add holds at least two terms, sorted by atoms, the constant last.
//   2. Mul holds an optional constant (first, not 0 or 1) and sorted atoms.
//   3. FloorDiv, CeilDiv, Mod, Min, Max are atoms: opaque to the polynomial,
//      simplified when they are built.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/DimExpr.h"
#include "dialects/tenon/Tenon.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using llvm::zip;
using llvm::map_to_vector;
using llvm::append_range;
using llvm::erase_if;
using llvm::MulOverflow;
using llvm::AddOverflow;
using llvm::divideFloorSigned;
using llvm::divideCeilSigned;
namespace tenon {

static DimExpr make(MLIRContext *context, DimKind kind, int64_t value, StringRef name,
                    ArrayRef<DimExpr> operands = {}) {
  SmallVector<Attribute> attrs;
  for (DimExpr operand : operands)
    attrs.push_back(operand.getAttr());
  return DimExpr(DimExprAttr::get(context, static_cast<unsigned>(kind), value,
                                  StringAttr::get(context, name), attrs));
}

static DimExprAttr storage(DimExpr expr) { return cast<DimExprAttr>(expr.getAttr()); }

DimExpr DimExpr::constant(MLIRContext *context, int64_t value) {
  return make(context, DimKind::Constant, value, "");
}
DimExpr DimExpr::symbol(MLIRContext *context, StringRef name) {
  return make(context, DimKind::Symbol, 0, name);
}
DimExpr DimExpr::factor(MLIRContext *context, unsigned index) {
  return make(context, DimKind::Factor, index, "");
}
DimExpr DimExpr::operand(MLIRContext *context, unsigned index) {
  return make(context, DimKind::Operand, index, "");
}
DimExpr DimExpr::invalid(MLIRContext *context) { return make(context, DimKind::Invalid, 0, ""); }

DimKind DimExpr::getKind() const { return static_cast<DimKind>(storage(*this).getKind()); }
int64_t DimExpr::getValue() const { return storage(*this).getValue(); }
StringRef DimExpr::getSymbol() const { return storage(*this).getName().getValue(); }
SmallVector<DimExpr, 4> DimExpr::getOperands() const {
  return map_to_vector<4>(storage(*this).getOperands(), [](Attribute a) { return DimExpr(a); });
}
std::optional<int64_t> DimExpr::asConstant() const {
  return isConstant() ? std::optional<int64_t>(getValue()) : std::nullopt;
}

int compare(DimExpr a, DimExpr b) {
  if (a == b)
    return 0;
  auto key = [](DimExpr e) { return std::make_tuple(e.getKind(), e.getValue(), e.getSymbol()); };
  if (key(a) != key(b))
    return key(a) < key(b) ? -1 : 1;
  auto left = a.getOperands(), right = b.getOperands();
  if (left.size() != right.size())
    return left.size() < right.size() ? -1 : 1;
  for (auto [x, y] : zip(left, right))
    if (int order = compare(x, y))
      return order;
  return 0;
}

//===----------------------------------------------------------------------===//
// Polynomials
//===----------------------------------------------------------------------===//

static int compareAtoms(ArrayRef<DimExpr> a, ArrayRef<DimExpr> b) {
  if (a.size() != b.size())
    return a.size() > b.size() ? -1 : 1;
  for (auto [x, y] : zip(a, b))
    if (int order = compare(x, y))
      return order;
  return 0;
}

static DimTerm termOf(DimExpr expr) {
  if (expr.isConstant())
    return {expr.getValue(), {}};
  if (expr.getKind() != DimKind::Mul)
    return {1, {expr}};
  DimTerm term{1, {}};
  for (DimExpr factor : expr.getOperands()) {
    if (factor.isConstant())
      term.coefficient = factor.getValue();
    else
      term.atoms.push_back(factor);
  }
  return term;
}

SmallVector<DimTerm> getTerms(DimExpr expr) {
  SmallVector<DimTerm> terms;
  if (expr.getKind() == DimKind::Add) {
    for (DimExpr operand : expr.getOperands())
      terms.push_back(termOf(operand));
  } else if (!expr.isConstant(0)) {
    terms.push_back(termOf(expr));
  }
  return terms;
}

static DimExpr exprOf(MLIRContext *context, const DimTerm &term) {
  if (term.atoms.empty())
    return DimExpr::constant(context, term.coefficient);
  if (term.coefficient == 1 && term.atoms.size() == 1)
    return term.atoms.front();
  SmallVector<DimExpr> factors;
  if (term.coefficient != 1)
    factors.push_back(DimExpr::constant(context, term.coefficient));
  append_range(factors, term.atoms);
  return make(context, DimKind::Mul, 0, "", factors);
}

/// Sorts terms, joins equal ones and builds the canonical expression.
static DimExpr fromTerms(MLIRContext *context, SmallVector<DimTerm> terms) {
  llvm::stable_sort(terms, [](const DimTerm &a, const DimTerm &b) {
    return compareAtoms(a.atoms, b.atoms) < 0;
  });
  SmallVector<DimTerm> joined;
  for (DimTerm &term : terms) {
    if (joined.empty() || compareAtoms(joined.back().atoms, term.atoms) != 0) {
      joined.push_back(term);
    } else if (AddOverflow(joined.back().coefficient, term.coefficient,
                           joined.back().coefficient)) {
      return DimExpr::invalid(context);
    }
  }
  erase_if(joined, [](const DimTerm &term) { return term.coefficient == 0; });
  if (joined.empty())
    return DimExpr::constant(context, 0);
  SmallVector<DimExpr> operands;
  for (DimTerm &term : joined)
    operands.push_back(exprOf(context, term));
  return operands.size() == 1 ? operands.front() : make(context, DimKind::Add, 0, "", operands);
}

DimExpr DimExpr::operator+(DimExpr other) const {
  if (isInvalid() || other.isInvalid())
    return invalid(getContext());
  SmallVector<DimTerm> terms = getTerms(*this);
  append_range(terms, getTerms(other));
  return fromTerms(getContext(), std::move(terms));
}

DimExpr DimExpr::operator*(DimExpr other) const {
  if (isInvalid() || other.isInvalid())
    return invalid(getContext());
  SmallVector<DimTerm> terms;
  for (const DimTerm &a : getTerms(*this)) {
    for (const DimTerm &b : getTerms(other)) {
      DimTerm term{0, a.atoms};
      if (MulOverflow(a.coefficient, b.coefficient, term.coefficient))
        return invalid(getContext());
      append_range(term.atoms, b.atoms);
      llvm::sort(term.atoms, [](DimExpr x, DimExpr y) { return compare(x, y) < 0; });
      terms.push_back(term);
    }
  }
  return fromTerms(getContext(), std::move(terms));
}

DimExpr DimExpr::operator-(DimExpr other) const { return *this + other * -1; }
DimExpr DimExpr::operator+(int64_t other) const { return *this + constant(getContext(), other); }
DimExpr DimExpr::operator-(int64_t other) const { return *this - constant(getContext(), other); }
DimExpr DimExpr::operator*(int64_t other) const { return *this * constant(getContext(), other); }

/// Divides one term by another exactly, or returns false.
static bool divideTerm(const DimTerm &term, const DimTerm &divisor, DimTerm &quotient) {
  if (divisor.coefficient == 0 || divisor.coefficient == -1 ||
      term.coefficient % divisor.coefficient != 0)
    return false;
  quotient = {term.coefficient / divisor.coefficient, term.atoms};
  for (DimExpr atom : divisor.atoms) {
    auto it = llvm::find(quotient.atoms, atom);
    if (it == quotient.atoms.end())
      return false;
    quotient.atoms.erase(it);
  }
  return true;
}

bool DimExpr::divides(DimExpr divisor, DimExpr &quotient) const {
  if (isInvalid() || divisor.isInvalid())
    return false;
  if (*this == divisor && !divisor.isConstant(0)) {
    quotient = constant(getContext(), 1);
    return true;
  }
  SmallVector<DimTerm> divisorTerms = getTerms(divisor);
  if (divisorTerms.size() != 1)
    return false;
  SmallVector<DimTerm> terms;
  for (const DimTerm &term : getTerms(*this))
    if (!divideTerm(term, divisorTerms.front(), terms.emplace_back()))
      return false;
  quotient = fromTerms(getContext(), std::move(terms));
  return true;
}

//===----------------------------------------------------------------------===//
// Non-linear operators
//===----------------------------------------------------------------------===//

DimExpr DimExpr::floorDiv(DimExpr divisor) const {
  if (isInvalid() || divisor.isInvalid() || (divisor.isConstant() && divisor.getValue() <= 0))
    return invalid(getContext());
  if (isConstant() && divisor.isConstant())
    return constant(getContext(), divideFloorSigned(getValue(), divisor.getValue()));
  DimExpr quotient;
  if (divides(divisor, quotient))
    return quotient;
  // Whole multiples of a divisor leave: (8*a + r) floordiv 8 = a + r floordiv 8.
  DimExpr whole = constant(getContext(), 0), rest = whole;
  for (const DimTerm &term : getTerms(*this)) {
    DimExpr expr = exprOf(getContext(), term);
    if (expr.divides(divisor, quotient))
      whole = whole + quotient;
    else
      rest = rest + expr;
  }
  if (divisor.isConstant() && rest.isConstant())
    return whole + divideFloorSigned(rest.getValue(), divisor.getValue());
  return whole + make(getContext(), DimKind::FloorDiv, 0, "", {rest, divisor});
}

DimExpr DimExpr::ceilDiv(DimExpr divisor) const {
  if (isInvalid() || divisor.isInvalid() || (divisor.isConstant() && divisor.getValue() <= 0))
    return invalid(getContext());
  if (isConstant() && divisor.isConstant())
    return constant(getContext(), divideCeilSigned(getValue(), divisor.getValue()));
  DimExpr quotient;
  if (divides(divisor, quotient))
    return quotient;
  return make(getContext(), DimKind::CeilDiv, 0, "", {*this, divisor});
}

DimExpr DimExpr::mod(DimExpr divisor) const {
  if (isInvalid() || divisor.isInvalid() || (divisor.isConstant() && divisor.getValue() <= 0))
    return invalid(getContext());
  if (isConstant() && divisor.isConstant())
    return constant(getContext(), llvm::mod(getValue(), divisor.getValue()));
  DimExpr rest = constant(getContext(), 0), quotient;
  for (const DimTerm &term : getTerms(*this)) {
    DimExpr expr = exprOf(getContext(), term);
    if (!expr.divides(divisor, quotient))
      rest = rest + expr;
  }
  if (rest.isConstant() && divisor.isConstant())
    return constant(getContext(), llvm::mod(rest.getValue(), divisor.getValue()));
  if (rest.isConstant(0))
    return rest;
  return make(getContext(), DimKind::Mod, 0, "", {rest, divisor});
}

static DimExpr minMax(DimKind kind, DimExpr a, DimExpr b) {
  MLIRContext *context = a.getContext();
  if (a.isInvalid() || b.isInvalid())
    return DimExpr::invalid(context);
  DimExpr difference = a - b;
  if (difference.isConstant()) {
    bool first = kind == DimKind::Min ? difference.getValue() <= 0 : difference.getValue() >= 0;
    return first ? a : b;
  }
  return compare(a, b) < 0 ? make(context, kind, 0, "", {a, b}) : make(context, kind, 0, "", {b, a});
}
DimExpr DimExpr::min(DimExpr other) const { return minMax(DimKind::Min, *this, other); }
DimExpr DimExpr::max(DimExpr other) const { return minMax(DimKind::Max, *this, other); }

//===----------------------------------------------------------------------===//
// Traversal and evaluation
//===----------------------------------------------------------------------===//

static DimExpr rebuild(DimExpr expr, ArrayRef<DimExpr> operands) {
  DimExpr result = operands.front();
  for (DimExpr operand : operands.drop_front()) {
    switch (expr.getKind()) {
    case DimKind::Add: result = result + operand; break;
    case DimKind::Mul: result = result * operand; break;
    case DimKind::FloorDiv: result = result.floorDiv(operand); break;
    case DimKind::CeilDiv: result = result.ceilDiv(operand); break;
    case DimKind::Mod: result = result.mod(operand); break;
    case DimKind::Min: result = result.min(operand); break;
    default: result = result.max(operand); break;
    }
  }
  return result;
}

DimExpr DimExpr::replaceLeaves(function_ref<DimExpr(DimExpr)> fn) const {
  auto operands = getOperands();
  if (operands.empty()) {
    DimExpr replacement = isConstant() || isInvalid() ? DimExpr() : fn(*this);
    return replacement ? replacement : *this;
  }
  for (DimExpr &operand : operands)
    operand = operand.replaceLeaves(fn);
  return rebuild(*this, operands);
}

void DimExpr::walkLeaves(function_ref<void(DimExpr)> fn) const {
  auto operands = getOperands();
  if (operands.empty() && !isConstant())
    fn(*this);
  for (DimExpr operand : operands)
    operand.walkLeaves(fn);
}

bool DimExpr::hasFactors() const {
  bool found = false;
  walkLeaves([&](DimExpr leaf) {
    found |= leaf.getKind() == DimKind::Factor || leaf.getKind() == DimKind::Operand;
  });
  return found;
}

static std::optional<int64_t> apply(DimKind kind, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (kind) {
  case DimKind::Add:
    return AddOverflow(a, b, result) ? std::nullopt : std::optional(result);
  case DimKind::Mul:
    return MulOverflow(a, b, result) ? std::nullopt : std::optional(result);
  case DimKind::Min:
    return std::min(a, b);
  case DimKind::Max:
    return std::max(a, b);
  default:
    break;
  }
  if (b <= 0)
    return std::nullopt;
  if (kind == DimKind::FloorDiv)
    return divideFloorSigned(a, b);
  if (kind == DimKind::CeilDiv)
    return divideCeilSigned(a, b);
  return llvm::mod(a, b);
}

std::optional<int64_t>
DimExpr::evaluate(function_ref<std::optional<int64_t>(DimExpr)> leaf) const {
  if (isConstant())
    return getValue();
  if (isInvalid())
    return std::nullopt;
  auto operands = getOperands();
  if (operands.empty())
    return leaf(*this);
  std::optional<int64_t> result = operands.front().evaluate(leaf);
  for (DimExpr operand : ArrayRef(operands).drop_front()) {
    std::optional<int64_t> value = operand.evaluate(leaf);
    if (!result || !value)
      return std::nullopt;
    result = apply(getKind(), *result, *value);
  }
  return result;
}

DimExpr product(MLIRContext *context, ArrayRef<DimExpr> exprs) {
  DimExpr result = DimExpr::constant(context, 1);
  for (DimExpr expr : exprs)
    result = result * expr;
  return result;
}

//===----------------------------------------------------------------------===//
// Tensor types
//===----------------------------------------------------------------------===//

int64_t elementBytes(Type type) {
  return (getElementTypeOrSelf(type).getIntOrFloatBitWidth() + 7) / 8;
}

SmallVector<DimExpr> getDims(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<DimExpr> dims;
  if (auto encoding = dyn_cast_or_null<DimsAttr>(tensor.getEncoding())) {
    for (Attribute attr : encoding.getExprs())
      dims.push_back(DimExpr(attr));
    return dims;
  }
  for (int64_t size : tensor.getShape())
    dims.push_back(ShapedType::isDynamic(size) ? DimExpr::invalid(type.getContext())
                                               : DimExpr::constant(type.getContext(), size));
  return dims;
}

RankedTensorType makeTensorType(ArrayRef<DimExpr> dims, Type elementType) {
  SmallVector<int64_t> shape;
  SmallVector<Attribute> exprs;
  bool symbolic = false;
  for (DimExpr dim : dims) {
    std::optional<int64_t> size = dim.asConstant();
    bool known = size && *size >= 0;
    symbolic |= !known;
    shape.push_back(known ? *size : ShapedType::kDynamic);
    exprs.push_back(dim.getAttr());
  }
  Attribute encoding;
  if (symbolic)
    encoding = DimsAttr::get(elementType.getContext(), exprs);
  return RankedTensorType::get(shape, elementType, encoding);
}

} // namespace tenon
