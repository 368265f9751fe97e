//===- Activation.cpp - activation functions ------------------------------===//
//
// Each is its definition written as maps; fusion makes one kernel of them.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Activation.h"
#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

Value softplus(TensorBuilder &b, Value x) {
  // log(1 + exp(x)), without overflow: max(x, 0) + log(1 + exp(-|x|)).
  return b.add(b.relu(x), b.log(b.add(b.exp(b.neg(b.abs(x))), 1)));
}

Value gelu(TensorBuilder &b, Value x, bool tanhForm) {
  if (!tanhForm)
    return b.map<GeluOp>(x);
  Value inner = b.mul(b.add(x, b.mul(b.mul(b.mul(x, x), x), 0.044715)), 0.7978845608028654);
  return b.mul(b.mul(x, 0.5), b.add(b.tanh(inner), 1));
}

Value hardSigmoid(TensorBuilder &b, Value x, double alpha, double beta) {
  Type element = TensorBuilder::elementType(x);
  return b.clamp(b.add(b.mul(x, alpha), beta), b.number(0, element), b.number(1, element));
}

static Value zero(Node &n) { return n.b.number(0, n.elementType(0)); }

static void relu(Node &n) { n.set(0, n.b.relu(n[0])); }
static void sigmoid(Node &n) { n.set(0, n.b.sigmoid(n[0])); }
static void geluNode(Node &n) { n.set(0, gelu(n.b, n[0], n.getString("approximate", "none") == "tanh")); }
static void softplusNode(Node &n) { n.set(0, softplus(n.b, n[0])); }
static void softsign(Node &n) { n.set(0, n.b.div(n[0], n.b.add(n.b.abs(n[0]), 1))); }

static void leakyRelu(Node &n) {
  n.set(0, n.b.select(n.b.lt(n[0], 0), n.b.mul(n[0], n.getFloat("alpha", 0.01)), n[0]));
}
static void prelu(Node &n) {
  n.set(0, n.b.select(n.b.lt(n[0], 0), n.b.mul(n[0], n[1]), n[0]));
}
static void thresholdedRelu(Node &n) {
  n.set(0, n.b.select(n.b.gt(n[0], n.getFloat("alpha", 1)), n[0], zero(n)));
}
static void elu(Node &n) {
  Value low = n.b.mul(n.b.sub(n.b.exp(n[0]), 1), n.getFloat("alpha", 1));
  n.set(0, n.b.select(n.b.lt(n[0], 0), low, n[0]));
}
static void celu(Node &n) {
  double alpha = n.getFloat("alpha", 1);
  Value low = n.b.mul(n.b.sub(n.b.exp(n.b.div(n[0], alpha)), 1), alpha);
  n.set(0, n.b.add(n.b.relu(n[0]), n.b.min(low, 0)));
}
static void selu(Node &n) {
  double alpha = n.getFloat("alpha", 1.67326319217681884765625);
  double gamma = n.getFloat("gamma", 1.05070102214813232421875);
  Value low = n.b.mul(n.b.sub(n.b.exp(n[0]), 1), alpha * gamma);
  n.set(0, n.b.select(n.b.le(n[0], 0), low, n.b.mul(n[0], gamma)));
}
static void hardSigmoidNode(Node &n) {
  n.set(0, hardSigmoid(n.b, n[0], n.getFloat("alpha", 0.2), n.getFloat("beta", 0.5)));
}
static void hardSwish(Node &n) { n.set(0, n.b.mul(n[0], hardSigmoid(n.b, n[0], 1.0 / 6, 0.5))); }
static void mish(Node &n) { n.set(0, n.b.mul(n[0], n.b.tanh(softplus(n.b, n[0])))); }
static void swish(Node &n) {
  double alpha = n.getFloat("alpha", 1);
  n.set(0, n.b.mul(n[0], n.b.sigmoid(alpha == 1 ? n[0] : n.b.mul(n[0], alpha))));
}
static void shrink(Node &n) {
  double lambda = n.getFloat("lambd", 0.5), bias = n.getFloat("bias", 0);
  Value high = n.b.select(n.b.gt(n[0], lambda), n.b.sub(n[0], bias), zero(n));
  n.set(0, n.b.select(n.b.lt(n[0], -lambda), n.b.add(n[0], bias), high));
}

ArrayRef<OperatorEntry> getActivationOperators() {
  static const OperatorEntry entries[] = {
      {"Relu", relu},           {"Sigmoid", sigmoid},   {"Gelu", geluNode},
      {"LeakyRelu", leakyRelu}, {"PRelu", prelu},       {"ThresholdedRelu", thresholdedRelu},
      {"Elu", elu},             {"Celu", celu},         {"Selu", selu},
      {"HardSigmoid", hardSigmoidNode}, {"HardSwish", hardSwish}, {"Mish", mish},
      {"Swish", swish},         {"Shrink", shrink},     {"Softplus", softplusNode},
      {"Softsign", softsign}};
  return entries;
}

} // namespace tenon::onnximport
