//===- DimBounds.cpp - simplifying expressions by ranges ------------------===//
//
// Intervals are computed term by term; a bound that leaves 64 bits is unknown.
// Divisions are decided by splitting the dividend at a stride g of one of its
// terms: with 0 <= b < g, (g*A + b) floordiv (g*m) = A floordiv m.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/DimBounds.h"
#include "dialects/tenon/Tenon.h"

using namespace mlir;
namespace tenon {

using Interval = DimBounds::Interval;

DimBounds::DimBounds(Operation *op, ExtentFn extents) : extents(std::move(extents)) {
  auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  auto attr = module ? module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName)
                     : SymbolsAttr();
  if (!attr)
    return;
  for (auto [i, name] : llvm::enumerate(attr.getNames()))
    symbols[name.getValue()] = {attr.getMins()[i], attr.getMaxs()[i], attr.getSteps()[i]};
}

//===----------------------------------------------------------------------===//
// Intervals
//===----------------------------------------------------------------------===//

static std::optional<int64_t> add(std::optional<int64_t> a, std::optional<int64_t> b) {
  int64_t result;
  if (!a || !b || llvm::AddOverflow(*a, *b, result))
    return std::nullopt;
  return result;
}
static std::optional<int64_t> mul(std::optional<int64_t> a, std::optional<int64_t> b) {
  int64_t result;
  if (!a || !b || llvm::MulOverflow(*a, *b, result))
    return std::nullopt;
  return result;
}

Interval DimBounds::leafInterval(DimExpr leaf) const {
  if (leaf.isConstant())
    return {leaf.getValue(), leaf.getValue()};
  if (leaf.isSymbol()) {
    auto it = symbols.find(leaf.getSymbol());
    return it == symbols.end() ? Interval{0, std::nullopt}
                               : Interval{it->second.min, it->second.max};
  }
  if (!leaf.isFactor())
    return {};
  DimExpr extent = extents ? extents(leaf.getValue()) : DimExpr();
  return {0, extent ? add(interval(extent).max, -1) : std::nullopt};
}

Interval DimBounds::nonLinearInterval(DimExpr expr) const {
  auto operands = expr.getOperands();
  if (operands.empty())
    return leafInterval(expr);
  Interval a = interval(operands[0]), b = interval(operands[1]);
  switch (expr.getKind()) {
  case DimKind::Mod:
    return {0, add(b.max, -1)};
  case DimKind::FloorDiv:
  case DimKind::CeilDiv: {
    bool known = operands[1].isConstant() && operands[1].getValue() > 0;
    int64_t divisor = known ? operands[1].getValue() : 1;
    int64_t up = expr.getKind() == DimKind::CeilDiv && known ? divisor - 1 : 0;
    auto divide = [&](std::optional<int64_t> x) -> std::optional<int64_t> {
      x = add(x, up);
      return x && known ? std::optional(llvm::divideFloorSigned(*x, divisor)) : std::nullopt;
    };
    bool positive = a.min && *a.min >= 0;
    return {known ? divide(a.min) : (positive ? std::optional<int64_t>(0) : std::nullopt),
            known ? divide(a.max) : (positive ? a.max : std::nullopt)};
  }
  case DimKind::Min:
    return {a.min && b.min ? std::optional(std::min(*a.min, *b.min)) : std::nullopt,
            !a.max ? b.max : !b.max ? a.max : std::min(*a.max, *b.max)};
  case DimKind::Max:
    return {!a.min ? b.min : !b.min ? a.min : std::max(*a.min, *b.min),
            a.max && b.max ? std::optional(std::max(*a.max, *b.max)) : std::nullopt};
  default:
    return {};
  }
}

