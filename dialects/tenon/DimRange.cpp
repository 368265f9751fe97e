//===- DimRange.cpp - what is known of the values of expressions ----------===//
//
// A bound is found in two steps:
//   1. every factor and non-linear atom of the polynomial is replaced by its
//      own bound, upper or lower by the sign of its term; terms that cancel
//      symbolically do so here (B * S - 1 - (B * S - 1) = 0);
//   2. what remains is a polynomial of symbols, bounded with their ranges.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/DimRange.h"
#include "dialects/tenon/Tenon.h"

using namespace mlir;
namespace tenon {

DimRanges::DimRanges(Operation *module) {
  auto attr = module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName);
  if (!attr)
    return;
  for (auto [name, min, max, step] :
       llvm::zip(attr.getNames(), attr.getMins(), attr.getMaxs(), attr.getSteps()))
    symbols[name.getValue()] = {min, max, step};
}

void DimRanges::setExtent(unsigned index, DimExpr extent) {
  if (extents.size() <= index)
    extents.resize(index + 1);
  extents[index] = extent;
}
DimExpr DimRanges::getExtent(unsigned index) const {
  return index < extents.size() ? extents[index] : DimExpr();
}
DimRanges::Range DimRanges::getSymbol(StringRef name) const {
  auto it = symbols.find(name);
  return it == symbols.end() ? Range() : it->second;
}

//===----------------------------------------------------------------------===//
// Symbolic bounds
//===----------------------------------------------------------------------===//

DimExpr DimRanges::boundAtom(DimExpr atom, bool isUpper) const {
  auto zero = [&] { return DimExpr::constant(atom.getContext(), 0); };
  auto operands = atom.getOperands();
  switch (atom.getKind()) {
  case DimKind::Constant:
  case DimKind::Symbol:
    return atom;
  case DimKind::Factor: {
    if (!isUpper)
      return zero();
    DimExpr extent = getExtent(atom.getValue());
    return extent ? extent - 1 : DimExpr();
  }
  case DimKind::Mod: {
    DimExpr divisor = bound(operands[1], isUpper);
    return !isUpper ? zero() : divisor ? divisor - 1 : DimExpr();
  }
  case DimKind::FloorDiv:
  case DimKind::CeilDiv: {
    DimExpr dividend = bound(operands[0], isUpper);
    if (!dividend || operands[1].hasFactors())
      return DimExpr();
    return atom.getKind() == DimKind::FloorDiv ? dividend.floorDiv(operands[1])
                                               : dividend.ceilDiv(operands[1]);
  }
  case DimKind::Min:
  case DimKind::Max: {
    DimExpr a = bound(operands[0], isUpper), b = bound(operands[1], isUpper);
    bool either = (atom.getKind() == DimKind::Min) == isUpper;
    if (a && b)
      return atom.getKind() == DimKind::Min ? a.min(b) : a.max(b);
    return either ? (a ? a : b) : DimExpr();
  }
  default:
    return DimExpr();
  }
}

DimExpr DimRanges::bound(DimExpr expr, bool isUpper) const {
  if (!expr.hasFactors())
    return expr;
  DimExpr total = DimExpr::constant(expr.getContext(), 0);
  for (const DimTerm &term : getTerms(expr)) {
    DimExpr product = DimExpr::constant(expr.getContext(), term.coefficient);
    for (DimExpr atom : term.atoms) {
      // The sign of a term is that of its coefficient: atoms must not be negative.
      DimExpr extreme = boundAtom(atom, isUpper == (term.coefficient > 0));
      if (!extreme || (atom.hasFactors() && term.atoms.size() > 1 && !isNonNegative(atom)))
        return DimExpr();
      product = product * extreme;
    }
    total = total + product;
  }
  return total;
}

DimExpr DimRanges::lower(DimExpr expr) const { return bound(expr, false); }
DimExpr DimRanges::upper(DimExpr expr) const { return bound(expr, true); }

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

namespace {
/// Least and greatest value; 128 bits so that products of ranges do not wrap.
struct Interval {
  __int128 min, max;
};
constexpr __int128 kHuge = __int128(1) << 100;
} // namespace

static __int128 clamp(__int128 value) { return std::max(-kHuge, std::min(kHuge, value)); }

static __int128 multiply(__int128 a, __int128 b) {
  __int128 result;
  if (__builtin_mul_overflow(a, b, &result))
    return (a < 0) == (b < 0) ? kHuge : -kHuge;
  return clamp(result);
}

static Interval numeric(const DimRanges &ranges, DimExpr expr);

static Interval numericAtom(const DimRanges &ranges, DimExpr atom) {
  auto operands = atom.getOperands();
  if (atom.isConstant())
    return {atom.getValue(), atom.getValue()};
  if (atom.isSymbol()) {
    DimRanges::Range range = ranges.getSymbol(atom.getSymbol());
    return {range.min, range.max};
  }
  if (operands.size() != 2)
    return {-kHuge, kHuge};
  Interval a = numeric(ranges, operands[0]), b = numeric(ranges, operands[1]);
  switch (atom.getKind()) {
  case DimKind::Min:
    return {std::min(a.min, b.min), std::min(a.max, b.max)};
  case DimKind::Max:
    return {std::max(a.min, b.min), std::max(a.max, b.max)};
  case DimKind::Mod:
    return {0, std::max<__int128>(b.max - 1, 0)};
  default:
    break;
  }
  if (a.min < 0 || b.min < 1)
    return {-kHuge, kHuge};
  __int128 up = atom.getKind() == DimKind::CeilDiv ? 1 : 0;
  return {a.min / b.max, a.max / b.min + up};
}

