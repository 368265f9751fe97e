//===- FactorRule.h - what an operation iterates over -----------*- C++ -*-===//
//
// The one description from which shapes, sharding, fusion and code follow.
//
// An operation with a factor rule computes, for each point of its parallel
// factors (one per result dimension, in order),
//
//   result[d0, ..., dp-1] = combine over dp.. of body(operand[access(d)], ...)
//
// where the remaining factors are reduction factors, `body` is a scalar
// function (FactorRuleInterface::emitBody) and each operand is read at an
// index that is an expression of the factors. Intuition: einsum, with index
// expressions instead of letters.
//
//   op                          factors           operand's access
//   add [B,S] + [S]             d0:B d1:S         (d0, d1), (d1)
//   contract bsd,de->bse        d0 d1 d2:E, d3:D  (d0, d1, d3), (d3, d2)
//   transpose [a,b]->[b,a]      d0:b d1:a         (d1, d0)
//   reshape [S,768]->[S,12,64]  d0:S d1:12 d2:64  (d0, d1 * 64 + d2)
//   reshape [S,12,64]->[S,768]  d0:S d1:768       (d0, d1 floordiv 64, d1 mod 64)
//   pad low 1 of [n]            d0:n+2            (d0 - 1), guard 0 <= d0 - 1 < n
//   window kernel 3, stride 2   d0:out d1:3       (d0 * 2 + d1 - pad), guarded
//   gather rows by an index     d0:n d1:768       (v1, d1), (d0)
//
// Where a guard does not hold, the operand is not read and the body sees its
// fill value; the body may also ask whether it held. `v<k>` in an access is the
// integer value of operand k's element (a data-dependent index, checked against
// the dimension at run time).
//
// Views are operations whose body is the identity. Composing accesses through
// them, and splitting factors (d1 = d1' * 64 + d1''), turns every reshape,
// transpose, head split and convolution window into strides (docs/fusion.md).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_FACTORRULE_H
#define TENON_DIALECTS_TENON_FACTORRULE_H

#include "dialects/tenon/DimExpr.h"
#include "dialects/tenon/TenonEnums.h.inc"

namespace tenon {

/// Parallel: one result dimension. Reduction: combined away.
enum class FactorKind { Parallel, Reduction };

/// What an operation without a factor rule reads for one element of its result.
/// Row: computes it from a row of the operand, along the operation's own
/// dimension, and may be computed anywhere in a kernel. WholeRow: yields a whole
/// row at once. Whole: may read and write anywhere.
enum class IrregularKind { Row, WholeRow, Whole };

struct Factor {
  DimExpr extent;
  FactorKind kind = FactorKind::Parallel;
};

/// Holds where `0 <= index < extent`.
struct Guard {
  DimExpr index;
  DimExpr extent;
};

/// How one operand is read: an index per dimension of the operand, over the
/// factors; valid where all guards hold.
struct Access {
  llvm::SmallVector<DimExpr> index;
  llvm::SmallVector<Guard> guards;
};

/// The rule of one operation. Parallel factors come first, one for each
/// dimension of the (only) result.
struct FactorRule {
  llvm::SmallVector<Factor> factors;
  llvm::SmallVector<Access> operands;
  Combiner combiner = Combiner::None;

  unsigned addFactor(DimExpr extent, FactorKind kind) {
    factors.push_back({extent, kind});
    return factors.size() - 1;
  }
  bool hasReduction() const { return combiner != Combiner::None; }
};

} // namespace tenon

#endif // TENON_DIALECTS_TENON_FACTORRULE_H
