//===- Pool.cpp - pooling -------------------------------------------------===//
//
// A pool is a reduction over the positions inside of the input's windows.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Spatial.h"

using namespace mlir;
namespace tenon::onnximport {

static Spatial readPool(Node &n) {
  n.requireRank(0, 3, 8);
  Dims sizes(ArrayRef(TensorBuilder::dims(n[0])).drop_front(2));
  if (!n.attribute("kernel_shape"))
    refuse("attribute 'kernel_shape' is missing");
  return Spatial::read(n, sizes, readPositive(n, "kernel_shape", sizes.size()));
}

/// Dimensions of the kernel positions in [N, C, o0, k0, o1, k1, ...].
static Ints kernelDims(size_t spatial, int64_t lead = 2) {
  Ints dims;
  for (size_t i = 0; i < spatial; ++i)
    dims.push_back(lead + 2 * i + 1);
  return dims;
}

static double lowest(Type element) {
  if (isa<FloatType>(element))
    return -std::numeric_limits<double>::infinity();
  if (element.isUnsignedInteger())
    return 0;
  return -std::ldexp(1.0, element.getIntOrFloatBitWidth() - 1);
}

//===----------------------------------------------------------------------===//
// Maximum
//===----------------------------------------------------------------------===//

/// Row-major (or column-major) position in the input of each window's maximum.
static Value maxIndices(Node &n, const Spatial &s, Value windows) {
  TensorBuilder &b = n.b;
  int64_t spatial = s.kernel.size(), count = 1;
  Ints order{0, 1};
  for (int64_t i = 0; i < spatial; ++i)
    order.push_back(2 + 2 * i);
  for (int64_t i = 0; i < spatial; ++i)
    order.push_back(3 + 2 * i);
  windows = b.transpose(windows, order);
  Dims to(ArrayRef(TensorBuilder::dims(windows)).take_front(2 + spatial));
  for (int64_t size : s.kernel)
    count *= size;
  to.push_back(b.size(count));
  Value best = b.argReduce(Combiner::Max, b.reshape(windows, to), 2 + spatial, false);
  to.pop_back();
  bool columnMajor = n.getInt("storage_order", 0) != 0;
  // Undo the flattening of the kernel from its last dimension on.
  SmallVector<Value> at(spatial);
  for (int64_t i = spatial; i-- > 0;) {
    Value inside = b.mod(best, s.kernel[i]);
    best = b.div(best, s.kernel[i]);
    Value start = b.sub(b.mul(b.iota(to, 2 + i, b.i64()), s.strides[i]), b.dimValue(s.low[i]));
    at[i] = b.add(start, b.mul(inside, s.dilations[i]));
  }
  DimExpr stride = b.size(1);
  Value index;
  for (int64_t j = 0; j < spatial; ++j) {
    int64_t i = columnMajor ? j : spatial - 1 - j;
    Value part = b.mul(at[i], b.dimValue(stride));
    index = index ? b.add(index, part) : part;
    stride = stride * s.sizes[i];
  }
  Value plane = b.add(b.mul(b.iota(to, 0, b.i64()), b.dimValue(to[1])), b.iota(to, 1, b.i64()));
  return b.add(index, b.mul(plane, b.dimValue(stride)));
}

static void maxPool(Node &n) {
  Spatial s = readPool(n);
  Value windows = n.b.window(n[0], s.window(n.getInt("ceil_mode", 0)), lowest(n.elementType(0)));
  n.set(0, n.b.reduce(Combiner::Max, windows, kernelDims(s.kernel.size()), false));
  if (n.wants(1))
    n.set(1, maxIndices(n, s, windows));
}

//===----------------------------------------------------------------------===//
// Average and norm
//===----------------------------------------------------------------------===//

/// How many elements each window covers: [1, 1, ...positions].
static Value coverage(Node &n, const Spatial &s, const WindowSpec &window, bool withPads,
                      Type element) {
  WindowSpec spec = window;
  Dims sizes{n.b.size(1), n.b.size(1)};
  for (size_t i = 0; i < s.sizes.size(); ++i) {
    sizes.push_back(withPads ? s.sizes[i] + s.low[i] + s.high[i] : s.sizes[i]);
    if (withPads)
      spec.low[i] = n.b.size(0);
  }
  Value ones = n.b.window(n.b.filled(1, sizes, element), spec, 0);
  return n.b.reduce(Combiner::Add, ones, kernelDims(s.kernel.size()), false);
}

static Value averageOf(Node &n, Value x, const Spatial &s) {
  bool ceil = n.getInt("ceil_mode", 0) != 0, withPads = n.getInt("count_include_pad", 0) != 0;
  WindowSpec window = s.window(ceil);
  Value sum = n.b.reduce(Combiner::Add, n.b.window(x, window, 0), kernelDims(s.kernel.size()),
                         false);
  if (ceil || (s.hasPadding() && !withPads))
    return n.b.div(sum, coverage(n, s, window, withPads, TensorBuilder::elementType(x)));
  double count = 1;
  for (int64_t size : s.kernel)
    count *= static_cast<double>(size);
  return n.b.mul(sum, 1 / count);
}

static void averagePool(Node &n) {
  Spatial s = readPool(n);
  n.set(0, n.b.cast(averageOf(n, n.b.widen(n[0]), s), n.elementType(0)));
}

/// (sum |x|^p)^(1/p) over windows or dimensions.
static Value norm(TensorBuilder &b, Value x, int64_t p, function_ref<Value(Value)> sum) {
  if (p == 1)
    return sum(b.abs(x));
  if (p == 2)
    return b.sqrt(sum(b.mul(x, x)));
  return b.pow(sum(b.pow(b.abs(x), static_cast<double>(p))), 1.0 / static_cast<double>(p));
}

static int64_t readPower(Node &n) {
  int64_t p = n.getInt("p", 2);
  if (p < 1)
    refuse("attribute 'p' is " + Twine(p));
  return p;
}

static void lpPool(Node &n) {
  Spatial s = readPool(n);
  WindowSpec window = s.window(n.getInt("ceil_mode", 0));
  n.set(0, norm(n.b, n[0], readPower(n), [&](Value x) {
          return n.b.reduce(Combiner::Add, n.b.window(x, window, 0), kernelDims(s.kernel.size()),
                            false);
        }));
}

//===----------------------------------------------------------------------===//
// Whole planes
//===----------------------------------------------------------------------===//

static Ints spatialDims(Node &n) {
  n.requireRank(0, 2);
  return Ints(llvm::to_vector(llvm::seq<int64_t>(2, n.rank(0))));
}

static void globalAverage(Node &n) { n.set(0, n.b.mean(n[0], spatialDims(n), true)); }
static void globalMax(Node &n) {
  n.set(0, n.b.reduce(Combiner::Max, n[0], spatialDims(n), true));
}
static void globalLp(Node &n) {
  Ints over = spatialDims(n);
  n.set(0, norm(n.b, n[0], readPower(n),
                [&](Value x) { return n.b.reduce(Combiner::Add, x, over, true); }));
}

static void lpNormalization(Node &n) {
  n.requireRank(0, 1);
  Ints over{Node::dimIndex(n.getInt("axis", -1), n.rank(0))};
  Value length = norm(n.b, n[0], readPower(n),
                      [&](Value x) { return n.b.reduce(Combiner::Add, x, over, true); });
  // A vector of zeros stays zeros.
  Value zero = n.b.number(0, n.elementType(0));
  n.set(0, n.b.select(n.b.eq(length, 0), zero, n.b.div(n[0], length)));
}

/// Puts each element at its index in the (larger) plane, zeros elsewhere.
static void maxUnpool(Node &n) {
  n.requireRank(0, 3, 8);
  Dims from = TensorBuilder::dims(n[0]), to;
  if (n.has(2)) {
    to = n.settle(n.sizes(2), 0);
  } else {
    Spatial s = readPool(n);
    to = {from[0], from[1]};
    for (size_t i = 0; i < s.sizes.size(); ++i)
      to.push_back((s.sizes[i] - 1) * s.strides[i] + s.kernel[i] - s.low[i] - s.high[i]);
  }
  // Indices count positions of the whole tensor of the size that kernel,
  // strides and pads give; output_shape only enlarges it.
  if (n.has(2) && to.size() != from.size())
    refuse("output_shape has " + Twine(to.size()) + " entries, expected " + Twine(from.size()));
  Dims inner{from[0], from[1]};
  Spatial s = readPool(n);
  for (size_t i = 0; i < s.sizes.size(); ++i)
    inner.push_back((s.sizes[i] - 1) * s.strides[i] + s.kernel[i] - s.low[i] - s.high[i]);
  DimExpr count = product(n.b.getContext(), inner);
  Value base = n.b.filled(0, {count}, n.elementType(0));
  DimExpr updates = product(n.b.getContext(), from);
  Value flat = ScatterOp::create(n.b.builder, n.b.location, base.getType(), Combiner::None, base,
                                 ValueRange{n.b.reshape(n[1], {updates})},
                                 n.b.reshape(n[0], {updates}), ArrayRef<int64_t>{0},
                                 ArrayRef<int64_t>{0});
  Value y = n.b.reshape(flat, inner);
  Dims low(to.size(), n.b.size(0)), high;
  for (auto [wanted, have] : llvm::zip(to, inner))
    high.push_back(wanted - have);
  n.set(0, n.has(2) ? n.b.pad(y, n.b.number(0, n.elementType(0)), low, high) : y);
}

ArrayRef<OperatorEntry> getPoolOperators() {
  static const OperatorEntry entries[] = {{"MaxPool", maxPool},
                                          {"AveragePool", averagePool},
                                          {"LpPool", lpPool},
                                          {"GlobalAveragePool", globalAverage},
                                          {"GlobalMaxPool", globalMax},
                                          {"GlobalLpPool", globalLp},
                                          {"LpNormalization", lpNormalization},
                                          {"MaxUnpool", maxUnpool}};
  return entries;
}

} // namespace tenon::onnximport
