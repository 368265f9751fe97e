//===- Demand.h - what evaluating a value will touch ------------*- C++ -*-===//
//
// A dry run of the evaluator: follows values from an index over root variables
// down to the buffers, without emitting code. The schedule is chosen from what
// it finds: which offsets are read, in which reductions, and what would be
// computed again.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_DEMAND_H
#define TENON_PASSES_TILE_DEMAND_H

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/Tenon.h"
#include <set>

namespace tenon {

using BufferOrders = llvm::DenseMap<mlir::Value, llvm::SmallVector<int64_t>>;

/// One read of a buffer: the offset in elements over the variables.
struct MemoryRead {
  mlir::Value buffer;
  llvm::SmallVector<DimExpr> index;
  DimExpr offset;
  /// The reduction inside which it happens; -1 outside of all.
  int reduction;
};

/// One demand of a reduction: at which index, over which new variables.
struct ReductionDemand {
  mlir::Operation *op;
  llvm::SmallVector<DimExpr> index;
  llvm::SmallVector<unsigned> variables;
  /// Variables of the loops around it when it is not hoisted further.
  llvm::SmallVector<unsigned> enclosing;
};

/// One demand of a map (not of a view): at which index.
struct MapDemand {
  mlir::Operation *op;
  llvm::SmallVector<DimExpr> index;
};

class Demand {
public:
  /// Variables [0, extents.size()) are the roots.
  Demand(FactorRanges ranges, llvm::ArrayRef<DimExpr> extents, const BufferOrders &orders);

  void visit(mlir::Value value, llvm::ArrayRef<DimExpr> index);

  llvm::ArrayRef<MemoryRead> getReads() const { return reads; }
  llvm::ArrayRef<ReductionDemand> getReductions() const { return reductions; }
  llvm::ArrayRef<MapDemand> getMaps() const { return maps; }
  llvm::ArrayRef<Guard> getGuards() const { return guards; }
  FactorRanges &getRanges() { return ranges; }
  unsigned getNumVariables() const { return numVariables; }
  /// True if an operation was met that has no factor rule.
  bool hasUnknown() const { return unknown; }

private:
  void visitRule(FactorRuleInterface op, const FactorRule &rule, llvm::ArrayRef<DimExpr> factors);

  FactorRanges ranges;
  const BufferOrders &orders;
  unsigned numVariables;
  llvm::SmallVector<MemoryRead> reads;
  llvm::SmallVector<ReductionDemand> reductions;
  llvm::SmallVector<MapDemand> maps;
  llvm::SmallVector<Guard> guards;
  llvm::SmallVector<unsigned> enclosing;
  int current = -1;
  bool unknown = false;
  std::set<std::vector<const void *>> seen;
};

/// The constant coefficient with which a variable enters a sum; 0 if it does
/// not occur, nothing if it occurs in another way.
std::optional<int64_t> coefficientOf(DimExpr expr, DimExpr variable);
/// True if the variable occurs anywhere in the expression.
bool dependsOn(DimExpr expr, DimExpr variable);

} // namespace tenon

#endif // TENON_PASSES_TILE_DEMAND_H
