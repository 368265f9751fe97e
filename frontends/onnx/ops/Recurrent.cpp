//===- Recurrent.cpp - LSTM, GRU and RNN ----------------------------------===//
//
// The products of all steps' inputs with W are one contraction before the loop;
// the loop carries the hidden state (and the cell) and a buffer for the steps'
// outputs. A short sequence of known length is unrolled instead.
//
// Steps of a sequence shorter than the longest one keep the state and give
// zeros; a reverse direction reads each sequence from its own end.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Activation.h"
#include "frontends/onnx/MatMul.h"
#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

namespace {
constexpr int64_t kUnroll = 4;

struct Function {
  std::string name;
  std::optional<double> alpha, beta;
};

Value apply(TensorBuilder &b, const Function &f, Value x) {
  std::string name = StringRef(f.name).lower();
  Type element = TensorBuilder::elementType(x);
  if (name == "sigmoid")
    return b.sigmoid(x);
  if (name == "tanh")
    return b.tanh(x);
  if (name == "relu")
    return b.relu(x);
  if (name == "affine")
    return b.add(b.mul(x, f.alpha.value_or(1)), f.beta.value_or(0));
  if (name == "leakyrelu")
    return b.select(b.lt(x, 0), b.mul(x, f.alpha.value_or(0.01)), x);
  if (name == "thresholdedrelu")
    return b.select(b.gt(x, f.alpha.value_or(1)), x, b.number(0, element));
  if (name == "scaledtanh")
    return b.mul(b.tanh(b.mul(x, f.beta.value_or(1))), f.alpha.value_or(1));
  if (name == "hardsigmoid")
    return hardSigmoid(b, x, f.alpha.value_or(0.2), f.beta.value_or(0.5));
  if (name == "elu")
    return b.select(b.lt(x, 0), b.mul(b.sub(b.exp(x), 1), f.alpha.value_or(1)), x);
  if (name == "softsign")
    return b.div(x, b.add(b.abs(x), 1));
  if (name == "softplus")
    return softplus(b, x);
  refuse("activation '" + f.name + "' is not known");
}

/// What one direction computes with.
struct Direction {
  bool reverse = false;
  SmallVector<Function> functions;
  /// Input products [S, B, gates * H]; recurrence [gates * H, H]; the bias of
  /// the recurrence [gates * H] or null; peepholes [3 * H] or null.
  Value products, recurrence, recurrentBias, peepholes;
};

class Recurrence {
public:
  Recurrence(Node &n, int64_t gates, ArrayRef<StringRef> defaults);
  void run();

private:
  Direction direction(int64_t index, int64_t count, ArrayRef<StringRef> defaults);
  SmallVector<Value> step(const Direction &d, Value product, ArrayRef<Value> state);
  SmallVector<Value> lstm(const Direction &d, Value gatesIn, Value h, Value c);
  SmallVector<Value> gru(const Direction &d, Value product, Value h);
  SmallVector<Value> simple(const Direction &d, Value gatesIn, Value h);
  SmallVector<Value> masked(Value at, ArrayRef<Value> now, ArrayRef<Value> before);
  Value unrolled(const Direction &d, SmallVectorImpl<Value> &state);
  Value looped(const Direction &d, SmallVectorImpl<Value> &state);
  Value reversed(Value x, bool backward);
  Value initial(unsigned input, int64_t index);
  Value part(Value vector, int64_t gate);
  Value clipped(Value x);
  Value recurrent(const Direction &d, Value h) {
    return b.contract({h, d.recurrence}, {{0, 2}, {1, 2}}, {0, 1});
  }

  Node &n;
  TensorBuilder &b;
  int64_t gates, hidden = 0;
  bool batchFirst;
  Value input, lengths;
  DimExpr steps, batch;
  std::optional<double> clip;
  SmallVector<Direction> directions;
};
} // namespace

