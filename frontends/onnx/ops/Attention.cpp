//===- Attention.cpp - attention and rotary embeddings --------------------===//
//
// Written as the two contractions, a softmax between them and masks as maps:
// fusion recognises the chain by its factors, not by a pattern. Query heads
// that share a key head are a dimension of their own, so that keys and values
// are not repeated.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class AttentionImporter {
public:
  explicit AttentionImporter(Node &n) : n(n), b(n.b), packed(n.rank(0) == 3) {}
  void run();

private:
  Value heads(Value x, int64_t count);
  void readOperands();
  Value scores();
  Value bias();
  Value positions(int64_t dim);
  Value allowed(Value condition, Value sum);
  Value offset();
  Value softmax(Value x);
  int64_t headCount(Value x) { return b.staticSize(TensorBuilder::dim(x, 1), "the number of heads"); }

  Node &n;
  TensorBuilder &b;
  bool packed;
  Value q, k, v;
  Type element;
  int64_t groups = 1;
};
} // namespace

/// [B, S, H * D] to [B, H, S, D].
Value AttentionImporter::heads(Value x, int64_t count) {
  Dims dims = TensorBuilder::dims(x);
  int64_t width = b.staticSize(dims[2], "the hidden size");
  if (count < 1 || width % count)
    refuse("the hidden size " + Twine(width) + " is not divisible by " + Twine(count) + " heads");
  Value split = b.reshape(x, {dims[0], dims[1], b.size(count), b.size(width / count)});
  return b.transpose(split, {0, 2, 1, 3});
}

void AttentionImporter::readOperands() {
  n.requireRank(0, 3, 4);
  n.requireRank(1, n.rank(0), n.rank(0));
  n.requireRank(2, n.rank(0), n.rank(0));
  int64_t queryHeads = n.getInt("q_num_heads", 0), keyHeads = n.getInt("kv_num_heads", 0);
  element = n.elementType(0);
  q = packed ? heads(n[0], queryHeads) : n[0];
  k = packed ? heads(n[1], keyHeads) : n[1];
  v = packed ? heads(n[2], keyHeads) : n[2];
  if (n.has(4) != n.has(5))
    refuse("past_key and past_value must be given together");
  if (n.has(4)) {
    k = b.concat({n[4], k}, 2);
    v = b.concat({n[5], v}, 2);
  }
  n.set(1, k);
  n.set(2, v);
  if (headCount(k) < 1 || headCount(q) % headCount(k))
    refuse(Twine(headCount(q)) + " query heads are not divisible by " + Twine(headCount(k)) +
           " key heads");
  groups = headCount(q) / headCount(k);
}

/// scale * q k^T as [B, H, S, T].
Value AttentionImporter::scores() {
  int64_t width = b.staticSize(TensorBuilder::dim(q, 3), "the head size");
  double scale = n.attribute("scale") ? n.getFloat("scale", 1)
                                      : 1 / std::sqrt(static_cast<double>(std::max<int64_t>(width, 1)));
  Dims dq = TensorBuilder::dims(q);
  Value grouped = b.reshape(q, {dq[0], b.size(headCount(k)), b.size(groups), dq[2], dq[3]});
  Value s = b.contract({b.widen(grouped), b.widen(k)}, {{0, 1, 2, 3, 5}, {0, 1, 4, 5}},
                       {0, 1, 2, 3, 4});
  s = b.reshape(s, {dq[0], dq[1], dq[2], TensorBuilder::dim(k, 2)});
  return b.mul(s, scale);
}

/// Indices of queries (dim 0) or keys (dim 1), as [S, T].
Value AttentionImporter::positions(int64_t dim) {
  return b.iota({TensorBuilder::dim(q, 2), TensorBuilder::dim(k, 2)}, dim, b.i64());
}

/// Where the first query stands among the keys.
Value AttentionImporter::offset() {
  if (n.has(4))
    return b.dimValue(TensorBuilder::dim(n[4], 2));
  if (!n.has(6))
    return b.scalarInt(0);
  Value count = b.sub(n[6], b.dimValue(TensorBuilder::dim(q, 2)));
  return b.reshape(count, {TensorBuilder::dim(n[6], 0), b.size(1), b.size(1), b.size(1)});
}

Value AttentionImporter::allowed(Value condition, Value sum) {
  Value masked = b.number(-kInfinity, b.f32());
  return b.select(condition, sum ? sum : b.number(0, b.f32()), masked);
}

