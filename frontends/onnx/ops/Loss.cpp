//===- Loss.cpp - negative log likelihood and cross entropy ---------------===//

#include "frontends/onnx/Norm.h"
#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

/// The loss of log probabilities [N, C, ...] at targets [N, ...].
static void likelihoodLoss(Node &n, Value logs) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 2);
  n.requireRank(1, n.rank(0) - 1, n.rank(0) - 1);
  Type element = TensorBuilder::elementType(logs);
  Dims dims = TensorBuilder::dims(n[1]);
  Value target = b.cast(n[1], b.i64()), ignored;
  if (n.attribute("ignore_index"))
    ignored = b.eq(target, static_cast<double>(n.getInt("ignore_index", 0)));
  // What is ignored may lie outside of the classes: read class 0 instead.
  Value index = ignored ? b.select(ignored, b.number(0, b.i64()), target) : target;
  index = b.wrapIndex(index, TensorBuilder::dim(logs, 1));
  Dims classes = TensorBuilder::dims(logs);
  classes.erase(classes.begin() + 1);
  for (auto [have, want] : llvm::zip(dims, classes))
    b.checkEqual(have, want, "the target has not the shape of the scores");
  Ints dataDims{-1, 0}, indexDims = llvm::to_vector(llvm::seq<int64_t>(0, dims.size()));
  for (size_t i = 1; i < dims.size(); ++i)
    dataDims.push_back(-1 - int64_t(i));
  Value loss = b.neg(b.gather(logs, {index}, dataDims, indexDims, dims)), weight;
  if (n.has(2))
    weight = b.take(b.cast(n[2], element), index, 0);
  if (ignored) {
    Value one = weight ? weight : b.filled(1, dims, element);
    weight = b.select(ignored, b.number(0, element), one);
    loss = b.select(ignored, b.number(0, element), loss);
  }
  loss = weight ? b.mul(loss, weight) : loss;
  Ints all = llvm::to_vector(llvm::seq<int64_t>(0, dims.size()));
  std::string reduction = n.getString("reduction", "mean");
  if (reduction == "sum")
    loss = b.reduce(Combiner::Add, loss, all, false);
  else if (reduction == "mean" && weight)
    loss = b.div(b.reduce(Combiner::Add, loss, all, false),
                 b.reduce(Combiner::Add, weight, all, false));
  else if (reduction == "mean")
    loss = b.mean(loss, all, false);
  else if (reduction != "none")
    refuse("attribute 'reduction' is '" + reduction + "'");
  n.set(0, b.cast(loss, n.elementType(0)));
}

static void negativeLogLikelihood(Node &n) { likelihoodLoss(n, n.b.widen(n[0])); }

static void crossEntropy(Node &n) {
  n.requireRank(0, 2);
  Value logs = logSoftmax(n.b, n.b.widen(n[0]), {1});
  n.set(1, n.b.cast(logs, n.elementType(0)));
  likelihoodLoss(n, logs);
}

ArrayRef<OperatorEntry> getLossOperators() {
  static const OperatorEntry entries[] = {{"NegativeLogLikelihoodLoss", negativeLogLikelihood},
                                          {"SoftmaxCrossEntropyLoss", crossEntropy}};
  return entries;
}

} // namespace tenon::onnximport
