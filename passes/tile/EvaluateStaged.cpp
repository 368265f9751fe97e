//===- EvaluateStaged.cpp - values kept in scratch memory -----------------===//
//
// A staged value is computed once per block and read several times. A dimension
// whose index moves with one inner variable t (t, or t * 4 + something fixed) is
// stored for every t; one whose index is made of several is stored whole; the
// others are fixed at the block's own index, with the lanes of its tiles:
//
//   scratch [row lanes][inner dimensions, row-major][vector lanes]
//
// It is filled in the outermost scope in which the fixed indices are known.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/tile/Demand.h"
#include "passes/tile/Evaluator.h"

using namespace mlir;
namespace tenon {

/// How one dimension is kept: fixed (no extent), or for every value of `walk`,
/// the part of the index that the fill loop replaces.
struct ScratchDim {
  DimExpr extent, walk, stride;
};

/// Where the elements of a staged value lie in its scratch memory.
struct ScratchLayout {
  SmallVector<ScratchDim> dims;
  SmallVector<DimExpr> lanes; // stride per tile dimension, null if unused
  DimExpr elements;
};

static bool isInner(TileBuilder &tiles, DimExpr expr) {
  bool inner = false;
  expr.walkLeaves([&](DimExpr leaf) {
    inner |= leaf.isFactor() && tiles.getVariable(leaf.getValue()).isInner;
    inner |= leaf.getKind() == DimKind::Operand;
  });
  return inner;
}

/// The only inner variable of an expression; null if there is another leaf that
/// varies inside of the block, or if it also moves another dimension.
static DimExpr soleInner(TileBuilder &tiles, DimExpr expr, ArrayRef<DimExpr> index) {
  DimExpr sole;
  bool several = false;
  expr.walkLeaves([&](DimExpr leaf) {
    if (!isInner(tiles, leaf) || leaf == sole)
      return;
    several |= bool(sole) || !leaf.isFactor();
    sole = leaf;
  });
  unsigned users = llvm::count_if(index, [&](DimExpr other) { return dependsOn(other, sole); });
  return several || users != 1 ? DimExpr() : sole;
}

static ScratchDim scratchDim(TileBuilder &tiles, DimExpr size, DimExpr expr,
                             ArrayRef<DimExpr> index) {
  if (!isInner(tiles, expr))
    return {};
  if (DimExpr variable = soleInner(tiles, expr, index))
    return {tiles.getVariable(variable.getValue()).extent, variable, DimExpr()};
  return {size, expr, DimExpr()};
}

/// What identifies a dimension's place outside of the walk: the index with the
/// walked part taken out.
static DimExpr fixedPart(const ScratchDim &dim, DimExpr expr) {
  DimExpr zero = DimExpr::constant(expr.getContext(), 0);
  if (!dim.extent)
    return expr;
  if (dim.walk == expr)
    return zero;
  return expr.replaceLeaves([&](DimExpr leaf) { return leaf == dim.walk ? zero : DimExpr(); });
}

/// The index with its walked part replaced by \p position.
static DimExpr walkTo(const ScratchDim &dim, DimExpr expr, DimExpr position) {
  if (dim.walk == expr)
    return position;
  return expr.replaceLeaves([&](DimExpr leaf) { return leaf == dim.walk ? position : DimExpr(); });
}

static ScratchLayout layoutOf(TileBuilder &tiles, ArrayRef<DimExpr> dims, ArrayRef<DimExpr> index,
                              int vectorDim) {
  ScratchLayout layout;
  SmallVector<DimExpr> fixed;
  for (auto [dim, expr] : llvm::zip(dims, index)) {
    layout.dims.push_back(scratchDim(tiles, dim, expr, index));
    fixed.push_back(fixedPart(layout.dims.back(), expr));
  }
  SmallVector<int64_t> shape = tiles.shapeOf(fixed);
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
    if (layout.dims[i].extent) {
      layout.dims[i].stride = stride;
      stride = stride * layout.dims[i].extent;
    }
  for (unsigned dim = 0; dim < tiles.getRank(); ++dim)
    if (int(dim) != vectorDim)
      addLanes(dim);
  layout.elements = stride;
  return layout;
}

/// The offset at the positions of the walked dimensions.
static DimExpr offsetIn(const ScratchLayout &layout) {
  DimExpr offset = DimExpr::constant(layout.elements.getContext(), 0);
  for (const ScratchDim &dim : layout.dims)
    if (dim.extent)
      offset = offset + dim.walk * dim.stride;
  return offset;
}

Scalar Evaluator::evaluateStaged(Value value, ArrayRef<DimExpr> index, ArrayRef<Guard> guards) {
  Type type = getElementTypeOrSelf(value.getType());
  ScratchLayout layout = layoutOf(tiles, getDims(value.getType()), index, vectorDim);

  // Guards on fixed indices hold for the whole fill; the others for the read.
  SmallVector<DimExpr> fixed;
  SmallVector<Guard> fillGuards;
  std::vector<const void *> key{value.getAsOpaquePointer(), &staged};
  for (auto [dim, expr] : llvm::zip(layout.dims, index)) {
    fixed.push_back(fixedPart(dim, expr));
    // The whole walk at a marker: equal for any two variables that walk alike.
    DimExpr marker = DimExpr::symbol(expr.getContext(), "walk");
    key.push_back(walkTo(dim, expr, marker).getAttr().getAsOpaquePointer());
    if (dim.extent)
      key.push_back(dim.extent.getAttr().getAsOpaquePointer());
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
    Value view = fillScratch(value, index, layout, fillGuards);
    home->memo[key] = view;
    tiles.setScope(reader);
    if (!view)
      return {};
  }
  Value tile = tiles.load(home->memo[key], offsetIn(layout), guards, layout.lanes);
  return tiles.emitter().wrap(tile, type);
}

Value Evaluator::fillScratch(Value value, ArrayRef<DimExpr> index, const ScratchLayout &layout,
                             ArrayRef<Guard> guards) {
  Type compute = computeType(getElementTypeOrSelf(value.getType()));
  OpBuilder::InsertPoint here = tiles.ir().saveInsertionPoint();
  tiles.ir().setInsertionPointToStart(entry);
  Value view = tile::ScratchOp::create(tiles.ir(), tiles.getLoc(), compute, layout.elements);
  tiles.ir().restoreInsertionPoint(here);

  SmallVector<DimExpr> at(index);
  SmallVector<unsigned> loops;
  DimExpr offset = DimExpr::constant(value.getContext(), 0);
  for (auto [i, dim] : llvm::enumerate(layout.dims)) {
    if (!dim.extent)
      continue;
    loops.push_back(tiles.addVariable(dim.extent));
    DimExpr position = tiles.var(loops.back());
    at[i] = walkTo(dim, index[i], position);
    offset = offset + position * dim.stride;
  }
  SmallVector<int> tileDims = fillLanes(value, layout, loops);
  Value zero = arith::ConstantIndexOp::create(tiles.ir(), tiles.getLoc(), 0);
  bool ok = true;
  std::function<void(unsigned)> nest = [&](unsigned level) {
    if (level == loops.size()) {
      Scalar element = evaluateOp(value, at, guards, /*intoScratch=*/true);
      ok &= bool(element.emitter);
      if (ok)
        tiles.store(mlir::cast<Value>(element.payload), view, offset, {}, layout.lanes);
      return;
    }
    int tileDim = tileDims[level];
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

/// The tile dimension of each fill loop: vectors for the last, if free; rows for
/// the longest other one, if the value is a product.
SmallVector<int> Evaluator::fillLanes(Value value, const ScratchLayout &layout,
                                      ArrayRef<unsigned> loops) {
  SmallVector<int> tileDims(loops.size(), -1);
  if (!loops.empty() && vectorDim >= 0 && !layout.lanes[vectorDim])
    tileDims.back() = vectorDim;
  if (innerRowDim < 0 || layout.lanes[innerRowDim] || !isa<ContractOp>(value.getDefiningOp()))
    return tileDims;
  int rows = -1;
  int64_t most = 1;
  for (auto [i, variable] : llvm::enumerate(loops)) {
    int64_t extent = tiles.getRanges().maximum(tiles.getVariable(variable).extent);
    if (tileDims[i] >= 0 || extent <= most)
      continue;
    rows = i;
    most = extent;
  }
  if (rows >= 0)
    tileDims[rows] = innerRowDim;
  return tileDims;
}

} // namespace tenon
