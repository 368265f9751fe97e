//===- Evaluator.cpp - values of a kernel at symbolic indices -------------===//
//
// Maps, views, loads and the dispatch; reductions are in EvaluateReduction.cpp,
// scratch memory in EvaluateStaged.cpp.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Evaluator.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/tile/Demand.h"

using namespace mlir;
namespace tenon {

SmallVector<DimExpr> stridesOf(Type type, ArrayRef<int64_t> order) {
  SmallVector<DimExpr> dims = getDims(type), strides(dims.size());
  DimExpr stride = DimExpr::constant(type.getContext(), 1);
  for (size_t i = dims.size(); i-- > 0;) {
    int64_t dim = order.empty() ? int64_t(i) : order[i];
    strides[dim] = stride;
    stride = stride * dims[dim];
  }
  return strides;
}

/// Replaces an access's factors by the expressions they have here.
static DimExpr bindFactors(DimExpr expr, ArrayRef<DimExpr> factors, ArrayRef<DimExpr> operands) {
  return expr.replaceLeaves([&](DimExpr leaf) {
    if (leaf.isFactor())
      return factors[leaf.getValue()];
    if (leaf.getKind() == DimKind::Operand)
      return operands[leaf.getValue()];
    return DimExpr();
  });
}

static void collectLeaves(DimExpr expr, llvm::DenseSet<const void *> &leaves) {
  expr.walkLeaves([&](DimExpr leaf) {
    if (leaf.hasFactors())
      leaves.insert(leaf.getAttr().getAsOpaquePointer());
  });
}

/// Guards that can matter for this index: not proved, and about a variable that
/// occurs in it.
static SmallVector<Guard> relevantGuards(TileBuilder &tiles, ArrayRef<DimExpr> index,
                                         ArrayRef<Guard> guards) {
  llvm::DenseSet<const void *> leaves;
  for (DimExpr expr : index)
    collectLeaves(expr, leaves);
  SmallVector<Guard> kept;
  for (Guard guard : guards) {
    guard = {tiles.simplify(guard.index), guard.extent};
    llvm::DenseSet<const void *> own;
    collectLeaves(guard.index, own);
    bool shared =
        own.empty() || llvm::any_of(own, [&](const void *leaf) { return leaves.contains(leaf); });
    bool isKnown = tiles.getRanges().isInRange(guard.index, guard.extent);
    bool repeated = llvm::any_of(kept, [&](const Guard &other) {
      return other.index == guard.index && other.extent == guard.extent;
    });
    if (shared && !isKnown && !repeated)
      kept.push_back(guard);
  }
  return kept;
}

static std::vector<const void *> memoKey(Value value, ArrayRef<DimExpr> index,
                                         ArrayRef<Guard> guards) {
  std::vector<const void *> key{value.getAsOpaquePointer()};
  for (DimExpr expr : index)
    key.push_back(expr.getAttr().getAsOpaquePointer());
  for (const Guard &guard : guards) {
    key.push_back(guard.index.getAttr().getAsOpaquePointer());
    key.push_back(guard.extent.getAttr().getAsOpaquePointer());
  }
  return key;
}

Scalar Evaluator::evaluate(Value value, ArrayRef<DimExpr> rawIndex, ArrayRef<Guard> rawGuards) {
  SmallVector<DimExpr> index;
  for (DimExpr expr : rawIndex)
    index.push_back(tiles.simplify(expr));
  SmallVector<Guard> guards = relevantGuards(tiles, index, rawGuards);
  SmallVector<DimExpr> leaves(index);
  for (const Guard &guard : guards)
    leaves.append({guard.index, guard.extent});

  Type type = getElementTypeOrSelf(value.getType());
  std::vector<const void *> key = memoKey(value, index, guards);
  Scope *inner = tiles.getScope(), *home = tiles.scopeOf(leaves);
  if (auto it = home->memo.find(key); it != home->memo.end())
    return tiles.emitter().wrap(it->second, type);

  tiles.setScope(home);
  Location outerLoc = tiles.getLoc();
  if (Operation *op = value.getDefiningOp())
    tiles.setLoc(op->getLoc());
  Scalar result = evaluateOp(value, index, guards);
  tiles.setLoc(outerLoc);
  if (result.emitter)
    home->memo[key] = cast<Value>(result.payload);
  tiles.setScope(inner);
  return result;
}

Scalar Evaluator::evaluateOp(Value value, ArrayRef<DimExpr> index, ArrayRef<Guard> guards,
                             bool intoScratch) {
  if (buffers.contains(value) && !value.getDefiningOp())
    return loadBuffer(value, index, guards);
  if (auto known = computed.find(value); known != computed.end())
    return known->second;
  if (staged.contains(value) && !intoScratch)
    return evaluateStaged(value, index, guards);
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<ConstantOp>(op))
    return evaluateConstant(constant, index);
  if (auto dim = dyn_cast_or_null<DimOp>(op)) {
    Value tile = arith::IndexCastOp::create(
        tiles.ir(), tiles.getLoc(),
        RankedTensorType::get(SmallVector<int64_t>(tiles.getRank(), 1), tiles.ir().getI64Type()),
        tiles.tile(DimExpr(dim.getExpr())));
    return tiles.emitter().wrap(tile, tiles.ir().getI64Type());
  }
  if (auto argReduce = dyn_cast_or_null<ArgReduceOp>(op))
    return evaluateArgReduce(argReduce, index, guards);
  auto ruled = dyn_cast_or_null<FactorRuleInterface>(op);
  if (!ruled) {
    (op ? op->emitError() : mlir::emitError(value.getLoc()))
        << "cannot be part of a generated kernel";
    return {};
  }
  FactorRule rule = ruled.getFactorRule();
  if (rule.hasReduction())
    return evaluateReduction(ruled, rule, index, guards);
  return evaluateBody(ruled, rule, index, guards);
}

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

