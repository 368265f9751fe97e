//===- Reshard.cpp - a value from one form into another -------------------===//

#include "passes/shard/Reshard.h"

using namespace mlir;
namespace tenon::shard {

static Type element(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

RankedTensorType Resharder::localType(Type type, Form form) const {
  auto tensor = cast<RankedTensorType>(type);
  if (form.kind != Form::Split)
    return tensor;
  auto dims = getDims(type);
  dims[form.dim] = partOf(dims[form.dim], ranks);
  return makeTensorType(dims, tensor.getElementType());
}

/// This rank's part of a dimension.
Value Resharder::slice(Value value, unsigned dim) {
  RankedTensorType type = localType(value.getType(), Form::split(dim));
  SmallVector<Attribute> starts(type.getRank(),
                                DimExpr::constant(builder.getContext(), 0).getAttr());
  DimExpr rank = spmd::rankAlong(builder.getContext(), axis);
  starts[dim] = (getDims(type)[dim] * rank).getAttr();
  SmallVector<int64_t> steps(type.getRank(), 1);
  return SliceOp::create(builder, value.getLoc(), type, value, builder.getArrayAttr(starts),
                         builder.getDenseI64ArrayAttr(steps));
}

/// [..., n * c, ...] as [n, ..., c, ...].
Value Resharder::unfold(Value value, unsigned dim) {
  auto dims = getDims(value.getType());
  dims[dim] = partOf(dims[dim], ranks);
  dims.insert(dims.begin() + dim, DimExpr::constant(builder.getContext(), ranks));
  Value split = ReshapeOp::create(builder, value.getLoc(), makeTensorType(dims, element(value)), value);
  if (dim == 0)
    return split;
  SmallVector<int64_t> order = {int64_t(dim)};
  for (int64_t i = 0; i < int64_t(dims.size()); ++i)
    if (i != int64_t(dim))
      order.push_back(i);
  return TransposeOp::create(builder, value.getLoc(), split, order);
}

/// [n, ..., c, ...] as [..., n * c, ...]; `dim` counts in the result.
Value Resharder::fold(Value value, unsigned dim) {
  if (dim > 0) {
    SmallVector<int64_t> order;
    for (int64_t i = 1; i < int64_t(getDims(value.getType()).size()); ++i) {
      if (i == int64_t(dim) + 1)
        order.push_back(0);
      order.push_back(i);
    }
    value = TransposeOp::create(builder, value.getLoc(), value, order);
  }
  auto dims = getDims(value.getType());
  dims[dim] = dims[dim] * dims[dim + 1];
  dims.erase(dims.begin() + dim + 1);
  return ReshapeOp::create(builder, value.getLoc(), makeTensorType(dims, element(value)), value);
}

Value Resharder::gather(Value value, unsigned dim) {
  auto dims = getDims(value.getType());
  dims.insert(dims.begin(), DimExpr::constant(builder.getContext(), ranks));
  Type type = makeTensorType(dims, element(value));
  return fold(spmd::AllGatherOp::create(builder, value.getLoc(), type, value, axis), dim);
}

Value Resharder::reduce(Value value, Combiner combiner, Form to) {
  auto attr = CombinerAttr::get(builder.getContext(), combiner);
  if (to.kind == Form::Replicated)
    return spmd::AllReduceOp::create(builder, value.getLoc(), value.getType(), attr, value, axis);
  Type type = localType(value.getType(), to);
  Value parts = unfold(value, to.dim);
  return spmd::ReduceScatterOp::create(builder, value.getLoc(), type, attr, parts, axis);
}

Value Resharder::exchange(Value value, unsigned from, unsigned to) {
  Value parts = unfold(value, to);
  Value mine = spmd::AllToAllOp::create(builder, value.getLoc(), parts.getType(), parts, axis);
  return fold(mine, from);
}

Value Resharder::convert(Value value, Type type, Form from, Form to) {
  if (from == to)
    return value;
  switch (from.kind) {
  case Form::Replicated:
    return slice(value, to.dim);
  case Form::Split:
    return to.kind == Form::Split ? exchange(value, from.dim, to.dim) : gather(value, from.dim);
  case Form::Partial:
    return reduce(value, from.combiner, to);
  }
  return value;
}

} // namespace tenon::shard
