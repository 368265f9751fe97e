//===- AccumulateInTurns.cpp - several sums of one reduction --------------===//
//
// The sum of a tile of few vectors (a product of one row) waits for itself: each
// multiply-add needs the one before, and four cycles go by. Such a product has
// four sums, each of every fourth element, added when the loop is over:
//
//   a0 += x[4i] w[4i]   a1 += x[4i+1] w[4i+1]   ...   a0 + a1 + a2 + a3
//
// This changes the order of the additions.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/tile/Evaluator.h"

using namespace mlir;
namespace tenon {

/// Sums of one reduction, and elements of tiles that wait.
static constexpr int64_t kTurns = 4, kMostElements = 32;

bool Evaluator::takesTurns(FactorRuleInterface op, ArrayRef<int64_t> shape, DimExpr extent) {
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  return isa<ContractOp>(op) && isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())) &&
         elements > 1 && elements <= kMostElements && extent.isConstant() &&
         extent.getValue() >= 4 * kTurns;
}

/// Adds what a reduction sums along \p variable to \p acc; null after an error.
Value Evaluator::accumulateInTurns(FactorRuleInterface op, const FactorRule &rule,
                                   ArrayRef<DimExpr> factors, unsigned variable,
                                   ArrayRef<Guard> guards, Value acc) {
  IREmitter &emitter = tiles.emitter();
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  unsigned combiner = static_cast<unsigned>(rule.combiner);
  int64_t rounds = tiles.getVariable(variable).extent.getValue() / kTurns;
  int64_t rest = tiles.getVariable(variable).extent.getValue() - rounds * kTurns;
  auto add = [&](DimExpr position, Value sum) {
    SmallVector<DimExpr> at;
    for (DimExpr factor : factors)
      at.push_back(factor == tiles.var(variable) ? position : factor);
    return accumulate(op, rule, at, guards, sum, {});
  };
  Value neutral = emitter.broadcast(cast<Value>(emitter.neutral(combiner, type).payload),
                                    cast<RankedTensorType>(acc.getType()).getShape());
  SmallVector<Value> sums(kTurns, neutral);
  sums.front() = acc;
  unsigned round = tiles.addVariable(DimExpr::constant(op->getContext(), rounds));
  Value zero = arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), 0);
  Value end = arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), rounds);
  bool failed = false;
  sums = tiles.loop(zero, end, 1, sums, [&](Value iv, ValueRange carried) {
    tiles.bind(round, iv);
    tiles.getVariable(round).isInner = true;
    SmallVector<Value> next(carried);
    for (auto [turn, sum] : llvm::enumerate(next)) {
      Value added = add(tiles.var(round) * kTurns + turn, sum);
      failed |= !added;
      sum = added ? added : sum;
    }
    return next;
  });
  for (int64_t turn = 0; turn < rest && !failed; ++turn) {
    sums[turn] = add(DimExpr::constant(op->getContext(), rounds * kTurns + turn), sums[turn]);
    failed |= !sums[turn];
  }
  if (failed)
    return {};
  Value low = emitter.combine(combiner, sums[0], sums[1], type);
  return emitter.combine(combiner, low, emitter.combine(combiner, sums[2], sums[3], type), type);
}

} // namespace tenon