Recurrence::Recurrence(Node &n, int64_t gates, ArrayRef<StringRef> defaults)
    : n(n), b(n.b), gates(gates), batchFirst(n.getInt("layout", 0) != 0) {
  n.requireRank(0, 3, 3);
  n.requireRank(1, 3, 3);
  n.requireRank(2, 3, 3);
  input = batchFirst ? b.transpose(n[0], {1, 0, 2}) : n[0];
  steps = TensorBuilder::dim(input, 0);
  batch = TensorBuilder::dim(input, 1);
  hidden = b.staticSize(TensorBuilder::dim(n[2], 2), "the hidden size");
  if (n.getInt("hidden_size", hidden) != hidden)
    refuse("attribute 'hidden_size' differs from the shape of R");
  if (n.attribute("clip"))
    clip = n.getFloat("clip", 0);
  if (n.has(4))
    lengths = b.reshape(b.cast(n[4], b.i64()), {batch});
  std::string which = n.getString("direction", "forward");
  int64_t count = which == "bidirectional" ? 2 : 1;
  if (count == 1 && which != "forward" && which != "reverse")
    refuse("attribute 'direction' is '" + which + "'");
  for (int64_t i = 0; i < count; ++i) {
    directions.push_back(direction(i, count, defaults));
    directions.back().reverse = which == "reverse" || i == 1;
  }
}

Direction Recurrence::direction(int64_t index, int64_t count, ArrayRef<StringRef> defaults) {
  Direction d;
  SmallVector<StringRef> names;
  if (const auto *attribute = n.attribute("activations"))
    for (const std::string &name : attribute->strings())
      names.push_back(name);
  if (!names.empty() && names.size() != defaults.size() * count)
    refuse("attribute 'activations' has " + Twine(names.size()) + " entries");
  auto alphas = n.getFloats("activation_alpha"), betas = n.getFloats("activation_beta");
  for (size_t i = 0; i < defaults.size(); ++i) {
    size_t at = index * defaults.size() + i;
    Function f{(names.empty() ? defaults[i] : names[at]).str(), {}, {}};
    if (alphas && at < alphas->size())
      f.alpha = (*alphas)[at];
    if (betas && at < betas->size())
      f.beta = (*betas)[at];
    d.functions.push_back(f);
  }
  Value w = b.pick(n[1], 0, b.size(index));
  d.recurrence = b.pick(n[2], 0, b.size(index));
  d.products = b.contract({input, w}, {{0, 1, 3}, {2, 3}}, {0, 1, 2});
  if (n.has(3)) {
    Value bias = b.pick(n[3], 0, b.size(index));
    DimExpr half = b.size(gates * hidden);
    d.products = b.add(d.products, b.sliceDim(bias, 0, b.size(0), half));
    d.recurrentBias = b.sliceDim(bias, 0, half, half);
  }
  if (gates == 4 && n.has(7))
    d.peepholes = b.pick(n[7], 0, b.size(index));
  return d;
}

/// Columns of one gate, of a matrix [B, gates * H] or a vector.
Value Recurrence::part(Value vector, int64_t gate) {
  return b.sliceDim(vector, TensorBuilder::rank(vector) - 1, b.size(gate * hidden),
                    b.size(hidden));
}
Value Recurrence::clipped(Value x) {
  if (!clip)
    return x;
  Type element = TensorBuilder::elementType(x);
  return b.clamp(x, b.number(-*clip, element), b.number(*clip, element));
}

//===----------------------------------------------------------------------===//
// One step
//===----------------------------------------------------------------------===//

/// Gates in the order i, o, f, c.
SmallVector<Value> Recurrence::lstm(const Direction &d, Value sum, Value h, Value c) {
  auto gate = [&](int64_t index, Value cell, int64_t peephole) {
    Value x = part(sum, index);
    if (d.peepholes && cell)
      x = b.add(x, b.mul(part(d.peepholes, peephole), cell));
    return clipped(x);
  };
  Value i = apply(b, d.functions[0], gate(0, c, 0));
  Value f = n.getInt("input_forget", 0) != 0
                ? b.sub(b.number(1, TensorBuilder::elementType(i)), i)
                : apply(b, d.functions[0], gate(2, c, 2));
  Value candidate = apply(b, d.functions[1], gate(3, {}, 0));
  Value cell = b.add(b.mul(f, c), b.mul(i, candidate));
  Value o = apply(b, d.functions[0], gate(1, cell, 1));
  return {b.mul(o, apply(b, d.functions[2], cell)), cell};
}

