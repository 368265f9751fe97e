//===- TensorBuilder.cpp - types, constants, maps, run-time sizes ---------===//

#include "frontends/onnx/TensorBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace tenon::onnximport {

void refuse(const Twine &why) { throw Refusal{why.str()}; }

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type TensorBuilder::elementType(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}
int64_t TensorBuilder::rank(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

DimExpr TensorBuilder::dim(Value value, int64_t index) {
  if (index < 0 || index >= rank(value))
    refuse("an operand of rank " + Twine(rank(value)) + " has no dimension " + Twine(index));
  return dims(value)[index];
}

Dims TensorBuilder::sizes(ArrayRef<int64_t> values) const {
  return llvm::map_to_vector(values, [&](int64_t value) { return size(value); });
}

RankedTensorType TensorBuilder::type(ArrayRef<DimExpr> dims, Type element) {
  int64_t count = 1;
  for (DimExpr dim : dims) {
    std::optional<int64_t> size = dim.asConstant();
    if (dim.isInvalid() || (size && *size < 0))
      refuse("a size is negative or overflows");
    if (size && *size > 0 && llvm::MulOverflow(count, *size, count))
      refuse("the number of elements overflows");
    if (ranges.get(dim).max < 0)
      refuse("size " + dim.str() + " is negative");
  }
  if (count > int64_t(1) << 56)
    refuse("the number of elements overflows");
  return makeTensorType(dims, element);
}

int64_t TensorBuilder::staticSize(DimExpr dim, StringRef what) {
  std::optional<int64_t> size = dim.asConstant();
  if (!size)
    refuse(what + " has the size " + dim.str() + ", which must be known at compile time");
  return *size;
}
Ints TensorBuilder::staticDims(Value value, StringRef what) {
  return llvm::map_to_vector(dims(value), [&](DimExpr dim) { return staticSize(dim, what); });
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value TensorBuilder::constant(DenseElementsAttr value) {
  return ConstantOp::create(builder, location, value);
}

static Attribute numberAttr(double value, Type element) {
  if (isa<FloatType>(element))
    return FloatAttr::get(element, value);
  if (element.isUnsignedInteger(64) && value >= 9223372036854775808.0)
    return IntegerAttr::get(element, APInt(64, static_cast<uint64_t>(value)));
  double limited = std::min(std::max(value, -9223372036854775808.0), 9223372036854774784.0);
  return IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(),
                                         static_cast<uint64_t>(static_cast<int64_t>(limited)),
                                         /*isSigned=*/false, /*implicitTrunc=*/true));
}

Value TensorBuilder::number(double value, Type element) {
  auto type = RankedTensorType::get({}, element);
  return constant(DenseElementsAttr::get(type, numberAttr(value, element)));
}
Value TensorBuilder::numbers(ArrayRef<double> values, Type element) {
  SmallVector<Attribute> attrs;
  for (double value : values)
    attrs.push_back(numberAttr(value, element));
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, element);
  return constant(DenseElementsAttr::get(type, attrs));
}
Value TensorBuilder::ints(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, i64());
  return constant(DenseElementsAttr::get(type, values));
}
Value TensorBuilder::filled(double value, ArrayRef<DimExpr> dims, Type element) {
  return broadcast(number(value, element), dims);
}

Value TensorBuilder::dimValue(DimExpr expr) {
  if (expr.isInvalid())
    refuse("a size overflows");
  auto type = RankedTensorType::get({}, i64());
  if (std::optional<int64_t> known = expr.asConstant())
    return constant(DenseElementsAttr::get(type, *known));
  return DimOp::create(builder, location, type, cast<DimExprAttr>(expr.getAttr()));
}

Value TensorBuilder::dimVector(ArrayRef<DimExpr> exprs) {
  if (llvm::all_of(exprs, [](DimExpr expr) { return expr.isConstant(); }))
    return ints(llvm::map_to_vector(exprs, [](DimExpr expr) { return expr.getValue(); }));
  SmallVector<Value> parts;
  for (DimExpr expr : exprs)
    parts.push_back(reshape(dimValue(expr), {size(1)}));
  return concat(parts, 0);
}

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

bool TensorBuilder::mayBeOne(DimExpr size) const {
  DimRange range = ranges.get(size);
  return !size.isInvalid() && range.min <= 1 && range.max >= 1;
}

void TensorBuilder::checkRepeats(DimExpr size, DimExpr to, const Twine &message) {
  // 1 for a size of 1, 0 for any other.
  DimExpr one = TensorBuilder::size(1);
  DimExpr isOne = ranges.min(size, one) * 2 - ranges.min(size, TensorBuilder::size(2));
  checkEqual(size, to + isOne * (one - to), message);
}

