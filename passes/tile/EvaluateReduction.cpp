//===- EvaluateReduction.cpp - loops around bodies ------------------------===//
//
// A reduction becomes
//   1. an accumulator tile of the combiner's neutral element, with the shape of
//      what the result depends on, and lanes along the vector dimension where a
//      reduced dimension is contiguous and the vector dimension is free;
//   2. a loop per reduction factor, the contiguous one innermost;
//   3. the body inside, combined into the accumulator (a product of two floats
//      as a fused multiply-add);
//   4. if lanes were used, a reduction across them.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/tile/Demand.h"
#include "passes/tile/Evaluator.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
namespace tenon {

bool Evaluator::usesDim(int dim, ArrayRef<DimExpr> exprs) {
  return dim >= 0 && tiles.shapeOf(exprs)[dim] > 1;
}

bool Evaluator::containsProduct(Value value, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 16 || staged.contains(value))
    return false;
  if (isa<ContractOp>(op))
    return true;
  return isa<FactorRuleInterface>(op) && llvm::any_of(op->getOperands(), [&](Value operand) {
           return containsProduct(operand, depth + 1);
         });
}

bool Evaluator::isContiguous(Value value, ArrayRef<DimExpr> index, unsigned variable,
                             unsigned depth) {
  DimExpr leaf = tiles.var(variable);
  if (buffers.contains(value) && !value.getDefiningOp()) {
    DimExpr offset = DimExpr::constant(value.getContext(), 0);
    for (auto [expr, stride] : llvm::zip(index, stridesOf(value.getType(), buffers[value].order)))
      offset = offset + expr * stride;
    return coefficientOf(tiles.simplify(offset), leaf) == 1;
  }
  if (staged.contains(value))
    return !index.empty() && coefficientOf(tiles.simplify(index.back()), leaf) == 1;
  auto op = dyn_cast_or_null<FactorRuleInterface>(value.getDefiningOp());
  if (!op || depth > 8)
    return false;
  FactorRule rule = op.getFactorRule();
  if (rule.hasReduction())
    return false;
  for (auto [k, access] : llvm::enumerate(rule.operands)) {
    SmallVector<DimExpr> operandIndex;
    for (DimExpr expr : access.index)
      operandIndex.push_back(expr.replaceLeaves(
          [&](DimExpr f) { return f.isFactor() ? index[f.getValue()] : DimExpr(); }));
    bool isDynamic =
        llvm::any_of(access.index, [](DimExpr expr) { return expr.getKind() == DimKind::Operand; });
    if (!isDynamic && isContiguous(op->getOperand(k), operandIndex, variable, depth + 1))
      return true;
  }
  return false;
}

bool Evaluator::reducesVector(FactorRuleInterface op, const FactorRule &rule,
                              ArrayRef<DimExpr> factors, unsigned variable) {
  for (auto [k, access] : llvm::enumerate(rule.operands)) {
    SmallVector<DimExpr> index;
    for (DimExpr expr : access.index)
      index.push_back(expr.replaceLeaves(
          [&](DimExpr f) { return f.isFactor() ? factors[f.getValue()] : DimExpr(); }));
    if (isContiguous(op->getOperand(k), index, variable))
      return true;
  }
  return false;
}

/// Zeroes the lanes beyond the last element of the vectorised variables.
static Scalar maskTail(TileBuilder &tiles, Scalar value, ArrayRef<unsigned> variables,
                       Scalar neutral) {
  SmallVector<Guard> guards;
  for (unsigned variable : variables)
    if (tiles.hasTail(variable))
      guards.push_back({tiles.var(variable), tiles.getVariable(variable).extent});
  if (guards.empty())
    return value;
  Scalar mask = tiles.emitter().wrap(tiles.mask(guards), tiles.ir().getI1Type());
  return select(mask, value, neutral);
}

