//===- VectorVariable.cpp - the variable whose lanes fill vectors ---------===//
//
// The one along which most elements are contiguous or the same for all lanes,
// weighed by how often each read happens. It may be a reduced one: then inner
// root variables have the vector dimension.
//
// The width is two vectors where the extent fills them, else what wastes least,
// and no tile crosses a multiple by which a read divides the variable (a panel).
//
//===----------------------------------------------------------------------===//

#include "passes/tile/ScheduleSteps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace tenon {

namespace {
class VectorChooser {
public:
  VectorChooser(Schedule &schedule, Demand &demand, DimExpr store, const SymbolSizes &sizes,
                const TileTarget &target)
      : schedule(schedule), demand(demand), store(store), sizes(sizes), target(target),
        context(store.getContext()) {}

  void choose() {
    int best = bestVariable([](unsigned) { return true; });
    schedule.vectorVariable = best;
    // Lanes over a reduced variable leave the vector dimension to inner roots.
    if (best >= int(schedule.extents.size()))
      schedule.vectorVariable = bestVariable([&](unsigned variable) {
        return variable < schedule.extents.size() && schedule.inner[variable];
      });
    DimExpr extent = best >= 0 ? demand.getRanges().getExtent(best) : DimExpr();
    schedule.vectorWidth = extent ? fit(target.lanes * 2, extent, target.lanes) : 1;
    if (extent && schedule.vectorWidth > 1) {
      schedule.vectorWidth = withinDigits(best, schedule.vectorWidth);
      schedule.isInPanels = best == schedule.vectorVariable && !digitsAlong(best).empty() &&
                            extent.isConstant() &&
                            extent.getValue() % schedule.vectorWidth != 0;
    }
  }

private:
  /// The variable of the greatest score, -1 if none is eligible.
  int bestVariable(llvm::function_ref<bool(unsigned)> eligible) {
    int best = -1;
    double bestScore = 0;
    for (unsigned variable = 0; variable < demand.getNumVariables(); ++variable) {
      if (!eligible(variable))
        continue;
      double value = score(variable);
      if (best < 0 || value > bestScore) {
        best = variable;
        bestScore = value;
      }
    }
    return best;
  }

  /// How often a read happens: the extents of all variables around it. A
  /// reduction is hoisted out of the loops that its index does not name.
  double weight(const MemoryRead &read) {
    double total = 1;
    for (unsigned i = 0; i < schedule.extents.size(); ++i)
      total *= size(i);
    if (read.reduction < 0)
      return total;
    const ReductionDemand &reduction = demand.getReductions()[read.reduction];
    for (unsigned variable : reduction.variables)
      total *= size(variable);
    for (unsigned variable : reduction.enclosing)
      if (llvm::any_of(reduction.index, [&](DimExpr i) { return dependsOn(i, leaf(variable)); }))
        total *= size(variable);
    return total;
  }

  /// The distance between lanes along a variable; nothing if it is not the same
  /// for all. Digits count if a tile does not cross a multiple of the divisor.
  std::optional<int64_t> laneStride(DimExpr offset, unsigned variable) {
    int64_t stride = 0;
    for (const DimTerm &term : getTerms(offset))
      for (DimExpr atom : term.atoms) {
        if (!dependsOn(atom, leaf(variable)))
          continue;
        std::optional<int64_t> step = atom == leaf(variable) ? 1 : digitStride(atom, variable);
        if (!step || (term.atoms.size() != 1 && *step != 0))
          return std::nullopt;
        int64_t distance;
        if (llvm::MulOverflow(*step, term.coefficient, distance) ||
            llvm::AddOverflow(stride, distance, stride))
          return std::nullopt;
      }
    return stride;
  }

  std::optional<int64_t> digitStride(DimExpr digit, unsigned variable) {
    bool isMod = digit.getKind() == DimKind::Mod;
    if (!isMod && digit.getKind() != DimKind::FloorDiv)
      return std::nullopt;
    std::optional<int64_t> step = coefficientOf(digit.getOperands()[0], leaf(variable));
    if (!step || *step < 1)
      return std::nullopt;
    DimExpr divisor = digit.getOperands()[1];
    int64_t lanes = target.lanes * (target.hasThreads ? 2 : 1);
    if (!demand.getRanges().isMultipleOf(divisor, *step * lanes) &&
        !(*step == 1 && isOwnWidth(divisor, variable)))
      return std::nullopt;
    return isMod ? *step : 0;
  }

