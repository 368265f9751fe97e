//===- EvaluateStaged.cpp - values kept in scratch memory -----------------===//
//
// A staged value is computed once per block and read several times. Dimensions
// whose index varies inside of the block (inner variables) are stored whole;
// the others are fixed at the block's own index, with the lanes of its tiles:
//
//   scratch [row lanes][whole dimensions, row-major][vector lanes]
//
// It is filled in the outermost scope in which the fixed indices are known.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/tile/Evaluator.h"

using namespace mlir;
namespace tenon {

namespace {
/// Where the elements of a staged value lie in its scratch memory.
struct ScratchLayout {
  SmallVector<bool> whole;       // per dimension of the value
  SmallVector<DimExpr> strides;  // per dimension, null if fixed
  SmallVector<DimExpr> lanes;    // stride per tile dimension, null if unused
  DimExpr elements;
};
} // namespace

static bool isInner(TileBuilder &tiles, DimExpr expr) {
  bool inner = false;
  expr.walkLeaves([&](DimExpr leaf) {
    inner |= leaf.isFactor() && tiles.getVariable(leaf.getValue()).isInner;
    inner |= leaf.getKind() == DimKind::Operand;
  });
  return inner;
}

static ScratchLayout layoutOf(TileBuilder &tiles, ArrayRef<DimExpr> dims, ArrayRef<DimExpr> index,
                              int vectorDim) {
  ScratchLayout layout;
  SmallVector<DimExpr> fixed;
  for (DimExpr expr : index) {
    layout.whole.push_back(isInner(tiles, expr));
    if (!layout.whole.back())
      fixed.push_back(expr);
  }
  SmallVector<int64_t> shape = tiles.shapeOf(fixed);
  layout.strides.resize(dims.size());
  layout.lanes.resize(tiles.getRank());
  DimExpr stride = DimExpr::constant(tiles.ir().getContext(), 1);
  auto addLanes = [&](unsigned dim) {
    if (shape[dim] == 1)
      return;
    layout.lanes[dim] = stride;
    stride = stride * shape[dim];
  };
  if (vectorDim >= 0)
    addLanes(vectorDim);
  for (size_t i = dims.size(); i-- > 0;)
    if (layout.whole[i]) {
      layout.strides[i] = stride;
      stride = stride * dims[i];
    }
  for (unsigned dim = 0; dim < tiles.getRank(); ++dim)
    if (int(dim) != vectorDim)
      addLanes(dim);
  layout.elements = stride;
  return layout;
}

static DimExpr offsetIn(const ScratchLayout &layout, ArrayRef<DimExpr> index) {
  DimExpr offset = DimExpr::constant(layout.elements.getContext(), 0);
  for (auto [expr, stride] : llvm::zip(index, layout.strides))
    if (stride)
      offset = offset + expr * stride;
  return offset;
}

Scalar Evaluator::evaluateStaged(Value value, ArrayRef<DimExpr> index, ArrayRef<Guard> guards) {
  SmallVector<DimExpr> dims = getDims(value.getType());
  Type type = getElementTypeOrSelf(value.getType());
  ScratchLayout layout = layoutOf(tiles, dims, index, vectorDim);

  // Guards on fixed indices hold for the whole fill; the others for the read.
  SmallVector<DimExpr> fixed;
  SmallVector<Guard> fillGuards;
  std::vector<const void *> key{value.getAsOpaquePointer(), &staged};
  for (auto [i, expr] : llvm::enumerate(index)) {
    if (layout.whole[i])
      continue;
    fixed.push_back(expr);
    key.push_back(expr.getAttr().getAsOpaquePointer());
  }
  for (const Guard &guard : guards)
    if (!isInner(tiles, guard.index)) {
      fillGuards.push_back(guard);
      fixed.append({guard.index, guard.extent});
      key.push_back(guard.index.getAttr().getAsOpaquePointer());
    }
  Scope *reader = tiles.getScope(), *home = tiles.scopeOf(fixed);
  auto [it, isNew] = home->memo.try_emplace(key);
  if (isNew) {
    tiles.setScope(home);
    it->second = fillScratch(value, index, layout.whole, layout.strides, layout.lanes,
                             layout.elements, fillGuards);
    Value view = it->second;
    tiles.setScope(reader);
    if (!view)
      return {};
  }
  Value tile = tiles.load(it->second, offsetIn(layout, index), guards, layout.lanes);
  return tiles.emitter().wrap(tile, type);
}

Value Evaluator::fillScratch(Value value, ArrayRef<DimExpr> index, ArrayRef<bool> whole,
                             ArrayRef<DimExpr> strides, ArrayRef<DimExpr> lanes, DimExpr elements,
                             ArrayRef<Guard> guards) {
  Type compute = computeType(getElementTypeOrSelf(value.getType()));
  OpBuilder::InsertPoint here = tiles.ir().saveInsertionPoint();
  tiles.ir().setInsertionPointToStart(entry);
  Value view = tile::ScratchOp::create(tiles.ir(), tiles.getLoc(), compute, elements);
  tiles.ir().restoreInsertionPoint(here);

  SmallVector<DimExpr> dims = getDims(value.getType()), at(index);
  SmallVector<unsigned> loops;
  for (auto [i, isWhole] : llvm::enumerate(whole)) {
    if (!isWhole)
      continue;
    loops.push_back(tiles.addVariable(dims[i]));
    at[i] = tiles.var(loops.back());
  }
  bool vectorFree = vectorDim >= 0 && !lanes[vectorDim];
  DimExpr offset = DimExpr::constant(value.getContext(), 0);
  for (auto [expr, stride] : llvm::zip(at, strides))
    if (stride)
      offset = offset + expr * stride;
  Value zero = arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), 0);
  bool ok = true;
  std::function<void(unsigned)> nest = [&](unsigned level) {
    if (level == loops.size()) {
      Scalar element = evaluateOp(value, at, guards, /*intoScratch=*/true);
      ok &= bool(element.emitter);
      if (ok)
        tiles.store(mlir::cast<Value>(element.payload), view, offset, {}, lanes);
      return;
    }
    int tileDim = vectorFree && level + 1 == loops.size() ? vectorDim : -1;
    int64_t step = tileDim >= 0 ? tiles.getWidths()[tileDim] : 1;
    Value extent = tiles.scalar(tiles.getVariable(loops[level]).extent);
    tiles.loop(zero, extent, step, {}, [&](Value iv, ValueRange) {
      tiles.bind(loops[level], iv, tileDim);
      tiles.getVariable(loops[level]).isInner = true;
      nest(level + 1);
      return SmallVector<Value>{};
    });
  };
  nest(0);
  return ok ? view : Value();
}

} // namespace tenon