Value Evaluator::accumulate(FactorRuleInterface op, const FactorRule &rule,
                            ArrayRef<DimExpr> factors, ArrayRef<Guard> guards, Value acc,
                            ArrayRef<unsigned> vectorVariables) {
  IREmitter &emitter = tiles.emitter();
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  auto shape = llvm::to_vector(tile::shapeOf(acc.getType()));
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(acc.getType()));
  SmallVector<Scalar> operands;
  if (isa<ContractOp>(op) && op->getNumOperands() == 2 && isFloat) {
    for (auto [k, access] : llvm::enumerate(rule.operands)) {
      SmallVector<DimExpr> index;
      for (DimExpr expr : access.index)
        index.push_back(expr.replaceLeaves(
            [&](DimExpr f) { return f.isFactor() ? factors[f.getValue()] : DimExpr(); }));
      Scalar element = evaluate(op->getOperand(k), index, guards);
      if (!element.emitter)
        return {};
      operands.push_back(
          maskTail(tiles, cast(element, type), vectorVariables, emitter.constant(0, type)));
    }
    Value values[] = {mlir::cast<Value>(operands[0].payload),
                      mlir::cast<Value>(operands[1].payload), acc};
    emitter.unify(values);
    return math::FmaOp::create(tiles.ir(), tiles.getLoc(), values[0], values[1], values[2]);
  }
  Scalar element = evaluateBody(op, rule, factors, guards);
  if (!element.emitter)
    return {};
  unsigned combiner = static_cast<unsigned>(rule.combiner);
  element = maskTail(tiles, cast(element, type), vectorVariables, emitter.neutral(combiner, type));
  Value next = emitter.combine(combiner, acc, mlir::cast<Value>(element.payload), type);
  return emitter.broadcast(next, shape);
}

static tile::ReduceKind reduceKind(Combiner combiner, Type type) {
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  switch (combiner) {
  case Combiner::Mul:
    return tile::ReduceKind::Mul;
  case Combiner::Max:
    return isUnsigned ? tile::ReduceKind::MaxU : tile::ReduceKind::Max;
  case Combiner::Min:
    return isUnsigned ? tile::ReduceKind::MinU : tile::ReduceKind::Min;
  case Combiner::And:
    return tile::ReduceKind::And;
  case Combiner::Or:
    return tile::ReduceKind::Or;
  case Combiner::Xor:
    return tile::ReduceKind::Xor;
  default:
    return tile::ReduceKind::Add;
  }
}

