//===- Schedule.cpp - how a kernel is cut into blocks and tiles -----------===//
//
// Steps:
//   1. Root variables: one per dimension of the stored value; neighbours are
//      merged while every offset stays linear in the merged one.
//   2. Inner variables: those on which some reduction does not depend.
//   3. The vector variable: the one along which most elements are contiguous,
//      possibly a reduced one (then no root variable has lanes on vectors).
//   4. The row variable: for the heaviest product, one of which the operand with
//      the vector variable is independent, so that it is read once per tile.
//   5. Staging: reductions that would be computed again.
//   6. Chunks: enough work for a block.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Schedule.h"
#include "passes/tile/Evaluator.h"

using namespace mlir;
namespace tenon {

/// A size for weighing alternatives; symbols count as 64 or their bound.
static double estimate(DimExpr expr, const DimRanges &ranges) {
  std::optional<int64_t> value = expr.evaluate([&](DimExpr leaf) -> std::optional<int64_t> {
    if (!leaf.isSymbol())
      return 1;
    DimRanges::Range range = ranges.getSymbol(leaf.getSymbol());
    return std::min(range.max, std::max<int64_t>(range.min, 64));
  });
  return value ? std::max<double>(1, *value) : 1e6;
}

static SmallVector<int64_t> orderAt(std::optional<ArrayAttr> orders, unsigned index) {
  if (!orders)
    return {};
  return SmallVector<int64_t>(cast<DenseI64ArrayAttr>((*orders)[index]).asArrayRef());
}

BufferOrders operandOrders(KernelOp kernel) {
  BufferOrders orders;
  for (BlockArgument argument : kernel.getBody().getArguments())
    orders[argument] = orderAt(kernel.getOperandOrders(), argument.getArgNumber());
  return orders;
}

SmallVector<int64_t> resultOrder(KernelOp kernel, unsigned result) {
  return orderAt(kernel.getResultOrders(), result);
}

//===----------------------------------------------------------------------===//
// Root variables
//===----------------------------------------------------------------------===//

static Demand demandFor(const Schedule &schedule, ArrayRef<Value> values,
                        const BufferOrders &orders, const DimRanges &ranges) {
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

static DimExpr storeOffset(const Schedule &schedule, Type type, ArrayRef<int64_t> order,
                           DimRanges ranges) {
  for (auto [i, extent] : llvm::enumerate(schedule.extents))
    ranges.setExtent(i, extent);
  DimExpr offset = DimExpr::constant(type.getContext(), 0);
  for (auto [expr, stride] : llvm::zip(schedule.index, stridesOf(type, order)))
    offset = offset + expr * stride;
  return ranges.simplify(offset);
}

static Schedule chooseRoots(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
                            const BufferOrders &orders, const DimRanges &ranges) {
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

//===----------------------------------------------------------------------===//
// Vector and row variables
//===----------------------------------------------------------------------===//

namespace {
/// Weighs the reads of a demand.
class TileChooser {
public:
  TileChooser(Schedule &schedule, Demand &demand, DimExpr store, const TileTarget &target)
      : schedule(schedule), demand(demand), store(store), target(target),
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
    chooseRows();
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

  DimExpr leaf(unsigned variable) { return DimExpr::factor(context, variable); }
  double size(unsigned variable) {
    return estimate(demand.getRanges().getExtent(variable), demand.getRanges());
  }

  /// How often a read happens: the extents of all variables around it.
  double weight(const MemoryRead &read) {
    double total = 1;
    for (unsigned i = 0; i < schedule.extents.size(); ++i)
      total *= size(i);
    for (int r = read.reduction; r >= 0; r = -1)
      for (unsigned variable : demand.getReductions()[r].variables)
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
        stride += *step * term.coefficient;
      }
    return stride;
  }

  std::optional<int64_t> digitStride(DimExpr digit, unsigned variable) {
    bool isMod = digit.getKind() == DimKind::Mod;
    if (!isMod && digit.getKind() != DimKind::FloorDiv)
      return std::nullopt;
    std::optional<int64_t> step = coefficientOf(digit.getOperands()[0], leaf(variable));
    if (!step || *step < 1 ||
        !demand.getRanges().isMultipleOf(digit.getOperands()[1], *step * target.lanes * 2))
      return std::nullopt;
    return isMod ? *step : 0;
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

  /// The greatest useful width up to \p width: no more than the extent needs.
  int64_t fit(int64_t width, DimExpr extent, int64_t least) {
    int64_t most = demand.getRanges().maximum(extent);
    while (width > 1 && width / 2 >= most)
      width /= 2;
    // An exact division saves the partial tile.
    if (!demand.getRanges().isMultipleOf(extent, width) && width > least &&
        demand.getRanges().isMultipleOf(extent, width / 2))
      width /= 2;
    return width;
  }

  void chooseRows() {
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
      return;
    int heavyIndex = heavy - demand.getReductions().data();
    double best = 2;
    int rows = -1;
    for (unsigned variable : rowCandidates(*heavy)) {
      if (rowSize(variable) < best || !reusesOperand(heavyIndex, variable))
        continue;
      rows = variable;
      best = rowSize(variable);
    }
    if (rows < 0)
      return;
    schedule.rowWidth = rowsFor(demand.getRanges().getExtent(rows));
    schedule.innerRows = !isRootRow(rows);
    schedule.rowVariable = schedule.innerRows ? -1 : rows;
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

  /// Rows of a symbolic size may be few: it counts as 16.
  double rowSize(unsigned variable) {
    DimExpr extent = demand.getRanges().getExtent(variable);
    std::optional<int64_t> value = extent.evaluate([&](DimExpr symbol) -> std::optional<int64_t> {
      if (!symbol.isSymbol())
        return 1;
      DimRanges::Range range = demand.getRanges().getSymbol(symbol.getSymbol());
      return std::min(range.max, std::max<int64_t>(range.min, 16));
    });
    return value ? *value : 16;
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

  /// Rows so that accumulators, one row of vectors and a broadcast fit.
  int64_t rowsFor(DimExpr extent) {
    int64_t vectors = std::max<int64_t>(1, schedule.vectorWidth / target.lanes);
    int64_t rows = std::max<int64_t>(1, (target.registers - vectors - 1) / vectors);
    rows = std::min<int64_t>(rows, 12);
    int64_t most = demand.getRanges().maximum(extent);
    if (most <= rows)
      return most;
    for (int64_t candidate = rows; candidate > rows / 2; --candidate)
      if (demand.getRanges().isMultipleOf(extent, candidate))
        return candidate;
    return rows;
  }

  Schedule &schedule;
  Demand &demand;
  DimExpr store;
  const TileTarget &target;
  MLIRContext *context;
};
} // namespace

//===----------------------------------------------------------------------===//
// Inner variables, staging, chunks
//===----------------------------------------------------------------------===//

static bool isTrivial(const ReductionDemand &reduction, DimRanges &ranges) {
  double points = 1;
  for (unsigned variable : reduction.variables)
    points *= estimate(ranges.getExtent(variable), ranges);
  return points <= 1;
}

static void markInner(Schedule &schedule, Demand &demand) {
  schedule.inner.assign(schedule.extents.size(), false);
  for (const ReductionDemand &reduction : demand.getReductions()) {
    if (isTrivial(reduction, demand.getRanges()))
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
static void markStaged(Schedule &schedule, Demand &demand) {
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
    if (varies && !isTrivial(reduction, demand.getRanges()) &&
        (demands[reduction.op] > 1 || repeated))
      schedule.staged.insert(reduction.op->getResult(0));
  }
}

static void chooseChunks(Schedule &schedule, Demand &demand) {
  // A block should be worth some ten thousand operations; rows of a product
  // are grouped so that a panel of the other operand is used again from cache.
  double work = 1;
  for (const ReductionDemand &reduction : demand.getReductions()) {
    double points = 1;
    for (unsigned variable : reduction.variables)
      points *= estimate(demand.getRanges().getExtent(variable), demand.getRanges());
    work = std::max(work, points);
  }
  schedule.chunk.assign(schedule.extents.size(), 1);
  auto grow = [&](int variable, int64_t width, double goal) {
    if (variable < 0 || schedule.inner[variable])
      return;
    int64_t count = std::max<int64_t>(1, static_cast<int64_t>(goal / (width * work)));
    schedule.chunk[variable] = width * std::min<int64_t>(count, 64);
  };
  if (schedule.rowVariable >= 0) {
    grow(schedule.vectorVariable, schedule.vectorWidth, 16384);
    grow(schedule.rowVariable, schedule.rowWidth, schedule.rowWidth * 4 * work);
    return;
  }
  grow(schedule.vectorVariable, schedule.vectorWidth, 16384);
}

Schedule chooseSchedule(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
                        const BufferOrders &orders, const DimRanges &ranges,
                        const TileTarget &target) {
  Schedule schedule = chooseRoots(values, storeOrder, orders, ranges);
  Demand demand = demandFor(schedule, values, orders, ranges);
  markInner(schedule, demand);
  DimExpr store = storeOffset(schedule, values.front().getType(), storeOrder, ranges);
  TileChooser(schedule, demand, store, target).choose();
  markStaged(schedule, demand);
  chooseChunks(schedule, demand);
  return schedule;
}

} // namespace tenon
