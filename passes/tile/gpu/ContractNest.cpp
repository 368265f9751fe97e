//===- ContractNest.cpp - a block of a product for a GPU ------------------===//
//
//   m0, n0, batch <- block
//   acc = 0
//   for k = K - steps * BK to K step BK {        the first step is the partial one
//     a = rows' operand at (m0.., k..)           tile BM x BK
//     b = columns' operand at (k.., n0..)        tile BK x BN
//     acc = dot a, b, acc                        tile BM x BN
//   }
//   store the kernel's values, with acc where the product stands
//
// Operands and values are pulled by the evaluator, so that any prologue and epilogue
// fuses. A partial step of k comes first, where the pipeline fills anyway: the main
// loop needs no masks along k. Rows and columns beyond the end are masked.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/gpu/ContractNest.h"
#include "dialects/tile/Schedules.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <numeric>

using namespace mlir;
namespace tenon {

namespace {
class ContractEmitter {
public:
  ContractEmitter(TileBuilder &tiles, Evaluator &evaluator, ContractPlan chosen)
      : tiles(tiles), evaluator(evaluator), plan(std::move(chosen)),
        rule(cast<FactorRuleInterface>(plan.op.getOperation()).getFactorRule()) {}

  LogicalResult emit(ArrayRef<std::pair<Value, Value>> stores, Value block) {
    tiles.setVectors(true);
    bindBlock(block);
    Value acc = emitLoop();
    if (!acc)
      return failure();
    tiles.setVectors(false);
    setWidths(plan.tile.m, plan.tile.n);
    unsigned row = addTiled(plan.m, rowStart, 0), column = addTiled(plan.n, columnStart, 1);
    Type type = getElementTypeOrSelf(plan.op.getType());
    evaluator.setComputed(plan.op, tiles.emitter().wrap(acc, type));
    SmallVector<DimExpr> index = bound(plan.index, row, column);
    for (auto [value, target] : stores) {
      Scalar element = evaluator.evaluate(value, index);
      if (!element.emitter)
        return failure();
      evaluator.store(element, target, index);
    }
    return success();
  }

private:
  OpBuilder &ir() { return tiles.ir(); }
  Location loc() { return tiles.getLoc(); }
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(ir(), loc(), value); }

  void setWidths(int64_t first, int64_t second) {
    tiles.setWidth(0, first);
    tiles.setWidth(1, second);
  }

  unsigned addTiled(DimExpr extent, Value base, int dim) {
    unsigned variable = tiles.addVariable(extent);
    tiles.bind(variable, base, dim);
    return variable;
  }

  /// Columns fastest, so that blocks that run together share rows; then rows, batch.
  void bindBlock(Value block) {
    auto take = [&](DimExpr count) {
      Value size = tiles.scalar(tiles.simplify(count));
      Value position = arith::RemUIOp::create(ir(), loc(), block, size);
      block = arith::DivUIOp::create(ir(), loc(), block, size);
      return position;
    };
    columnStart = arith::MulIOp::create(ir(), loc(), take(plan.n.ceilDiv(plan.tile.n)),
                                        constant(plan.tile.n));
    rowStart =
        arith::MulIOp::create(ir(), loc(), take(plan.m.ceilDiv(plan.tile.m)), constant(plan.tile.m));
    for (unsigned root : llvm::reverse(plan.batch)) {
      unsigned variable = tiles.addVariable(plan.extents[root]);
      tiles.bind(variable, take(plan.extents[root]));
      batch[root] = tiles.var(variable);
    }
  }