/// What fills a window without a change to the reduction's result; nothing if
/// it does not exist.
static std::optional<double> neutralFill(FactorRuleInterface op, const FactorRule &rule) {
  if (isa<ContractOp>(op) && op->getNumOperands() == 2)
    return 0;
  if (!isa<ReduceOp>(op) || !isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
    return std::nullopt;
  switch (rule.combiner) {
  case Combiner::Add:
    return 0;
  case Combiner::Max:
    return -std::numeric_limits<double>::infinity();
  case Combiner::Min:
    return std::numeric_limits<double>::infinity();
  default:
    return std::nullopt;
  }
}

/// The guards of the reads below a reduction that change along its own factors.
BodyGuards Evaluator::bodyGuards(FactorRuleInterface op, const FactorRule &rule,
                                 ArrayRef<DimExpr> factors, ArrayRef<unsigned> variables) {
  BodyGuards found, distinct;
  std::optional<double> neutral = neutralFill(op, rule);
  for (auto [k, access] : llvm::enumerate(rule.operands)) {
    SmallVector<DimExpr> index;
    for (DimExpr expr : access.index)
      index.push_back(expr.replaceLeaves(
          [&](DimExpr f) { return f.isFactor() ? factors[f.getValue()] : DimExpr(); }));
    collectGuards(op->getOperand(k), index, found, neutral);
  }
  auto add = [&](SmallVectorImpl<Guard> &to, const Guard &guard) {
    bool isOwn = llvm::any_of(
        variables, [&](unsigned variable) { return dependsOn(guard.index, tiles.var(variable)); });
    bool isKnown = llvm::any_of(to, [&](const Guard &other) {
      return other.index == guard.index && other.extent == guard.extent;
    });
    if (isOwn && !isKnown)
      to.push_back(guard);
  };
  for (const Guard &guard : found.all)
    add(distinct.all, guard);
  for (const Guard &guard : found.skipping)
    add(distinct.skipping, guard);
  return distinct;
}

/// Emits code under a test: `inside` where the guards hold, `outside` elsewhere
/// (null: nothing is added there). The variable, if any, is bound anew in each
/// branch, so that what depends on it stays there.
Value Evaluator::branch(Value holds, int variable, ArrayRef<Guard> guards, Value acc,
                        llvm::function_ref<Value(Value)> inside,
                        llvm::function_ref<Value(Value)> outside) {
  OpBuilder &builder = tiles.ir();
  auto branch = scf::IfOp::create(builder, tiles.getLoc(), TypeRange{acc.getType()}, holds,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  std::optional<Variable> outer;
  if (variable >= 0)
    outer = tiles.getVariable(variable);
  for (bool isWhole : {true, false}) {
    tiles.enter(branch, isWhole ? branch.thenBlock() : branch.elseBlock());
    if (outer)
      tiles.getVariable(variable).scope = tiles.getScope();
    size_t before = assumed.size();
    if (isWhole)
      assumed.append(guards.begin(), guards.end());
    Value result = isWhole ? inside(acc) : outside ? outside(acc) : acc;
    assumed.truncate(before);
    tiles.setScope(tiles.getScope());
    scf::YieldOp::create(builder, tiles.getLoc(), result);
    tiles.leave();
  }
  if (outer)
    tiles.getVariable(variable) = *outer;
  return branch.getResult(0);
}

std::optional<std::pair<int64_t, int64_t>> guardInterval(const Guard &guard, DimExpr variable) {
  if (coefficientOf(guard.index, variable) != 1 || !guard.extent.isConstant())
    return std::nullopt;
  DimExpr offset = guard.index - variable;
  if (!offset.isConstant())
    return std::nullopt;
  return std::make_pair(-offset.getValue(), guard.extent.getValue() - offset.getValue());
}

SmallVector<Guard> Evaluator::takeIntervals(BodyGuards &guards, ArrayRef<unsigned> variables) {
  SmallVector<Guard> taken;
  auto isInterval = [&](const Guard &guard) {
    return llvm::any_of(variables, [&](unsigned variable) {
      return tiles.getVariable(variable).extent.isConstant() &&
             guardInterval(guard, tiles.var(variable)).has_value();
    });
  };
  llvm::copy_if(guards.all, std::back_inserter(taken), isInterval);
  llvm::erase_if(guards.all, isInterval);
  llvm::erase_if(guards.skipping, isInterval);
  return taken;
}

SmallVector<int64_t> guardSegments(ArrayRef<Guard> guards, DimExpr variable, int64_t extent) {
  SmallVector<int64_t> ends{0, extent};
  for (const Guard &guard : guards)
    if (auto ends2 = guardInterval(guard, variable))
      for (int64_t end : {ends2->first, ends2->second})
        if (end > 0 && end < extent)
          ends.push_back(end);
  llvm::sort(ends);
  ends.erase(llvm::unique(ends), ends.end());
  return ends;
}

Scalar Evaluator::evaluateReduction(FactorRuleInterface op, const FactorRule &rule,
                                    ArrayRef<DimExpr> index, ArrayRef<Guard> guards) {
  IREmitter &emitter = tiles.emitter();
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  SmallVector<DimExpr> factors(index);
  SmallVector<unsigned> variables, vectorVariables;
  for (const Factor &factor : llvm::drop_begin(rule.factors, index.size())) {
    if (factor.extent.isConstant(1)) {
      factors.push_back(DimExpr::constant(op->getContext(), 0));
      continue;
    }
    variables.push_back(tiles.addVariable(factor.extent));
    factors.push_back(tiles.var(variables.back()));
  }
  // Variables of guards (the positions in a window) go outward, so that what
  // they say can be tested once for all iterations of the loops inside.
  BodyGuards found = bodyGuards(op, rule, factors, variables);
  // Intervals of one variable (the pieces of a concatenation) divide its loop.
  bool hasLanes = (vectorDim >= 0 && !usesDim(vectorDim, index)) ||
                  (innerRowDim >= 0 && !usesDim(innerRowDim, index));
  SmallVector<Guard> intervals;
  if (!hasLanes)
    intervals = takeIntervals(found, variables);
  ArrayRef<Guard> guarded = found.all;
  auto isGuarded = [&](unsigned variable) {
    return llvm::any_of(
        guarded, [&](const Guard &guard) { return dependsOn(guard.index, tiles.var(variable)); });
  };
  std::stable_partition(variables.begin(), variables.end(), isGuarded);
  unsigned testLevel = llvm::count_if(variables, isGuarded);
  // The contiguous variable goes innermost, in lanes if they are free.
  for (unsigned i = variables.size(); i-- > 0;) {
    if (!reducesVector(op, rule, factors, variables[i]) ||
        (i < testLevel && testLevel < variables.size()))
      continue;
    std::rotate(variables.begin() + i, variables.begin() + i + 1, variables.end());
    if (vectorDim >= 0 && !usesDim(vectorDim, index))
      vectorVariables.push_back(variables.back());
    break;
  }
  // Below a product's consumer, the longest other variable gives it rows.
  int rows = -1;
  bool product =
      llvm::any_of(op->getOperands(), [&](Value operand) { return containsProduct(operand); });
  if (product && innerRowDim >= 0 && !usesDim(innerRowDim, index))
    for (unsigned variable : variables)
      if (!llvm::is_contained(vectorVariables, variable) &&
          (rows < 0 || tiles.getRanges().maximum(tiles.getVariable(variable).extent) >
                           tiles.getRanges().maximum(tiles.getVariable(rows).extent)))
        rows = variable;
  SmallVector<unsigned> laned(vectorVariables);
  SmallVector<int64_t> shape = tiles.shapeOf(index);
  if (!vectorVariables.empty())
    shape[vectorDim] = tiles.getWidths()[vectorDim];
  if (rows >= 0) {
    laned.push_back(rows);
    shape[innerRowDim] = tiles.getWidths()[innerRowDim];
  }
  unsigned combiner = static_cast<unsigned>(rule.combiner);
  Value init = emitter.broadcast(cast<Value>(emitter.neutral(combiner, type).payload), shape);

  Value zero = arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), 0);
  bool failedBody = false;
  std::function<Value(unsigned, Value)> loops;
  // Where a tap lies outside for all lanes it is skipped; where it lies inside
  // for all lanes the loops below do without masks.
  auto tested = [&](unsigned level, Value acc) -> Value {
    SmallVector<Guard> open =
        llvm::filter_to_vector(guarded, [&](const Guard &guard) { return !isAssumed(guard); });
    if (level < variables.size() && !open.empty())
      if (Value holds = holdForTile(open))
        return branch(
            holds, variables[level - 1], open, acc,
            [&](Value value) { return loops(level, value); },
            [&](Value value) { return loops(level, value); });
    return loops(level, acc);
  };
  auto nest = [&](unsigned level, Value acc) -> Value {
    if (level != testLevel || level == 0)
      return loops(level, acc);
    SmallVector<Guard> uniform = uniformGuards(found.skipping);
    Value inside = uniform.empty() ? Value() : holdForTile(uniform);
    if (!inside)
      return tested(level, acc);
    return branch(inside, variables[level - 1], uniform, acc,
                  [&](Value value) { return tested(level, value); }, {});
  };
  loops = [&](unsigned level, Value acc) -> Value {
    if (level == variables.size()) {
      Value next = accumulate(op, rule, factors, guards, acc, laned);
      failedBody |= !next;
      return next ? next : acc;
    }
    unsigned variable = variables[level];
    int tileDim = int(variable) == rows                           ? innerRowDim
                  : llvm::is_contained(vectorVariables, variable) ? vectorDim
                                                                  : -1;
    int64_t step = tileDim >= 0 ? tiles.getWidths()[tileDim] : 1;
    DimExpr extent = tiles.getVariable(variable).extent;
    auto loopOver = [&](Value from, Value to, Value acc) {
      return tiles.loop(from, to, step, acc, [&](Value iv, ValueRange carried) {
        tiles.bind(variable, iv, tileDim);
        tiles.getVariable(variable).isInner = true;
        return SmallVector<Value>{nest(level + 1, carried[0])};
      })[0];
    };
    SmallVector<Guard> own = llvm::filter_to_vector(
        intervals, [&](const Guard &guard) { return dependsOn(guard.index, tiles.var(variable)); });
    bool isPlain = own.empty() && guarded.empty() && laned.empty();
    if (isPlain && level + 1 == variables.size() && takesTurns(op, shape, extent)) {
      Value sum = accumulateInTurns(op, rule, factors, variable, guards, acc);
      failedBody |= !sum;
      return sum ? sum : acc;
    }
    if (own.empty())
      return loopOver(zero, tiles.scalar(extent), acc);
    SmallVector<int64_t> ends = guardSegments(own, tiles.var(variable), extent.getValue());
    for (auto [from, to] : llvm::zip(ends, llvm::drop_begin(ends))) {
      size_t before = assumed.size();
      for (const Guard &guard : own)
        if (auto holds = guardInterval(guard, tiles.var(variable));
            holds && holds->first <= from && to <= holds->second)
          assumed.push_back(guard);
      auto at = [&](int64_t position) {
        return arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), position);
      };
      acc = loopOver(at(from), at(to), acc);
      assumed.truncate(before);
    }
    return acc;
  };
  // Without loops below the window a test for each tap would not pay: one for
  // the whole window.
  Value whole =
      testLevel > 0 && testLevel == variables.size() ? holdForTile(guarded, variables) : Value();
  auto start = [&](Value acc) { return nest(0, acc); };
  Value result = whole ? branch(whole, -1, guarded, init, start, start) : nest(0, init);
  if (failedBody)
    return {};
  if (rows >= 0)
    result = tile::ReduceOp::create(tiles.ir(), tiles.getLoc(), reduceKind(rule.combiner, type),
                                    result, innerRowDim);
  if (!vectorVariables.empty())
    result = tile::ReduceOp::create(tiles.ir(), tiles.getLoc(), reduceKind(rule.combiner, type),
                                    result, vectorDim);
  return emitter.wrap(result, type);
}

