//===- Norm.cpp - normalisations and softmax ------------------------------===//
//
// All are reductions and maps; statistics of f16 and bf16 are taken in f32.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Norm.h"
#include "frontends/onnx/Spatial.h"

using namespace mlir;
namespace tenon::onnximport {

Statistics statistics(TensorBuilder &b, Value x, ArrayRef<int64_t> axes) {
  Value mean = b.mean(x, axes, true), centred = b.sub(x, mean);
  return {mean, centred, b.mean(b.mul(centred, centred), axes, true)};
}

Value normalize(TensorBuilder &b, Value x, ArrayRef<int64_t> axes, double epsilon) {
  Statistics s = statistics(b, x, axes);
  return b.mul(s.centred, b.rsqrt(b.add(s.variance, epsilon)));
}

static Ints from(int64_t first, int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(first, rank));
}

//===----------------------------------------------------------------------===//
// Batch, instance, group, layer
//===----------------------------------------------------------------------===//

static void batchNormalization(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 1);
  int64_t rank = n.rank(0);
  Type statisticsType = n.elementType(3);
  Value x = b.widen(n[0]);
  Type working = TensorBuilder::elementType(x);
  auto channel = [&](Value v) { return perChannel(b, b.cast(v, working), std::max<int64_t>(rank, 2)); };
  Value mean = channel(n[3]), variance = channel(n[4]);
  if (n.getInt("training_mode", 0) != 0) {
    n.requireRank(0, 2);
    Ints axes = from(0, rank);
    axes.erase(axes.begin() + 1);
    Statistics s = statistics(b, x, axes);
    double momentum = n.getFloat("momentum", 0.9);
    auto running = [&](Value old, Value now) {
      Value flat = b.reshape(now, {TensorBuilder::dim(old, 0)});
      Value mixed = b.add(b.mul(b.cast(old, working), momentum), b.mul(flat, 1 - momentum));
      return b.cast(mixed, statisticsType);
    };
    n.set(1, running(n[3], s.mean));
    n.set(2, running(n[4], s.variance));
    mean = s.mean;
    variance = s.variance;
  } else if (n.wants(1) && n.version >= 14) {
    refuse("running statistics are an output, but training_mode is 0");
  }
  // One multiplication and one addition, whose operands are constants.
  Value scale = b.mul(channel(n[1]), b.rsqrt(b.add(variance, n.getFloat("epsilon", 1e-5))));
  Value shift = b.sub(channel(n[2]), b.mul(mean, scale));
  n.set(0, b.cast(b.add(b.mul(x, scale), shift), n.elementType(0)));
}

static void instanceNormalization(Node &n) {
  n.requireRank(0, 3);
  int64_t rank = n.rank(0);
  Value x = n.b.widen(n[0]);
  Type working = TensorBuilder::elementType(x);
  Value y = normalize(n.b, x, from(2, rank), n.getFloat("epsilon", 1e-5));
  y = n.b.mul(y, perChannel(n.b, n.b.cast(n[1], working), rank));
  y = n.b.add(y, perChannel(n.b, n.b.cast(n[2], working), rank));
  n.set(0, n.b.cast(y, n.elementType(0)));
}

/// Before opset 21 scale and bias have an entry per group, then per channel.
static void groupNormalization(Node &n) {
  n.requireRank(0, 2);
  int64_t rank = n.rank(0), groups = n.getInt("num_groups", 0);
  Dims dims = TensorBuilder::dims(n[0]), split = dims;
  int64_t channels = n.b.staticSize(dims[1], "the number of channels");
  if (groups < 1 || channels % groups)
    refuse(Twine(channels) + " channels are not divisible by " + Twine(groups) + " groups");
  split[1] = n.b.size(channels / groups);
  split.insert(split.begin() + 1, n.b.size(groups));
  Value x = n.b.reshape(n.b.widen(n[0]), split);
  Type working = TensorBuilder::elementType(x);
  Value y = normalize(n.b, x, from(2, rank + 1), n.getFloat("epsilon", 1e-5));
  Value scale = n.b.cast(n[1], working), bias = n.b.cast(n[2], working);
  if (n.version < 21) {
    y = n.b.add(n.b.mul(y, perChannel(n.b, scale, rank + 1)), perChannel(n.b, bias, rank + 1));
    y = n.b.reshape(y, dims);
  } else {
    y = n.b.reshape(y, dims);
    y = n.b.add(n.b.mul(y, perChannel(n.b, scale, rank)), perChannel(n.b, bias, rank));
  }
  n.set(0, n.b.cast(y, n.elementType(0)));
}

static void layerNormalization(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 1);
  int64_t rank = n.rank(0), axis = Node::dimIndex(n.getInt("axis", -1), rank);
  Ints axes = from(axis, rank);
  Value x = b.widen(n[0]);
  Type working = TensorBuilder::elementType(x);
  Statistics s = statistics(b, x, axes);
  Value inverse = b.rsqrt(b.add(s.variance, n.getFloat("epsilon", 1e-5)));
  Value y = b.mul(b.mul(s.centred, inverse), b.cast(n[1], working));
  if (n.has(2))
    y = b.add(y, b.cast(n[2], working));
  n.set(0, b.cast(y, n.elementType(0)));
  n.set(1, s.mean);
  n.set(2, inverse);
}