Scalar Evaluator::loadBuffer(Value value, ArrayRef<DimExpr> index, ArrayRef<Guard> guards) {
  const Buffer &buffer = buffers[value];
  SmallVector<DimExpr> strides = stridesOf(value.getType(), buffer.order);
  DimExpr offset = DimExpr::constant(value.getContext(), 0);
  for (auto [expr, stride] : llvm::zip(index, strides))
    offset = offset + expr * stride;
  Value tile = tiles.load(buffer.view, offset, guards);
  masks[tile].assign(guards.begin(), guards.end());
  Type type = getElementTypeOrSelf(value.getType());
  Type compute = computeType(type);
  if (compute != getElementTypeOrSelf(tile.getType()))
    tile =
        arith::ExtFOp::create(tiles.ir(), tiles.getLoc(),
                              RankedTensorType::get(tile::shapeOf(tile.getType()), compute), tile);
  return tiles.emitter().wrap(tile, type);
}

void Evaluator::store(Scalar element, Value value, ArrayRef<DimExpr> index) {
  const Buffer &buffer = buffers[value];
  SmallVector<DimExpr> strides = stridesOf(value.getType(), buffer.order);
  DimExpr offset = DimExpr::constant(value.getContext(), 0);
  for (auto [expr, stride] : llvm::zip(index, strides))
    offset = offset + expr * stride;
  Value tile = cast<Value>(element.payload);
  Type stored = cast<tile::ViewType>(buffer.view.getType()).getElementType();
  if (stored != getElementTypeOrSelf(tile.getType()))
    tile =
        arith::TruncFOp::create(tiles.ir(), tiles.getLoc(),
                                RankedTensorType::get(tile::shapeOf(tile.getType()), stored), tile);
  tiles.store(tile, buffer.view, offset, {});
}

