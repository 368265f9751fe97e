//===- TileBuilder.cpp - variables, scopes and indices --------------------===//
//
// Scopes and variables first, then index expressions, then memory access.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/TileBuilder.h"
#include "dialects/tile/Schedules.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
namespace tenon {

TileBuilder::TileBuilder(OpBuilder &builder, Location loc, FactorRanges ranges,
                         ArrayRef<int64_t> widths)
    : builder(builder), loc(loc), ranges(std::move(ranges)), rank(widths.size()),
      scalars(builder, rank), widths(widths) {
  scalars.setLoc(loc);
  Scope &root = scopes.emplace_back();
  root.block = builder.getInsertionBlock();
  current = &root;
}

void TileBuilder::setLoc(Location newLoc) {
  loc = newLoc;
  scalars.setLoc(newLoc);
}

//===----------------------------------------------------------------------===//
// Scopes
//===----------------------------------------------------------------------===//

void TileBuilder::resetInsertion() {
  if (current->anchor) {
    builder.setInsertionPoint(current->anchor);
    return;
  }
  Block *block = current->block;
  if (!block->empty() && block->back().hasTrait<OpTrait::IsTerminator>())
    builder.setInsertionPoint(&block->back());
  else
    builder.setInsertionPointToEnd(block);
}

void TileBuilder::setScope(Scope *scope) {
  current = scope;
  resetInsertion();
}

Scope *TileBuilder::enter(Operation *loop, Block *block) {
  Scope &scope = scopes.emplace_back();
  scope.block = block;
  scope.parent = current;
  scope.depth = current->depth + 1;
  scope.anchor = nullptr;
  // Restored by leave(): where the parent's code goes afterwards.
  outerAnchors.push_back(current->anchor);
  current->anchor = loop;
  setScope(&scope);
  return &scope;
}

void TileBuilder::leave() {
  Scope *parent = current->parent;
  parent->anchor = outerAnchors.back();
  outerAnchors.pop_back();
  current->memo.clear();
  setScope(parent);
}

SmallVector<Value> TileBuilder::loop(Value from, Value to, int64_t step, ValueRange inits,
                                     function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  Value stepValue = arith::ConstantIndexOp::create(builder, loc, step);
  auto loop = scf::ForOp::create(builder, loc, from, to, stepValue, inits);
  enter(loop, loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  resetInsertion();
  if (!inits.empty())
    scf::YieldOp::create(builder, loc, next);
  leave();
  return SmallVector<Value>(loop.getResults());
}

Scope *TileBuilder::scopeOf(ArrayRef<DimExpr> exprs) {
  Scope *deepest = &scopes.front();
  for (DimExpr expr : exprs)
    expr.walkLeaves([&](DimExpr leaf) {
      Scope *scope = nullptr;
      if (leaf.isFactor())
        scope = variables[leaf.getValue()].scope;
      else if (leaf.getKind() == DimKind::Operand)
        scope = dynamics[leaf.getValue()].scope;
      if (scope && scope->depth > deepest->depth)
        deepest = scope;
    });
  return deepest;
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

unsigned TileBuilder::addVariable(DimExpr extent) {
  variables.push_back({extent, Value()});
  ranges.setExtent(variables.size() - 1, extent);
  return variables.size() - 1;
}

void TileBuilder::bind(unsigned index, Value base, int tileDim) {
  Variable &variable = variables[index];
  variable.base = base;
  variable.width = tileDim >= 0 ? widths[tileDim] : 1;
  variable.tileDim = tileDim;
  variable.scope = current;
}

DimExpr TileBuilder::var(unsigned index) { return DimExpr::factor(builder.getContext(), index); }

DimExpr TileBuilder::addDynamic(Value indexTile) {
  dynamics.push_back({indexTile, current});
  return DimExpr::operand(builder.getContext(), dynamics.size() - 1);
}

bool TileBuilder::hasTail(unsigned index) {
  const Variable &variable = variables[index];
  return variable.width > 1 && !variable.isFull &&
         !ranges.isMultipleOf(variable.extent, variable.width);
}

//===----------------------------------------------------------------------===//
// Scalar and tile values of expressions
//===----------------------------------------------------------------------===//

/// Floor and ceiling division and modulo: unsigned where the dividend is known
/// not to be negative, else corrected from the truncating forms.
Value TileBuilder::divide(DimExpr expr, Value a, Value b) {
  bool plain = ranges.isNonNegative(expr.getOperands()[0]);
  DimKind kind = expr.getKind();
  Type type = a.getType();
  auto constant = [&](int64_t value) -> Value {
    if (type.isIndex())
      return arith::ConstantIndexOp::create(builder, loc, value);
    return scalars.broadcast(scalars.indexConstant(value), tile::shapeOf(type));
  };
  if (kind == DimKind::CeilDiv) {
    Value sum = arith::AddIOp::create(builder, loc, a, b);
    a = arith::SubIOp::create(builder, loc, sum, constant(1));
    kind = DimKind::FloorDiv;
  }
  if (plain)
    return kind == DimKind::FloorDiv ? arith::DivUIOp::create(builder, loc, a, b).getResult()
                                     : arith::RemUIOp::create(builder, loc, a, b).getResult();
  Value rest = arith::RemSIOp::create(builder, loc, a, b);
  Value negative =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, rest, constant(0));
  Value up = arith::AddIOp::create(builder, loc, rest, b);
  Value modulo = arith::SelectOp::create(builder, loc, negative, up, rest);
  if (kind == DimKind::Mod)
    return modulo;
  Value exact = arith::SubIOp::create(builder, loc, a, modulo);
  return arith::DivSIOp::create(builder, loc, exact, b);
}

Value TileBuilder::combine(DimExpr expr, Value a, Value b) {
  switch (expr.getKind()) {
  case DimKind::Add:
    return arith::AddIOp::create(builder, loc, a, b);
  case DimKind::Mul:
    return arith::MulIOp::create(builder, loc, a, b);
  case DimKind::Min:
    return arith::MinSIOp::create(builder, loc, a, b);
  case DimKind::Max:
    return arith::MaxSIOp::create(builder, loc, a, b);
  default:
    return divide(expr, a, b);
  }
}

Value TileBuilder::scalar(DimExpr expr) {
  if (!expr.hasFactors())
    return expr.isConstant()
               ? arith::ConstantIndexOp::create(builder, loc, expr.getValue()).getResult()
               : tile::DimOp::create(builder, loc, expr);
  if (expr.isFactor())
    return variables[expr.getValue()].base;
  if (expr.getKind() == DimKind::Operand)
    return tile::ExtractOp::create(builder, loc, builder.getIndexType(),
                                   dynamics[expr.getValue()].tile);
  auto operands = expr.getOperands();
  Value result = scalar(operands.front());
  for (DimExpr operand : llvm::drop_begin(operands))
    result = combine(expr, result, scalar(operand));
  return result;
}

Value TileBuilder::tile(DimExpr expr) {
  SmallVector<int64_t> ones(rank, 1);
  if (expr.getKind() == DimKind::Operand)
    return dynamics[expr.getValue()].tile;
  if (shapeOf(expr) == ones) {
    if (expr.isConstant())
      return scalars.indexConstant(expr.getValue());
    return tile::SplatOp::create(builder, loc, RankedTensorType::get(ones, builder.getIndexType()),
                                 scalar(expr));
  }
  if (expr.isFactor()) {
    const Variable &variable = variables[expr.getValue()];
    SmallVector<int64_t> shape(ones);
    shape[variable.tileDim] = variable.width;
    auto type = RankedTensorType::get(shape, builder.getIndexType());
    Value lanes = tile::IotaOp::create(builder, loc, type, variable.tileDim);
    Value base = tile::SplatOp::create(builder, loc, type, variable.base);
    return arith::AddIOp::create(builder, loc, base, lanes);
  }
  auto operands = expr.getOperands();
  Value result = tile(operands.front());
  for (DimExpr operand : llvm::drop_begin(operands)) {
    Value pair[] = {result, tile(operand)};
    scalars.unify(pair);
    result = combine(expr, pair[0], pair[1]);
  }
  return result;
}

SmallVector<int64_t> TileBuilder::shapeOf(ArrayRef<DimExpr> exprs) {
  SmallVector<int64_t> shape(rank, 1);
  for (DimExpr expr : exprs)
    expr.walkLeaves([&](DimExpr leaf) {
      if (leaf.isFactor() && variables[leaf.getValue()].tileDim >= 0) {
        const Variable &variable = variables[leaf.getValue()];
        shape[variable.tileDim] = variable.width;
      } else if (leaf.getKind() == DimKind::Operand) {
        for (auto [i, size] :
             llvm::enumerate(tile::shapeOf(dynamics[leaf.getValue()].tile.getType())))
          shape[i] = std::max(shape[i], size);
      }
    });
  return shape;
}

//===----------------------------------------------------------------------===//
// Linear indices
//===----------------------------------------------------------------------===//

static int64_t alignmentOf(const Variable &variable) {
  return variable.isShifted ? 1 : variable.alignment ? variable.alignment : variable.width;
}

/// True if the expression, at the bases of tiled variables (multiples of their
/// widths unless shifted), is always a multiple of \p step.
bool TileBuilder::isAligned(DimExpr base, int64_t step) {
  return llvm::all_of(getTerms(base), [&](const DimTerm &term) {
    __int128 known = term.coefficient;
    DimExpr symbols = DimExpr::constant(base.getContext(), 1);
    for (DimExpr atom : term.atoms) {
      if (atom.isFactor())
        known = (known * alignmentOf(variables[atom.getValue()])) % step;
      else if (!atom.hasFactors())
        symbols = symbols * atom;
    }
    return known % step == 0 || ranges.isMultipleOf(symbols * int64_t(known), step);
  });
}

std::optional<LinearIndex> TileBuilder::linearize(DimExpr expr) {
  LinearIndex result{expr, SmallVector<DimExpr>(rank)};
  if (llvm::all_of(shapeOf(expr), [](int64_t size) { return size == 1; }))
    return result;
  if (expr.isFactor()) {
    result.strides[variables[expr.getValue()].tileDim] = DimExpr::constant(expr.getContext(), 1);
    return result;
  }
  auto operands = expr.getOperands();
  SmallVector<LinearIndex> parts;
  for (DimExpr operand : operands) {
    std::optional<LinearIndex> part = linearize(operand);
    if (!part)
      return std::nullopt;
    parts.push_back(*part);
  }
  auto moves = [](const LinearIndex &part) {
    return llvm::any_of(part.strides, [](DimExpr stride) { return bool(stride); });
  };
  switch (expr.getKind()) {
  case DimKind::Add:
    result = parts[0];
    for (const LinearIndex &part : llvm::drop_begin(parts)) {
      result.base = result.base + part.base;
      for (auto [sum, stride] : llvm::zip(result.strides, part.strides))
        sum = !stride ? sum : sum ? sum + stride : stride;
    }
    return result;
  case DimKind::Mul:
    result = parts[0];
    for (const LinearIndex &part : llvm::drop_begin(parts)) {
      if (moves(result) && moves(part))
        return std::nullopt;
      LinearIndex product{result.base * part.base, SmallVector<DimExpr>(rank)};
      for (unsigned i = 0; i < rank; ++i) {
        if (result.strides[i])
          product.strides[i] = result.strides[i] * part.base;
        else if (part.strides[i])
          product.strides[i] = part.strides[i] * result.base;
      }
      result = product;
    }
    return result;
  case DimKind::FloorDiv:
  case DimKind::Mod:
    break;
  default:
    return std::nullopt;
  }
  // A digit of a tiled index: all lanes share the quotient if the tile does not
  // cross a multiple of the divisor.
  if (moves(parts[1]))
    return std::nullopt;
  for (unsigned i = 0; i < rank; ++i) {
    DimExpr stride = parts[0].strides[i];
    if (!stride)
      continue;
    if (!stride.isConstant() || stride.getValue() < 1)
      return std::nullopt;
    int64_t span = stride.getValue() * widths[i];
    if (!isAligned(parts[0].base, span) || !ranges.isMultipleOf(operands[1], span))
      return std::nullopt;
  }
  if (expr.getKind() == DimKind::FloorDiv) {
    result.base = parts[0].base.floorDiv(parts[1].base);
    return result;
  }
  result.base = parts[0].base.mod(parts[1].base);
  result.strides = parts[0].strides;
  return result;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value TileBuilder::mask(ArrayRef<Guard> guards) {
  Value result;
  for (const Guard &guard : guards) {
    // Unsigned: a negative index is beyond every extent.
    Value pair[] = {tile(guard.index), tile(guard.extent)};
    scalars.unify(pair);
    Value holds = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, pair[0], pair[1]);
    if (!result) {
      result = holds;
      continue;
    }
    Value both[] = {result, holds};
    scalars.unify(both);
    result = arith::AndIOp::create(builder, loc, both[0], both[1]);
  }
  return result;
}

/// The guards of an access: those given, and one for each tiled variable that
/// the offset moves along and whose last tile is partial.
SmallVector<Guard> TileBuilder::tailGuards(DimExpr offset, ArrayRef<Guard> guards) {
  SmallVector<Guard> all(guards);
  llvm::SmallDenseSet<unsigned> seen;
  offset.walkLeaves([&](DimExpr leaf) {
    if (!leaf.isFactor() || !seen.insert(leaf.getValue()).second || !hasTail(leaf.getValue()))
      return;
    Guard guard{leaf, variables[leaf.getValue()].extent};
    bool present = llvm::any_of(all, [&](const Guard &other) {
      return other.index == guard.index && other.extent == guard.extent;
    });
    if (!present)
      all.push_back(guard);
  });
  return all;
}

SmallVector<OpFoldResult> TileBuilder::strideValues(const LinearIndex &index,
                                                    ArrayRef<DimExpr> extraStrides) {
  SmallVector<OpFoldResult> strides;
  for (unsigned i = 0; i < rank; ++i) {
    DimExpr stride = index.strides[i];
    if (!extraStrides.empty() && extraStrides[i])
      stride = stride ? stride + extraStrides[i] : extraStrides[i];
    if (!stride)
      strides.push_back(builder.getIndexAttr(0));
    else if (stride.isConstant())
      strides.push_back(builder.getIndexAttr(stride.getValue()));
    else
      strides.push_back(scalar(stride));
  }
  return strides;
}

SmallVector<int64_t> TileBuilder::accessShape(const LinearIndex &index,
                                              ArrayRef<DimExpr> extraStrides) {
  SmallVector<int64_t> shape(rank, 1);
  for (unsigned i = 0; i < rank; ++i)
    if (index.strides[i] || (!extraStrides.empty() && extraStrides[i]))
      shape[i] = widths[i];
  return shape;
}

static Type elementOf(Value view) { return cast<tile::ViewType>(view.getType()).getElementType(); }

/// Repeats the dimensions in which a mask is larger than the tile it guards.
static SmallVector<int64_t> common(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> shape(a);
  for (auto [size, other] : llvm::zip(shape, b))
    size = std::max(size, other);
  return shape;
}

/// True if a guard holds for all or none of each aligned group along a dimension.
bool TileBuilder::isUniform(const Guard &guard, unsigned dim, int64_t vector) {
  if (shapeOf(guard.index)[dim] == 1)
    return true;
  std::optional<LinearIndex> linear = linearize(guard.index);
  if (!linear || !linear->strides[dim] || !linear->strides[dim].isConstant(1) ||
      !isAligned(linear->base, vector) || !ranges.isMultipleOf(guard.extent, vector))
    return false;
  return llvm::all_of(llvm::enumerate(linear->strides), [&](auto stride) {
    return stride.index() == dim || !stride.value() || ranges.isMultipleOf(stride.value(), vector);
  });
}

/// How many neighbours along the dimension of stride 1 lie at an aligned place in
/// memory and are masked together, for every tile: a power of two up to 8.
int64_t TileBuilder::vectorWidth(const LinearIndex &index, ArrayRef<Guard> guards) {
  int dim = -1;
  for (unsigned i = 0; i < rank; ++i)
    if (index.strides[i] && index.strides[i].isConstant(1) && widths[i] > 1)
      dim = i;
  auto fits = [&](int64_t vector) {
    for (unsigned i = 0; i < rank; ++i)
      if (int(i) != dim && index.strides[i] && widths[i] > 1 &&
          !ranges.isMultipleOf(index.strides[i], vector))
        return false;
    return widths[dim] % vector == 0 && isAligned(index.base, vector) &&
           llvm::all_of(guards, [&](const Guard &g) { return isUniform(g, dim, vector); });
  };
  int64_t vector = dim < 0 ? 1 : 8;
  while (vector > 1 && !fits(vector))
    vector /= 2;
  return vector;
}

Value TileBuilder::load(Value view, DimExpr offset, ArrayRef<Guard> guards,
                        ArrayRef<DimExpr> extraStrides) {
  offset = simplify(offset);
  SmallVector<Guard> all = tailGuards(offset, guards);
  Value maskTile = mask(all);
  std::optional<LinearIndex> linear = linearize(offset);
  if (linear) {
    SmallVector<int64_t> shape = accessShape(*linear, extraStrides);
    if (maskTile)
      shape = common(shape, tile::shapeOf(maskTile.getType()));
    auto type = RankedTensorType::get(shape, elementOf(view));
    auto load = tile::LoadOp::create(builder, loc, type, view, scalar(linear->base),
                                     strideValues(*linear, extraStrides), maskTile, Value());
    if (int64_t vector = marksVectors ? vectorWidth(*linear, all) : 1; vector > 1)
      load->setAttr(tile::kVectorAttr, builder.getI64IntegerAttr(vector));
    return load;
  }
  Value indices = tile(offset);
  if (!extraStrides.empty())
    for (unsigned i = 0; i < rank; ++i)
      if (extraStrides[i]) {
        SmallVector<int64_t> shape(rank, 1);
        shape[i] = widths[i];
        auto type = RankedTensorType::get(shape, builder.getIndexType());
        Value lanes = tile::IotaOp::create(builder, loc, type, i);
        Value stride = tile::SplatOp::create(builder, loc, type, scalar(extraStrides[i]));
        Value pair[] = {indices, arith::MulIOp::create(builder, loc, lanes, stride)};
        scalars.unify(pair);
        indices = arith::AddIOp::create(builder, loc, pair[0], pair[1]);
      }
  if (maskTile) {
    Value pair[] = {indices, maskTile};
    scalars.unify(pair);
    indices = pair[0];
    maskTile = pair[1];
  }
  auto type = RankedTensorType::get(tile::shapeOf(indices.getType()), elementOf(view));
  return tile::GatherOp::create(builder, loc, type, view, indices, maskTile, Value());
}

void TileBuilder::store(Value value, Value view, DimExpr offset, ArrayRef<Guard> guards,
                        ArrayRef<DimExpr> extraStrides) {
  offset = simplify(offset);
  Value maskTile = mask(tailGuards(offset, guards));
  std::optional<LinearIndex> linear = linearize(offset);
  if (linear) {
    value = scalars.broadcast(value, accessShape(*linear, extraStrides));
    tile::StoreOp::create(builder, loc, value, view, scalar(linear->base),
                          strideValues(*linear, extraStrides), maskTile);
    return;
  }
  Value indices = tile(offset);
  value = scalars.broadcast(value, tile::shapeOf(indices.getType()));
  tile::ScatterOp::create(builder, loc, value, view, indices, maskTile);
}

} // namespace tenon