/// What is added to the scores; null if nothing is.
Value AttentionImporter::bias() {
  Value sum;
  if (n.has(3)) {
    Value mask = n[3];
    int64_t last = TensorBuilder::rank(mask) - 1;
    if (last < 0)
      refuse("the mask is a scalar");
    bool boolean = TensorBuilder::elementType(mask).isInteger(1);
    DimExpr missing = TensorBuilder::dim(k, 2) - TensorBuilder::dim(mask, last);
    Dims low(last + 1, b.size(0)), high = low;
    high[last] = missing;
    bool shorter = missing.isConstant() && missing.getValue() > 0;
    if (shorter)
      mask = b.pad(mask, b.number(boolean ? 0 : -kInfinity, TensorBuilder::elementType(mask)), low,
                   high);
    sum = boolean ? allowed(mask, {}) : b.cast(mask, b.f32());
  }
  int64_t left = n.getInt("left_window_size", -1), right = n.getInt("right_window_size", -1);
  bool causal = n.getInt("is_causal", 0) != 0;
  if (causal || left >= 0 || right >= 0) {
    Value at = b.add(positions(0), offset()), key = positions(1);
    if (causal)
      sum = allowed(b.le(key, at), sum);
    if (left >= 0)
      sum = allowed(b.le(b.sub(at, key), static_cast<double>(left)), sum);
    if (right >= 0)
      sum = allowed(b.le(b.sub(key, at), static_cast<double>(right)), sum);
  }
  if (n.has(6)) {
    Dims to{TensorBuilder::dim(n[6], 0), b.size(1), b.size(1), b.size(1)};
    sum = allowed(b.lt(b.iota(TensorBuilder::dim(k, 2), b.i64()), b.reshape(n[6], to)), sum);
  }
  return sum;
}

/// A row without any key that may be seen gives zeros.
Value AttentionImporter::softmax(Value x) {
  Value top = b.reduce(Combiner::Max, x, {3}, true), zero = b.number(0, b.f32());
  Value e = b.exp(b.sub(x, b.select(b.eq(top, -kInfinity), zero, top)));
  Value sum = b.reduce(Combiner::Add, e, {3}, true);
  return b.div(e, b.select(b.eq(sum, 0), b.number(1, b.f32()), sum));
}

void AttentionImporter::run() {
  readOperands();
  // bfloat16 results depend on where sums are rounded, by more than the node
  // tests of the operator allow.
  if (element.isF64() || element.isBF16())
    refuse("element type " + dataTypeName(dataTypeOf(element)) + " is not supported");
  Value s = scores(), softcapped = s;
  if (double cap = n.getFloat("softcap", 0); cap > 0)
    softcapped = b.mul(b.tanh(b.div(s, cap)), cap);
  Value added = bias(), biased = added ? b.add(softcapped, added) : softcapped;
  Value p = softmax(biased);
  Value shown[] = {s, softcapped, biased, p};
  int64_t mode = n.getInt("qk_matmul_output_mode", 0);
  if (n.wants(3)) {
    if (mode < 0 || mode > 3)
      refuse("attribute 'qk_matmul_output_mode' is " + Twine(mode));
    n.set(3, b.cast(shown[mode], element));
  }
  Dims dq = TensorBuilder::dims(q);
  p = b.reshape(p, {dq[0], b.size(headCount(k)), b.size(groups), dq[2], TensorBuilder::dim(k, 2)});
  Value y = b.contract({p, b.widen(v)}, {{0, 1, 2, 3, 4}, {0, 1, 4, 5}}, {0, 1, 2, 3, 5});
  DimExpr width = TensorBuilder::dim(v, 3);
  y = b.reshape(y, {dq[0], dq[1], dq[2], width});
  if (packed)
    y = b.reshape(b.transpose(y, {0, 2, 1, 3}), {dq[0], dq[2], dq[1] * width});
  n.set(0, b.cast(y, TensorBuilder::elementType(n[2])));
}

static void attention(Node &n) { AttentionImporter(n).run(); }

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