Scalar Evaluator::evaluateConstant(ConstantOp op, ArrayRef<DimExpr> index) {
  Type type = op.getType().getElementType(), compute = computeType(type);
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!elements || !elements.isSplat()) {
    op.emitError("a constant inside of a kernel must be a splat");
    return {};
  }
  auto shape = RankedTensorType::get(SmallVector<int64_t>(tiles.getRank(), 1), compute);
  TypedAttr value;
  if (isa<FloatType>(type)) {
    APFloat number = elements.getSplatValue<APFloat>();
    bool lost;
    number.convert(cast<FloatType>(compute).getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &lost);
    value = FloatAttr::get(compute, number);
  } else {
    value = IntegerAttr::get(compute, elements.getSplatValue<APInt>());
  }
  Value tile = arith::ConstantOp::create(tiles.ir(), op.getLoc(),
                                         SplatElementsAttr::get(shape, Attribute(value)));
  return tiles.emitter().wrap(tile, type);
}

//===----------------------------------------------------------------------===//
// Maps and views
//===----------------------------------------------------------------------===//

DimExpr Evaluator::dynamicIndex(FactorRuleInterface op, const FactorRule &rule, unsigned number,
                                ArrayRef<DimExpr> factors, DimExpr extent, ArrayRef<Guard> guards) {
  SmallVector<DimExpr> index;
  for (DimExpr expr : rule.operands[number].index)
    index.push_back(bindFactors(expr, factors, {}));
  Scalar element = evaluate(op->getOperand(number), index, guards);
  if (!element.emitter)
    return DimExpr();
  Value tile = cast<Value>(element.payload);
  auto type = RankedTensorType::get(tile::shapeOf(tile.getType()), tiles.ir().getIndexType());
  tile = arith::IndexCastOp::create(tiles.ir(), tiles.getLoc(), type, tile);

  // Lanes beyond a guard hold anything: only the others are checked, and those
  // read element 0 so that no address is formed from garbage.
  Value pair[] = {tile, tiles.tile(extent)};
  tiles.emitter().unify(pair);
  Value inside = arith::CmpIOp::create(tiles.ir(), tiles.getLoc(), arith::CmpIPredicate::ult,
                                       pair[0], pair[1]);
  SmallVector<Guard> relevant = relevantGuards(tiles, index, guards);
  for (DimExpr expr : index)
    expr.walkLeaves([&](DimExpr factor) {
      if (factor.isFactor() && tiles.hasTail(factor.getValue()))
        relevant.push_back({factor, tiles.getVariable(factor.getValue()).extent});
    });
  Value checked = inside;
  if (Value mask = tiles.mask(relevant)) {
    Value both[] = {inside, mask, tile, tiles.emitter().indexConstant(0)};
    tiles.emitter().unify(both);
    Value ones = arith::ConstantOp::create(
        tiles.ir(), tiles.getLoc(),
        SplatElementsAttr::get(cast<ShapedType>(both[0].getType()), true));
    Value outside = arith::XOrIOp::create(tiles.ir(), tiles.getLoc(), both[1], ones);
    checked = arith::OrIOp::create(tiles.ir(), tiles.getLoc(), both[0], outside);
    tile = arith::SelectOp::create(tiles.ir(), tiles.getLoc(), both[1], both[2], both[3]);
  }
  tile::CheckOp::create(tiles.ir(), tiles.getLoc(), checked, "index out of range");
  return tiles.addDynamic(tile);
}

static bool containsGuard(ArrayRef<Guard> guards, const Guard &guard) {
  return llvm::any_of(guards, [&](const Guard &other) {
    return other.index == guard.index && other.extent == guard.extent;
  });
}

bool Evaluator::isAssumed(const Guard &guard) { return containsGuard(assumed, guard); }