Interval DimBounds::interval(DimExpr expr) const {
  if (expr.isInvalid())
    return {};
  Interval sum{0, 0};
  for (const DimTerm &term : getTerms(expr)) {
    Interval value{1, 1};
    bool nonNegative = true;
    for (DimExpr atom : term.atoms) {
      Interval factor = nonLinearInterval(atom);
      nonNegative &= factor.min && *factor.min >= 0;
      value = {mul(value.min, factor.min), mul(value.max, factor.max)};
    }
    if (!nonNegative && term.atoms.size() != 1)
      return {};
    value = {mul(value.min, term.coefficient), mul(value.max, term.coefficient)};
    if (term.coefficient < 0)
      std::swap(value.min, value.max);
    sum = {add(sum.min, value.min), add(sum.max, value.max)};
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// An expression without factors that \p expr never exceeds, or null.
DimExpr DimBounds::upperBound(DimExpr expr) const {
  DimExpr sum = DimExpr::constant(expr.getContext(), 0);
  for (const DimTerm &term : getTerms(expr)) {
    DimExpr value = DimExpr::constant(expr.getContext(), term.coefficient);
    bool varies = false;
    for (DimExpr atom : term.atoms) {
      DimExpr bound = atom;
      if (atom.isFactor())
        bound = extents && extents(atom.getValue()) ? extents(atom.getValue()) - 1 : DimExpr();
      else if (atom.getKind() == DimKind::Mod)
        bound = atom.getOperands()[1] - 1;
      else if (atom.hasFactors() && atom.getKind() == DimKind::FloorDiv &&
               !atom.getOperands()[1].hasFactors() && isNonNegative(atom.getOperands()[0]))
        bound = upperBound(atom.getOperands()[0]);
      if (!bound || bound.hasFactors())
        return DimExpr();
      if (atom.getKind() == DimKind::FloorDiv && bound != atom)
        bound = bound.floorDiv(atom.getOperands()[1]);
      varies |= bound != atom;
      value = value * bound;
    }
    // A varying term with a negative coefficient is at most zero.
    if (!varies || term.coefficient > 0)
      sum = sum + value;
  }
  return sum.isInvalid() ? DimExpr() : sum;
}

bool DimBounds::isNonNegative(DimExpr expr) const {
  Interval range = interval(expr);
  return range.min && *range.min >= 0;
}

bool DimBounds::isLess(DimExpr a, DimExpr b) const {
  DimExpr bound = a.isInvalid() || b.isInvalid() ? DimExpr() : upperBound(a);
  return bound && isNonNegative(b - bound - 1);
}

//===----------------------------------------------------------------------===//
// Simplification
//===----------------------------------------------------------------------===//

static DimExpr termExpr(MLIRContext *context, const DimTerm &term) {
  return DimExpr::constant(context, term.coefficient) * product(context, term.atoms);
}

/// The term without what varies: its coefficient times its symbols.
static DimExpr strideOf(MLIRContext *context, const DimTerm &term) {
  DimExpr stride = DimExpr::constant(context, std::abs(term.coefficient));
  for (DimExpr atom : term.atoms)
    if (atom.isSymbol())
      stride = stride * atom;
  return stride;
}

DimExpr DimBounds::simplifyDivision(DimExpr value, DimExpr divisor, bool remainder) const {
  MLIRContext *context = value.getContext();
  if (isNonNegative(value) && isLess(value, divisor))
    return remainder ? value : DimExpr::constant(context, 0);
  DimExpr whole = remainder ? value.mod(divisor) : value.floorDiv(divisor);
  if (whole.isInvalid())
    return whole;
  SmallVector<DimTerm> terms = getTerms(value);
  for (const DimTerm &candidate : terms) {
    DimExpr stride = strideOf(context, candidate), ratio, quotient;
    if (stride.isConstant(1) || stride.isConstant(0) || !divisor.divides(stride, ratio))
      continue;
    DimExpr high = DimExpr::constant(context, 0), low = high;
    for (const DimTerm &term : terms) {
      DimExpr expr = termExpr(context, term);
      if (expr.divides(stride, quotient))
        high = high + quotient;
      else
        low = low + expr;
    }
    if (!isNonNegative(low) || !isLess(low, stride))
      continue;
    if (ratio.isConstant(1))
      return remainder ? low : high;
    DimExpr digit = simplifyDivision(high, ratio, remainder);
    return remainder ? digit * stride + low : digit;
  }
  return whole;
}

DimExpr DimBounds::simplify(DimExpr expr) const {
  auto operands = expr.getOperands();
  if (operands.empty())
    return expr;
  DimExpr result = simplify(operands.front());
  for (DimExpr operand : ArrayRef(operands).drop_front()) {
    DimExpr other = simplify(operand);
    switch (expr.getKind()) {
    case DimKind::Add:
      result = result + other;
      break;
    case DimKind::Mul:
      result = result * other;
      break;
    case DimKind::FloorDiv:
    case DimKind::Mod:
      result = simplifyDivision(result, other, expr.getKind() == DimKind::Mod);
      break;
    case DimKind::CeilDiv:
      result = result.ceilDiv(other);
      break;
    case DimKind::Min:
      result = isLess(result, other + 1) ? result
               : isLess(other, result + 1) ? other : result.min(other);
      break;
    default:
      result = isLess(result, other + 1) ? other
               : isLess(other, result + 1) ? result : result.max(other);
      break;
    }
  }
  return result;
}

int64_t DimBounds::nominal(DimExpr expr) const {
  constexpr int64_t kTypical = 32;
  std::optional<int64_t> value = expr.evaluate([&](DimExpr leaf) -> std::optional<int64_t> {
    if (!leaf.isSymbol())
      return 1;
    auto it = symbols.find(leaf.getSymbol());
    if (it == symbols.end())
      return kTypical;
    const Symbol &symbol = it->second;
    int64_t size = std::clamp(kTypical, symbol.min, std::max(symbol.min, symbol.max));
    return std::max(symbol.min, size / std::max<int64_t>(symbol.step, 1) * symbol.step);
  });
  return std::max<int64_t>(value.value_or(1), 1);
}

} // namespace tenon
