//===- Atoms.cpp - iteration factors that can be split --------------------===//
//
// The forest, and index maps over it. All comparisons are of expressions:
// a boundary b lies inside the digit (atom of extent n, stride s) if b = s*q
// and n = q*r with neither q nor r being 1.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Atoms.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
namespace tenon::fuse {

AtomForest::AtomForest(Operation *op)
    : context(op->getContext()), ranges(op->getParentOfType<ModuleOp>()),
      sizes(op->getParentOfType<ModuleOp>()) {}

AtomId AtomForest::add(DimExpr extent) {
  if (extent.isConstant(1))
    return kNoAtom;
  ranges.setExtent(atoms.size(), extent);
  atoms.push_back({extent, nominal(extent), sizes.least(extent)});
  return atoms.size() - 1;
}

bool AtomForest::split(AtomId leaf, DimExpr minor) {
  DimExpr major;
  if (atoms[leaf].minor != kNoAtom || minor.isConstant(1) ||
      !atoms[leaf].extent.divides(minor, major) || major.isConstant(1))
    return false;
  AtomId majorAtom = add(major), minorAtom = add(minor);
  atoms[leaf].major = majorAtom;
  atoms[leaf].minor = minorAtom;
  return true;
}

void AtomForest::leaves(AtomId atom, SmallVectorImpl<AtomId> &out) const {
  if (atom == kNoAtom)
    return;
  if (atoms[atom].minor == kNoAtom) {
    out.push_back(atom);
    return;
  }
  leaves(atoms[atom].major, out);
  leaves(atoms[atom].minor, out);
}

DimExpr AtomForest::leafExpr(AtomId atom) const {
  return atom == kNoAtom ? DimExpr::constant(context, 0) : DimExpr::factor(context, atom);
}

DimExpr AtomForest::valueOf(AtomId atom) const {
  const Atom &node = atoms[atom];
  if (node.minor == kNoAtom)
    return DimExpr::factor(context, atom);
  return valueOf(node.major) * atoms[node.minor].extent + valueOf(node.minor);
}

DimExpr AtomForest::expand(DimExpr map) const {
  DimExpr expanded = map.replaceLeaves(
      [&](DimExpr leaf) { return leaf.isFactor() ? valueOf(leaf.getValue()) : DimExpr(); });
  return ranges.simplify(expanded);
}

//===----------------------------------------------------------------------===//
// Digits
//===----------------------------------------------------------------------===//

/// Adds one term of a map to the sum.
static void addTerm(DigitSum &sum, const DimTerm &term, MLIRContext *context) {
  DimExpr stride = DimExpr::constant(context, term.coefficient);
  AtomId atom = kNoAtom;
  for (DimExpr factor : term.atoms) {
    if (factor.isFactor() && atom == kNoAtom)
      atom = factor.getValue();
    else if (!factor.hasFactors())
      stride = stride * factor;
    else
      sum.isExact = false;
  }
  if (atom == kNoAtom && sum.isExact)
    sum.offset = sum.offset + stride;
  else if (atom != kNoAtom)
    sum.terms.push_back({atom, stride});
  if (atom != kNoAtom && term.coefficient < 0)
    sum.isExact = false;
}

DigitSum AtomForest::digits(DimExpr map) const {
  DigitSum sum;
  sum.offset = DimExpr::constant(context, 0);
  sum.isExact = !map.isInvalid();
  for (const DimTerm &term : getTerms(map))
    addTerm(sum, term, context);
  std::sort(sum.terms.begin(), sum.terms.end(), [&](const DigitTerm &a, const DigitTerm &b) {
    int64_t first = nominal(a.stride), second = nominal(b.stride);
    return std::tie(first, a.atom) < std::tie(second, b.atom);
  });
  for (size_t i = 0; i + 1 < sum.terms.size() && sum.isExact; ++i) {
    DimExpr end = sum.terms[i].stride * extent(sum.terms[i].atom);
    sum.isExact = isLess(end, sum.terms[i + 1].stride + 1);
  }
  return sum;
}

bool AtomForest::splitAt(const DigitSum &sum, DimExpr boundary) {
  bool changed = false;
  for (const DigitTerm &term : sum.terms) {
    DimExpr minor;
    if (boundary.divides(term.stride, minor))
      changed |= split(term.atom, minor);
  }
  return changed;
}

bool AtomForest::splitAtDivisors(DimExpr map) {
  bool changed = false;
  auto operands = map.getOperands();
  if (map.getKind() == DimKind::FloorDiv || map.getKind() == DimKind::Mod)
    changed = splitAt(digits(operands[0]), operands[1]);
  for (DimExpr operand : operands)
    changed |= splitAtDivisors(operand);
  return changed;
}

} // namespace tenon::fuse