void Evaluator::collectGuards(Value value, ArrayRef<DimExpr> index, BodyGuards &guards,
                              std::optional<double> neutral, unsigned depth) {
  auto op = dyn_cast_or_null<FactorRuleInterface>(value.getDefiningOp());
  if (!op || depth > 8 || staged.contains(value))
    return;
  FactorRule rule = op.getFactorRule();
  if (rule.hasReduction())
    return;
  if (!op.isView())
    neutral = std::nullopt;
  for (auto [k, access] : llvm::enumerate(rule.operands)) {
    auto bind = [&](DimExpr expr) {
      return tiles.simplify(expr.replaceLeaves(
          [&](DimExpr leaf) { return leaf.isFactor() ? index[leaf.getValue()] : DimExpr(); }));
    };
    SmallVector<DimExpr> operandIndex;
    for (DimExpr expr : access.index)
      operandIndex.push_back(bind(expr));
    bool isNeutral = op->getNumOperands() == 1 && neutral && op.getFill(k) == *neutral;
    if (op.isView())
      for (const Guard &guard : access.guards) {
        Guard bound{bind(guard.index), guard.extent};
        if (tiles.getRanges().isInRange(bound.index, bound.extent))
          continue;
        guards.all.push_back(bound);
        if (isNeutral)
          guards.skipping.push_back(bound);
      }
    bool isDynamic =
        llvm::any_of(access.index, [](DimExpr expr) { return expr.getKind() == DimKind::Operand; });
    if (!isDynamic)
      collectGuards(op->getOperand(k), operandIndex, guards, neutral, depth + 1);
  }
}

SmallVector<Guard> Evaluator::guardsOf(Value value, ArrayRef<DimExpr> index) {
  BodyGuards guards;
  collectGuards(value, index, guards, std::nullopt);
  return guards.all;
}

void Evaluator::emitWhere(ArrayRef<Guard> guards, llvm::function_ref<void()> emit) {
  size_t before = assumed.size();
  assumed.append(guards.begin(), guards.end());
  emit();
  assumed.truncate(before);
}

SmallVector<Guard> Evaluator::uniformGuards(ArrayRef<Guard> guards) {
  SmallVector<Guard> uniform;
  for (const Guard &guard : guards)
    if (llvm::all_of(tiles.shapeOf(guard.index), [](int64_t size) { return size == 1; }) &&
        !isAssumed(guard))
      uniform.push_back(guard);
  return uniform;
}

/// The index where a variable is 0 and where it is greatest, in this order of
/// values; nothing if the index is not linear in it.
static std::optional<std::pair<DimExpr, DimExpr>> extremes(TileBuilder &tiles, DimExpr index,
                                                           ArrayRef<unsigned> variables) {
  DimExpr low = index, high = index;
  for (unsigned variable : variables) {
    DimExpr leaf = tiles.var(variable), zero = DimExpr::constant(leaf.getContext(), 0);
    std::optional<int64_t> step = coefficientOf(index, leaf);
    if (!step)
      return std::nullopt;
    DimExpr last = tiles.getVariable(variable).extent - 1;
    auto at = [&](DimExpr expr, DimExpr value) {
      return expr.replaceLeaves([&](DimExpr other) { return other == leaf ? value : DimExpr(); });
    };
    low = at(low, *step < 0 ? last : zero);
    high = at(high, *step < 0 ? zero : last);
  }
  return std::make_pair(low, high);
}

Value Evaluator::holdForTile(ArrayRef<Guard> guards, ArrayRef<unsigned> variables) {
  OpBuilder &builder = tiles.ir();
  Value all;
  for (const Guard &guard : guards) {
    auto ends = extremes(tiles, guard.index, variables);
    if (!ends)
      return {};
    SmallVector<DimExpr> tested;
    for (bool isHigh : {false, true}) {
      std::optional<LinearIndex> linear = tiles.linearize(isHigh ? ends->second : ends->first);
      if (!linear)
        return {};
      DimExpr end = linear->base;
      for (auto [stride, width] : llvm::zip(linear->strides, tiles.getWidths())) {
        if (stride && !stride.isConstant())
          return {};
        if (stride && (stride.getValue() > 0) == isHigh)
          end = end + stride * (width - 1);
      }
      if (!llvm::is_contained(tested, end))
        tested.push_back(end);
    }
    // Unsigned: a negative index is beyond every extent.
    Value extent = tiles.scalar(guard.extent);
    for (DimExpr end : tested) {
      Value inside = arith::CmpIOp::create(builder, tiles.getLoc(), arith::CmpIPredicate::ult,
                                           tiles.scalar(end), extent);
      all = all ? arith::AndIOp::create(builder, tiles.getLoc(), all, inside).getResult() : inside;
    }
  }
  return all;
}

