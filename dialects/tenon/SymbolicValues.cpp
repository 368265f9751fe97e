//===- SymbolicValues.cpp - elements of small tensors ---------------------===//
//
// Interprets factor rules point by point:
//   1. each point of the parallel factors is one element of the result;
//   2. operands are read at their accesses, guards decided by number or range;
//   3. the body runs on the HostEmitter and is combined over the reduction.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolicValues.h"
#include "dialects/tenon/Tenon.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
namespace tenon {

namespace {
class Interpreter {
public:
  Interpreter(FactorRuleInterface op, ArrayRef<HostElements> operands, const SymbolRanges &ranges,
              SmallVectorImpl<SizeAssumption> *assumptions)
      : op(op), rule(op.getFactorRule()), operands(operands), ranges(ranges),
        emitter(op->getContext(), ranges, assumptions) {}

  std::optional<HostElements> run();

private:
  bool prepare();
  Attribute element(int64_t point);
  Scalar body();
  bool read(unsigned index, Scalar &element, Scalar &inRange);
  DimExpr atPoint(DimExpr expr);
  Scalar neutral(Type type);
  Scalar combine(Scalar a, Scalar b);
  static bool advance(MutableArrayRef<int64_t> position, ArrayRef<int64_t> extents);

  FactorRuleInterface op;
  FactorRule rule;
  ArrayRef<HostElements> operands;
  const SymbolRanges &ranges;
  HostEmitter emitter;
  SmallVector<int64_t> extents, position;
  SmallVector<Scalar> elements;
  unsigned parallel = 0;
};
} // namespace

bool Interpreter::prepare() {
  int64_t results = 1, points = 1;
  for (const Factor &factor : rule.factors) {
    std::optional<int64_t> extent = factor.extent.asConstant();
    if (!extent || *extent < 0 || *extent > kMaxPoints)
      return false;
    extents.push_back(*extent);
    points *= *extent;
    if (factor.kind == FactorKind::Parallel) {
      ++parallel;
      results *= *extent;
    }
    if (results > kMaxElements || points > kMaxPoints)
      return false;
  }
  position.assign(extents.size(), 0);
  return true;
}

bool Interpreter::advance(MutableArrayRef<int64_t> position, ArrayRef<int64_t> extents) {
  for (size_t i = extents.size(); i-- > 0;) {
    if (++position[i] < extents[i])
      return true;
    position[i] = 0;
  }
  return false;
}

DimExpr Interpreter::atPoint(DimExpr expr) {
  return expr.replaceLeaves([&](DimExpr leaf) -> DimExpr {
    if (leaf.isFactor())
      return DimExpr::constant(op->getContext(), position[leaf.getValue()]);
    if (leaf.getKind() != DimKind::Operand)
      return {};
    auto index = dyn_cast_if_present<Attribute>(elements[leaf.getValue()].payload);
    return index && isa<DimExprAttr>(index) ? DimExpr(index) : DimExpr::invalid(op->getContext());
  });
}

/// Reads operand \p index at the present point; false if the place is unknown.
bool Interpreter::read(unsigned index, Scalar &element, Scalar &inRange) {
  const Access &access = rule.operands[index];
  auto type = cast<RankedTensorType>(op->getOperand(index).getType());
  std::optional<bool> inside = true;
  for (const Guard &guard : access.guards) {
    DimExpr at = atPoint(guard.index), zero = DimExpr::constant(op->getContext(), 0);
    std::optional<bool> low = ranges.isLess(at, zero), high = ranges.isLess(at, atPoint(guard.extent));
    if (low == true || high == false)
      inside = false;
    else if (!low || !high)
      inside = inside == false ? inside : std::nullopt;
  }
  if (!inside)
    return false;
  if (!access.guards.empty())
    inRange = emitter.constant(*inside, IntegerType::get(op->getContext(), 1));
  if (!*inside) {
    element = emitter.constant(op.getFill(index), type.getElementType());
    return true;
  }
  int64_t offset = 0;
  for (auto [expr, size] : llvm::zip(access.index, type.getShape())) {
    std::optional<int64_t> at = atPoint(expr).asConstant();
    if (!at || *at < 0 || *at >= size)
      return false;
    offset = offset * size + *at;
  }
  element = emitter.get(operands[index][offset], type.getElementType());
  return true;
}

Scalar Interpreter::body() {
  elements.assign(rule.operands.size(), Scalar());
  SmallVector<Scalar> inRange(rule.operands.size()), factors;
  Type index = IntegerType::get(op->getContext(), 64);
  // Index operands come after the data that they index: last to first.
  for (unsigned i = rule.operands.size(); i-- > 0;) {
    auto type = cast<RankedTensorType>(op->getOperand(i).getType());
    if (!read(i, elements[i], inRange[i])) {
      elements[i] = emitter.get({}, type.getElementType());
      if (!rule.operands[i].guards.empty())
        inRange[i] = emitter.get({}, IntegerType::get(op->getContext(), 1));
    }
  }
  for (int64_t value : position)
    factors.push_back(emitter.getInt(DimExpr::constant(op->getContext(), value), index));
  return op.emitBody({elements, inRange, factors});
}

Scalar Interpreter::neutral(Type type) {
  bool isFloat = isa<FloatType>(type);
  double limit = isFloat ? std::numeric_limits<double>::infinity() : 0;
  switch (rule.combiner) {
  case Combiner::Mul: case Combiner::And: return emitter.constant(rule.combiner == Combiner::Mul ? 1 : -1, type);
  case Combiner::Max: return isFloat ? emitter.constant(-limit, type) : emitter.get({}, type);
  case Combiner::Min: return isFloat ? emitter.constant(limit, type) : emitter.get({}, type);
  default: return emitter.constant(0, type);
  }
}

Scalar Interpreter::combine(Scalar a, Scalar b) {
  switch (rule.combiner) {
  case Combiner::Add: return a + b;
  case Combiner::Mul: return a * b;
  case Combiner::Max: return max(a, b);
  case Combiner::Min: return min(a, b);
  case Combiner::And: return a & b;
  case Combiner::Or: return a | b;
  case Combiner::Xor: return a ^ b;
  default: return b;
  }
}

/// The element at the present point of the parallel factors.
Attribute Interpreter::element(int64_t) {
  auto inner = MutableArrayRef(position).drop_front(parallel);
  ArrayRef<int64_t> innerExtents = ArrayRef(extents).drop_front(parallel);
  Type type = cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
  if (llvm::is_contained(innerExtents, 0))
    return dyn_cast_if_present<Attribute>(neutral(type).payload);
  llvm::fill(inner, 0);
  Scalar result = body();
  while (advance(inner, innerExtents))
    result = combine(result, body());
  return dyn_cast_if_present<Attribute>(emitter.cast(result, type).payload);
}

std::optional<HostElements> Interpreter::run() {
  if (!prepare())
    return std::nullopt;
  HostElements result;
  auto outer = MutableArrayRef(position).take_front(parallel);
  ArrayRef<int64_t> outerExtents = ArrayRef(extents).take_front(parallel);
  if (llvm::is_contained(outerExtents, 0))
    return result;
  do
    result.push_back(element(0));
  while (advance(outer, outerExtents));
  return result;
}

std::optional<HostElements> evaluate(FactorRuleInterface op, ArrayRef<HostElements> operands,
                                     const SymbolRanges &ranges,
                                     SmallVectorImpl<SizeAssumption> *assumptions) {
  return Interpreter(op, operands, ranges, assumptions).run();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

HostElements elementsOf(ElementsAttr value) {
  HostElements result;
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || value.getNumElements() > kMaxElements)
    return result;
  MLIRContext *context = value.getContext();
  Type element = dense.getElementType(), number = Float64Type::get(context);
  if (isa<FloatType>(element)) {
    for (APFloat x : dense.getValues<APFloat>()) {
      bool lossy;
      x.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
      result.push_back(FloatAttr::get(number, x));
    }
    return result;
  }
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  for (const APInt &x : dense.getValues<APInt>())
    result.push_back(DimExpr::constant(context, isUnsigned ? int64_t(x.getZExtValue())
                                                           : x.getSExtValue()).getAttr());
  return result;
}

DenseElementsAttr constantOf(RankedTensorType type, const HostElements &elements) {
  Type element = type.getElementType();
  SmallVector<Attribute> attrs;
  for (Attribute payload : elements) {
    std::optional<double> number = asNumber(payload);
    if (!number)
      return {};
    if (isa<FloatType>(element))
      attrs.push_back(FloatAttr::get(element, *number));
    else
      attrs.push_back(IntegerAttr::get(
          element, APInt(element.getIntOrFloatBitWidth(), static_cast<uint64_t>(*asInteger(payload)),
                         /*isSigned=*/false, /*implicitTrunc=*/true)));
  }
  return DenseElementsAttr::get(type, attrs);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static bool isSmall(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return false;
  int64_t count = 1;
  for (int64_t size : tensor.getShape())
    if ((count *= std::min(size, kMaxElements + 1)) > kMaxElements)
      return false;
  return true;
}

std::optional<HostElements> SymbolicValues::compute(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isSmall(value.getType()) || depth > 200)
    return std::nullopt;
  if (auto constant = dyn_cast<ConstantOp>(op))
    return elementsOf(constant.getValue());
  if (auto dim = dyn_cast<DimOp>(op))
    return HostElements{dim.getExpr()};
  auto ruled = dyn_cast<FactorRuleInterface>(op);
  if (!ruled)
    return std::nullopt;
  SmallVector<HostElements> operands;
  bool any = op->getNumOperands() == 0;
  for (Value operand : op->getOperands()) {
    if (!isSmall(operand.getType()))
      return std::nullopt;
    const HostElements *known = get(operand);
    any |= known != nullptr;
    int64_t count = cast<RankedTensorType>(operand.getType()).getNumElements();
    operands.push_back(known ? *known : HostElements(count));
  }
  return any ? evaluate(ruled, operands, ranges, &assumptions) : std::nullopt;
}

const HostElements *SymbolicValues::get(Value value) {
  auto it = cache.find(value);
  if (it == cache.end()) {
    ++depth;
    std::optional<HostElements> elements = compute(value);
    --depth;
    it = cache.insert_or_assign(value, std::move(elements)).first;
  }
  return it->second ? &*it->second : nullptr;
}

std::optional<SmallVector<DimExpr>> SymbolicValues::getExprs(Value value) {
  const HostElements *elements = get(value);
  if (!elements)
    return std::nullopt;
  SmallVector<DimExpr> exprs;
  for (Attribute element : *elements) {
    if (!element || !isa<DimExprAttr>(element))
      return std::nullopt;
    exprs.push_back(DimExpr(element));
  }
  return exprs;
}

std::optional<SmallVector<int64_t>> SymbolicValues::getInts(Value value) {
  const HostElements *elements = get(value);
  if (!elements)
    return std::nullopt;
  SmallVector<int64_t> ints;
  for (Attribute element : *elements) {
    std::optional<int64_t> number = asInteger(element);
    if (!number)
      return std::nullopt;
    ints.push_back(*number);
  }
  return ints;
}

std::optional<SmallVector<double>> SymbolicValues::getNumbers(Value value) {
  const HostElements *elements = get(value);
  if (!elements)
    return std::nullopt;
  SmallVector<double> numbers;
  for (Attribute element : *elements) {
    std::optional<double> number = asNumber(element);
    if (!number)
      return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

} // namespace tenon
