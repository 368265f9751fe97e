//===- Nest.cpp - the loops of a block around the evaluator ---------------===//
//
// Loops from outside to inside:
//   1. variables over blocks, one value a block: bound directly;
//   2. variables over blocks in chunks: vectors, then rows;
//   3. inner variables: scalars, then rows, then vectors.
//
// A loop over vectors of a concatenation is divided at the ends of its pieces, so
// that each part reads one piece.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Nest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
namespace tenon {

namespace {
class NestEmitter {
public:
  NestEmitter(TileBuilder &tiles, Evaluator &evaluator, const Schedule &schedule,
              ArrayRef<std::pair<Value, Value>> stores)
      : tiles(tiles), evaluator(evaluator), schedule(schedule), stores(stores) {}

  LogicalResult emit(Value block) {
    for (DimExpr extent : schedule.extents)
      variables.push_back(tiles.addVariable(extent));
    for (DimExpr expr : schedule.index)
      index.push_back(expr.replaceLeaves([&](DimExpr leaf) {
        return leaf.isFactor() ? tiles.var(variables[leaf.getValue()]) : DimExpr();
      }));
    bindBlocks(block);
    orderLoops();
    emitLevel(0);
    return success(ok);
  }

private:
  bool isTiled(unsigned i) {
    return int(i) == schedule.vectorVariable || int(i) == schedule.rowVariable;
  }
  int tileDim(unsigned i) {
    return int(i) == schedule.vectorVariable ? 1 : int(i) == schedule.rowVariable ? 0 : -1;
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), value);
  }

  /// Splits the block's number into a position per variable, the last fastest.
  void bindBlocks(Value block) {
    starts.resize(variables.size());
    ArrayRef<unsigned> blocked = schedule.blockOrder;
    OpBuilder &builder = tiles.ir();
    for (size_t k = blocked.size(); k-- > 0;) {
      unsigned i = blocked[k];
      Value position = block;
      if (k > 0) {
        Value count = tiles.scalar(schedule.blocks(i));
        position = arith::RemUIOp::create(builder, tiles.getLoc(), block, count);
        block = arith::DivUIOp::create(builder, tiles.getLoc(), block, count);
      }
      if (schedule.chunk[i] > 1)
        position =
            arith::MulIOp::create(builder, tiles.getLoc(), position, constant(schedule.chunk[i]));
      starts[i] = position;
      if (!isTiled(i))
        tiles.bind(variables[i], position);
    }
  }

  void orderLoops() {
    auto add = [&](int i, bool inner) {
      if (i >= 0 && schedule.inner[i] == inner)
        order.push_back(i);
    };
    add(schedule.vectorVariable, false);
    add(schedule.rowVariable, false);
    for (unsigned i = 0; i < variables.size(); ++i)
      if (!isTiled(i))
        add(i, true);
    add(schedule.rowVariable, true);
    add(schedule.vectorVariable, true);
  }

  void emitLevel(unsigned level) {
    if (level == order.size())
      return emitStores();
    unsigned i = order[level];
    DimExpr extent = schedule.extents[i];
    int64_t width = tileDim(i) >= 0 ? tiles.getWidths()[tileDim(i)] : 1;
    SmallVector<Guard> guards = piecesAlong(i);
    Value from = constant(0), to = tiles.scalar(extent);
    if (!schedule.inner[i]) {
      from = starts[i];
      if (schedule.chunk[i] == width && guards.empty())
        return emitTile(level, from);
      Value end =
          arith::AddIOp::create(tiles.ir(), tiles.getLoc(), from, constant(schedule.chunk[i]));
      to = arith::MinUIOp::create(tiles.ir(), tiles.getLoc(), end, to);
    }
    if (!guards.empty())
      return emitPieces(level, from, to, guards);
    tiles.loop(from, to, width, {}, [&](Value iv, ValueRange) {
      emitTile(level, iv);
      return SmallVector<Value>{};
    });
  }

