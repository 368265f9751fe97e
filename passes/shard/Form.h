//===- Form.h - how values lie over one mesh axis ---------------*- C++ -*-===//
//
// The mesh is divided one axis at a time: the passes here see n ranks and ask of
// each operation which of its factors, if any, they share among them.
//
//   form of a value      on each rank
//   replicated           all of it
//   split(d)             the rank's n-th part of dimension d
//   partial(add)         a tensor of the full shape; the value is the sum of all
//
// What follows for an operation from its factor rule, when factor f is shared:
//
//   contract bsd,de->bse     f = e    x replicated, w split(1)   -> split(2)
//                            f = d    x split(2), w split(0)     -> partial(add)
//   reshape [S,12,64]->[S,768], f = d1: split(1) -> split(1), if the parts of d1 are
//                            multiples of 64
//
// An operand's dimension is split with f where the index moves by an n-th of the
// dimension when f moves by an n-th of its extent, and stays inside of the first
// n-th over the first n-th of f; it is whole where the index does not move.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_SHARD_FORM_H
#define TENON_PASSES_SHARD_FORM_H

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/Tenon.h"

namespace tenon::shard {

struct Form {
  enum Kind { Replicated, Split, Partial };
  Kind kind = Replicated;
  unsigned dim = 0;                    ///< of a split
  Combiner combiner = Combiner::None;  ///< of a partial

  static Form split(unsigned dim) { return {Split, dim, Combiner::None}; }
  static Form partial(Combiner combiner) { return {Partial, 0, combiner}; }
  bool operator==(const Form &other) const {
    return kind == other.kind && dim == other.dim && combiner == other.combiner;
  }
  bool operator!=(const Form &other) const { return !(*this == other); }
};

/// One way to divide an operation.
struct Strategy {
  /// The shared factor of the rule; for a weight and an irregular operation the
  /// split dimension; -1: every rank does all of it.
  int64_t factor = -1;
  /// A view of a partial value.
  bool isPartial = false;
  llvm::SmallVector<Form> operands, results;
};

/// The ways to divide \p op among \p ranks; the first one is "not at all".
llvm::SmallVector<Strategy> strategiesOf(mlir::Operation *op, int64_t ranks,
                                         const FactorRanges &symbols);

/// Names of the attributes in which the plan is written down.
inline constexpr llvm::StringLiteral kFactorName = "spmd.factor";
inline constexpr llvm::StringLiteral kPartialName = "spmd.partial";

/// The strategy that the attributes of \p op name; null and an error if it is none.
std::optional<Strategy> strategyOf(mlir::Operation *op, int64_t ranks,
                                   const FactorRanges &symbols);
void setStrategy(mlir::Operation *op, const Strategy &strategy);

/// The n-th part of a size; null if it does not divide.
DimExpr partOf(DimExpr size, int64_t ranks);

} // namespace tenon::shard

#endif // TENON_PASSES_SHARD_FORM_H
