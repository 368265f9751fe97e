//===- Demand.cpp - what evaluating a value will touch --------------------===//
//
// Mirrors Evaluator::evaluateOp case by case; data-dependent indices become
// opaque leaves.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Demand.h"
#include "passes/tile/Evaluator.h"

using namespace mlir;
namespace tenon {

bool dependsOn(DimExpr expr, DimExpr variable) {
  bool found = false;
  expr.walkLeaves([&](DimExpr leaf) { found |= leaf == variable; });
  return found;
}

std::optional<int64_t> coefficientOf(DimExpr expr, DimExpr variable) {
  int64_t coefficient = 0;
  for (const DimTerm &term : getTerms(expr)) {
    if (llvm::none_of(term.atoms, [&](DimExpr atom) { return dependsOn(atom, variable); }))
      continue;
    if (term.atoms.size() != 1 || term.atoms.front() != variable)
      return std::nullopt;
    coefficient = term.coefficient;
  }
  return coefficient;
}

Demand::Demand(FactorRanges ranges, ArrayRef<DimExpr> extents, const BufferOrders &orders)
    : ranges(std::move(ranges)), orders(orders), numVariables(extents.size()) {
  for (auto [i, extent] : llvm::enumerate(extents)) {
    this->ranges.setExtent(i, extent);
    enclosing.push_back(i);
  }
}

void Demand::visit(Value value, ArrayRef<DimExpr> rawIndex) {
  SmallVector<DimExpr> index;
  std::vector<const void *> key{value.getAsOpaquePointer()};
  for (DimExpr expr : rawIndex) {
    index.push_back(ranges.simplify(expr));
    key.push_back(index.back().getAttr().getAsOpaquePointer());
  }
  if (!seen.insert(key).second)
    return;
  auto buffer = orders.find(value);
  if (buffer != orders.end() && !value.getDefiningOp()) {
    DimExpr offset = DimExpr::constant(value.getContext(), 0);
    for (auto [expr, stride] : llvm::zip(index, stridesOf(value.getType(), buffer->second)))
      offset = offset + expr * stride;
    reads.push_back({value, index, ranges.simplify(offset), current});
    return;
  }
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<ConstantOp, DimOp>(op))
    return;
  auto ruled = dyn_cast_or_null<FactorRuleInterface>(op);
  SmallVector<DimExpr> factors(index);
  int outer = current;
  SmallVector<unsigned> outerEnclosing = enclosing;
  auto addVariable = [&](DimExpr extent) {
    ranges.setExtent(numVariables, extent);
    factors.push_back(DimExpr::factor(value.getContext(), numVariables));
    reductions.back().variables.push_back(numVariables);
    enclosing.push_back(numVariables++);
  };
  if (auto argReduce = dyn_cast_or_null<ArgReduceOp>(op)) {
    reductions.push_back({op, index, {}, enclosing});
    current = reductions.size() - 1;
    addVariable(getDims(argReduce.getInput().getType())[argReduce.getDim()]);
    SmallVector<DimExpr> full(index);
    full.insert(full.begin() + argReduce.getDim(), factors.back());
    visit(argReduce.getInput(), full);
  } else if (!ruled) {
    unknown = true;
  } else {
    FactorRule rule = ruled.getFactorRule();
    if (rule.hasReduction()) {
      reductions.push_back({op, index, {}, enclosing});
      current = reductions.size() - 1;
      // Hoisted to where its index is known: only those loops are around it.
      llvm::erase_if(enclosing, [&](unsigned variable) {
        DimExpr leaf = DimExpr::factor(value.getContext(), variable);
        return llvm::none_of(index, [&](DimExpr expr) { return dependsOn(expr, leaf); });
      });
      for (const Factor &factor : llvm::drop_begin(rule.factors, index.size()))
        if (factor.extent.isConstant(1))
          factors.push_back(DimExpr::constant(value.getContext(), 0));
        else
          addVariable(factor.extent);
    } else if (!ruled.isView()) {
      maps.push_back({op, index});
    }
    visitRule(ruled, rule, factors);
  }
  current = outer;
  enclosing = outerEnclosing;
}

void Demand::visitRule(FactorRuleInterface op, const FactorRule &rule, ArrayRef<DimExpr> factors) {
  for (auto [k, access] : llvm::enumerate(rule.operands)) {
    auto bind = [&](DimExpr expr) {
      return expr.replaceLeaves(
          [&](DimExpr leaf) { return leaf.isFactor() ? factors[leaf.getValue()] : DimExpr(); });
    };
    SmallVector<DimExpr> index;
    for (DimExpr expr : access.index)
      index.push_back(bind(expr));
    for (const Guard &guard : access.guards) {
      Guard bound{ranges.simplify(bind(guard.index)), guard.extent};
      if (!ranges.isInRange(bound.index, bound.extent))
        guards.push_back(bound);
    }
    visit(op->getOperand(k), index);
  }
}

} // namespace tenon
