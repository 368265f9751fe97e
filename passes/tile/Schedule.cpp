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
//   7. Block order: what consecutive blocks share stays in cache.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Schedule.h"
#include "passes/fuse/Graph.h"
#include "passes/tile/Evaluator.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace tenon {

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

static DimExpr storeOffset(const Schedule &schedule, Type type, ArrayRef<int64_t> order,
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

static Schedule chooseRoots(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
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

//===----------------------------------------------------------------------===//
// Vector and row variables
//===----------------------------------------------------------------------===//

namespace {
/// Weighs the reads of a demand.
class TileChooser {
public:
  TileChooser(Schedule &schedule, Demand &demand, DimExpr store, const SymbolSizes &sizes,
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
  double size(unsigned variable) { return sizes.nominal(demand.getRanges().getExtent(variable)); }

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

  Schedule &schedule;
  Demand &demand;
  DimExpr store;
  const SymbolSizes &sizes;
  const TileTarget &target;
  MLIRContext *context;
};
} // namespace

//===----------------------------------------------------------------------===//
// Inner variables, staging, chunks
//===----------------------------------------------------------------------===//

static bool isTrivial(const ReductionDemand &reduction, FactorRanges &ranges,
                      const SymbolSizes &sizes) {
  double points = 1;
  for (unsigned variable : reduction.variables)
    points *= sizes.nominal(ranges.getExtent(variable));
  return points <= 1;
}

static void markInner(Schedule &schedule, Demand &demand, const SymbolSizes &sizes) {
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
static void markStaged(Schedule &schedule, Demand &demand, const SymbolSizes &sizes) {
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
static void markStagedMaps(Schedule &schedule, Demand &demand, const SymbolSizes &sizes) {
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

static void chooseChunks(Schedule &schedule, Demand &demand, const SymbolSizes &sizes,
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

namespace {
/// Chooses along which operand of a product consecutive blocks walk: the other
/// one is then read from memory once, and this one again by every step of the
/// other's, unless it stays in cache.
class BlockOrder {
public:
  BlockOrder(Schedule &schedule, Demand &demand, const SymbolSizes &sizes)
      : schedule(schedule), demand(demand), sizes(sizes) {}

  void choose() {
    for (unsigned i = 0; i < schedule.extents.size(); ++i)
      if (!schedule.inner[i])
        schedule.blockOrder.push_back(i);
    if (schedule.vectorVariable < 0 || schedule.rowVariable < 0 || !readsOfProduct())
      return;
    if (traffic(columns, rows) < traffic(rows, columns))
      std::stable_sort(schedule.blockOrder.begin(), schedule.blockOrder.end(),
                       [&](unsigned a, unsigned b) { return place(a) < place(b); });
  }

private:
  /// The reads of one side of the product, and the variables they move with.
  struct Side {
    SmallVector<const MemoryRead *> reads;
    llvm::BitVector variables;
  };

  /// Of the product with most points: reads that move with the lanes, and others.
  bool readsOfProduct() {
    int heavy = -1;
    double most = 0;
    for (auto [i, reduction] : llvm::enumerate(demand.getReductions())) {
      double points = 1;
      for (unsigned variable : reduction.variables)
        points *= size(variable);
      if (isa<ContractOp>(reduction.op) && points > most) {
        heavy = i;
        most = points;
      }
    }
    for (const MemoryRead &read : demand.getReads())
      if (heavy >= 0 && read.reduction == heavy)
        add(uses(read, schedule.vectorVariable) ? columns : rows, read);
    return !columns.reads.empty() && !rows.reads.empty();
  }

  void add(Side &side, const MemoryRead &read) {
    side.reads.push_back(&read);
    side.variables.resize(demand.getNumVariables());
    for (unsigned i = 0; i < demand.getNumVariables(); ++i)
      if (uses(read, i))
        side.variables.set(i);
  }

  /// Bytes moved where the blocks walk `fast` and then take a step of `slow`.
  double traffic(const Side &slow, const Side &fast) {
    constexpr double kNearBytes = 512 << 10, kFarBytes = 4 << 20, kFarPrice = 3;
    double bytes = footprint(fast, slow), again = steps(slow, fast) - 1;
    if (bytes <= kNearBytes)
      again = 0;
    return footprint(slow, fast) + bytes * (1 + again * (bytes > kFarBytes ? kFarPrice : 1));
  }

  /// What one side reads for one position of what both sides move with.
  double footprint(const Side &side, const Side &other) {
    double total = 0;
    for (const MemoryRead *read : side.reads) {
      double elements = 1, buffer = 1;
      for (unsigned i = 0; i < demand.getNumVariables(); ++i)
        if (uses(*read, i) && (i >= schedule.extents.size() || !other.variables.test(i)))
          elements *= size(i);
      for (DimExpr dim : getDims(read->buffer.getType()))
        buffer *= sizes.nominal(dim);
      total += 4 * std::min(elements, buffer);
    }
    return total;
  }

  double steps(const Side &side, const Side &other) {
    double blocks = 1;
    for (unsigned i : schedule.blockOrder)
      if (side.variables.test(i) && !other.variables.test(i))
        blocks *= sizes.nominal(schedule.blocks(i));
    return blocks;
  }

  /// Shared variables outermost, then those of the columns, then of the rows.
  unsigned place(unsigned variable) {
    if (columns.variables.test(variable))
      return rows.variables.test(variable) ? 0 : 1;
    return 2;
  }

  bool uses(const MemoryRead &read, unsigned variable) {
    return dependsOn(read.offset, DimExpr::factor(read.offset.getContext(), variable));
  }
  double size(unsigned variable) { return sizes.nominal(demand.getRanges().getExtent(variable)); }

  Schedule &schedule;
  Demand &demand;
  const SymbolSizes &sizes;
  Side columns, rows;
};
} // namespace

Schedule narrowed(Schedule schedule, const TileTarget &target) {
  if (schedule.vectorWidth > target.lanes * 3)
    schedule.vectorWidth = target.lanes * (schedule.vectorWidth % (target.lanes * 2) == 0 ? 2 : 1);
  int64_t vectors = std::max<int64_t>(1, llvm::divideCeil(schedule.vectorWidth, target.lanes));
  int64_t most = std::max<int64_t>(1, (target.registers - vectors - 1) / vectors);
  int64_t parts = llvm::divideCeil(schedule.rowWidth, most);
  schedule.rowWidth = llvm::divideCeil(schedule.rowWidth, parts);
  return schedule;
}

Schedule chooseSchedule(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
                        const BufferOrders &orders, const FactorRanges &ranges,
                        const SymbolSizes &sizes, const TileTarget &target) {
  Schedule schedule = chooseRoots(values, storeOrder, orders, ranges);
  Demand demand = demandFor(schedule, values, orders, ranges);
  markInner(schedule, demand, sizes);
  DimExpr store = storeOffset(schedule, values.front().getType(), storeOrder, ranges);
  TileChooser(schedule, demand, store, sizes, target).choose();
  markStaged(schedule, demand, sizes);
  if (!target.hasThreads)
    markStagedMaps(schedule, demand, sizes);
  chooseChunks(schedule, demand, sizes, target.blockPoints);
  BlockOrder(schedule, demand, sizes).choose();
  schedule.canOverlap = !target.hasThreads;
  return schedule;
}

} // namespace tenon