/// Gates in the order z, r, h.
SmallVector<Value> Recurrence::gru(const Direction &d, Value product, Value h) {
  Value inner = recurrent(d, h);
  if (d.recurrentBias)
    inner = b.add(inner, d.recurrentBias);
  Value z = apply(b, d.functions[0], clipped(b.add(part(product, 0), part(inner, 0))));
  Value r = apply(b, d.functions[0], clipped(b.add(part(product, 1), part(inner, 1))));
  Value candidate;
  if (n.getInt("linear_before_reset", 0) != 0) {
    candidate = b.mul(r, part(inner, 2));
  } else {
    Value rows = b.sliceDim(d.recurrence, 0, b.size(2 * hidden), b.size(hidden));
    candidate = b.contract({b.mul(r, h), rows}, {{0, 2}, {1, 2}}, {0, 1});
    if (d.recurrentBias)
      candidate = b.add(candidate, part(d.recurrentBias, 2));
  }
  candidate = apply(b, d.functions[1], clipped(b.add(part(product, 2), candidate)));
  Value rest = b.sub(b.number(1, TensorBuilder::elementType(z)), z);
  return {b.add(b.mul(rest, candidate), b.mul(z, h))};
}

SmallVector<Value> Recurrence::step(const Direction &d, Value product, ArrayRef<Value> state) {
  if (gates == 3)
    return gru(d, product, state[0]);
  Value sum = b.add(product, recurrent(d, state[0]));
  if (d.recurrentBias)
    sum = b.add(sum, d.recurrentBias);
  if (gates == 4)
    return lstm(d, sum, state[0], state[1]);
  return {apply(b, d.functions[0], clipped(sum))};
}

/// Past the end of a sequence: the old state, and zeros as the step's output,
/// which comes first.
SmallVector<Value> Recurrence::masked(Value at, ArrayRef<Value> now, ArrayRef<Value> before) {
  SmallVector<Value> result{now[0]};
  if (!lengths) {
    result.append(now.begin(), now.end());
    return result;
  }
  Value inside = b.unsqueeze(b.lt(at, lengths), {1});
  result[0] = b.select(inside, now[0], b.number(0, TensorBuilder::elementType(now[0])));
  for (auto [next, old] : llvm::zip(now, before))
    result.push_back(b.select(inside, next, old));
  return result;
}

//===----------------------------------------------------------------------===//
// All steps
//===----------------------------------------------------------------------===//

/// [S, B, ...] with each sequence (as long as its length says) turned round.
Value Recurrence::reversed(Value x, bool backward) {
  if (!backward)
    return x;
  if (!lengths) {
    Dims starts(TensorBuilder::rank(x), b.size(0));
    Ints ones(TensorBuilder::rank(x), 1);
    starts[0] = steps - 1;
    ones[0] = -1;
    return b.slice(x, starts, TensorBuilder::dims(x), ones);
  }
  Value at = b.iota({steps, batch}, 0, b.i64());
  Value turned = b.sub(b.sub(b.unsqueeze(lengths, {0}), 1), at);
  Value source = b.select(b.lt(at, lengths), turned, at);
  return b.gather(x, {source}, {0, -2, -3}, {0, 1}, TensorBuilder::dims(x));
}

Value Recurrence::unrolled(const Direction &d, SmallVectorImpl<Value> &state) {
  SmallVector<Value> outputs;
  for (int64_t t = 0; t < steps.getValue(); ++t) {
    SmallVector<Value> now = step(d, b.pick(d.products, 0, b.size(t)), state);
    now = masked(b.scalarInt(t), now, state);
    outputs.push_back(b.unsqueeze(now[0], {0}));
    state.assign(now.begin() + 1, now.end());
  }
  return b.concat(outputs, 0);
}