  /// A divisor that is itself a good width of tiles.
  bool isOwnWidth(DimExpr divisor, unsigned variable) {
    int64_t width = divisor.isConstant() ? divisor.getValue() : 0;
    return !target.hasThreads && width >= target.lanes && width <= target.lanes * 3 &&
           width % (target.lanes / 2) == 0 &&
           demand.getRanges().isMultipleOf(demand.getRanges().getExtent(variable), width);
  }

  /// The width if no tile crosses a multiple of a divisor; else another for which
  /// that is so.
  int64_t withinDigits(unsigned variable, int64_t width) {
    SmallVector<std::pair<DimExpr, int64_t>> digits = digitsAlong(variable);
    SmallVector<int64_t> candidates{width};
    for (auto [divisor, step] : digits)
      if (step == 1 && isOwnWidth(divisor, variable))
        candidates.push_back(divisor.getValue());
    candidates.append({target.lanes, target.lanes / 2});
    auto *good = llvm::find_if(candidates, [&](int64_t candidate) {
      return llvm::all_of(digits, [&](auto digit) {
        return demand.getRanges().isMultipleOf(digit.first, digit.second * candidate);
      });
    });
    return good == candidates.end() ? width : *good;
  }

  /// Divisors by which reads divide the variable, and its steps in what they divide.
  SmallVector<std::pair<DimExpr, int64_t>> digitsAlong(unsigned variable) {
    SmallVector<std::pair<DimExpr, int64_t>> digits;
    for (const MemoryRead &read : demand.getReads())
      for (const DimTerm &term : getTerms(read.offset))
        for (DimExpr atom : term.atoms)
          if (atom != leaf(variable) && digitStride(atom, variable).value_or(-1) >= 0)
            if (int64_t step = *coefficientOf(atom.getOperands()[0], leaf(variable)); step > 0)
              digits.push_back({atom.getOperands()[1], step});
    return digits;
  }

  /// What one access gains (contiguous, or the same for all lanes) or costs.
  double scoreOffset(DimExpr offset, unsigned variable) {
    std::optional<int64_t> coefficient = laneStride(offset, variable);
    if (!coefficient)
      return -2;
    if (*coefficient == 1)
      return 2;
    return *coefficient == 0 ? 1 : -1;
  }

  double score(unsigned variable) {
    double lanes = std::min<double>(size(variable), target.lanes) / target.lanes;
    double total = 0, points = 1;
    for (unsigned i = 0; i < schedule.extents.size(); ++i)
      points *= size(i);
    bool isRoot = variable < schedule.extents.size();
    if (isRoot)
      total += scoreOffset(store, variable) * points;
    for (const MemoryRead &read : demand.getReads())
      total += scoreOffset(read.offset, variable) * weight(read);
    // A reduced variable can have lanes only where its reduction is the heavy part.
    if (!isRoot)
      total *= 0.75;
    return total > 0 ? total * lanes : total;
  }

  /// The greatest useful width up to \p width: no more than the extent needs,
  /// and the half where that takes fewer vectors in all.
  int64_t fit(int64_t width, DimExpr extent, int64_t least) {
    int64_t most = demand.getRanges().maximum(extent);
    if (!target.hasThreads && extent.isConstant() && most > least && most <= least * 3 &&
        most != width && most % (least / 2) == 0)
      return most;
    while (width > 1 && width / 2 >= most)
      width /= 2;
    auto vectors = [&](int64_t each) { return llvm::divideCeil(most, each) * (each / least); };
    bool isShorter = extent.isConstant() && most >= least && vectors(least) < vectors(width);
    bool isExact = !demand.getRanges().isMultipleOf(extent, width) &&
                   demand.getRanges().isMultipleOf(extent, width / 2);
    return width > least && (isShorter || isExact) ? width / 2 : width;
  }

  DimExpr leaf(unsigned variable) { return DimExpr::factor(context, variable); }
  double size(unsigned variable) { return sizes.nominal(demand.getRanges().getExtent(variable)); }

  Schedule &schedule;
  Demand &demand;
  DimExpr store;
  const SymbolSizes &sizes;
  const TileTarget &target;
  MLIRContext *context;
};
} // namespace

void chooseVectors(Schedule &schedule, Demand &demand, DimExpr store, const SymbolSizes &sizes,
                   const TileTarget &target) {
  VectorChooser(schedule, demand, store, sizes, target).choose();
}

} // namespace tenon
