//===- Access.cpp - reading elements of tensors ---------------------------===//
//
// x[e0, e1, ...] inside of index notation. Dimension by dimension, from the last
// to the first, the index decides what is done:
//
//   constant or size         one element of the dimension
//   i                        the dimension itself
//   i*12 + j, 3*i + 1        a slice, split in digits
//   i / 4, i % 4             digits that are repeated
//   o*2 + k - 1              windows, with `| fill` also outside
//   anything else            a gather at computed positions
//
// Outside of index notation, x[2] picks and keeps the dimensions that follow.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
namespace tenon::language {

/// Label of a dimension that is not done yet.
constexpr unsigned kOpen = ~0u;

Val Elaborator::evalAccess(const Expr &expr, Scope &scope) {
  if (current) {
    auto it = current->bases.find(&expr);
    if (it != current->bases.end())
      return accessElement(Val(it->second), expr, scope);
  }
  Val base = eval(*expr.parts.front(), scope);
  at(expr.span);
  return accessPart(base, expr, scope);
}

IndexArg Elaborator::indexArg(const Expr &expr, Scope &scope) {
  IndexArg arg;
  arg.span = expr.span;
  if (std::optional<DimExpr> position = affine(expr, scope)) {
    arg.expr = *position;
    return arg;
  }
  Val value = load(eval(expr, scope));
  if (value.kind == ValKind::Int) {
    arg.expr = value.size;
    return arg;
  }
  bool isInteger = value.isTensorLike() &&
                   isa<IntegerType>(TensorBuilder::elementType(value.tensor)) &&
                   !TensorBuilder::elementType(value.tensor).isInteger(1);
  if (!isInteger)
    fail(expr.span, "an index is a whole number, this is " + describe(value));
  arg.value = toElement(value, expr.span);
  return arg;
}

std::vector<IndexArg> Elaborator::indexArgs(const Expr &expr, size_t rank, Scope &scope) {
  std::vector<IndexArg> args;
  for (const ExprPtr &index : llvm::drop_begin(expr.parts)) {
    if (index->kind == ExprKind::Star) {
      for (unsigned label : current->stars)
        args.push_back({DimExpr::factor(&context, label), Val(), index->span});
      continue;
    }
    args.push_back(indexArg(*index, scope));
  }
  if (args.size() != rank)
    fail(expr.span, "there are " + Twine(args.size()) + " indices for " + Twine(rank) + " dimensions");
  return args;
}

/// x[i / c, i % c] reads the two dimensions as one, if the second has c elements.
void Elaborator::mergeDigits(Val &base, std::vector<IndexArg> &args) {
  for (size_t dim = args.size(); dim-- > 1;) {
    if (args[dim - 1].isValue() || args[dim].isValue() || args[dim].expr.getKind() != DimKind::Mod)
      continue;
    Dims dims = dimsOf(base);
    DimExpr whole = args[dim].expr.getOperands()[0], count = args[dim].expr.getOperands()[1];
    DimExpr high = whole.floorDiv(count), joined;
    if (count == dims[dim] && args[dim - 1].expr == high)
      joined = whole;
    else if (count == dims[dim] && args[dim - 1].expr == high.mod(dims[dim - 1]))
      joined = whole.mod(dims[dim - 1] * count);
    else
      continue;
    dims[dim - 1] = dims[dim - 1] * count;
    dims.erase(dims.begin() + dim);
    base = tensorVal(b.reshape(base.tensor, dims));
    args[dim - 1].expr = joined;
    args[dim - 1].span = args[dim - 1].span.to(args[dim].span);
    args.erase(args.begin() + dim);
  }
}

/// An index that is there twice (a diagonal) is looked up the second time.
void Elaborator::repeatedAsValues(std::vector<IndexArg> &args) {
  llvm::DenseSet<unsigned> seen;
  for (IndexArg &arg : args) {
    if (arg.isValue())
      continue;
    bool again = false;
    arg.expr.walkLeaves([&](DimExpr leaf) {
      again |= leaf.isFactor() && !seen.insert(leaf.getValue()).second;
    });
    if (!again)
      continue;
    arg.value = emitIndex(arg.expr, b.i64());
    arg.expr = DimExpr();
  }
}

//===----------------------------------------------------------------------===//
// Parts of whole tensors
//===----------------------------------------------------------------------===//

Val Elaborator::pickFromList(const Val &list, const Expr &expr, Scope &scope) {
  int64_t count = list.parts->size();
  if (expr.parts.size() != 2)
    fail(expr.span, "a list is indexed by one number");
  int64_t place = evalInt(*expr.parts[1], scope, "a place in a list");
  if (place < 0 || place >= count)
    fail(expr.parts[1]->span, "there is no place " + Twine(place) + " in " + describe(list));
  const Val &value = (*list.parts)[place];
  if (value.kind == ValKind::Poison)
    throw Abandon{};
  return value;
}

Val Elaborator::accessPart(const Val &given, const Expr &expr, Scope &scope) {
  if (given.kind == ValKind::List)
    return pickFromList(given, expr, scope);
  if (!given.isTensorLike() || given.kind == ValKind::Element)
    fail(expr.parts.front()->span, "this is " + describe(given) + ", which has no indices");
  Val base = load(given);
  size_t count = expr.parts.size() - 1;
  if (count > size_t(TensorBuilder::rank(base.tensor)))
    fail(expr.span, "this is " + describe(base) + ", but " + Twine(count) + " indices are given");
  Value value = base.tensor;
  for (const ExprPtr &index : llvm::drop_begin(expr.parts)) {
    DimExpr position = evalSize(*index, scope, "an index outside of index notation");
    checkInside(position, TensorBuilder::dims(value)[0], index->span, base);
    value = b.pick(value, 0, position);
  }
  return tensorVal(value);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Val Elaborator::accessElement(Val base, const Expr &expr, Scope &scope) {
  Dims dims = dimsOf(base);
  std::vector<IndexArg> args = indexArgs(expr, dims.size(), scope);
  at(expr.span);
  if (std::optional<Val> packed = gatherPacked(base, args))
    return *packed;
  base = load(base);
  if (!expr.fill)
    mergeDigits(base, args);
  repeatedAsValues(args);
  dims = dimsOf(base);
  std::optional<double> fill;
  if (expr.fill) {
    Val value = eval(*expr.fill, scope);
    if (!value.isConstantNumber())
      fail(expr.fill->span, "what lies outside is a number, this is " + describe(value));
    fill = value.asNumber();
  }
  Val value = elementVal(base.tensor, Labels(dims.size(), kOpen));
  for (size_t dim = dims.size(); dim-- > 0;) {
    IndexArg &arg = args[dim];
    if (arg.isValue())
      continue;
    if (!fill)
      checkInside(arg.expr, dims[dim], arg.span, base);
    std::optional<Val> next = viewDim(value, dim, arg.expr, fill);
    if (next) {
      value = *next;
      continue;
    }
    arg.value = emitIndex(arg.expr, b.i64());
    arg.expr = DimExpr();
  }
  std::vector<IndexArg> open;
  llvm::copy_if(args, std::back_inserter(open), [](const IndexArg &arg) { return arg.isValue(); });
  return open.empty() ? value : gather(value, open, fill);
}

/// One dimension replaced by what its index says; nothing where that takes a
/// gather.
std::optional<Val> Elaborator::viewDim(const Val &value, unsigned dim, DimExpr index,
                                       std::optional<double> fill) {
  DimExpr size = TensorBuilder::dims(value.tensor)[dim];
  if (index.isFactor() && indices[index.getValue()].extent == size) {
    Val same = value;
    same.labels[dim] = index.getValue();
    return same;
  }
  if (fill && !isInside(index, size))
    return viewWindow(value, dim, index, *fill);
  if (!index.hasFactors()) {
    Val picked = value;
    picked.tensor = b.pick(value.tensor, dim, index);
    picked.labels.erase(picked.labels.begin() + dim);
    return picked;
  }
  if (std::optional<Val> digits = viewRadix(value, dim, index))
    return digits;
  if (std::optional<Val> digit = viewDigit(value, dim, index))
    return digit;
  return viewWindow(value, dim, index, 0);
}

namespace {
/// index = offset + the sum of stride * factor.
struct Affine {
  SmallVector<std::pair<int64_t, unsigned>> digits; // by stride, greatest first
  DimExpr offset;
};
} // namespace

static std::optional<Affine> asAffine(DimExpr index) {
  Affine result{{}, DimExpr::constant(index.getContext(), 0)};
  for (const DimTerm &term : getTerms(index)) {
    DimExpr rest = DimExpr::constant(index.getContext(), term.coefficient);
    std::optional<unsigned> factor;
    for (DimExpr atom : term.atoms) {
      if (atom.isFactor() && !factor)
        factor = atom.getValue();
      else if (atom.hasFactors())
        return std::nullopt;
      else
        rest = rest * atom;
    }
    if (!factor)
      result.offset = result.offset + rest;
    else if (rest.isConstant())
      result.digits.push_back({rest.getValue(), *factor});
    else
      return std::nullopt;
  }
  llvm::sort(result.digits, [](auto a, auto c) {
    return std::pair(-a.first, a.second) < std::pair(-c.first, c.second);
  });
  return result;
}

std::optional<Val> Elaborator::viewRadix(const Val &value, unsigned dim, DimExpr index) {
  std::optional<Affine> affine = asAffine(index);
  if (!affine || affine->digits.empty())
    return std::nullopt;
  DimExpr count = b.size(1);
  Dims extents;
  for (auto [i, digit] : llvm::enumerate(affine->digits)) {
    DimExpr extent = indices[digit.second].extent;
    if (i > 0 && extent * digit.first != b.size(affine->digits[i - 1].first))
      return std::nullopt;
    extents.push_back(extent);
    count = count * extent;
  }
  if (affine->digits.size() > 1 && affine->digits.back().first <= 0)
    return std::nullopt;
  Val result = value;
  result.tensor = b.sliceDim(value.tensor, dim, affine->offset, count, affine->digits.back().first);
  Dims dims = TensorBuilder::dims(result.tensor);
  dims.erase(dims.begin() + dim);
  dims.insert(dims.begin() + dim, extents.begin(), extents.end());
  result.tensor = b.reshape(result.tensor, dims);
  result.labels.erase(result.labels.begin() + dim);
  for (auto [i, digit] : llvm::enumerate(affine->digits))
    result.labels.insert(result.labels.begin() + dim + i, digit.second);
  return result;
}

/// i / r repeats each element r times, i % n goes round.
std::optional<Val> Elaborator::viewDigit(const Val &value, unsigned dim, DimExpr index) {
  SmallVector<DimExpr, 4> parts = index.getOperands();
  bool divides = index.getKind() == DimKind::FloorDiv;
  if ((!divides && index.getKind() != DimKind::Mod) || !parts[0].isFactor() || parts[1].hasFactors())
    return std::nullopt;
  DimExpr extent = indices[parts[0].getValue()].extent, repeat;
  Dims dims = TensorBuilder::dims(value.tensor);
  if (divides ? extent != dims[dim] * parts[1]
              : parts[1] != dims[dim] || !extent.divides(dims[dim], repeat))
    return std::nullopt;
  if (divides)
    repeat = parts[1];
  Value wide = b.unsqueeze(value.tensor, {int64_t(dim) + (divides ? 1 : 0)});
  Dims repeated = TensorBuilder::dims(wide);
  repeated[dim + (divides ? 1 : 0)] = repeat;
  Val result = value;
  dims[dim] = extent;
  result.tensor = b.reshape(b.broadcast(wide, repeated), dims);
  result.labels[dim] = parts[0].getValue();
  return result;
}

/// position * stride + inside * dilation + offset, each element read as often as
/// windows have it.
std::optional<Val> Elaborator::viewWindow(const Val &value, unsigned dim, DimExpr index, double fill) {
  std::optional<Affine> affine = asAffine(index);
  if (!affine || affine->digits.empty() || affine->digits.size() > 2 ||
      affine->digits.back().first <= 0 || !affine->offset.isConstant())
    return std::nullopt;
  auto position = affine->digits[0], inside = affine->digits.back();
  bool single = affine->digits.size() == 1;
  auto extentOf = [&](auto digit) { return indices[digit.second].extent; };
  bool swap = !single && (!extentOf(inside).isConstant() ||
                          (position.first == inside.first && extentOf(position).isConstant() &&
                           extentOf(position).getValue() < extentOf(inside).getValue()));
  if (swap)
    std::swap(position, inside);
  if (!single && !extentOf(inside).isConstant())
    return std::nullopt;
  int64_t last = value.labels.size() - 1, kernel = single ? 1 : extentOf(inside).getValue();
  if (kernel < 1 || kernel > (1 << 20))
    return std::nullopt;
  onnximport::WindowSpec spec;
  spec.kernel = {kernel};
  spec.strides = {position.first};
  spec.dilations = {single ? 1 : inside.first};
  spec.low = {b.size(-affine->offset.getValue())};
  spec.counts = {extentOf(position)};
  spec.base = {1};
  Val result = value;
  result.tensor = b.window(b.moveDim(value.tensor, dim, last), spec, fill);
  result.labels.erase(result.labels.begin() + dim);
  result.labels.push_back(position.second);
  if (single)
    result.tensor = b.squeeze(result.tensor, {last + 1});
  else
    result.labels.push_back(inside.second);
  return result;
}

/// The dimensions still open are read at the values of \p args, in order.
Val Elaborator::gather(const Val &value, ArrayRef<IndexArg> args, std::optional<double> fill) {
  std::vector<Labels> labels;
  for (const IndexArg &arg : args)
    labels.push_back(arg.value.labels);
  Labels positions = joined(labels);
  Labels closed;
  llvm::copy_if(value.labels, std::back_inserter(closed), [](unsigned label) { return label != kOpen; });
  Labels all = joined({positions, closed});
  Dims dims = TensorBuilder::dims(value.tensor), extents, indexExtents;
  for (unsigned label : all)
    extents.push_back(indices[label].extent);
  for (unsigned label : positions)
    indexExtents.push_back(indices[label].extent);
  auto placeOf = [&](unsigned label) { return int64_t(llvm::find(all, label) - all.begin()); };
  Ints dataDims, indexDims;
  for (unsigned label : positions)
    indexDims.push_back(placeOf(label));
  SmallVector<Value> operands;
  Value inside;
  for (auto [dim, label] : llvm::enumerate(value.labels)) {
    if (label != kOpen) {
      dataDims.push_back(-1 - placeOf(label));
      continue;
    }
    const Val &index = args[operands.size()].value;
    Value position = b.cast(index.tensor, b.i64());
    position = b.broadcast(alignTo(position, index.labels, positions), indexExtents);
    if (fill) {
      Value size = b.dimValue(dims[dim]);
      Value good = b.logicalAnd(b.ge(position, 0), b.lt(position, size));
      inside = inside ? b.logicalAnd(inside, good) : good;
      position = b.select(good, position, b.mul(position, 0));
    }
    dataDims.push_back(operands.size());
    operands.push_back(position);
  }
  Value result = b.gather(value.tensor, operands, dataDims, indexDims, extents);
  if (inside)
    result = b.select(alignTo(inside, positions, all), result,
                      b.number(*fill, TensorBuilder::elementType(result)));
  return elementVal(result, all);
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

/// True only if the index is always within the dimension.
bool Elaborator::isInside(DimExpr index, DimExpr size) {
  FactorRanges known(module->getOperation());
  llvm::DenseMap<unsigned, DimExpr> numbers;
  DimExpr small = index.replaceLeaves([&](DimExpr leaf) -> DimExpr {
    if (!leaf.isFactor())
      return DimExpr();
    auto [it, isNew] = numbers.try_emplace(leaf.getValue());
    if (isNew) {
      it->second = DimExpr::factor(&context, numbers.size() - 1);
      known.setExtent(numbers.size() - 1, indices[leaf.getValue()].extent);
    }
    return it->second;
  });
  return known.isInRange(known.simplify(small), size);
}

void Elaborator::checkInside(DimExpr index, DimExpr size, Span span, const Val &base) {
  bool isWhole = index.isFactor() && indices[index.getValue()].extent == size;
  if (index.isInvalid())
    fail(span, "this index overflows");
  if (isWhole || isInside(index, size))
    return;
  if (index.isFactor() && !indices[index.getValue()].isDeclared)
    return; // compared by checkExtents, at run time where it must be
  std::string extents;
  llvm::DenseSet<unsigned> seen;
  index.walkLeaves([&](DimExpr leaf) {
    if (leaf.isFactor() && seen.insert(leaf.getValue()).second)
      extents += (extents.empty() ? "" : ", ") + indices[leaf.getValue()].name + " < " +
                 indices[leaf.getValue()].extent.str();
  });
  Problem outside = problem(span, "this index may lie outside of the dimension, which has " +
                                      size.str() + " elements" +
                                      (extents.empty() ? "" : " (" + extents + ")"));
  outside.label(span, "of " + describe(base));
  outside.hint("x[i | 0] is 0 outside");
  throw Abandon{outside};
}

} // namespace tenon::language