static Interval numeric(const DimRanges &ranges, DimExpr expr) {
  Interval total{0, 0};
  for (const DimTerm &term : getTerms(expr)) {
    Interval product{1, 1};
    for (DimExpr atom : term.atoms) {
      Interval range = numericAtom(ranges, atom);
      if (range.min < 0)
        return {-kHuge, kHuge};
      product = {multiply(product.min, range.min), multiply(product.max, range.max)};
    }
    __int128 low = multiply(term.coefficient, product.min);
    __int128 high = multiply(term.coefficient, product.max);
    total = {clamp(total.min + std::min(low, high)), clamp(total.max + std::max(low, high))};
  }
  return total;
}

bool DimRanges::isNonNegative(DimExpr expr) const {
  if (expr.isInvalid())
    return false;
  DimExpr least = lower(expr);
  return least && !least.isInvalid() && numeric(*this, least).min >= 0;
}

bool DimRanges::isInRange(DimExpr index, DimExpr extent) const {
  return isNonNegative(index) && isNonNegative(extent - 1 - index);
}

int64_t DimRanges::maximum(DimExpr expr) const {
  DimExpr greatest = upper(expr);
  if (!greatest || greatest.isInvalid())
    return INT64_MAX;
  __int128 value = numeric(*this, greatest).max;
  return value > INT64_MAX ? INT64_MAX : static_cast<int64_t>(value);
}

bool DimRanges::isMultipleOf(DimExpr expr, int64_t divisor) const {
  return llvm::all_of(getTerms(expr), [&](const DimTerm &term) {
    __int128 known = term.coefficient;
    for (DimExpr atom : term.atoms)
      if (atom.isSymbol())
        known = multiply(known, getSymbol(atom.getSymbol()).step);
    return known % divisor == 0;
  });
}

//===----------------------------------------------------------------------===//
// Simplification
//===----------------------------------------------------------------------===//

/// Joins c * m * (x floordiv m) + c * (x mod m) to c * x, where both occur.
static DimExpr joinDigits(DimExpr expr) {
  for (const DimTerm &term : getTerms(expr)) {
    for (auto [i, atom] : llvm::enumerate(term.atoms)) {
      if (atom.getKind() != DimKind::Mod)
        continue;
      auto operands = atom.getOperands();
      DimExpr scale = DimExpr::constant(expr.getContext(), term.coefficient);
      for (auto [j, other] : llvm::enumerate(term.atoms))
        if (i != j)
          scale = scale * other;
      DimExpr low = scale * atom;
      DimExpr high = scale * operands[1] * operands[0].floorDiv(operands[1]);
      DimExpr joined = expr - low - high + scale * operands[0];
      if (getTerms(expr - low - high).size() + getTerms(low).size() + getTerms(high).size() ==
          getTerms(expr).size())
        return joinDigits(joined);
    }
  }
  return expr;
}

DimExpr DimRanges::simplify(DimExpr expr) const {
  auto operands = expr.getOperands();
  if (operands.empty())
    return expr;
  for (DimExpr &operand : operands)
    operand = simplify(operand);
  switch (expr.getKind()) {
  case DimKind::Add: {
    DimExpr total = operands[0];
    for (DimExpr operand : llvm::drop_begin(operands))
      total = total + operand;
    return joinDigits(total);
  }
  case DimKind::Mul:
    return product(expr.getContext(), operands);
  case DimKind::CeilDiv:
    return operands[0].ceilDiv(operands[1]);
  case DimKind::Min:
    return isNonNegative(operands[1] - operands[0])   ? operands[0]
           : isNonNegative(operands[0] - operands[1]) ? operands[1]
                                                      : operands[0].min(operands[1]);
  case DimKind::Max:
    return isNonNegative(operands[0] - operands[1])   ? operands[0]
           : isNonNegative(operands[1] - operands[0]) ? operands[1]
                                                      : operands[0].max(operands[1]);
  default:
    break;
  }
  // FloorDiv and Mod: whole multiples leave first, then the rest may be in range.
  bool isMod = expr.getKind() == DimKind::Mod;
  DimExpr quotient = operands[0].floorDiv(operands[1]);
  DimExpr whole = DimExpr::constant(expr.getContext(), 0);
  for (const DimTerm &term : getTerms(operands[0])) {
    DimExpr single = DimExpr::constant(expr.getContext(), term.coefficient) *
                     product(expr.getContext(), term.atoms);
    DimExpr part;
    if (single.divides(operands[1], part))
      whole = whole + part;
  }
  DimExpr rest = operands[0] - whole * operands[1];
  if (isInRange(rest, operands[1]))
    return isMod ? rest : whole;
  return isMod ? operands[0].mod(operands[1]) : quotient;
}

} // namespace tenon
