//===- Atoms.h - iteration factors that can be split ------------*- C++ -*-===//
//
// An operation's factor of extent 768 may be what another sees as 12 x 64. The
// forest holds every factor of a graph as an atom; splitting one of extent n
// into (n/k, k) happens once and is seen by all index maps that name it.
//
// Index maps are DimExprs whose factor leaves are atom numbers:
//
//   before splitting a3 (768) at 64     after, with a3 = a7 * 64 + a8
//   a3 floordiv 64                      a7
//   a3 mod 64                           a8
//   a3 * 2 + 1                          a7 * 128 + a8 * 2 + 1
//
// A DigitSum is such a map taken apart into strides: the digits of a number in
// a mixed radix, if they do not overlap.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_ATOMS_H
#define TENON_PASSES_FUSE_ATOMS_H

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/SymbolSizes.h"
#include <vector>

namespace tenon::fuse {

using AtomId = unsigned;
constexpr AtomId kNoAtom = ~0u;

struct DigitTerm {
  AtomId atom;
  DimExpr stride;
};

/// sum(stride * atom) + offset.
struct DigitSum {
  llvm::SmallVector<DigitTerm> terms; // Minor first.
  DimExpr offset;
  /// False for windows (digits overlap), negative strides, and what is not
  /// linear; then `terms` holds whatever was linear.
  bool isExact = true;
};

class AtomForest {
public:
  /// Symbols are those of the module around \p op.
  explicit AtomForest(mlir::Operation *op);
  AtomForest(const AtomForest &) = delete;

  /// A new atom; kNoAtom for a constant extent of 1.
  AtomId add(DimExpr extent);
  DimExpr extent(AtomId atom) const { return atoms[atom].extent; }
  /// The extent as a number to weigh costs with.
  int64_t size(AtomId atom) const { return atoms[atom].size; }
  /// The same with a batch of one: what parallelism can be counted on.
  int64_t leastSize(AtomId atom) const { return atoms[atom].leastSize; }
  /// Splits a leaf into (extent / minor, minor); false if that is no proper
  /// division.
  bool split(AtomId leaf, DimExpr minor);
  /// Appends the leaves under \p atom, major to minor; none for kNoAtom.
  void leaves(AtomId atom, llvm::SmallVectorImpl<AtomId> &out) const;

  /// The factor leaf that stands for \p atom; zero for kNoAtom.
  DimExpr leafExpr(AtomId atom) const;
  /// The same map over today's leaves, simplified.
  DimExpr expand(DimExpr map) const;
  /// Takes an expanded map apart.
  DigitSum digits(DimExpr map) const;
  /// Splits atoms so that `boundary` falls between two digits of \p sum; true
  /// if something was split.
  bool splitAt(const DigitSum &sum, DimExpr boundary);
  /// Splits at each divisor of a division or remainder inside \p map.
  bool splitAtDivisors(DimExpr map);

  const FactorRanges &getRanges() const { return ranges; }
  /// True only if a < b always holds.
  bool isLess(DimExpr a, DimExpr b) const { return ranges.isNonNegative(b - a - 1); }
  /// A plausible size to weigh costs with (SymbolSizes.h). At least 1.
  int64_t nominal(DimExpr expr) const { return sizes.nominal(expr); }

private:
  struct Atom {
    DimExpr extent;
    int64_t size, leastSize;
    AtomId major = kNoAtom, minor = kNoAtom;
  };
  DimExpr valueOf(AtomId atom) const;

  mlir::MLIRContext *context;
  std::vector<Atom> atoms;
  FactorRanges ranges;
  SymbolSizes sizes;
};

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_ATOMS_H
