//===- Refine.cpp - common refinement and relations of edges --------------===//
//
// Splits the atoms at both ends of every edge where a stride or an end of one
// side falls inside a digit of the other, forward and backward until nothing
// changes, then says for each edge which atoms correspond.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Graph.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
namespace tenon::fuse {

/// The digits of dimension \p dim of a node's result: its own atoms.
static DigitSum resultDigits(const AtomForest &atoms, const Node &node, unsigned dim) {
  return atoms.digits(atoms.expand(atoms.leafExpr(node.factors[dim])));
}

static bool splitAtDigits(AtomForest &atoms, const DigitSum &target, const DigitSum &source) {
  bool changed = false;
  for (const DigitTerm &term : source.terms) {
    changed |= atoms.splitAt(target, term.stride);
    changed |= atoms.splitAt(target, term.stride * atoms.extent(term.atom));
  }
  return changed;
}

bool Graph::refineEdge(Read &read) {
  bool changed = false;
  for (DimExpr &map : read.index) {
    map = atoms.expand(map);
    changed |= atoms.splitAtDivisors(map);
    map = changed ? atoms.expand(map) : map;
  }
  for (const Guard &guard : read.guards)
    changed |= atoms.splitAt(atoms.digits(atoms.expand(guard.index)), guard.extent);
  if (read.producer < 0 || !nodes[read.producer].isFusable())
    return changed;
  for (auto [dim, map] : llvm::enumerate(read.index)) {
    DigitSum theirs = resultDigits(atoms, nodes[read.producer], dim);
    DigitSum ours = atoms.digits(atoms.expand(map));
    if (!ours.isExact)
      continue;
    changed |= splitAtDigits(atoms, theirs, ours);
    changed |= splitAtDigits(atoms, ours, theirs);
  }
  return changed;
}

void Graph::refine() {
  constexpr int kMaxSweeps = 8;
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool changed = false;
    for (size_t i = 0; i < nodes.size(); ++i) {
      Node &node = nodes[sweep % 2 ? nodes.size() - 1 - i : i];
      if (!node.isFusable())
        continue;
      for (Read &read : node.reads)
        changed |= refineEdge(read);
    }
    if (!changed)
      return;
  }
}

//===----------------------------------------------------------------------===//
// Relations
//===----------------------------------------------------------------------===//

namespace {
/// Relates one dimension of an edge.
class DimRelation {
public:
  DimRelation(const AtomForest &atoms, const DigitSum &theirs, const DigitSum &ours)
      : atoms(atoms), theirs(theirs), ours(ours) {}

  void addTo(Relation &relation) {
    if (!ours.isExact)
      return mismatchAll(relation);
    SmallVector<bool> used(ours.terms.size());
    SmallVector<DigitTerm> rest;
    SmallVector<std::pair<AtomId, AtomId>> aligned;
    for (const DigitTerm &digit : theirs.terms) {
      if (const AtomId *match = findMatch(digit, used))
        aligned.push_back({digit.atom, *match});
      else
        rest.push_back(digit);
    }
    if (!isOffsetOf(rest))
      return mismatchAll(relation);
    llvm::append_range(relation.aligned, aligned);
    bool isPart = !llvm::all_of(used, [](bool value) { return value; });
    for (const DigitTerm &digit : rest)
      (isPart ? relation.mismatchedProducer : relation.fixed).push_back(digit.atom);
    for (auto [term, isUsed] : llvm::zip(ours.terms, used))
      if (!isUsed)
        relation.mismatchedConsumer.push_back(term.atom);
  }

private:
  const AtomId *findMatch(const DigitTerm &digit, SmallVectorImpl<bool> &used) {
    for (auto [i, term] : llvm::enumerate(ours.terms)) {
      if (used[i] || term.stride != digit.stride ||
          atoms.extent(term.atom) != atoms.extent(digit.atom))
        continue;
      used[i] = true;
      return &term.atom;
    }
    return nullptr;
  }

