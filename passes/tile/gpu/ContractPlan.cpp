//===- ContractPlan.cpp - a kernel as one product for a GPU ---------------===//
//
// Steps:
//   1. root variables: dimensions of the stored value, divided where the product
//      reads digits of them (a head and its element);
//   2. the product: the only reduction that a dry run meets;
//   3. a class for each root variable, by the operands that depend on it;
//   4. rows and columns change places where the stored value is contiguous along
//      rows;
//   5. the order of summed factors, as the weight's memory has them.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/gpu/ContractPlan.h"
#include "passes/tile/Evaluator.h"
#include "passes/tile/Schedule.h"

using namespace mlir;
namespace tenon {

SmallVector<DimExpr> ContractPlan::digits(DimExpr flat, ArrayRef<DimExpr> extents) {
  SmallVector<DimExpr> result(extents.size());
  for (size_t i = extents.size(); i-- > 0;) {
    result[i] = i == 0 ? flat : flat.mod(extents[i]);
    flat = flat.floorDiv(extents[i]);
  }
  return result;
}

DimExpr ContractPlan::blocks() const {
  SmallVector<DimExpr> counts{m.ceilDiv(tile.m), n.ceilDiv(tile.n)};
  for (unsigned variable : batch)
    counts.push_back(extents[variable]);
  return product(m.getContext(), counts);
}

namespace {
class ContractPlanner {
public:
  ContractPlanner(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder, const BufferOrders &orders,
                  const FactorRanges &ranges, const SymbolSizes &sizes, Type products)
      : values(values), storeOrder(storeOrder), orders(orders), ranges(ranges), sizes(sizes),
        products(products), context(values.front().getContext()) {}

  std::optional<ContractPlan> plan() {
    chooseRoots();
    for (unsigned round = 0; round < kMostSplits && splitDigits(); ++round)
      ;
    Demand demand = dryRun();
    if (!findProduct(demand) || !classify() || !sortSummed(demand))
      return std::nullopt;
    chooseSides(demand);
    measure(demand);
    if (!isWorthIt())
      return std::nullopt;
    plan_.extents = roots.extents;
    plan_.index = roots.index;
    plan_.element = getElementTypeOrSelf(plan_.op.getOperand(0).getType());
    if (plan_.element.isF32())
      plan_.element = products;
    plan_.tile = chooseContractTile(plan_.element, nominal(plan_.batch), sizes.nominal(plan_.m),
                                    sizes.nominal(plan_.n), sizes.nominal(plan_.k));
    return plan_;
  }

private:
  static constexpr unsigned kMostSplits = 8;

  void chooseRoots() {
    Type type = values.front().getType();
    SmallVector<DimExpr> dims = getDims(type);
    roots.index.resize(dims.size(), DimExpr::constant(context, 0));
    for (size_t i = 0; i < dims.size(); ++i) {
      int64_t dim = storeOrder.empty() ? int64_t(i) : storeOrder[i];
      if (dims[dim].isConstant(1))
        continue;
      roots.index[dim] = leaf(roots.extents.size());
      roots.extents.push_back(dims[dim]);
    }
  }

  DimExpr leaf(unsigned variable) { return DimExpr::factor(context, variable); }

  Demand dryRun() {
    Demand demand(ranges, roots.extents, orders);
    for (Value value : values)
      demand.visit(value, roots.index);
    return demand;
  }

  /// Divides a root variable of which the product reads a digit.
  bool splitDigits() {
    Demand demand = dryRun();
    for (const ReductionDemand &reduction : demand.getReductions())
      for (unsigned i = 0; i < roots.extents.size(); ++i) {
        int64_t divisor = 1;
        for (DimExpr expr : reduction.index)
          findDivisor(expr, leaf(i), divisor);
        if (divisor == 1 || roots.extents[i].isConstant(divisor) ||
            !ranges.isMultipleOf(roots.extents[i], divisor))
          continue;
        roots = splitVariable(roots, i, divisor);
        return true;
      }
    return false;
  }

  bool findProduct(const Demand &demand) {
    if (demand.hasUnknown() || demand.getReductions().size() != 1)
      return false;
    const ReductionDemand &reduction = demand.getReductions().front();
    plan_.op = dyn_cast<ContractOp>(reduction.op);
    if (!plan_.op || plan_.op->getNumOperands() != 2 || reduction.variables.empty())
      return false;
    plan_.productIndex = reduction.index;
    auto element = [&](unsigned k) {
      return getElementTypeOrSelf(plan_.op.getOperand(k).getType());
    };
    return element(0) == element(1) &&
           (element(0).isF32() || element(0).isF16() || element(0).isBF16()) &&
           !hasDynamicIndex(plan_.op.getOperand(0), 0) &&
           !hasDynamicIndex(plan_.op.getOperand(1), 0);
  }

