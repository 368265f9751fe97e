//===- FactorRanges.cpp - bounds of index maps ----------------------------===//
//
// A bound is found in two steps:
//   1. every factor and non-linear atom of the polynomial is replaced by its
//      own bound, upper or lower by the sign of its term; terms that cancel
//      symbolically do so here (B * S - 1 - (B * S - 1) = 0);
//   2. what remains is a polynomial of symbols, bounded with their ranges.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/Tenon.h"

using namespace mlir;
namespace tenon {

FactorRanges::FactorRanges(Operation *module)
    : symbols(module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName)) {}

void FactorRanges::setExtent(unsigned index, DimExpr extent) {
  if (extents.size() <= index)
    extents.resize(index + 1);
  extents[index] = extent;
}
DimExpr FactorRanges::getExtent(unsigned index) const {
  return index < extents.size() ? extents[index] : DimExpr();
}

//===----------------------------------------------------------------------===//
// Symbolic bounds
//===----------------------------------------------------------------------===//

DimExpr FactorRanges::boundAtom(DimExpr atom, bool isUpper) const {
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
    if (!dividend || operands[1].hasFactors() || !isNonNegative(operands[1]))
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

DimExpr FactorRanges::bound(DimExpr expr, bool isUpper) const {
  if (!expr.hasFactors())
    return expr;
  DimExpr total = DimExpr::constant(expr.getContext(), 0);
  for (const DimTerm &term : getTerms(expr)) {
    DimExpr product = DimExpr::constant(expr.getContext(), term.coefficient);
    bool hasFactors = llvm::any_of(term.atoms, [](DimExpr atom) { return atom.hasFactors(); });
    for (DimExpr atom : term.atoms) {
      // An atom's extreme is the product's only where no other atom turns the
      // sign: then it is that of the coefficient. Atoms without factors count.
      if (hasFactors && term.atoms.size() > 1 && !isNonNegative(atom))
        return DimExpr();
      DimExpr extreme = atom;
      if (atom.hasFactors())
        extreme = boundAtom(atom, isUpper == (term.coefficient > 0));
      if (!extreme)
        return DimExpr();
      product = product * extreme;
    }
    total = total + product;
  }
  return total;
}

DimExpr FactorRanges::lower(DimExpr expr) const { return bound(expr, false); }
DimExpr FactorRanges::upper(DimExpr expr) const { return bound(expr, true); }

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

bool FactorRanges::isNonNegative(DimExpr expr) const {
  if (expr.isInvalid())
    return false;
  DimExpr least = lower(expr);
  return least && !least.isInvalid() && symbols.get(least).min >= 0;
}

bool FactorRanges::isInRange(DimExpr index, DimExpr extent) const {
  return isNonNegative(index) && isNonNegative(extent - 1 - index);
}

int64_t FactorRanges::maximum(DimExpr expr) const {
  DimExpr greatest = upper(expr);
  if (!greatest || greatest.isInvalid())
    return INT64_MAX;
  return symbols.get(greatest).max;
}

bool FactorRanges::isMultipleOf(DimExpr expr, int64_t divisor) const {
  return llvm::all_of(getTerms(expr), [&](const DimTerm &term) {
    __int128 known = term.coefficient % divisor;
    for (DimExpr atom : term.atoms)
      if (atom.isSymbol())
        known = known * symbols.getSymbol(atom.getSymbol()).step % divisor;
    return known == 0;
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

DimExpr FactorRanges::simplify(DimExpr expr) const {
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