/// Rotates pairs (x1, x2) of each head by the angle of their position.
static void rotaryEmbedding(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 3, 4);
  bool packed = n.rank(0) == 3, interleaved = n.getInt("interleaved", 0) != 0;
  Value x = n[0];
  Dims original = TensorBuilder::dims(x);
  if (packed) {
    int64_t count = n.getInt("num_heads", 0), width = b.staticSize(original[2], "the hidden size");
    if (count < 1 || width % count)
      refuse("the hidden size " + Twine(width) + " is not divisible by num_heads " + Twine(count));
    x = b.reshape(x, {original[0], original[1], b.size(count), b.size(width / count)});
  } else {
    x = b.transpose(x, {0, 2, 1, 3});
  }
  Dims dims = TensorBuilder::dims(x);
  int64_t width = b.staticSize(dims[3], "the head size"), turned = n.getInt("rotary_embedding_dim", 0);
  turned = turned == 0 ? width : turned;
  if (turned < 2 || turned > width || turned % 2)
    refuse("attribute 'rotary_embedding_dim' is " + Twine(turned));
  int64_t half = turned / 2;
  auto table = [&](unsigned index) {
    Value cache = n[index];
    if (n.has(3))
      cache = b.take(cache, b.wrapIndex(n[3], TensorBuilder::dim(cache, 0)), 0);
    if (TensorBuilder::rank(cache) != 3)
      refuse("cos and sin have rank " + Twine(TensorBuilder::rank(cache)) + ", expected 3");
    b.checkEqual(TensorBuilder::dim(cache, 2), b.size(half), "cos and sin have the wrong width");
    return b.unsqueeze(cache, {2});
  };
  Value cosine = table(1), sine = table(2), front = b.sliceDim(x, 3, b.size(0), b.size(turned));
  Value x1 = interleaved ? b.sliceDim(front, 3, b.size(0), b.size(half), 2)
                         : b.sliceDim(front, 3, b.size(0), b.size(half));
  Value x2 = interleaved ? b.sliceDim(front, 3, b.size(1), b.size(half), 2)
                         : b.sliceDim(front, 3, b.size(half), b.size(half));
  Value real = b.sub(b.mul(cosine, x1), b.mul(sine, x2));
  Value imaginary = b.add(b.mul(sine, x1), b.mul(cosine, x2));
  Value y = interleaved ? b.concat({b.unsqueeze(real, {4}), b.unsqueeze(imaginary, {4})}, 4)
                        : b.concat({real, imaginary}, 3);
  y = b.reshape(y, TensorBuilder::dims(front));
  if (turned < width)
    y = b.concat({y, b.sliceDim(x, 3, b.size(turned), b.size(width - turned))}, 3);
  n.set(0, packed ? b.reshape(y, original) : b.transpose(y, {0, 2, 1, 3}));
}

//===----------------------------------------------------------------------===//
// Gates and causal convolution
//===----------------------------------------------------------------------===//

/// x / (1 + exp(-x)).
static Value silu(TensorBuilder &b, Value x) { return b.mul(x, b.sigmoid(x)); }

static void causalConv(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 3, 3);
  n.requireRank(1, 3, 3);
  int64_t kernel = b.staticSize(TensorBuilder::dim(n[1], 2), "the kernel");
  if (kernel < 1)
    refuse("the kernel is empty");
  Dims dims = TensorBuilder::dims(n[0]);
  Value past = n.has(3) ? n[3] : b.filled(0, {dims[0], dims[1], b.size(kernel - 1)}, n.elementType(0));
  Value padded = b.concat({past, n[0]}, 2);
  WindowSpec window{{kernel}, {1}, {1}, {b.size(0)}, {dims[2]}, {1}};
  Value taps = b.window(b.widen(padded), window, 0);
  Value w = b.reshape(b.widen(n[1]), {dims[1], b.size(kernel)});
  Value y = b.contract({taps, w}, {{0, 1, 2, 3}, {1, 3}}, {0, 1, 2});
  if (n.has(2))
    y = b.add(y, b.unsqueeze(b.widen(n[2]), {1}));
  std::string activation = n.getString("activation", "none");
  if (activation == "silu" || activation == "swish")
    y = silu(b, y);
  else if (activation != "none")
    refuse("attribute 'activation' is '" + activation + "'");
  n.set(0, b.cast(y, n.elementType(0)));
  n.set(1, b.sliceDim(padded, 2, dims[2], b.size(kernel - 1)));
}

ArrayRef<OperatorEntry> getAttentionOperators() {
  static const OperatorEntry entries[] = {{"Attention", attention},
                                          {"RotaryEmbedding", rotaryEmbedding},
                                          {"CausalConvWithState", causalConv}};
  return entries;
}

} // namespace tenon::onnximport
