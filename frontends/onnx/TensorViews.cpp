//===- TensorViews.cpp - views, gathers, reductions and products ----------===//

#include "frontends/onnx/TensorBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
namespace tenon::onnximport {

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

Value TensorBuilder::reshape(Value x, ArrayRef<DimExpr> to) {
  Dims from = dims(x);
  if (ArrayRef(from) == to)
    return x;
  DimExpr before = product(getContext(), from), after = product(getContext(), to);
  if (before.isInvalid() || after.isInvalid())
    refuse("the number of elements overflows");
  checkEqual(before, after, "reshape changes the number of elements");
  if (auto inner = x.getDefiningOp<ReshapeOp>())
    return reshape(inner.getInput(), to);
  return result(ReshapeOp::create(builder, location, type(to, elementType(x)), x));
}

Value TensorBuilder::transpose(Value x, ArrayRef<int64_t> permutation) {
  if (int64_t(permutation.size()) != rank(x))
    refuse("an operand has rank " + Twine(rank(x)) + ", expected " + Twine(permutation.size()));
  if (llvm::is_sorted(permutation))
    return x;
  return result(TransposeOp::create(builder, location, x, permutation));
}

Value TensorBuilder::moveDim(Value x, int64_t from, int64_t to) {
  dim(x, from);
  dim(x, to);
  Ints order = llvm::to_vector(llvm::seq<int64_t>(0, rank(x)));
  order.erase(order.begin() + from);
  order.insert(order.begin() + to, from);
  return transpose(x, order);
}

Value TensorBuilder::broadcast(Value x, ArrayRef<DimExpr> to) {
  Dims from = dims(x);
  if (from.size() > to.size())
    refuse("rank " + Twine(from.size()) + " cannot be broadcast to rank " + Twine(to.size()));
  if (ArrayRef(from) == to)
    return x;
  Ints targets;
  for (size_t i = 0; i < from.size(); ++i) {
    DimExpr target = to[to.size() - from.size() + i];
    if (from[i].isConstant(1) || from[i] == target)
      ;
    else if (repeatsAtRunTime(from[i], target) && mayBeOne(from[i]))
      checkRepeats(from[i], target, "sizes differ where a shape is broadcast");
    else
      checkEqual(from[i], target, "sizes differ where a shape is broadcast");
    targets.push_back(to.size() - from.size() + i);
  }
  return result(BroadcastOp::create(builder, location, type(to, elementType(x)), x, targets));
}

static ArrayAttr exprAttrs(OpBuilder &builder, ArrayRef<DimExpr> exprs) {
  SmallVector<Attribute> attrs;
  for (DimExpr expr : exprs) {
    if (expr.isInvalid())
      refuse("a start overflows");
    attrs.push_back(expr.getAttr());
  }
  return builder.getArrayAttr(attrs);
}

/// Refuses a slice that is known to reach beyond the tensor, checks at run time
/// one that may.
static void checkInside(TensorBuilder &b, DimExpr start, DimExpr count, int64_t step,
                        DimExpr size) {
  if (count.isConstant(0))
    return;
  DimExpr last = start + (count - 1) * step, low = step > 0 ? start : last;
  DimExpr end = (step > 0 ? last : start) + 1, zero = b.size(0);
  std::optional<bool> before = b.ranges.isLess(low, zero), beyond = b.ranges.isLess(size, end);
  if ((before == true || beyond == true) && b.ranges.isLess(count, b.size(1)) == false)
    refuse("elements " + low.str() + " to " + end.str() + " are wanted of " + size.str());
  if (before != false)
    b.checkEqual(b.ranges.max(low, zero), low, "elements before the first are wanted");
  if (beyond != false)
    b.checkEqual(b.ranges.min(end, size), end, "elements beyond the last are wanted");
}

Value TensorBuilder::slice(Value x, ArrayRef<DimExpr> starts, ArrayRef<DimExpr> sizes,
                           ArrayRef<int64_t> steps) {
  Ints ones(starts.size(), 1);
  steps = steps.empty() ? ArrayRef(ones) : steps;
  bool whole = llvm::all_of(starts, [](DimExpr start) { return start.isConstant(0); }) &&
               llvm::all_of(steps, [](int64_t step) { return step == 1; });
  if (whole && ArrayRef(dims(x)) == sizes)
    return x;
  for (auto [start, count, step, dim] : llvm::zip(starts, sizes, steps, dims(x)))
    checkInside(*this, start, count, step, dim);
  return result(SliceOp::create(builder, location, type(sizes, elementType(x)), x,
                                exprAttrs(builder, starts), steps));
}

Value TensorBuilder::sliceDim(Value x, int64_t dim, DimExpr start, DimExpr count, int64_t step) {
  TensorBuilder::dim(x, dim); // refuses a dimension that x does not have
  Dims starts(rank(x), size(0)), sizes = dims(x);
  Ints steps(rank(x), 1);
  starts[dim] = start;
  sizes[dim] = count;
  steps[dim] = step;
  return slice(x, starts, sizes, steps);
}

Value TensorBuilder::pick(Value x, int64_t dim, DimExpr index) {
  return squeeze(sliceDim(x, dim, index, size(1)), {dim});
}

Value TensorBuilder::unsqueeze(Value x, ArrayRef<int64_t> at) {
  Dims to;
  Dims from = dims(x);
  size_t next = 0, total = from.size() + at.size();
  for (size_t i = 0; i < total; ++i)
    to.push_back(llvm::is_contained(at, int64_t(i)) ? size(1) : from[next++]);
  return reshape(x, to);
}
Value TensorBuilder::squeeze(Value x, ArrayRef<int64_t> at) {
  Dims to;
  for (auto [i, dim] : llvm::enumerate(dims(x)))
    if (!llvm::is_contained(at, int64_t(i)))
      to.push_back(dim);
  return reshape(x, to);
}

Value TensorBuilder::pad(Value x, Value fill, ArrayRef<DimExpr> low, ArrayRef<DimExpr> high,
                         PadMode mode) {
  Dims to;
  bool none = true;
  for (auto [dim, before, after] : llvm::zip(dims(x), low, high)) {
    bool same = before.isConstant(0) && after.isConstant(0);
    none &= same;
    if (!same && mode != PadMode::Constant && ranges.isLess(dim, size(1)) != false)
      checkEqual(ranges.max(dim, size(1)), dim, "there is nothing to repeat beside an empty size");
    to.push_back(dim + before + after);
  }
  if (none)
    return x;
  return result(PadOp::create(builder, location, type(to, elementType(x)), x, fill,
                              exprAttrs(builder, low), mode));
}

Value TensorBuilder::concat(ArrayRef<Value> parts, int64_t dim) {
  if (parts.size() == 1)
    return parts.front();
  Dims first = dims(parts.front());
  for (Value part : parts.drop_front()) {
    Dims other = dims(part);
    if (other.size() != first.size() || elementType(part) != elementType(parts.front()))
      refuse("concatenated tensors have different ranks or element types");
    for (size_t i = 0; i < first.size(); ++i)
      if (int64_t(i) != dim)
        checkEqual(first[i], other[i], "concatenated tensors differ in dimension " + Twine(i));
  }
  auto op = ConcatOp::create(builder, location, ValueRange(parts), dim);
  type(dims(op.getResult()), elementType(parts.front()));
  return result(op);
}

Value TensorBuilder::window(Value x, const WindowSpec &spec, double fill) {
  int64_t count = spec.kernel.size(), lead = rank(x) - count;
  Dims low(rank(x), size(0)), high = low, from = dims(x), to(from.begin(), from.begin() + lead);
  Ints lowInts;
  bool symbolic = llvm::any_of(spec.low, [](DimExpr dim) { return !dim.isConstant(); });
  for (int64_t i = 0; i < count; ++i) {
    to.push_back(spec.counts[i]);
    to.push_back(size(spec.kernel[i]));
    low[lead + i] = spec.low[i];
    lowInts.push_back(symbolic ? 0 : spec.low[i].getValue());
  }
  if (symbolic)
    x = pad(x, number(fill, elementType(x)), low, high);
  return result(WindowOp::create(builder, location, type(to, elementType(x)), x, spec.kernel,
                                 spec.strides, spec.dilations, lowInts, spec.base,
                                 llvm::APFloat(fill)));
}

Value TensorBuilder::iota(ArrayRef<DimExpr> dims, int64_t dim, Type element) {
  return result(IotaOp::create(builder, location, type(dims, element), dim));
}

Value TensorBuilder::gather(Value data, ArrayRef<Value> indices, ArrayRef<int64_t> dataDims,
                            ArrayRef<int64_t> indexDims, ArrayRef<DimExpr> to) {
  return result(GatherOp::create(builder, location, type(to, elementType(data)), data, ValueRange(indices),
                                 dataDims, indexDims));
}

Value TensorBuilder::take(Value data, Value indices, int64_t dim) {
  TensorBuilder::dim(data, dim); // refuses a dimension that data does not have
  Dims to = dims(data), inserted = dims(indices);
  Ints dataDims, indexDims;
  int64_t count = inserted.size();
  for (int64_t i = 0; i < rank(data); ++i)
    dataDims.push_back(i == dim ? 0 : -1 - (i < dim ? i : i - 1 + count));
  for (int64_t j = 0; j < count; ++j)
    indexDims.push_back(dim + j);
  to.erase(to.begin() + dim);
  to.insert(to.begin() + dim, inserted.begin(), inserted.end());
  return gather(data, {indices}, dataDims, indexDims, to);
}

Value TensorBuilder::wrapIndex(Value indices, DimExpr count) {
  if (elementType(indices).isUnsignedInteger())
    return cast(indices, i64());
  indices = cast(indices, i64());
  return select(lt(indices, 0), add(indices, dimValue(count)), indices);
}

//===----------------------------------------------------------------------===//
// Reductions and products
//===----------------------------------------------------------------------===//

Value TensorBuilder::reduce(Combiner combiner, Value x, ArrayRef<int64_t> over, bool keep) {
  Value reduced = over.empty() ? x : result(ReduceOp::create(builder, location, combiner, x, over));
  return keep ? unsqueeze(reduced, over) : reduced;
}

Value TensorBuilder::mean(Value x, ArrayRef<int64_t> over, bool keep) {
  Dims reduced;
  for (int64_t dim : over)
    reduced.push_back(dims(x)[dim]);
  DimExpr count = product(getContext(), reduced);
  if (Value wide = widen(x); wide != x)
    return cast(mean(wide, over, keep), elementType(x));
  Value sum = reduce(Combiner::Add, x, over, keep);
  std::optional<int64_t> known = count.asConstant();
  if (!isFloat(x))
    return div(sum, cast(dimValue(count), elementType(x)));
  return known ? mul(sum, 1.0 / double(*known)) : div(sum, cast(dimValue(count), elementType(x)));
}

Value TensorBuilder::argReduce(Combiner combiner, Value x, int64_t dim, bool last) {
  Dims kept = dims(x);
  kept.erase(kept.begin() + dim);
  return result(ArgReduceOp::create(builder, location, type(kept, i64()), combiner, x, dim, last));
}

Value TensorBuilder::contract(ArrayRef<Value> inputs, ArrayRef<Ints> factors,
                              ArrayRef<int64_t> resultFactors) {
  DenseMap<int64_t, DimExpr> extents;
  for (auto [input, list] : llvm::zip(inputs, factors)) {
    if (int64_t(list.size()) != rank(input))
      refuse("an operand of a product has rank " + Twine(rank(input)) + ", expected " +
             Twine(list.size()));
    if (elementType(input) != elementType(inputs.front()))
      refuse("operands have different element types");
    for (auto [factor, dim] : llvm::zip(list, dims(input))) {
      auto [it, isNew] = extents.try_emplace(factor, dim);
      it->second = joinSizes(it->second, dim);
    }
  }
  SmallVector<Value> operands;
  for (auto [input, list] : llvm::zip(inputs, factors))
    operands.push_back(repeatTo(
        input, llvm::map_to_vector(list, [&](int64_t factor) { return extents.at(factor); })));
  SmallVector<SmallVector<int64_t>> lists(factors.begin(), factors.end());
  return result(ContractOp::create(builder, location, ValueRange(operands), lists, resultFactors,
                                   elementType(inputs.front())));
}

Value TensorBuilder::matmul(Value a, Value b) {
  int64_t rankA = rank(a), rankB = rank(b);
  if (rankA == 0 || rankB == 0)
    refuse("an operand of a matrix product is a scalar");
  // Factors: batch dimensions 0.., aligned at their ends; then m, n, k.
  int64_t batchA = std::max<int64_t>(rankA - 2, 0), batchB = std::max<int64_t>(rankB - 2, 0);
  int64_t batch = std::max(batchA, batchB), m = batch, n = batch + 1, k = batch + 2;
  Ints left, right, out;
  for (int64_t i = batch - batchA; i < batch; ++i)
    left.push_back(i);
  for (int64_t i = batch - batchB; i < batch; ++i)
    right.push_back(i);
  for (int64_t i = 0; i < batch; ++i)
    out.push_back(i);
  if (rankA > 1) {
    left.push_back(m);
    out.push_back(m);
  }
  left.push_back(k);
  right.push_back(k);
  if (rankB > 1) {
    right.push_back(n);
    out.push_back(n);
  }
  return contract({a, b}, {left, right}, out);
}

Value TensorBuilder::scan(Combiner combiner, Value x, int64_t dim, bool exclusive, bool reverse) {
  return result(
      ScanOp::create(builder, location, x.getType(), combiner, x, dim, exclusive, reverse));
}

Value TensorBuilder::softmax(Value x, ArrayRef<int64_t> over) {
  Value shifted = exp(sub(x, reduce(Combiner::Max, x, over, true)));
  return div(shifted, reduce(Combiner::Add, shifted, over, true));
}

} // namespace tenon::onnximport