Value Recurrence::looped(const Direction &d, SmallVectorImpl<Value> &state) {
  Type element = TensorBuilder::elementType(d.products);
  SmallVector<Value> carried(state.begin(), state.end());
  carried.push_back(b.filled(0, {steps, batch, b.size(hidden)}, element));
  SmallVector<Type> types(ValueRange(carried).getTypes());
  auto loop = LoopOp::create(b.builder, b.location, types, b.dimValue(steps),
                             b.number(1, b.i1()), carried);
  Block &body = loop.getBody().emplaceBlock();
  Value t = body.addArgument(b.type({}, b.i64()), b.location);
  for (Type type : types)
    body.addArgument(type, b.location);
  OpBuilder::InsertionGuard guard(b.builder);
  b.builder.setInsertionPointToEnd(&body);
  SmallVector<Value> before(body.getArguments().slice(1, state.size()));
  SmallVector<Value> now = masked(t, step(d, b.take(d.products, t, 0), before), before);
  Value buffer = body.getArguments().back();
  Value written = ScatterOp::create(b.builder, b.location, buffer.getType(), Combiner::None, buffer,
                                    ValueRange{b.reshape(t, {b.size(1)})},
                                    b.reshape(now[0], {b.size(1), batch, b.size(hidden)}),
                                    ArrayRef<int64_t>{0, -2, -3},
                                    ArrayRef<int64_t>{0});
  SmallVector<Value> yielded{b.number(1, b.i1())};
  yielded.append(now.begin() + 1, now.end());
  yielded.push_back(written);
  // Sizes that the model says in two ways: those of the carried state count.
  for (auto [value, type] : llvm::zip(llvm::drop_begin(yielded), types))
    value = b.reshape(value, getDims(type));
  YieldOp::create(b.builder, b.location, TypeRange(), yielded);
  state = llvm::to_vector_of<Value>(loop.getResults().drop_back());
  return loop.getResults().back();
}

Value Recurrence::initial(unsigned inputIndex, int64_t index) {
  Type element = TensorBuilder::elementType(input);
  if (!n.has(inputIndex))
    return b.filled(0, {batch, b.size(hidden)}, element);
  Value all = batchFirst ? b.transpose(n[inputIndex], {1, 0, 2}) : n[inputIndex];
  return b.reshape(b.pick(all, 0, b.size(index)), {batch, b.size(hidden)});
}

void Recurrence::run() {
  SmallVector<Value> outputs, hiddens, cells;
  for (auto [i, d] : llvm::enumerate(directions)) {
    d.products = reversed(d.products, d.reverse);
    SmallVector<Value> state{initial(5, i)};
    if (gates == 4)
      state.push_back(initial(6, i));
    bool isShort = steps.isConstant() && steps.getValue() >= 1 && steps.getValue() <= kUnroll;
    Value all = reversed(isShort ? unrolled(d, state) : looped(d, state), d.reverse);
    outputs.push_back(b.unsqueeze(all, {1}));
    hiddens.push_back(b.unsqueeze(state[0], {0}));
    if (gates == 4)
      cells.push_back(b.unsqueeze(state[1], {0}));
  }
  auto joined = [&](ArrayRef<Value> parts, int64_t dim) { return b.concat(parts, dim); };
  Value y = joined(outputs, 1), h = joined(hiddens, 0);
  n.set(0, batchFirst ? b.transpose(y, {2, 0, 1, 3}) : y);
  n.set(1, batchFirst ? b.transpose(h, {1, 0, 2}) : h);
  if (gates == 4) {
    Value c = joined(cells, 0);
    n.set(2, batchFirst ? b.transpose(c, {1, 0, 2}) : c);
  }
}

static void lstm(Node &n) { Recurrence(n, 4, {"Sigmoid", "Tanh", "Tanh"}).run(); }
static void gru(Node &n) { Recurrence(n, 3, {"Sigmoid", "Tanh"}).run(); }
static void rnn(Node &n) { Recurrence(n, 1, {"Tanh"}).run(); }

ArrayRef<OperatorEntry> getRecurrentOperators() {
  static const OperatorEntry entries[] = {{"LSTM", lstm}, {"GRU", gru}, {"RNN", rnn}};
  return entries;
}

} // namespace tenon::onnximport