  /// True if the offset is made of values of the digits that are not aligned.
  bool isOffsetOf(ArrayRef<DigitTerm> rest) {
    if (ours.offset.isConstant(0))
      return true;
    DimExpr left = ours.offset;
    for (const DigitTerm &digit : llvm::reverse(rest)) {
      DimExpr value = left.floorDiv(digit.stride), remainder = left - value * digit.stride;
      if (atoms.getRanges().isNonNegative(value) &&
          atoms.isLess(value, atoms.extent(digit.atom)))
        left = remainder;
    }
    return atoms.getRanges().simplify(left).isConstant(0);
  }

  void mismatchAll(Relation &relation) {
    for (const DigitTerm &digit : theirs.terms)
      relation.mismatchedProducer.push_back(digit.atom);
    for (const DigitTerm &term : ours.terms)
      relation.mismatchedConsumer.push_back(term.atom);
  }

  const AtomForest &atoms;
  const DigitSum &theirs, &ours;
};
} // namespace

/// Where a guard `0 <= k*h + l - c*k < k` fixes the digit h at c, the read
/// happens at h = c only: the map loses h (a concat of equal pieces).
static void useGuards(const AtomForest &atoms, Read &read) {
  for (const Guard &guard : read.guards) {
    DigitSum sum = atoms.digits(atoms.expand(guard.index));
    if (!sum.isExact || sum.terms.empty() || sum.terms.back().stride != guard.extent)
      continue;
    DimExpr value;
    if (!(-sum.offset).divides(guard.extent, value) || !atoms.getRanges().isNonNegative(value))
      continue;
    AtomId digit = sum.terms.back().atom;
    for (DimExpr &map : read.index)
      map = atoms.getRanges().simplify(map.replaceLeaves([&](DimExpr leaf) {
        return leaf.isFactor() && AtomId(leaf.getValue()) == digit ? value : DimExpr();
      }));
  }
}

void Graph::relate(Read &read) {
  for (auto [dim, map] : llvm::enumerate(read.index)) {
    DigitSum theirs = resultDigits(atoms, nodes[read.producer], dim);
    DimRelation(atoms, theirs, atoms.digits(map)).addTo(read.relation);
  }
}

static int64_t multiply(int64_t a, int64_t b) {
  int64_t result;
  return llvm::MulOverflow(a, b, result) ? std::numeric_limits<int64_t>::max() : result;
}

static int64_t countElements(const AtomForest &atoms, Type type) {
  int64_t count = 1;
  for (DimExpr dim : getDims(type))
    count = multiply(count, atoms.nominal(dim));
  return count;
}

void Graph::finish(Node &node) {
  for (Value result : node.op->getResults())
    node.bytes += multiply(countElements(atoms, result.getType()), elementBytes(result.getType()));
  for (auto [i, factor] : llvm::enumerate(node.factors))
    atoms.leaves(factor, i < node.numParallel ? node.parallel : node.reduced);
  for (ArrayRef<AtomId> list : {ArrayRef(node.parallel), ArrayRef(node.reduced)})
    for (AtomId atom : list)
      node.points = multiply(node.points, atoms.size(atom));
  for (Read &read : node.reads) {
    llvm::SmallSet<AtomId, 8> seen;
    for (DimExpr &map : read.index)
      map = atoms.expand(map);
    useGuards(atoms, read);
    for (DimExpr map : read.index)
      map.walkLeaves([&](DimExpr leaf) {
        if (leaf.isFactor() && seen.insert(leaf.getValue()).second)
          read.atoms.push_back(leaf.getValue());
      });
    if (read.producer >= 0 && nodes[read.producer].isFusable() && node.isFusable())
      relate(read);
    for (AtomId atom : read.atoms)
      read.elements = multiply(read.elements, atoms.size(atom));
    read.elements = node.isFusable()
                        ? std::min(read.elements, countElements(atoms, read.root.getType()))
                        : countElements(atoms, read.root.getType());
  }
}

} // namespace tenon::fuse