Value rmsNormalize(TensorBuilder &b, Value x, Value scale, ArrayRef<int64_t> axes, double epsilon) {
  Value wide = b.widen(x), square = b.mean(b.mul(wide, wide), axes, true);
  Value y = b.mul(wide, b.rsqrt(b.add(square, epsilon)));
  return b.mul(b.cast(y, TensorBuilder::elementType(scale)), scale);
}

static void rmsNormalization(Node &n) {
  n.requireRank(0, 1);
  int64_t rank = n.rank(0), axis = Node::dimIndex(n.getInt("axis", -1), rank);
  n.set(0, rmsNormalize(n.b, n[0], n[1], from(axis, rank), n.getFloat("epsilon", 1e-5)));
}

static void meanVarianceNormalization(Node &n) {
  Ints axes = Node::dimIndices(n.getInts("axes").value_or(Ints{0, 2, 3}), n.rank(0));
  Value x = n.b.widen(n[0]);
  Statistics s = statistics(n.b, x, axes);
  Value y = n.b.div(s.centred, n.b.add(n.b.sqrt(s.variance), 1e-9));
  n.set(0, n.b.cast(y, n.elementType(0)));
}

/// x / (bias + alpha / size * sum of squares of neighbouring channels)^beta.
static void lrn(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 2);
  int64_t rank = n.rank(0), size = n.getInt("size", 0);
  if (size < 1 || size > (1 << 20))
    refuse("attribute 'size' is " + Twine(size));
  Value moved = b.moveDim(b.mul(n[0], n[0]), 1, rank - 1);
  WindowSpec window{{size}, {1}, {1}, {b.size((size - 1) / 2)}, {TensorBuilder::dim(n[0], 1)}, {1}};
  Value sum = b.reduce(Combiner::Add, b.window(moved, window, 0), {rank}, false);
  sum = b.moveDim(sum, rank - 1, 1);
  double alpha = n.getFloat("alpha", 0.0001) / static_cast<double>(size);
  Value base = b.add(b.mul(sum, alpha), n.getFloat("bias", 1));
  n.set(0, b.div(n[0], b.pow(base, n.getFloat("beta", 0.75))));
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// From opset 13 on one axis; before, all dimensions from the axis on.
static Ints softmaxAxes(Node &n) {
  int64_t rank = n.rank(0);
  if (rank == 0)
    return {};
  int64_t axis = n.getInt("axis", n.version < 13 ? 1 : -1);
  if (n.version < 13 && axis == rank)
    return {};
  axis = Node::dimIndex(axis, rank);
  return n.version < 13 ? from(axis, rank) : Ints{axis};
}

static void softmax(Node &n) {
  n.set(0, n.b.cast(n.b.softmax(n.b.widen(n[0]), softmaxAxes(n)), n.elementType(0)));
}

Value logSoftmax(TensorBuilder &b, Value x, ArrayRef<int64_t> axes) {
  Value shifted = b.sub(x, b.reduce(Combiner::Max, x, axes, true));
  return b.sub(shifted, b.log(b.reduce(Combiner::Add, b.exp(shifted), axes, true)));
}

static void logSoftmaxNode(Node &n) {
  n.set(0, n.b.cast(logSoftmax(n.b, n.b.widen(n[0]), softmaxAxes(n)), n.elementType(0)));
}

/// 1 at the (first) maximum, 0 elsewhere.
static void hardmax(Node &n) {
  TensorBuilder &b = n.b;
  Dims dims = TensorBuilder::dims(n[0]);
  Ints axes = softmaxAxes(n);
  if (axes.empty())
    return n.set(0, b.filled(1, dims, n.elementType(0)));
  MLIRContext *context = b.getContext();
  Dims flat(ArrayRef(dims).take_front(axes.front()));
  flat.push_back(product(context, ArrayRef(dims).slice(axes.front(), axes.size())));
  flat.append(dims.begin() + axes.back() + 1, dims.end());
  Value x = b.reshape(n[0], flat);
  Value best = b.unsqueeze(b.argReduce(Combiner::Max, x, axes.front(), false), {axes.front()});
  Value hit = b.eq(b.iota(flat, axes.front(), b.i64()), best);
  n.set(0, b.reshape(b.cast(hit, n.elementType(0)), dims));
}

ArrayRef<OperatorEntry> getNormOperators() {
  static const OperatorEntry entries[] = {{"BatchNormalization", batchNormalization},
                                          {"InstanceNormalization", instanceNormalization},
                                          {"GroupNormalization", groupNormalization},
                                          {"LayerNormalization", layerNormalization},
                                          {"RMSNormalization", rmsNormalization},
                                          {"MeanVarianceNormalization", meanVarianceNormalization},
                                          {"LRN", lrn},
                                          {"Softmax", softmax},
                                          {"LogSoftmax", logSoftmaxNode},
                                          {"Hardmax", hardmax}};
  return entries;
}

} // namespace tenon::onnximport