DimExpr TensorBuilder::joinSizes(DimExpr a, DimExpr b) {
  bool check = false;
  DimExpr both = broadcastDim(a, b, &check);
  if (!both)
    refuse("shapes cannot be broadcast: sizes " + a.str() + " and " + b.str());
  if (!check || ranges.isEqual(a, b) == true)
    return both;
  std::string message = "sizes " + a.str() + " and " + b.str() + " differ where shapes are broadcast";
  bool related = areRelated(a, b);
  if (related && (repeatsAtRunTime(a, b) || repeatsAtRunTime(b, a))) { // one joins the other
    both = repeatsAtRunTime(a, b) ? b : a;
    checkRepeats(both == a ? b : a, both, message);
    return both;
  }
  if (related || (!mayBeOne(a) && !mayBeOne(b))) {
    checkEqual(a, b, message);
    return both;
  }
  if (mayBeOne(a) && mayBeOne(b)) {
    both = a.max(b);
    for (DimExpr part : {a, b}) // 0 and 1 make 0
      if (ranges.get(part).min < 1)
        both = both * part.min(size(1));
    checkRepeats(b, both, message);
    checkRepeats(a, both, message);
    return both;
  }
  both = mayBeOne(a) ? b : a;
  checkRepeats(mayBeOne(a) ? a : b, both, message);
  return both;
}

Value TensorBuilder::repeatTo(Value x, ArrayRef<DimExpr> to) {
  Dims from = dims(x), wide;
  Ints targets;
  for (auto [i, size] : llvm::enumerate(from)) {
    targets.push_back(i);
    wide.push_back(repeatsAtRunTime(size, to[i]) ? to[i] : size);
  }
  if (ArrayRef(from) == ArrayRef(wide))
    return x;
  return result(BroadcastOp::create(builder, location, type(wide, elementType(x)), x, targets));
}

SmallVector<Value> TensorBuilder::broadcastOperands(ArrayRef<Value> operands) {
  Dims joined;
  for (Value operand : operands) {
    Dims next = dims(operand);
    if (next.size() > joined.size())
      joined.insert(joined.begin(), next.size() - joined.size(), size(1));
    for (size_t i = 0; i < next.size(); ++i) {
      DimExpr &dim = joined[joined.size() - 1 - i];
      dim = joinSizes(dim, next[next.size() - 1 - i]);
    }
  }
  // Maps of several operands have one element type (select checks its own).
  for (Value operand : operands.drop_front(operands.size() > 2 ? 1 : 0))
    if (elementType(operand) != elementType(operands.back()))
      refuse("operands have different element types");
  return llvm::map_to_vector(operands, [&](Value operand) {
    return repeatTo(operand, ArrayRef(joined).take_back(rank(operand)));
  });
}

Value TensorBuilder::select(Value condition, Value x, Value y) {
  if (!elementType(condition).isInteger(1))
    refuse("the condition is not boolean");
  return map<SelectOp>(condition, x, y);
}

Value TensorBuilder::cast(Value x, Type element) {
  if (elementType(x) == element)
    return x;
  return result(CastOp::create(builder, location, type(dims(x), element), x));
}

Value TensorBuilder::widen(Value x) {
  return isFloat(x) && elementType(x).getIntOrFloatBitWidth() == 16 ? cast(x, f32()) : x;
}

Value TensorBuilder::clamp(Value x, Value low, Value high) {
  if (low)
    x = max(x, low);
  return high ? min(x, high) : x;
}

//===----------------------------------------------------------------------===//
// Run-time sizes
//===----------------------------------------------------------------------===//

void TensorBuilder::checkEqual(DimExpr a, DimExpr b, const Twine &message) {
  std::optional<bool> equal = ranges.isEqual(a, b);
  if (equal == true)
    return;
  if (equal == false || a.isInvalid() || b.isInvalid())
    refuse(message + ": " + a.str() + " and " + b.str());
  CheckOp::create(builder, location, cast<DimExprAttr>(a.getAttr()),
                  cast<DimExprAttr>(b.getAttr()), builder.getStringAttr(message));
}

DimExpr TensorBuilder::newSymbol(const Twine &hint, int64_t min, int64_t max) {
  std::string base = hint.str(), name = base;
  for (unsigned i = 2; ranges.contains(name); ++i)
    name = base + "_" + std::to_string(i);
  ranges.add(name, {min, max, 1});
  return DimExpr::symbol(getContext(), name);
}

Dims TensorBuilder::sizesOf(Value value, const Twine &hint, int64_t min, int64_t max) {
  if (rank(value) > 1)
    refuse("a list of sizes has rank " + Twine(rank(value)));
  int64_t count = rank(value) == 0 ? 1 : staticSize(dim(value, 0), "a list of sizes");
  if (count > kMaxElements)
    refuse("a list of sizes has " + Twine(count) + " elements");
  const HostElements *found = values.get(value);
  HostElements known = found ? *found : HostElements(count);
  value = reshape(cast(value, i64()), {size(count)});
  Dims result;
  for (auto [i, element] : llvm::enumerate(known)) {
    if (element && isa<DimExprAttr>(element)) {
      result.push_back(DimExpr(element));
      continue;
    }
    result.push_back(newSymbol(hint + "." + Twine(i), min, max));
    Value bound = count == 1 ? value : sliceDim(value, 0, size(i), size(1));
    BindOp::create(builder, location, bound,
                   builder.getStrArrayAttr({result.back().getSymbol()}));
  }
  return result;
}

} // namespace tenon::onnximport
