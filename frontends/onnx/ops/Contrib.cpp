//===- Contrib.cpp - com.microsoft operators that exporters write ---------===//
//
// They have no schema in the onnx package: missing inputs are refused where
// they are read.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Activation.h"
#include "frontends/onnx/MatMul.h"
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Norm.h"

using namespace mlir;
namespace tenon::onnximport {

static void fusedMatMul(Node &n) {
  if (n.getInt("transBatchA", 0) || n.getInt("transBatchB", 0))
    refuse("transposed batch dimensions are not supported");
  Value a = n.getInt("transA", 0) ? transposeLast(n.b, n[0]) : n[0];
  Value b = n.getInt("transB", 0) ? transposeLast(n.b, n[1]) : n[1];
  n.set(0, scaled(n.b, n.b.matmul(a, b), n.getFloat("alpha", 1)));
}

static void geluNode(Node &n) { n.set(0, gelu(n.b, n[0], false)); }
static void biasGelu(Node &n) { n.set(0, gelu(n.b, n.b.add(n[0], n[1]), false)); }
static void fastGelu(Node &n) {
  n.set(0, gelu(n.b, n.has(1) ? n.b.add(n[0], n[1]) : n[0], true));
}
static void quickGelu(Node &n) {
  Value x = n[0];
  n.set(0, n.b.mul(x, n.b.sigmoid(n.b.mul(x, n.getFloat("alpha", 1.702)))));
}

static Ints lastDim(Value x) { return {TensorBuilder::rank(x) - 1}; }

/// input + skip (+ bias), which is also the output 3, then normalised.
static Value withSkip(Node &n, unsigned bias) {
  n.requireRank(0, 1);
  Value sum = n.b.add(n[0], n[1]);
  if (n.has(bias))
    sum = n.b.add(sum, n[bias]);
  n.set(3, sum);
  return sum;
}

static void skipLayerNormalization(Node &n) {
  Value x = n.b.widen(withSkip(n, 4));
  Type working = TensorBuilder::elementType(x);
  Value y = normalize(n.b, x, lastDim(x), n.getFloat("epsilon", 1e-12));
  y = n.b.mul(y, n.b.cast(n[2], working));
  if (n.has(3))
    y = n.b.add(y, n.b.cast(n[3], working));
  n.set(0, n.b.cast(y, n.elementType(0)));
}

static void skipSimplifiedLayerNormalization(Node &n) {
  Value x = withSkip(n, 3);
  n.set(0, rmsNormalize(n.b, x, n[2], lastDim(x), n.getFloat("epsilon", 1e-12)));
}

static void simplifiedLayerNormalization(Node &n) {
  n.requireRank(0, 1);
  int64_t axis = Node::dimIndex(n.getInt("axis", -1), n.rank(0));
  Ints axes = llvm::to_vector(llvm::seq<int64_t>(axis, n.rank(0)));
  n.set(0, rmsNormalize(n.b, n[0], n[1], axes, n.getFloat("epsilon", 1e-5)));
}

ArrayRef<OperatorEntry> getContribOperators() {
  static constexpr const char *ms = "com.microsoft";
  static const OperatorEntry entries[] = {
      {"FusedMatMul", fusedMatMul, ms},
      {"Gelu", geluNode, ms},
      {"BiasGelu", biasGelu, ms},
      {"FastGelu", fastGelu, ms},
      {"QuickGelu", quickGelu, ms},
      {"SkipLayerNormalization", skipLayerNormalization, ms},
      {"SkipSimplifiedLayerNormalization", skipSimplifiedLayerNormalization, ms},
      {"SimplifiedLayerNormalization", simplifiedLayerNormalization, ms},
      {"SimplifiedLayerNormalization", simplifiedLayerNormalization}};
  return entries;
}

} // namespace tenon::onnximport
