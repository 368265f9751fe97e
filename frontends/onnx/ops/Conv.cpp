//===- Conv.cpp - convolutions --------------------------------------------===//
//
// A convolution is a contraction of the input's windows with the kernel. The
// transposed one reads windows of the input with holes between its elements,
// with the kernel flipped and its channels exchanged.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Spatial.h"

using namespace mlir;
namespace tenon::onnximport {

static Ints kernelOf(Node &n, Value w) {
  Ints kernel;
  Dims dims = TensorBuilder::dims(w);
  for (DimExpr dim : ArrayRef(dims).drop_front(2))
    kernel.push_back(n.b.staticSize(dim, "the kernel"));
  std::optional<Ints> said = n.getInts("kernel_shape");
  if (said && *said != kernel)
    refuse("attribute 'kernel_shape' differs from the shape of the kernel");
  for (int64_t size : kernel)
    if (size < 1)
      refuse("the kernel is empty");
  return kernel;
}

static Value convolution(Node &n, Value x, Value w) {
  n.requireRank(0, 3, 8);
  if (TensorBuilder::rank(w) != TensorBuilder::rank(x))
    refuse("the kernel has rank " + Twine(TensorBuilder::rank(w)) + ", expected " +
           Twine(TensorBuilder::rank(x)));
  Dims sizes(ArrayRef(TensorBuilder::dims(x)).drop_front(2));
  Spatial s = Spatial::read(n, sizes, kernelOf(n, w));
  return convolve(n.b, x, w, s.window(), s.isPointwise(), n.getInt("group", 1));
}

static void conv(Node &n) {
  Value y = convolution(n, n[0], n[1]);
  if (n.has(2))
    y = n.b.add(y, perChannel(n.b, n[2], TensorBuilder::rank(y)));
  n.set(0, y);
}

/// x - zero point, in i32; a zero point per channel is a vector.
Value centred(TensorBuilder &b, Value x, Value zero, bool perRow) {
  Value wide = b.cast(x, b.builder.getI32Type());
  if (!zero)
    return wide;
  zero = b.cast(zero, b.builder.getI32Type());
  if (perRow && TensorBuilder::rank(zero) == 1 && !TensorBuilder::dim(zero, 0).isConstant(1)) {
    Dims to(TensorBuilder::rank(x), b.size(1));
    to[0] = TensorBuilder::dim(zero, 0);
    zero = b.reshape(zero, to);
  } else if (TensorBuilder::rank(zero) == 1) {
    zero = b.reshape(zero, {});
  }
  return b.sub(wide, zero);
}

static void convInteger(Node &n) {
  n.set(0, convolution(n, centred(n.b, n[0], n.input(2), false),
                       centred(n.b, n[1], n.input(3), true)));
}

//===----------------------------------------------------------------------===//
// Transposed convolution
//===----------------------------------------------------------------------===//

namespace {
struct Transposed {
  Spatial s;
  Ints extra;
  /// Sizes of the result.
  Dims sizes;
};
} // namespace

/// output_shape, where given, decides the padding.
static void padForShape(Node &n, Transposed &t, ArrayRef<int64_t> shape) {
  size_t count = t.s.sizes.size();
  if (shape.size() == count + 2)
    shape = shape.drop_front(2);
  if (shape.size() != count)
    refuse("attribute 'output_shape' has " + Twine(shape.size()) + " entries");
  bool upper = n.getString("auto_pad", "NOTSET") == "SAME_UPPER";
  t.s.low.clear();
  for (size_t i = 0; i < count; ++i) {
    DimExpr total = (t.s.sizes[i] - 1) * t.s.strides[i] + t.extra[i] + t.s.extent(i) - shape[i];
    total = n.b.ranges.max(total, n.b.size(0));
    DimExpr half = total.floorDiv(2);
    t.s.low.push_back(upper ? half : total - half);
    t.sizes.push_back(n.b.size(shape[i]));
  }
}

static Transposed readTransposed(Node &n, Dims sizes, Ints kernel) {
  Transposed t;
  size_t count = sizes.size();
  std::string mode = n.getString("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (same) {
    t.s.sizes = sizes;
    t.s.kernel = kernel;
    t.s.strides = readPositive(n, "strides", count);
    t.s.dilations = readPositive(n, "dilations", count);
  } else {
    t.s = Spatial::read(n, sizes, kernel);
  }
  t.extra = n.getInts("output_padding").value_or(Ints(count, 0));
  if (t.extra.size() != count)
    refuse("attribute 'output_padding' has " + Twine(t.extra.size()) + " entries");
  if (std::optional<Ints> shape = n.getInts("output_shape")) {
    padForShape(n, t, *shape);
    return t;
  }
  for (size_t i = 0; i < count; ++i) {
    DimExpr full = (sizes[i] - 1) * t.s.strides[i] + t.extra[i] + t.s.extent(i);
    if (!same) {
      t.sizes.push_back(full - t.s.low[i] - t.s.high[i]);
      continue;
    }
    t.sizes.push_back(sizes[i] * t.s.strides[i]);
    DimExpr total = n.b.ranges.max(full - t.sizes[i], n.b.size(0)), half = total.floorDiv(2);
    t.s.low.push_back(mode == "SAME_UPPER" ? half : total - half);
  }
  return t;
}

/// [C, M/G, k...] to [M, C/G, k...] with every kernel dimension reversed.
static Value flipKernel(TensorBuilder &b, Value w, int64_t group) {
  Dims dims = TensorBuilder::dims(w), starts(dims.size(), b.size(0));
  Ints steps(dims.size(), 1);
  for (size_t i = 2; i < dims.size(); ++i) {
    starts[i] = dims[i] - 1;
    steps[i] = -1;
  }
  w = b.slice(w, starts, dims, steps);
  int64_t channels = b.staticSize(dims[0], "the kernel");
  if (group < 1 || channels % group)
    refuse(Twine(channels) + " channels are not divisible by " + Twine(group) + " groups");
  Dims split(dims);
  split[0] = b.size(channels / group);
  split.insert(split.begin(), b.size(group));
  w = b.moveDim(b.reshape(w, split), 2, 1);
  Dims joined(TensorBuilder::dims(w));
  joined.erase(joined.begin());
  joined[0] = dims[1] * group;
  return b.reshape(w, joined);
}

static void convTranspose(Node &n) {
  n.requireRank(0, 3, 8);
  if (n.rank(1) != n.rank(0))
    refuse("the kernel has rank " + Twine(n.rank(1)) + ", expected " + Twine(n.rank(0)));
  int64_t group = n.getInt("group", 1);
  Dims sizes(ArrayRef(TensorBuilder::dims(n[0])).drop_front(2));
  Transposed t = readTransposed(n, sizes, kernelOf(n, n[1]));
  WindowSpec window{t.s.kernel, Ints(sizes.size(), 1), t.s.dilations, {}, t.sizes, t.s.strides};
  for (size_t i = 0; i < sizes.size(); ++i)
    window.low.push_back(n.b.size(t.s.extent(i) - 1) - t.s.low[i]);
  for (DimExpr low : window.low)
    if (!low.isConstant())
      refuse("the padding depends on a size that is not known at compile time");
  Value y = convolve(n.b, n[0], flipKernel(n.b, n[1], group), window, false, group);
  if (n.has(2))
    y = n.b.add(y, perChannel(n.b, n[2], TensorBuilder::rank(y)));
  n.set(0, y);
}

ArrayRef<OperatorEntry> getConvOperators() {
  static const OperatorEntry entries[] = {
      {"Conv", conv}, {"ConvInteger", convInteger}, {"ConvTranspose", convTranspose}};
  return entries;
}

} // namespace tenon::onnximport