/// Carries the best element and its position; NaN beats every number.
Scalar Evaluator::evaluateArgReduce(ArgReduceOp op, ArrayRef<DimExpr> index,
                                    ArrayRef<Guard> guards) {
  IREmitter &emitter = tiles.emitter();
  Type type = getElementTypeOrSelf(op.getInput().getType()), i64 = tiles.ir().getI64Type();
  unsigned variable = tiles.addVariable(getDims(op.getInput().getType())[op.getDim()]);
  auto indexAt = [&](DimExpr position) {
    SmallVector<DimExpr> full(index);
    full.insert(full.begin() + op.getDim(), position);
    return full;
  };
  SmallVector<int64_t> shape = tiles.shapeOf(index);
  Scalar first = evaluate(op.getInput(), indexAt(DimExpr::constant(op.getContext(), 0)), guards);
  if (!first.emitter)
    return {};
  Value inits[] = {emitter.broadcast(cast<Value>(first.payload), shape),
                   emitter.broadcast(cast<Value>(emitter.constant(0, i64).payload), shape)};
  Value one = arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), 1);
  Value extent = tiles.scalar(tiles.getVariable(variable).extent);
  SmallVector<Value> best = tiles.loop(one, extent, 1, inits, [&](Value iv, ValueRange carried) {
    tiles.bind(variable, iv);
    tiles.getVariable(variable).isInner = true;
    Scalar element = evaluate(op.getInput(), indexAt(tiles.var(variable)), guards);
    Scalar value = emitter.wrap(carried[0], type), position = emitter.wrap(carried[1], i64);
    bool isMax = op.getCombiner() == Combiner::Max;
    Scalar better = op.getLast() ? (isMax ? element >= value : element <= value)
                                 : (isMax ? element > value : element < value);
    if (element.isFloat()) {
      Scalar fresh = op.getLast() ? isnan(element) : isnan(element) & !isnan(value);
      better = (better & !isnan(value)) | fresh;
    }
    auto here = RankedTensorType::get(SmallVector<int64_t>(tiles.getRank(), 1), i64);
    Value number = arith::IndexCastOp::create(tiles.ir(), tiles.getLoc(), here,
                                              tiles.tile(tiles.var(variable)));
    Scalar nextValue = select(better, element, value);
    Scalar nextPosition = select(better, emitter.wrap(number, i64), position);
    return SmallVector<Value>{emitter.broadcast(cast<Value>(nextValue.payload), shape),
                              emitter.broadcast(cast<Value>(nextPosition.payload), shape)};
  });
  return cast(emitter.wrap(best[1], i64), getElementTypeOrSelf(op.getType()));
}

} // namespace tenon