  /// The guards by which a loop over vectors is divided: intervals of its
  /// variable, of which some part is a tile long.
  SmallVector<Guard> piecesAlong(unsigned i) {
    constexpr size_t kMostPieces = 64;
    DimExpr variable = tiles.var(variables[i]), extent = schedule.extents[i];
    int64_t width = tileDim(i) >= 0 ? tiles.getWidths()[tileDim(i)] : 1;
    SmallVector<Guard> guards;
    bool canMove = schedule.canOverlap && !schedule.isInPanels;
    if (tileDim(i) != 1 || width == 1 || !canMove || !extent.isConstant() ||
        extent.getValue() < width)
      return guards;
    for (auto [value, target] : stores)
      for (const Guard &guard : evaluator.guardsOf(value, index))
        if (guardInterval(guard, variable))
          guards.push_back(guard);
    if (guards.size() > kMostPieces)
      guards.clear();
    SmallVector<int64_t> ends = guardSegments(guards, variable, extent.getValue());
    bool hasWhole = false;
    for (auto [begin, end] : llvm::zip(ends, llvm::drop_begin(ends)))
      hasWhole |= end - begin >= width;
    return hasWhole ? guards : SmallVector<Guard>();
  }

  /// One loop for each part of [from, to) in which the same guards hold. Parts
  /// shorter than a tile are taken together, their guards tested lane by lane.
  void emitPieces(unsigned level, Value from, Value to, ArrayRef<Guard> guards) {
    unsigned i = order[level];
    DimExpr variable = tiles.var(variables[i]);
    int64_t extent = schedule.extents[i].getValue(), width = tiles.getWidths()[tileDim(i)];
    SmallVector<int64_t> ends = guardSegments(guards, variable, extent);
    for (size_t at = 0; at + 1 < ends.size();) {
      size_t next = at + 1;
      bool isWhole = ends[next] - ends[at] >= width;
      while (!isWhole && next + 1 < ends.size() && ends[next + 1] - ends[next] < width)
        ++next;
      SmallVector<Guard> holding;
      if (isWhole)
        llvm::copy_if(guards, std::back_inserter(holding), [&](const Guard &guard) {
          auto [begin, end] = *guardInterval(guard, variable);
          return begin <= ends[at] && ends[next] <= end;
        });
      evaluator.emitWhere(holding, [&] {
        emitPart(level, from, to, ends[at], ends[next], isWhole ? ends[next] : extent);
      });
      at = next;
    }
  }

  /// The part [begin, end) of a loop, no tile beyond `limit`.
  void emitPart(unsigned level, Value from, Value to, int64_t begin, int64_t end, int64_t limit) {
    unsigned i = order[level];
    OpBuilder &builder = tiles.ir();
    int64_t width = tiles.getWidths()[tileDim(i)];
    Value first = arith::MaxUIOp::create(builder, tiles.getLoc(), from, constant(begin));
    Value past = arith::MinUIOp::create(builder, tiles.getLoc(), to, constant(end));
    bool isAligned = begin % width == 0 && limit % width == 0;
    tiles.loop(first, past, width, {}, [&](Value iv, ValueRange) {
      if (!isAligned)
        iv = arith::MinUIOp::create(builder, tiles.getLoc(), iv, constant(limit - width));
      bindAt(level, iv);
      tiles.getVariable(variables[i]).isFull = true;
      tiles.getVariable(variables[i]).isShifted = !isAligned;
      emitLevel(level + 1);
      setWhole(variables[i], false);
      return SmallVector<Value>{};
    });
  }

  /// Binds the variable of a level and goes on inside. The last tile starts
  /// earlier rather than being partial: what it shares with the one before is
  /// stored twice, alike. Only an extent below the width needs code of its own:
  /// rows in narrower tiles, vectors with masks.
  void emitTile(unsigned level, Value base) {
    unsigned i = order[level], variable = variables[i];
    bindAt(level, base);
    int64_t width = tiles.getVariable(variable).width;
    if (!tiles.hasTail(variable) || tiles.getRanges().maximum(schedule.extents[i]) < width)
      return emitLevel(level + 1);
    if (!schedule.canOverlap || (schedule.isInPanels && int(i) == schedule.vectorVariable))
      return emitPartial(level, base);
    if (tiles.getRanges().isNonNegative(schedule.extents[i] - width))
      return emitWhole(level, base);
    branchOnFit(i, width, [&] { emitWhole(level, base); }, [&] { emitNarrow(level, base); });
  }