  /// Expressions over root variables with the tile's: rows and columns are digits of
  /// `row` and `column`; a negative number leaves those of the other side alone.
  SmallVector<DimExpr> bound(ArrayRef<DimExpr> exprs, int row, int column) {
    llvm::DenseMap<unsigned, DimExpr> values = batch;
    auto split = [&](int variable, ArrayRef<unsigned> roots) {
      SmallVector<DimExpr> extents;
      for (unsigned root : roots)
        extents.push_back(plan.extents[root]);
      DimExpr zero = DimExpr::constant(plan.m.getContext(), 0);
      SmallVector<DimExpr> parts(roots.size(), zero);
      if (variable >= 0)
        parts = ContractPlan::digits(tiles.var(variable), extents);
      for (auto [root, part] : llvm::zip(roots, parts))
        values[root] = part;
    };
    split(row, plan.rows);
    split(column, plan.columns);
    return llvm::map_to_vector(exprs, [&](DimExpr expr) {
      return tiles.simplify(expr.replaceLeaves([&](DimExpr leaf) {
        return leaf.isFactor() ? values.lookup(leaf.getValue()) : DimExpr();
      }));
    });
  }

  /// What the base of k is a multiple of in every step.
  int64_t depthAlignment() {
    int64_t alignment = plan.tile.k;
    while (alignment > 1 && !tiles.getRanges().isMultipleOf(plan.k, alignment))
      alignment /= 2;
    return alignment;
  }

  Value emitLoop() {
    DimExpr covered = plan.k.ceilDiv(plan.tile.k) * plan.tile.k;
    Value from = tiles.scalar(tiles.simplify(plan.k - covered)), to = tiles.scalar(plan.k);
    Value zero = arith::ConstantOp::create(
        ir(), loc(),
        SplatElementsAttr::get(RankedTensorType::get({plan.tile.m, plan.tile.n}, ir().getF32Type()),
                               0.0f));
    rowVariable = tiles.addVariable(plan.m);
    columnVariable = tiles.addVariable(plan.n);
    bool isMade = true;
    SmallVector<Value> result =
        tiles.loop(from, to, plan.tile.k, zero, [&](Value k, ValueRange acc) {
          Value a = operandTile(plan.rowOperand, k), b = operandTile(1 - plan.rowOperand, k);
          isMade = a && b;
          if (!isMade)
            return SmallVector<Value>{acc[0]};
          markFirst(k);
          return SmallVector<Value>{tile::DotOp::create(ir(), loc(), acc[0].getType(), a, b, acc[0])};
        });
    return isMade ? result[0] : Value();
  }

  /// One operand's tile at a step; null after an error.
  Value operandTile(unsigned operand, Value k) {
    bool isRows = operand == plan.rowOperand;
    SmallVector<int64_t> shape{plan.tile.m, plan.tile.k};
    if (!isRows)
      shape = {plan.tile.k, plan.tile.n};
    setWidths(shape[0], shape[1]);
    Scope *inner = tiles.getScope();
    tiles.setScope(tiles.scopeOf({})); // where the block's start is known
    tiles.bind(isRows ? rowVariable : columnVariable, isRows ? rowStart : columnStart,
               isRows ? 0 : 1);
    tiles.setScope(inner);
    unsigned depth = addTiled(plan.k, k, isRows ? 1 : 0);
    tiles.getVariable(depth).isInner = true;
    tiles.getVariable(depth).alignment = depthAlignment();
    SmallVector<DimExpr> index = operandIndex(operand, depth);
    Scalar element = evaluator.evaluate(plan.op.getOperand(operand), index);
    if (!element.emitter)
      return {};
    return narrowed(cast<Value>(element.payload), depth, shape);
  }

  SmallVector<DimExpr> operandIndex(unsigned operand, unsigned depth) {
    bool isRows = operand == plan.rowOperand;
    SmallVector<DimExpr> factors = bound(plan.productIndex, isRows ? int(rowVariable) : -1,
                                         isRows ? -1 : int(columnVariable));
    factors.resize(rule.factors.size(), DimExpr::constant(plan.m.getContext(), 0));
    SmallVector<DimExpr> extents;
    for (unsigned factor : plan.summed)
      extents.push_back(rule.factors[factor].extent);
    SmallVector<DimExpr> parts = ContractPlan::digits(tiles.var(depth), extents);
    for (auto [factor, part] : llvm::zip(plan.summed, parts))
      factors[factor] = part;
    return llvm::map_to_vector(rule.operands[operand].index, [&](DimExpr expr) {
      return tiles.simplify(expr.replaceLeaves([&](DimExpr leaf) {
        return leaf.isFactor() ? factors[leaf.getValue()] : DimExpr();
      }));
    });
  }

