//===- Elementwise.cpp - arithmetic of one, two or many operands ----------===//
//
// Operators that are a map of the dialect, or a short formula of maps.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

template <typename Op> static void unary(Node &n) { n.set(0, n.b.map<Op>(n[0])); }

/// Before opset 7 there was an axis; from 7 on all broadcast as NumPy does.
template <typename Op> static void binary(Node &n) { n.set(0, n.b.map<Op>(n[0], n[1])); }

template <typename Op> static void variadic(Node &n) {
  Value result = n[0];
  for (size_t i = 1; i < n.inputCount(); ++i)
    result = n.b.map<Op>(result, n[i]);
  n.set(0, result);
}

/// A bitwise or logical operator on booleans or integers.
static void identity(Node &n) { n.set(0, n[0]); }

static void mean(Node &n) {
  variadic<AddOp>(n);
  n.set(0, n.b.div(n.outputs[0], static_cast<double>(n.inputCount())));
}

static void reciprocal(Node &n) {
  n.set(0, n.b.div(n.b.number(1, n.elementType(0)), n[0]));
}

/// The result has the base's type; from opset 12 on the exponent may differ.
static void power(Node &n) {
  Value base = n[0], exponent = n[1];
  Type element = n.elementType(0);
  if (n.elementType(1) == element)
    return n.set(0, n.b.pow(base, exponent));
  bool floats = TensorBuilder::isFloat(exponent);
  Type common = TensorBuilder::isFloat(base) ? element
                : floats                     ? n.elementType(1)
                                             : Type(n.b.i64());
  Value result = n.b.pow(n.b.cast(base, common), n.b.cast(exponent, common));
  n.set(0, n.b.cast(result, element));
}

static void modulo(Node &n) {
  bool truncated = n.getInt("fmod", 0) != 0;
  if (!truncated && TensorBuilder::isFloat(n[0]))
    refuse("attribute 'fmod' must be 1 for floats");
  n.set(0, truncated ? n.b.rem(n[0], n[1]) : n.b.mod(n[0], n[1]));
}

/// A signed right shift by the width or more, or by a negative number, leaves
/// copies of the sign: as a shift by width - 1.
static Value shiftWithin(Node &n, Value amount) {
  Type element = n.elementType(0);
  if (element.isUnsignedInteger())
    return amount;
  double last = element.getIntOrFloatBitWidth() - 1;
  Value beyond = n.b.logicalOr(n.b.lt(amount, 0), n.b.gt(amount, last));
  return n.b.select(beyond, n.b.number(last, element), amount);
}

static void bitShift(Node &n) {
  std::string direction = n.getString("direction", "");
  if (direction == "LEFT")
    n.set(0, n.b.map<ShlOp>(n[0], n[1]));
  else if (direction == "RIGHT")
    n.set(0, n.b.map<ShrOp>(n[0], shiftWithin(n, n[1])));
  else
    refuse("attribute 'direction' is '" + direction + "', expected LEFT or RIGHT");
}

/// Bounds are attributes up to opset 6, optional inputs from 11 on.
static void clip(Node &n) {
  Value low = n.input(1), high = n.input(2);
  if (n.version < 11) {
    low = n.attribute("min") ? n.b.number(n.getFloat("min", 0), n.elementType(0)) : Value();
    high = n.attribute("max") ? n.b.number(n.getFloat("max", 0), n.elementType(0)) : Value();
  }
  n.set(0, n.b.clamp(n[0], low, high));
}

static void isInf(Node &n) {
  Value x = n.b.widen(n[0]), result = n.b.map<IsInfOp>(x);
  if (n.getInt("detect_negative", 1) == 0)
    result = n.b.logicalAnd(result, n.b.gt(x, 0));
  if (n.getInt("detect_positive", 1) == 0)
    result = n.b.logicalAnd(result, n.b.lt(x, 0));
  n.set(0, result);
}

static void where(Node &n) { n.set(0, n.b.select(n[0], n[1], n[2])); }

static void cumulative(Node &n, Combiner combiner) {
  bool exclusive = n.getInt("exclusive", 0) != 0, reverse = n.getInt("reverse", 0) != 0;
  int64_t rank = n.rank(0);
  n.requireRank(0, 1);
  if (std::optional<Ints> axis = n.constInts(1)) {
    if (axis->size() != 1)
      refuse("axis has " + Twine(axis->size()) + " elements");
    return n.set(0, n.b.scan(combiner, n[0], Node::dimIndex(axis->front(), rank), exclusive,
                             reverse));
  }
  // An axis known at run time: the scan along each, chosen by its number.
  Value axis = n.b.wrapIndex(n.b.reshape(n[1], {}), n.b.size(rank)), result;
  DimExpr chosen = n.b.sizesOf(axis, n.name, 0, rank - 1).front();
  for (int64_t dim = rank; dim-- > 0;) {
    Value scanned = n.b.scan(combiner, n[0], dim, exclusive, reverse);
    Value matches = n.b.eq(n.b.dimValue(chosen), static_cast<double>(dim));
    result = result ? n.b.select(matches, scanned, result) : scanned;
  }
  n.set(0, result);
}
static void cumSum(Node &n) { cumulative(n, Combiner::Add); }
static void cumProd(Node &n) { cumulative(n, Combiner::Mul); }

ArrayRef<OperatorEntry> getElementwiseOperators() {
  static const OperatorEntry entries[] = {
      {"Add", binary<AddOp>},     {"Sub", binary<SubOp>},       {"Mul", binary<MulOp>},
      {"Div", binary<DivOp>},     {"Pow", power},               {"Mod", modulo},
      {"Max", variadic<MaxOp>},   {"Min", variadic<MinOp>},     {"Sum", variadic<AddOp>},
      {"Mean", mean},             {"Neg", unary<NegOp>},        {"Abs", unary<AbsOp>},
      {"Sign", unary<SignOp>},    {"Floor", unary<FloorOp>},    {"Ceil", unary<CeilOp>},
      {"Round", unary<RoundOp>},  {"Sqrt", unary<SqrtOp>},      {"Exp", unary<ExpOp>},
      {"Log", unary<LogOp>},      {"Sin", unary<SinOp>},        {"Cos", unary<CosOp>},
      {"Tan", unary<TanOp>},      {"Asin", unary<AsinOp>},      {"Acos", unary<AcosOp>},
      {"Atan", unary<AtanOp>},    {"Sinh", unary<SinhOp>},      {"Cosh", unary<CoshOp>},
      {"Tanh", unary<TanhOp>},    {"Asinh", unary<AsinhOp>},    {"Acosh", unary<AcoshOp>},
      {"Atanh", unary<AtanhOp>},  {"Erf", unary<ErfOp>},        {"Reciprocal", reciprocal},
      {"Identity", identity},     {"Clip", clip},               {"BitShift", bitShift},
      {"IsInf", isInf},           {"IsNaN", unary<IsNanOp>},    {"Where", where},
      {"CumSum", cumSum},         {"CumProd", cumProd}};
  return entries;
}

} // namespace tenon::onnximport