/// True if the tile is a load that is zero wherever one of the guards fails: a
/// load that does not move with a guard's variables is not masked by it.
bool Evaluator::isMaskedBy(Value tile, ArrayRef<Guard> guards) {
  auto load = tile.getDefiningOp<tile::LoadOp>();
  if (!load || !load.getMask() || load.getFill())
    return false;
  auto it = masks.find(tile);
  return it != masks.end() && llvm::all_of(guards, [&](const Guard &guard) {
    return containsGuard(it->second, guard);
  });
}

/// The piece of a concatenation that is read here, if it is known.
std::optional<unsigned> Evaluator::knownPiece(FactorRuleInterface op, const FactorRule &rule,
                                              ArrayRef<DimExpr> factors) {
  if (!isa<ConcatOp>(op))
    return std::nullopt;
  for (auto [k, access] : llvm::enumerate(rule.operands))
    if (llvm::all_of(access.guards, [&](const Guard &guard) {
          Guard bound{tiles.simplify(bindFactors(guard.index, factors, {})), guard.extent};
          return tiles.getRanges().isInRange(bound.index, bound.extent) || isAssumed(bound);
        }))
      return k;
  return std::nullopt;
}

Scalar Evaluator::evaluateBody(FactorRuleInterface op, const FactorRule &rule,
                               ArrayRef<DimExpr> factors, ArrayRef<Guard> guards) {
  IREmitter &emitter = tiles.emitter();
  SmallVector<DimExpr> dynamics(op->getNumOperands());
  for (auto [k, access] : llvm::enumerate(rule.operands))
    for (auto [dim, expr] : llvm::enumerate(access.index)) {
      if (expr.getKind() != DimKind::Operand || dynamics[expr.getValue()])
        continue;
      DimExpr extent = getDims(op->getOperand(k).getType())[dim];
      DimExpr leaf = dynamicIndex(op, rule, expr.getValue(), factors, extent, guards);
      if (!leaf)
        return {};
      dynamics[expr.getValue()] = leaf;
    }

  SmallVector<Scalar> operands, inRange, values;
  if (std::optional<unsigned> piece = knownPiece(op, rule, factors)) {
    SmallVector<DimExpr> index;
    for (DimExpr expr : rule.operands[*piece].index)
      index.push_back(bindFactors(expr, factors, dynamics));
    return evaluate(op->getOperand(*piece), index, guards);
  }
  for (auto [k, access] : llvm::enumerate(rule.operands)) {
    SmallVector<DimExpr> index;
    for (DimExpr expr : access.index)
      index.push_back(bindFactors(expr, factors, dynamics));
    SmallVector<Guard> own, all(guards);
    for (const Guard &guard : access.guards) {
      Guard bound{tiles.simplify(bindFactors(guard.index, factors, dynamics)), guard.extent};
      if (!tiles.getRanges().isInRange(bound.index, bound.extent) && !isAssumed(bound))
        own.push_back(bound);
    }
    all.append(own);
    bool isIndexOnly = isa<GatherOp>(op) && k > 0;
    Scalar element = isIndexOnly ? Scalar() : evaluate(op->getOperand(k), index, all);
    if (!isIndexOnly && !element.emitter)
      return {};
    Scalar holds;
    if (!own.empty()) {
      holds = emitter.wrap(tiles.mask(own), tiles.ir().getI1Type());
      double fill = op.getFill(k);
      bool isZero = fill == 0 && isMaskedBy(cast<Value>(element.payload), own);
      if (op->getNumOperands() == 1 && !isZero)
        element = select(holds, element, element.same(fill));
    }
    operands.push_back(element);
    inRange.push_back(holds);
  }
  if (rule.operands.empty()) // iota reads its factors
    for (DimExpr factor : factors) {
      Value tile = tiles.tile(factor);
      auto type = RankedTensorType::get(tile::shapeOf(tile.getType()), tiles.ir().getI64Type());
      tile = arith::IndexCastOp::create(tiles.ir(), tiles.getLoc(), type, tile);
      values.push_back(emitter.wrap(tile, tiles.ir().getI64Type()));
    }
  return op.emitBody({operands, inRange, values});
}

} // namespace tenon
