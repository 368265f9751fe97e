//===- RootVariables.cpp - the variables of a kernel's outer loops --------===//
//
// One per dimension of the stored value, in memory order. A dimension that a
// product reads in phases (every n-th position alike) is divided into those;
// neighbours are merged while every offset stays linear in the merged one.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Evaluator.h"
#include "passes/tile/ScheduleSteps.h"

using namespace mlir;
namespace tenon {

Demand demandFor(const Schedule &schedule, ArrayRef<Value> values,
                        const BufferOrders &orders, const FactorRanges &ranges) {
  Demand demand(ranges, schedule.extents, orders);
  for (Value value : values)
    demand.visit(value, schedule.index);
  return demand;
}

/// True if the variable enters every offset and guard linearly or not at all.
static bool isLinearEverywhere(const Demand &demand, DimExpr variable) {
  auto isLinear = [&](DimExpr expr) { return coefficientOf(expr, variable).has_value(); };
  auto inReduction = [&](const ReductionDemand &reduction) {
    return llvm::all_of(reduction.index, [&](DimExpr expr) {
      return !dependsOn(expr, variable) || expr == variable ||
             expr.getKind() == DimKind::FloorDiv || expr.getKind() == DimKind::Mod;
    });
  };
  return llvm::all_of(demand.getReads(),
                      [&](const MemoryRead &read) {
                        if (!dependsOn(read.offset, variable))
                          return true;
                        bool ok = true;
                        for (const DimTerm &term : getTerms(read.offset)) {
                          unsigned count = llvm::count_if(
                              term.atoms, [&](DimExpr atom) { return dependsOn(atom, variable); });
                          ok &= count == 0 ||
                                (count == 1 && llvm::is_contained(term.atoms, variable));
                        }
                        return ok;
                      }) &&
         llvm::all_of(demand.getGuards(),
                      [&](const Guard &guard) {
                        return !dependsOn(guard.index, variable) || isLinear(guard.index);
                      }) &&
         llvm::all_of(demand.getReductions(), inReduction);
}

/// The index with variables `at` and `at + 1` merged into one.
static Schedule mergeVariables(const Schedule &schedule, unsigned at) {
  MLIRContext *context = schedule.extents[at].getContext();
  DimExpr minor = schedule.extents[at + 1], merged = DimExpr::factor(context, at);
  Schedule result = schedule;
  result.extents[at] = schedule.extents[at] * minor;
  result.extents.erase(result.extents.begin() + at + 1);
  for (DimExpr &expr : result.index)
    expr = expr.replaceLeaves([&](DimExpr leaf) {
      if (!leaf.isFactor() || unsigned(leaf.getValue()) < at)
        return DimExpr();
      if (unsigned(leaf.getValue()) == at)
        return merged.floorDiv(minor);
      if (unsigned(leaf.getValue()) == at + 1)
        return merged.mod(minor);
      return DimExpr::factor(context, leaf.getValue() - 1);
    });
  return result;
}

DimExpr storeOffset(const Schedule &schedule, Type type, ArrayRef<int64_t> order,
                           FactorRanges ranges) {
  for (auto [i, extent] : llvm::enumerate(schedule.extents))
    ranges.setExtent(i, extent);
  DimExpr offset = DimExpr::constant(type.getContext(), 0);
  for (auto [expr, stride] : llvm::zip(schedule.index, stridesOf(type, order)))
    offset = offset + expr * stride;
  return ranges.simplify(offset);
}

Schedule splitVariable(const Schedule &schedule, unsigned at, int64_t divisor) {
  MLIRContext *context = schedule.extents[at].getContext();
  Schedule result = schedule;
  result.extents[at] = schedule.extents[at].floorDiv(divisor);
  result.extents.insert(result.extents.begin() + at + 1, DimExpr::constant(context, divisor));
  for (DimExpr &expr : result.index)
    expr = expr.replaceLeaves([&](DimExpr leaf) {
      if (!leaf.isFactor() || unsigned(leaf.getValue()) < at)
        return DimExpr();
      if (unsigned(leaf.getValue()) == at)
        return leaf * divisor + DimExpr::factor(context, at + 1);
      return DimExpr::factor(context, leaf.getValue() + 1);
    });
  return result;
}

void findDivisor(DimExpr expr, DimExpr variable, int64_t &divisor) {
  auto operands = expr.getOperands();
  bool isDigit = expr.getKind() == DimKind::Mod || expr.getKind() == DimKind::FloorDiv;
  if (isDigit && operands[1].isConstant() && coefficientOf(operands[0], variable) == 1)
    divisor = std::max(divisor, operands[1].getValue());
  for (DimExpr operand : operands)
    findDivisor(operand, variable, divisor);
}

/// What a product reads at every n-th position only (a window over a spread-out
/// input, as in a transposed convolution) or n times (an enlarged picture) it
/// reads alike for all positions of one phase. Returns n, 1 if there is none.
/// Lanes of the store stay together where that is all there is to gain.
static int64_t phasesOf(const Demand &demand, DimExpr variable, bool isContiguous) {
  constexpr int64_t kMostPhases = 8;
  int64_t divisor = 1;
  for (const Guard &guard : demand.getGuards())
    if (guard.extent.isConstant(1))
      findDivisor(guard.index, variable, divisor);
  for (const MemoryRead &read : demand.getReads())
    if (!isContiguous && read.reduction >= 0 &&
        isa<ContractOp>(demand.getReductions()[read.reduction].op))
      for (DimExpr expr : read.index)
        findDivisor(expr, variable, divisor);
  return divisor <= kMostPhases ? divisor : 1;
}

/// Makes phases variables of their own.
static void splitPhases(Schedule &schedule, ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
                        const BufferOrders &orders, const FactorRanges &ranges) {
  for (size_t at = schedule.extents.size(); at-- > 0;) {
    Demand demand = demandFor(schedule, values, orders, ranges);
    DimExpr leaf = DimExpr::factor(schedule.extents[at].getContext(), at);
    DimExpr offset = storeOffset(schedule, values.front().getType(), storeOrder, ranges);
    int64_t divisor = phasesOf(demand, leaf, coefficientOf(offset, leaf) == 1);
    if (divisor > 1 && ranges.isMultipleOf(schedule.extents[at], divisor) &&
        !schedule.extents[at].isConstant(divisor))
      schedule = splitVariable(schedule, at, divisor);
  }
}

Schedule chooseRoots(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
                            const BufferOrders &orders, const FactorRanges &ranges) {
  Type type = values.front().getType();
  SmallVector<DimExpr> dims = getDims(type);
  Schedule schedule;
  schedule.index.resize(dims.size(), DimExpr::constant(type.getContext(), 0));
  // In memory order, so that neighbours are neighbours there.
  for (size_t i = 0; i < dims.size(); ++i) {
    int64_t dim = storeOrder.empty() ? int64_t(i) : storeOrder[i];
    if (dims[dim].isConstant(1))
      continue;
    schedule.index[dim] = DimExpr::factor(type.getContext(), schedule.extents.size());
    schedule.extents.push_back(dims[dim]);
  }
  splitPhases(schedule, values, storeOrder, orders, ranges);
  for (size_t at = schedule.extents.size(); at-- > 1;) {
    Schedule merged = mergeVariables(schedule, at - 1);
    Demand demand = demandFor(merged, values, orders, ranges);
    DimExpr variable = DimExpr::factor(type.getContext(), at - 1);
    DimExpr offset = storeOffset(merged, type, storeOrder, ranges);
    if (!demand.hasUnknown() && isLinearEverywhere(demand, variable) &&
        coefficientOf(offset, variable))
      schedule = merged;
  }
  return schedule;
}

} // namespace tenon
