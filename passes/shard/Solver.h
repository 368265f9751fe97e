//===- Solver.h - the cheapest assignment of a graph of choices -*- C++ -*-===//
//
// Variables with few values each, costs of values and of pairs of values. The
// cheapest assignment is found by eliminating one variable after the other: its
// neighbours get a table of what its best value costs for each of their values
// (Bertele and Brioschi, Nonserial Dynamic Programming, 1972). Exact, and linear in
// the length of near-chains such as networks of layers. Where a table would become
// too large, a variable is fixed to the value that is best by itself instead, and
// the result says so.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_SHARD_SOLVER_H
#define TENON_PASSES_SHARD_SOLVER_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace tenon::shard {

class Solver {
public:
  /// Most entries of a table.
  static constexpr size_t kMaxTable = size_t(1) << 20;

  /// Adds a variable with the cost of each of its values; returns its number.
  unsigned addVariable(llvm::ArrayRef<double> costs);
  /// Adds `cost(value of a, value of b)`; a and b differ.
  void addCost(unsigned a, unsigned b, llvm::function_ref<double(unsigned, unsigned)> cost);

  struct Solution {
    llvm::SmallVector<unsigned> values; ///< one per variable
    double cost = 0;
    bool isExact = true;
  };
  Solution solve() const;

private:
  /// Costs over the values of some variables, the last one fastest.
  struct Table {
    llvm::SmallVector<unsigned> variables;
    std::vector<double> costs;
  };
  class Elimination;

  llvm::SmallVector<unsigned> sizes;
  std::vector<Table> tables;
};

} // namespace tenon::shard

#endif // TENON_PASSES_SHARD_SOLVER_H