  /// Once for whole tiles, and once with masks for a partial one.
  void emitPartial(unsigned level, Value base) {
    unsigned i = order[level], variable = variables[i];
    OpBuilder &builder = tiles.ir();
    Value end = arith::AddIOp::create(builder, tiles.getLoc(), base,
                                      constant(tiles.getVariable(variable).width));
    Value whole = arith::CmpIOp::create(builder, tiles.getLoc(), arith::CmpIPredicate::ule, end,
                                        tiles.scalar(schedule.extents[i]));
    auto branch = scf::IfOp::create(builder, tiles.getLoc(), whole, /*withElseRegion=*/true);
    for (bool isFull : {true, false}) {
      tiles.enter(branch, isFull ? branch.thenBlock() : branch.elseBlock());
      bindAt(level, base);
      tiles.getVariable(variable).isFull = isFull;
      emitLevel(level + 1);
      tiles.leave();
    }
    tiles.getVariable(variable).isFull = false;
  }

  /// Emits one where the variable's extent is at least \p width, the other else.
  void branchOnFit(unsigned i, int64_t width, llvm::function_ref<void()> whole,
                   llvm::function_ref<void()> narrow) {
    Value fits = arith::CmpIOp::create(tiles.ir(), tiles.getLoc(), arith::CmpIPredicate::uge,
                                       tiles.scalar(schedule.extents[i]), constant(width));
    auto branch = scf::IfOp::create(tiles.ir(), tiles.getLoc(), fits, /*withElseRegion=*/true);
    tiles.enter(branch, branch.thenBlock());
    whole();
    tiles.leave();
    tiles.enter(branch, branch.elseBlock());
    narrow();
    tiles.leave();
  }

  void emitWhole(unsigned level, Value base) {
    unsigned i = order[level];
    Value last = tiles.scalar(schedule.extents[i] - tiles.getWidths()[tileDim(i)]);
    bindAt(level, arith::MinUIOp::create(tiles.ir(), tiles.getLoc(), base, last));
    setWhole(variables[i], true);
    emitLevel(level + 1);
    setWhole(variables[i], false);
  }

  void setWhole(unsigned variable, bool isWhole) {
    tiles.getVariable(variable).isFull = tiles.getVariable(variable).isShifted = isWhole;
  }

  void emitNarrow(unsigned level, Value base) {
    unsigned i = order[level];
    bindAt(level, base);
    if (tileDim(i) != 0)
      return emitLevel(level + 1);
    constexpr int64_t kNarrow = 4;
    if (tiles.getWidths()[0] <= kNarrow)
      return emitRows(level, base, 1);
    branchOnFit(
        i, kNarrow, [&] { emitRows(level, base, kNarrow); }, [&] { emitRows(level, base, 1); });
  }

  /// All rows from `base` in tiles of another width.
  void emitRows(unsigned level, Value base, int64_t width) {
    unsigned i = order[level];
    int64_t outer = tiles.getWidths()[0];
    tiles.setWidth(0, width);
    tiles.loop(base, tiles.scalar(schedule.extents[i]), width, {}, [&](Value iv, ValueRange) {
      if (width > 1) {
        emitWhole(level, iv);
      } else {
        tiles.bind(variables[i], iv);
        emitLevel(level + 1);
      }
      return SmallVector<Value>{};
    });
    tiles.setWidth(0, outer);
  }

  void bindAt(unsigned level, Value base) {
    unsigned i = order[level];
    tiles.bind(variables[i], base, tileDim(i));
    tiles.getVariable(variables[i]).isInner = schedule.inner[i];
  }

  void emitStores() {
    for (auto [value, target] : stores) {
      Scalar element = evaluator.evaluate(value, index);
      if (!element.emitter) {
        ok = false;
        return;
      }
      evaluator.store(element, target, index);
    }
  }

  TileBuilder &tiles;
  Evaluator &evaluator;
  const Schedule &schedule;
  ArrayRef<std::pair<Value, Value>> stores;
  SmallVector<unsigned> variables, order;
  SmallVector<DimExpr> index;
  SmallVector<Value> starts;
  bool ok = true;
};
} // namespace

LogicalResult emitNest(TileBuilder &tiles, Evaluator &evaluator, const Schedule &schedule,
                       ArrayRef<std::pair<Value, Value>> stores, Value block) {
  return NestEmitter(tiles, evaluator, schedule, stores).emit(block);
}

} // namespace tenon
