//===- BlockShape.cpp - what a block does and keeps -----------------------===//
//
//   inner    variables on which some reduction does not depend are walked inside
//            of a block;
//   staged   reductions, and costly maps, that would be computed again inside of
//            it are kept in scratch memory;
//   chunks   a block takes enough values of each variable to be worth its while.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Graph.h"
#include "passes/tile/ScheduleSteps.h"

using namespace mlir;
namespace tenon {

static bool isTrivial(const ReductionDemand &reduction, FactorRanges &ranges,
                      const SymbolSizes &sizes) {
  double points = 1;
  for (unsigned variable : reduction.variables)
    points *= sizes.nominal(ranges.getExtent(variable));
  return points <= 1;
}

void markInner(Schedule &schedule, Demand &demand, const SymbolSizes &sizes) {
  schedule.inner.assign(schedule.extents.size(), false);
  for (const ReductionDemand &reduction : demand.getReductions()) {
    if (isTrivial(reduction, demand.getRanges(), sizes))
      continue;
    for (unsigned i = 0; i < schedule.extents.size(); ++i) {
      DimExpr variable = DimExpr::factor(schedule.extents[i].getContext(), i);
      if (llvm::none_of(reduction.index, [&](DimExpr expr) { return dependsOn(expr, variable); }))
        schedule.inner[i] = true;
    }
  }
}

/// A reduction is staged if it is read at an index that varies inside of the
/// block and either more than once, or inside of a loop that does not change it.
void markStaged(Schedule &schedule, Demand &demand, const SymbolSizes &sizes) {
  llvm::DenseMap<Operation *, unsigned> demands;
  for (const ReductionDemand &reduction : demand.getReductions())
    ++demands[reduction.op];
  for (const ReductionDemand &reduction : demand.getReductions()) {
    MLIRContext *context = reduction.op->getContext();
    auto used = [&](unsigned variable) {
      return llvm::any_of(reduction.index, [&](DimExpr expr) {
        return dependsOn(expr, DimExpr::factor(context, variable));
      });
    };
    auto isInner = [&](unsigned variable) {
      return variable >= schedule.extents.size() || schedule.inner[variable];
    };
    bool varies = llvm::any_of(reduction.enclosing, [&](unsigned variable) {
      return isInner(variable) && used(variable);
    });
    bool repeated = llvm::any_of(reduction.enclosing, [&](unsigned variable) {
      return isInner(variable) && !used(variable);
    });
    if (varies && !isTrivial(reduction, demand.getRanges(), sizes) &&
        (demands[reduction.op] > 1 || repeated))
      schedule.staged.insert(reduction.op->getResult(0));
  }
}

/// A costly map (an exponential) that passes over a row demand more than once is
/// staged, too.
void markStagedMaps(Schedule &schedule, Demand &demand, const SymbolSizes &sizes) {
  constexpr double kCostly = 8, kMostElements = 32 << 10;
  unsigned roots = schedule.extents.size();
  // The elements of a row that one demand walks; 0 if it is not walked plainly.
  auto walked = [&](const MapDemand &map) {
    double elements = 1;
    for (DimExpr expr : map.index) {
      bool isWalked = false;
      expr.walkLeaves([&](DimExpr leaf) {
        isWalked |= !leaf.isFactor() || leaf.getValue() >= roots || schedule.inner[leaf.getValue()];
      });
      if (isWalked)
        elements *= expr.isFactor()
                        ? sizes.nominal(demand.getRanges().getExtent(expr.getValue()))
                        : 0;
    }
    return elements;
  };
  llvm::MapVector<Operation *, unsigned> demands;
  llvm::DenseSet<Operation *> refused;
  for (const MapDemand &map : demand.getMaps()) {
    double elements = walked(map);
    ++demands[map.op];
    if (elements <= 1 || elements > kMostElements)
      refused.insert(map.op);
  }
  for (auto [op, count] : demands)
    if (count > 1 && !refused.contains(op) &&
        fuse::bodyCost(cast<FactorRuleInterface>(op)) >= kCostly)
      schedule.staged.insert(op->getResult(0));
}

void chooseChunks(Schedule &schedule, Demand &demand, const SymbolSizes &sizes,
                         double blockPoints) {
  // A block should be worth some ten thousand operations; rows of a product
  // are grouped so that a panel of the other operand is used again from cache.
  double work = 1;
  for (const ReductionDemand &reduction : demand.getReductions()) {
    double points = 1;
    for (unsigned variable : reduction.variables)
      points *= sizes.nominal(demand.getRanges().getExtent(variable));
    work = std::max(work, points);
  }
  schedule.chunk.assign(schedule.extents.size(), 1);
  auto grow = [&](int variable, int64_t width, double goal) {
    if (variable < 0 || schedule.inner[variable])
      return;
    int64_t count = std::max<int64_t>(1, static_cast<int64_t>(goal / (width * work)));
    schedule.chunk[variable] = width * std::min<int64_t>(count, 64);
  };
  if (schedule.rowVariable >= 0 && schedule.inner[std::max(0, schedule.vectorVariable)])
    return grow(schedule.rowVariable, schedule.rowWidth, blockPoints);
  if (schedule.rowVariable >= 0) {
    grow(schedule.vectorVariable, schedule.vectorWidth, blockPoints);
    grow(schedule.rowVariable, schedule.rowWidth, schedule.rowWidth * 4 * work);
    return;
  }
  grow(schedule.vectorVariable, schedule.vectorWidth, blockPoints);
}

} // namespace tenon
