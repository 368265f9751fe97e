//===- Quantize.cpp - linear quantisation ---------------------------------===//
//
// Scale and zero point are for the whole tensor, for each index of an axis, or
// for blocks along it; all become tensors that broadcast over the input.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

/// The parameter shaped to broadcast over \p x.
static Value spread(Node &n, Value x, Value parameter) {
  int64_t rank = TensorBuilder::rank(x);
  if (TensorBuilder::rank(parameter) == 0)
    return parameter;
  if (TensorBuilder::rank(parameter) == 1 && TensorBuilder::dim(parameter, 0).isConstant(1) &&
      n.getInt("block_size", 0) == 0)
    return n.b.reshape(parameter, {});
  int64_t axis = Node::dimIndex(n.getInt("axis", 1), rank), block = n.getInt("block_size", 0);
  if (TensorBuilder::rank(parameter) == 1 && block == 0) {
    Dims to(rank, n.b.size(1));
    to[axis] = TensorBuilder::dim(parameter, 0);
    return n.b.reshape(parameter, to);
  }
  if (TensorBuilder::rank(parameter) != rank || block < 1)
    refuse("the scale has rank " + Twine(TensorBuilder::rank(parameter)) + " and block_size is " +
           Twine(block));
  // Each element of the parameter serves `block` elements along the axis.
  Dims from = TensorBuilder::dims(parameter), split = from, wide = from, to = from;
  split.insert(split.begin() + axis + 1, n.b.size(1));
  wide.insert(wide.begin() + axis + 1, n.b.size(block));
  to[axis] = from[axis] * block;
  Value repeated = n.b.reshape(n.b.broadcast(n.b.reshape(parameter, split), wide), to);
  return to[axis] == TensorBuilder::dim(x, axis)
             ? repeated
             : n.b.sliceDim(repeated, axis, n.b.size(0), TensorBuilder::dim(x, axis));
}

std::pair<double, double> limitsOf(Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return {0, std::ldexp(1.0, width) - 1};
  return {-std::ldexp(1.0, width - 1), std::ldexp(1.0, width - 1) - 1};
}

/// round(x / scale) + zero, saturated.
Value quantize(TensorBuilder &b, Value x, Value scale, Value zero, Type to) {
  if (!isa<IntegerType>(to))
    refuse("quantisation to a float type is not supported");
  Type working = TensorBuilder::elementType(x).isF64() ? TensorBuilder::elementType(x) : b.f32();
  Value y = b.round(b.div(b.cast(x, working), b.cast(scale, working)));
  if (zero)
    y = b.add(y, b.cast(zero, working));
  auto [low, high] = limitsOf(to);
  return b.cast(b.clamp(y, b.number(low, working), b.number(high, working)), to);
}

static void quantizeLinear(Node &n) {
  Value zero = n.input(2);
  Type to = zero ? TensorBuilder::elementType(zero) : n.getType("output_dtype");
  if (!to)
    to = n.b.builder.getIntegerType(8, false);
  Value x = n[0];
  if (!TensorBuilder::isFloat(x))
    x = n.b.cast(x, n.b.f32());
  n.set(0, quantize(n.b, x, spread(n, x, n[1]), zero ? spread(n, x, zero) : Value(), to));
}

static void dequantizeLinear(Node &n) {
  Value x = n[0], scale = n[1];
  Type to = n.getType("output_dtype");
  if (!to)
    to = TensorBuilder::elementType(scale);
  Type i32 = n.b.builder.getI32Type();
  Value wide = n.elementType(0).isInteger(32) ? x : n.b.cast(x, i32);
  if (n.has(2))
    wide = n.b.sub(wide, n.b.cast(spread(n, x, n[2]), i32));
  Value y = n.b.mul(n.b.cast(wide, n.b.f32()), n.b.cast(spread(n, x, scale), n.b.f32()));
  n.set(0, n.b.cast(y, to));
}

/// Scale and zero point from the range of the data, zero included.
static void dynamicQuantizeLinear(Node &n) {
  TensorBuilder &b = n.b;
  Type u8 = b.builder.getIntegerType(8, false);
  Ints all = llvm::to_vector(llvm::seq<int64_t>(0, n.rank(0)));
  Value high = b.max(b.reduce(Combiner::Max, n[0], all, false), 0);
  Value low = b.min(b.reduce(Combiner::Min, n[0], all, false), 0);
  Value scale = b.div(b.sub(high, low), 255);
  Value safe = b.select(b.eq(scale, 0), b.number(1, b.f32()), scale);
  Value zero = b.round(b.clamp(b.div(b.neg(low), safe), b.number(0, b.f32()), b.number(255, b.f32())));
  Value zeroPoint = b.cast(zero, u8);
  n.set(0, quantize(b, n[0], safe, zeroPoint, u8));
  n.set(1, scale);
  n.set(2, zeroPoint);
}

ArrayRef<OperatorEntry> getQuantizeOperators() {
  static const OperatorEntry entries[] = {{"QuantizeLinear", quantizeLinear},
                                          {"DequantizeLinear", dequantizeLinear},
                                          {"DynamicQuantizeLinear", dynamicQuantizeLinear}};
  return entries;
}

} // namespace tenon::onnximport
