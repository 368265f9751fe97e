//===- Cost.cpp - what a division costs on one mesh axis ------------------===//

#include "passes/shard/Cost.h"

#include <algorithm>

using namespace mlir;
namespace tenon::shard {

double Cost::size(DimExpr expr) const {
  auto value = expr.evaluate([&](DimExpr leaf) -> std::optional<int64_t> {
    if (!leaf.isSymbol())
      return std::nullopt;
    SymbolRanges::Entry range = symbols.getSymbol(leaf.getSymbol());
    return std::clamp(kTypicalSize, range.min, std::max(range.min, range.max));
  });
  return value ? double(std::max<int64_t>(*value, 0)) : double(kTypicalSize);
}

double Cost::bytes(Type type) const {
  double total = elementBytes(type);
  for (DimExpr dim : getDims(type))
    total *= size(dim);
  return total;
}

double Cost::bytes(Type type, Form form) const {
  return bytes(type) / (form.kind == Form::Split ? ranks : 1);
}

double Cost::convert(Type type, Form from, Form to) const {
  if (from == to)
    return 0;
  if (to.kind == Form::Partial)
    return kImpossible;
  double moved = bytes(type) * (ranks - 1) / ranks / rates.link;
  if (from.kind == Form::Replicated)
    return 0;
  if (from.kind == Form::Partial)
    return rates.latency + (to.kind == Form::Replicated ? 2 : 1) * moved;
  return rates.latency + moved / (to.kind == Form::Split ? ranks : 1);
}

double Cost::compute(Operation *op, const Strategy &strategy) const {
  // Of two plans of one speed, the one that holds fewer weights.
  if (isa<ReadOp>(op))
    return 0.1 * bytes(op->getResult(0).getType(), strategy.results[0]) / rates.memory;
  auto rule = dyn_cast<FactorRuleInterface>(op);
  if (!rule || rule.isView())
    return 0;
  double moved = 0, points = 1;
  for (auto [operand, form] : llvm::zip_equal(op->getOperands(), strategy.operands))
    moved += bytes(operand.getType(), form);
  for (auto [result, form] : llvm::zip_equal(op->getResults(), strategy.results))
    moved += bytes(result.getType(), form);
  for (const Factor &factor : rule.getFactorRule().factors)
    points *= size(factor.extent);
  double flops = 2 * points / (strategy.factor >= 0 ? ranks : 1);
  return std::max(flops / rates.flops, moved / rates.memory);
}

} // namespace tenon::shard