  /// A checked index below the product: its check would stand in the main loop.
  bool hasDynamicIndex(Value value, unsigned depth) {
    auto op = dyn_cast_or_null<FactorRuleInterface>(value.getDefiningOp());
    if (!op)
      return false;
    if (depth > 16)
      return true;
    for (const Access &access : op.getFactorRule().operands)
      if (llvm::any_of(access.index,
                       [](DimExpr expr) { return expr.getKind() == DimKind::Operand; }))
        return true;
    return llvm::any_of(op->getOperands(),
                        [&](Value operand) { return hasDynamicIndex(operand, depth + 1); });
  }

  /// The class of each root variable; false if one has none.
  bool classify() {
    FactorRule rule = cast<FactorRuleInterface>(plan_.op.getOperation()).getFactorRule();
    auto isRead = [&](unsigned operand, unsigned factor) {
      return llvm::any_of(rule.operands[operand].index,
                          [&](DimExpr expr) { return dependsOn(expr, leaf(factor)); });
    };
    for (unsigned i = 0; i < roots.extents.size(); ++i) {
      bool inRows = false, inColumns = false;
      for (auto [factor, expr] : llvm::enumerate(plan_.productIndex))
        if (dependsOn(expr, leaf(i))) {
          inRows |= isRead(0, factor);
          inColumns |= isRead(1, factor);
        }
      if (!inRows && !inColumns)
        return false;
      (inRows && inColumns ? plan_.batch : inRows ? plan_.rows : plan_.columns).push_back(i);
    }
    return !plan_.rows.empty() && !plan_.columns.empty();
  }

  /// Columns are those along which the stored value is contiguous.
  void chooseSides(const Demand &) {
    if (plan_.rows.back() < plan_.columns.back())
      return;
    std::swap(plan_.rows, plan_.columns);
    plan_.rowOperand = 1;
  }

  /// From major to minor where the reads are strided: the largest stride first.
  bool sortSummed(Demand &demand) {
    const ReductionDemand &reduction = demand.getReductions().front();
    FactorRule rule = cast<FactorRuleInterface>(plan_.op.getOperation()).getFactorRule();
    SmallVector<std::pair<int64_t, unsigned>> strides;
    size_t next = 0;
    for (unsigned factor = plan_.productIndex.size(); factor < rule.factors.size(); ++factor) {
      if (rule.factors[factor].extent.isConstant(1))
        continue;
      int64_t stride = 0;
      for (const MemoryRead &read : demand.getReads())
        if (read.reduction == 0)
          if (auto step = coefficientOf(read.offset, leaf(reduction.variables[next])))
            stride = std::max(stride, *step);
      strides.push_back({stride, factor});
      ++next;
    }
    llvm::stable_sort(strides, [](auto a, auto b) { return a.first > b.first; });
    for (auto [stride, factor] : strides)
      plan_.summed.push_back(factor);
    return !plan_.summed.empty();
  }

  void measure(Demand &) {
    FactorRule rule = cast<FactorRuleInterface>(plan_.op.getOperation()).getFactorRule();
    auto all = [&](ArrayRef<unsigned> variables) {
      return product(context, llvm::map_to_vector(variables, [&](unsigned i) {
                       return roots.extents[i];
                     }));
    };
    plan_.m = all(plan_.rows);
    plan_.n = all(plan_.columns);
    plan_.k = product(context, llvm::map_to_vector(plan_.summed, [&](unsigned factor) {
                        return rule.factors[factor].extent;
                      }));
  }

  int64_t nominal(ArrayRef<unsigned> variables) {
    int64_t total = 1;
    for (unsigned i : variables)
      total *= sizes.nominal(roots.extents[i]);
    return total;
  }

  /// A tile that would always be mostly empty is the generic nest's.
  bool isWorthIt() {
    return ranges.maximum(plan_.m) >= 8 && ranges.maximum(plan_.n) >= 16 &&
           ranges.maximum(plan_.k) >= 16;
  }

  ArrayRef<Value> values;
  ArrayRef<int64_t> storeOrder;
  const BufferOrders &orders;
  const FactorRanges &ranges;
  const SymbolSizes &sizes;
  Type products;
  MLIRContext *context;
  Schedule roots;
  ContractPlan plan_;
};
} // namespace

std::optional<ContractPlan> planContraction(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
                                            const BufferOrders &orders, const FactorRanges &ranges,
                                            const SymbolSizes &sizes, Type products) {
  return ContractPlanner(values, storeOrder, orders, ranges, sizes, products).plan();
}

} // namespace tenon
