//===- Strategies.cpp - the ways to divide an operation -------------------===//
//
// From factor rules, without a case for any operation; weights, constants and
// irregular operations have theirs.
//
//===----------------------------------------------------------------------===//

#include "passes/shard/Form.h"

#include <numeric>

using namespace mlir;
namespace tenon::shard {

DimExpr partOf(DimExpr size, int64_t ranks) {
  DimExpr part;
  bool divides = size.divides(DimExpr::constant(size.getContext(), ranks), part);
  return divides ? part : DimExpr();
}

namespace {

/// By how much an expression grows when factor `index` grows by `step`; null if
/// that depends on where it is.
DimExpr shift(DimExpr expr, unsigned index, DimExpr step) {
  DimExpr zero = DimExpr::constant(expr.getContext(), 0);
  if (expr.isFactor())
    return expr.getValue() == index ? step : zero;
  bool reads = false;
  expr.walkLeaves([&](DimExpr leaf) { reads |= leaf.isFactor() && leaf.getValue() == index; });
  if (!reads)
    return zero;
  SmallVector<DimExpr> moved;
  for (DimExpr operand : expr.getOperands()) {
    moved.push_back(shift(operand, index, step));
    if (!moved.back())
      return DimExpr();
  }
  auto operands = expr.getOperands();
  DimExpr quotient;
  switch (expr.getKind()) {
  case DimKind::Add:
    return std::accumulate(moved.begin(), moved.end(), zero);
  case DimKind::Mul: {
    // Linear in the factor: one operand moves, the others are no factors.
    DimExpr result = DimExpr::constant(expr.getContext(), 1);
    unsigned moving = 0;
    for (auto [operand, delta] : llvm::zip_equal(operands, moved)) {
      moving += delta != zero;
      if (delta == zero && operand.hasFactors())
        return DimExpr();
      result = result * (delta == zero ? operand : delta);
    }
    return moving == 1 ? result : DimExpr();
  }
  case DimKind::FloorDiv:
  case DimKind::CeilDiv:
    return moved[1] == zero && moved[0].divides(operands[1], quotient) ? quotient : DimExpr();
  case DimKind::Mod:
    return moved[1] == zero && moved[0].divides(operands[1], quotient) ? zero : DimExpr();
  default:
    return DimExpr();
  }
}

/// Whether any of the guards looks at the factor: the ends of pads, windows and
/// concatenations are not where the parts end.
bool isGuarded(const Access &access, unsigned factor) {
  return llvm::any_of(access.guards, [&](const Guard &guard) {
    DimExpr one = DimExpr::constant(guard.index.getContext(), 1);
    DimExpr moved = shift(guard.index, factor, one);
    return !moved || !moved.isConstant(0);
  });
}

/// The form in which an operand must be for its factor to be shared.
std::optional<Form> operandForm(Type type, const Access &access, unsigned factor, DimExpr part,
                                int64_t ranks, const FactorRanges &first) {
  if (isGuarded(access, factor))
    return std::nullopt;
  Form form;
  auto dims = getDims(type);
  for (auto [dim, index] : llvm::enumerate(access.index)) {
    DimExpr moved = shift(index, factor, part);
    if (!moved)
      return std::nullopt;
    if (moved.isConstant(0))
      continue;
    bool isPart = form.kind == Form::Replicated && moved == partOf(dims[dim], ranks) &&
                  first.isInRange(index, moved);
    if (!isPart)
      return std::nullopt;
    form = Form::split(dim);
  }
  return form;
}

std::optional<Strategy> share(FactorRuleInterface op, const FactorRule &rule, unsigned factor,
                              int64_t ranks, FactorRanges ranges) {
  const Factor &shared = rule.factors[factor];
  DimExpr part = partOf(shared.extent, ranks);
  if (!part)
    return std::nullopt;
  Strategy strategy;
  strategy.factor = factor;
  ranges.setExtent(factor, part);
  for (auto [operand, access] : llvm::zip_equal(op->getOperands(), rule.operands)) {
    auto form = operandForm(operand.getType(), access, factor, part, ranks, ranges);
    if (!form)
      return std::nullopt;
    strategy.operands.push_back(*form);
  }
  bool isReduced = shared.kind == FactorKind::Reduction;
  strategy.results.push_back(isReduced ? Form::partial(rule.combiner) : Form::split(factor));
  return strategy;
}

void addRuleStrategies(FactorRuleInterface op, int64_t ranks, const FactorRanges &symbols,
                       SmallVectorImpl<Strategy> &strategies) {
  FactorRule rule = op.getFactorRule();
  FactorRanges ranges = symbols;
  for (auto [i, factor] : llvm::enumerate(rule.factors))
    ranges.setExtent(i, factor.extent);
  auto iota = dyn_cast<IotaOp>(op.getOperation());
  for (unsigned factor = 0; factor < rule.factors.size(); ++factor) {
    // The one body that reads an index of its own.
    if (iota && iota.getDim() == factor)
      continue;
    if (auto strategy = share(op, rule, factor, ranks, ranges))
      strategies.push_back(std::move(*strategy));
  }
  if (op.isView() && op->getNumOperands() == 1) {
    Strategy &partial = strategies.emplace_back();
    partial.isPartial = true;
    partial.operands = partial.results = {Form::partial(Combiner::Add)};
  }
}

/// A source can be had in any part.
void addSourceStrategies(Operation *op, int64_t ranks, SmallVectorImpl<Strategy> &strategies) {
  for (auto [dim, size] : llvm::enumerate(getDims(op->getResult(0).getType()))) {
    if (!partOf(size, ranks))
      continue;
    Strategy &strategy = strategies.emplace_back();
    strategy.factor = dim;
    strategy.results.push_back(Form::split(dim));
  }
}

/// Rows of scans, sorts and their like are computed each by itself.
void addRowStrategies(IrregularOpInterface op, int64_t ranks,
                      SmallVectorImpl<Strategy> &strategies) {
  std::optional<int64_t> own = op.getOwnDim();
  if (!own || op->getNumOperands() != 1)
    return;
  auto dims = getDims(op->getOperand(0).getType());
  for (int64_t dim : op.getIndependentDims()) {
    if (!partOf(dims[dim], ranks))
      continue;
    Strategy strategy;
    strategy.factor = dim;
    strategy.operands.push_back(Form::split(dim));
    for (Type type : op->getResultTypes()) {
      bool isDropped = getDims(type).size() < dims.size();
      strategy.results.push_back(Form::split(dim - (isDropped && dim > *own)));
    }
    strategies.push_back(std::move(strategy));
  }
}

} // namespace

SmallVector<Strategy> strategiesOf(Operation *op, int64_t ranks, const FactorRanges &symbols) {
  SmallVector<Strategy> strategies(1);
  strategies[0].operands.resize(op->getNumOperands());
  strategies[0].results.resize(op->getNumResults());
  if (auto rule = dyn_cast<FactorRuleInterface>(op))
    addRuleStrategies(rule, ranks, symbols, strategies);
  else if (auto rows = dyn_cast<IrregularOpInterface>(op))
    addRowStrategies(rows, ranks, strategies);
  else if (auto constant = dyn_cast<ConstantOp>(op); isa<ReadOp>(op) || (constant && constant.getValue().isSplat()))
    addSourceStrategies(op, ranks, strategies);
  return strategies;
}

std::optional<Strategy> strategyOf(Operation *op, int64_t ranks, const FactorRanges &symbols) {
  auto factor = op->getAttrOfType<IntegerAttr>(kFactorName);
  bool isPartial = op->hasAttr(kPartialName);
  for (Strategy &strategy : strategiesOf(op, ranks, symbols))
    if (strategy.factor == (factor ? factor.getInt() : -1) && strategy.isPartial == isPartial)
      return strategy;
  op->emitOpError() << "cannot be divided among " << ranks << " ranks as its '" << kFactorName
                    << "' asks";
  return std::nullopt;
}

void setStrategy(Operation *op, const Strategy &strategy) {
  if (strategy.factor >= 0)
    op->setAttr(kFactorName, IntegerAttr::get(IntegerType::get(op->getContext(), 64), strategy.factor));
  if (strategy.isPartial)
    op->setAttr(kPartialName, UnitAttr::get(op->getContext()));
}

} // namespace tenon::shard