  /// The tile in the type that the product multiplies, zero beyond the end of k,
  /// whole.
  Value narrowed(Value tile, unsigned depth, ArrayRef<int64_t> shape) {
    IREmitter &emitter = tiles.emitter();
    Type type = plan.element;
    auto extended = tile.getDefiningOp<arith::ExtFOp>();
    bool isNarrow = getElementTypeOrSelf(tile.getType()) == type;
    if (extended && getElementTypeOrSelf(extended.getIn().getType()) == type)
      tile = extended.getIn(), isNarrow = true;
    auto load = tile.getDefiningOp<tile::LoadOp>();
    bool isZeroBeyond = load && load.getMask() && !load.getFill();
    if (tiles.hasTail(depth) && !isZeroBeyond) {
      Type element = getElementTypeOrSelf(tile.getType());
      Guard guard{tiles.var(depth), plan.k};
      Scalar mask = emitter.wrap(tiles.mask(guard), ir().getI1Type());
      Scalar kept = select(mask, emitter.wrap(tile, element), emitter.constant(0, element));
      tile = cast<Value>(kept.payload);
    }
    if (!isNarrow)
      tile = arith::TruncFOp::create(
          ir(), loc(), RankedTensorType::get(tile::shapeOf(tile.getType()), type), tile);
    return emitter.broadcast(tile, shape);
  }

  /// True if all elements of a tile are the end of k. (Others may bound k, too: the
  /// pieces of a concatenation.)
  bool isDepth(Value tile) {
    while (auto broadcast = tile.getDefiningOp<tile::BroadcastOp>())
      tile = broadcast.getTile();
    llvm::APInt number;
    if (matchPattern(tile, m_ConstantInt(&number)))
      return plan.k.isConstant() && number.getSExtValue() == plan.k.getValue();
    auto splat = tile.getDefiningOp<tile::SplatOp>();
    auto size = splat ? splat.getScalar().getDefiningOp<tile::DimOp>() : nullptr;
    return size && DimExpr(size.getExpr()) == plan.k;
  }

  /// Comparisons of k itself with its end hold in every step but the first.
  void markFirst(Value k) {
    Block *body = k.getParentBlock();
    for (auto compare : body->getOps<arith::CmpIOp>()) {
      auto sum = compare.getLhs().getDefiningOp<arith::AddIOp>();
      auto base = sum ? sum.getRhs().getDefiningOp<tile::SplatOp>() : nullptr;
      if (!base && sum)
        base = sum.getLhs().getDefiningOp<tile::SplatOp>();
      if (base && base.getScalar() == k && compare.getPredicate() == arith::CmpIPredicate::ult &&
          isDepth(compare.getRhs()))
        compare->setAttr(tile::kFirstOnlyAttr, ir().getUnitAttr());
    }
  }

  TileBuilder &tiles;
  Evaluator &evaluator;
  ContractPlan plan;
  FactorRule rule;
  Value rowStart, columnStart;
  llvm::DenseMap<unsigned, DimExpr> batch;
  unsigned rowVariable = 0, columnVariable = 0;
};
} // namespace

LogicalResult emitContraction(TileBuilder &tiles, Evaluator &evaluator, const ContractPlan &plan,
                              ArrayRef<std::pair<Value, Value>> stores, Value block) {
  return ContractEmitter(tiles, evaluator, plan).emit(stores, block);
}

} // namespace tenon
