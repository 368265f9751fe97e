//===- RowVariable.cpp - the variable whose values fill rows of a tile ----===//
//
// For the heaviest product, one of which the operand with the vector variable is
// independent, so that it is read once per tile; as many rows as registers and
// the nearest cache allow. Without a product, rows that are reduced side by side.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/ScheduleSteps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace tenon {

namespace {
class RowChooser {
public:
  RowChooser(Schedule &schedule, Demand &demand, const SymbolSizes &sizes, const TileTarget &target,
             MLIRContext *context)
      : schedule(schedule), demand(demand), sizes(sizes), target(target), context(context) {}

  void choose() {
    const ReductionDemand *heavy = nullptr;
    double most = 0;
    for (const ReductionDemand &reduction : demand.getReductions()) {
      double points = 1;
      for (unsigned variable : reduction.variables)
        points *= size(variable);
      if (isa<ContractOp>(reduction.op) && points > most) {
        heavy = &reduction;
        most = points;
      }
    }
    if (!heavy)
      return chooseReducedRows();
    int heavyIndex = heavy - demand.getReductions().data();
    int rows = -1;
    for (unsigned variable : rowCandidates(*heavy))
      if (size(variable) >= 2 && reusesOperand(heavyIndex, variable) &&
          (rows < 0 || rowSize(variable) >= rowSize(rows)))
        rows = variable;
    if (rows < 0)
      return;
    bool collides = llvm::any_of(demand.getReads(), [&](const MemoryRead &read) {
      return read.reduction == heavyIndex && collidesInCache(read.offset, rows);
    });
    schedule.rowWidth = rowsFor(demand.getRanges().getExtent(rows), collides ? kWays : 14);
    schedule.innerRows = !isRootRow(rows);
    schedule.rowVariable = schedule.innerRows ? -1 : rows;
  }

private:
  /// Rows that are reduced or normalised side by side, so that one does not wait
  /// for another's lanes to be added up.
  void chooseReducedRows() {
    constexpr int64_t kRows = 4;
    if (target.hasThreads || !isInner(schedule.vectorVariable))
      return;
    for (int variable = schedule.extents.size() - 1; variable >= 0; --variable) {
      if (schedule.inner[variable])
        continue;
      bool isPlain = llvm::all_of(demand.getReads(), [&](const MemoryRead &read) {
        return isLinear(read.offset, variable);
      });
      if (isPlain && size(variable) >= kRows && sizes.least(schedule.extents[variable]) >= kRows) {
        schedule.rowVariable = variable;
        schedule.rowWidth = kRows;
      }
      return;
    }
  }

  /// A root variable that is walked beside the vector variable.
  bool isRootRow(unsigned variable) {
    return variable < schedule.extents.size() &&
           schedule.inner[variable] == isInner(schedule.vectorVariable);
  }

  /// Root variables, and those of loops inside of the block around the product.
  SmallVector<unsigned> rowCandidates(const ReductionDemand &heavy) {
    SmallVector<unsigned> candidates;
    for (unsigned variable = 0; variable < demand.getNumVariables(); ++variable) {
      bool own =
          llvm::any_of(heavy.index, [&](DimExpr expr) { return dependsOn(expr, leaf(variable)); });
      bool around = isRootRow(variable) || llvm::is_contained(heavy.enclosing, variable);
      if (int(variable) != schedule.vectorVariable && own && around)
        candidates.push_back(variable);
    }
    return candidates;
  }

  /// True if one operand of the product does not depend on the variable, and
  /// the others move linearly with it.
  bool reusesOperand(int heavyIndex, unsigned variable) {
    bool reused = llvm::any_of(demand.getReads(), [&](const MemoryRead &read) {
      return read.reduction == heavyIndex && !dependsOn(read.offset, leaf(variable));
    });
    return reused && llvm::all_of(demand.getReads(), [&](const MemoryRead &read) {
             return !dependsOn(read.offset, leaf(variable)) || isLinear(read.offset, variable);
           });
  }

  /// A batch may be of one: rows of anything else come first.
  std::pair<int64_t, int64_t> rowSize(unsigned variable) {
    DimExpr extent = demand.getRanges().getExtent(variable);
    return {sizes.least(extent), sizes.nominal(extent)};
  }

  bool isInner(int variable) { return variable >= 0 && schedule.inner[variable]; }

  /// Linear with any coefficient (symbolic strides of rows are fine).
  bool isLinear(DimExpr offset, unsigned variable) {
    return llvm::all_of(getTerms(offset), [&](const DimTerm &term) {
      unsigned count =
          llvm::count_if(term.atoms, [&](DimExpr atom) { return dependsOn(atom, leaf(variable)); });
      return count == 0 || (count == 1 && llvm::is_contained(term.atoms, leaf(variable)));
    });
  }

  /// Lines of one set of the nearest cache.
  static constexpr int64_t kWays = 8;

  /// True if rows lie a multiple of 4096 bytes apart: all of them in one set of
  /// the nearest cache, which holds few of them.
  bool collidesInCache(DimExpr offset, unsigned variable) {
    constexpr int64_t kElements = 1024;
    std::optional<int64_t> stride = coefficientOf(offset, leaf(variable));
    return !target.hasThreads && stride && *stride != 0 && *stride % kElements == 0;
  }

  /// Rows so that accumulators, one row of vectors and a broadcast fit, and no
  /// more than \p limit; among them the number of which the last tile repeats
  /// fewest rows.
  int64_t rowsFor(DimExpr extent, int64_t limit) {
    int64_t vectors = std::max<int64_t>(1, llvm::divideCeil(schedule.vectorWidth, target.lanes));
    int64_t rows = std::max<int64_t>(1, (target.registers - vectors - 1) / vectors);
    int64_t most = demand.getRanges().maximum(extent);
    if (most <= std::min<int64_t>(rows, limit))
      return most;
    rows = std::min<int64_t>({rows, limit, 12});
    if (!extent.isConstant())
      return rows;
    int64_t best = rows;
    for (int64_t candidate = rows; candidate > rows / 2; --candidate)
      if (llvm::alignTo(most, candidate) < llvm::alignTo(most, best))
        best = candidate;
    return best;
  }

  DimExpr leaf(unsigned variable) { return DimExpr::factor(context, variable); }
  double size(unsigned variable) { return sizes.nominal(demand.getRanges().getExtent(variable)); }

  Schedule &schedule;
  Demand &demand;
  const SymbolSizes &sizes;
  const TileTarget &target;
  MLIRContext *context;
};
} // namespace

void chooseRows(Schedule &schedule, Demand &demand, const SymbolSizes &sizes,
                const TileTarget &target, MLIRContext *context) {
  RowChooser(schedule, demand, sizes, target, context).choose();
}

} // namespace tenon
