//===- Node.cpp - one ONNX node being imported ----------------------------===//

#include "frontends/onnx/Node.h"
#include "frontends/onnx/GraphImporter.h"
#include "llvm/ADT/StringMap.h"
#include <map>

using namespace mlir;
namespace tenon::onnximport {

Value Node::operator[](unsigned index) const {
  if (!has(index))
    refuse("input " + Twine(index) + " is missing");
  return inputs[index];
}

void Node::set(unsigned index, Value value) {
  if (index < outputs.size())
    outputs[index] = value;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const onnx::AttributeProto *Node::attribute(StringRef wanted) const {
  for (const onnx::AttributeProto &attribute : proto.attribute()) {
    if (attribute.name() != wanted)
      continue;
    if (attribute.ref_attr_name().empty())
      return &attribute;
    return scope.findCallAttribute(attribute.ref_attr_name());
  }
  return nullptr;
}

static const onnx::AttributeProto *typed(const onnx::AttributeProto *attribute,
                                         onnx::AttributeProto::AttributeType type) {
  if (attribute && attribute->has_type() && attribute->type() != type &&
      attribute->type() != onnx::AttributeProto::UNDEFINED)
    refuse("attribute '" + attribute->name() + "' has the wrong type");
  return attribute;
}

int64_t Node::getInt(StringRef name, int64_t fallback) const {
  const auto *found = typed(attribute(name), onnx::AttributeProto::INT);
  return found ? found->i() : fallback;
}
double Node::getFloat(StringRef name, double fallback) const {
  const auto *found = typed(attribute(name), onnx::AttributeProto::FLOAT);
  return found ? found->f() : fallback;
}
std::string Node::getString(StringRef name, StringRef fallback) const {
  const auto *found = typed(attribute(name), onnx::AttributeProto::STRING);
  return found ? found->s() : fallback.str();
}
std::optional<Ints> Node::getInts(StringRef name) const {
  const auto *found = typed(attribute(name), onnx::AttributeProto::INTS);
  return found ? std::optional(Ints(found->ints().begin(), found->ints().end())) : std::nullopt;
}
std::optional<SmallVector<double>> Node::getFloats(StringRef name) const {
  const auto *found = typed(attribute(name), onnx::AttributeProto::FLOATS);
  return found ? std::optional(SmallVector<double>(found->floats().begin(), found->floats().end()))
               : std::nullopt;
}
const onnx::GraphProto &Node::getGraph(StringRef name) const {
  const auto *found = typed(attribute(name), onnx::AttributeProto::GRAPH);
  if (!found || !found->has_g())
    refuse("attribute '" + name + "' holds no graph");
  return found->g();
}
Type Node::getType(StringRef name) const {
  const auto *found = typed(attribute(name), onnx::AttributeProto::INT);
  if (!found)
    return {};
  if (found->i() < 0 || found->i() > 1000)
    refuse("attribute '" + name + "' names no element type");
  return elementTypeOf(static_cast<int32_t>(found->i()), b.getContext());
}

//===----------------------------------------------------------------------===//
// Dimensions and sizes
//===----------------------------------------------------------------------===//

int64_t Node::dimIndex(int64_t dim, int64_t rank) {
  if (dim < -rank || dim >= rank)
    refuse("axis " + Twine(dim) + " is not within rank " + Twine(rank));
  return dim < 0 ? dim + rank : dim;
}

Ints Node::dimIndices(ArrayRef<int64_t> dims, int64_t rank) {
  Ints result;
  for (int64_t dim : dims) {
    result.push_back(dimIndex(dim, rank));
    if (llvm::is_contained(ArrayRef(result).drop_back(), result.back()))
      refuse("axis " + Twine(dim) + " is named twice");
  }
  return result;
}

void Node::requireRank(unsigned index, int64_t min, int64_t max) const {
  int64_t actual = rank(index);
  if (actual >= min && actual <= max)
    return;
  refuse("input " + Twine(index) + " has rank " + Twine(actual) + ", expected " +
         (min == max ? Twine(min) : "at least " + Twine(min)));
}

std::optional<Ints> Node::constInts(unsigned index) const {
  return has(index) ? b.values.getInts(inputs[index]) : std::nullopt;
}
std::optional<double> Node::constNumber(unsigned index) const {
  if (!has(index))
    return std::nullopt;
  auto numbers = b.values.getNumbers(inputs[index]);
  return numbers && numbers->size() == 1 ? std::optional(numbers->front()) : std::nullopt;
}
Ints Node::requireInts(unsigned index, StringRef what) const {
  std::optional<Ints> known = constInts(index);
  if (!known)
    refuse(what + " must be known at compile time");
  return *known;
}

Dims Node::sizes(unsigned index, int64_t min) { return b.sizesOf((*this)[index], name, min); }

std::optional<Ints> Node::declared(unsigned output) const {
  return wants(output) ? scope.findDeclared(proto.output(output)) : std::nullopt;
}

Dims Node::settle(Dims dims, unsigned output) {
  std::optional<Ints> sizes = declared(output);
  if (!sizes || sizes->size() != dims.size())
    return dims;
  for (auto [dim, size] : llvm::zip(dims, *sizes)) {
    bool late = false;
    dim.walkLeaves([&](DimExpr leaf) { late |= leaf.isSymbol() && !importer.isInputSymbol(leaf.getSymbol()); });
    if (size < 0 || !late)
      continue;
    b.checkEqual(dim, b.size(size), "'" + proto.output(output) + "' has not its declared shape");
    dim = b.size(size);
  }
  return dims;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

OperatorFn findOperator(StringRef domain, StringRef name) {
  static const auto table = [] {
    std::map<std::pair<std::string, std::string>, OperatorFn> entries;
#define TENON_ONNX_ADD(NAME)                                                                       \
  for (const OperatorEntry &entry : get##NAME##Operators())                                        \
    entries[{entry.domain, entry.name}] = entry.import;
    TENON_ONNX_FAMILIES(TENON_ONNX_ADD)
#undef TENON_ONNX_ADD
    return entries;
  }();
  auto it = table.find({domain.str(), name.str()});
  return it == table.end() ? nullptr : it->second;
}

std::string dataTypeName(int32_t dataType) {
  if (onnx::TensorProto::DataType_IsValid(dataType))
    return llvm::StringRef(onnx::TensorProto::DataType_Name(
                               static_cast<onnx::TensorProto::DataType>(dataType))).lower();
  return "number " + std::to_string(dataType);
}

Type elementTypeOf(int32_t dataType, MLIRContext *context) {
  Builder builder(context);
  switch (dataType) {
  case onnx::TensorProto::FLOAT: return builder.getF32Type();
  case onnx::TensorProto::DOUBLE: return builder.getF64Type();
  case onnx::TensorProto::FLOAT16: return builder.getF16Type();
  case onnx::TensorProto::BFLOAT16: return builder.getBF16Type();
  case onnx::TensorProto::BOOL: return builder.getI1Type();
  case onnx::TensorProto::INT8: return builder.getI8Type();
  case onnx::TensorProto::INT16: return builder.getI16Type();
  case onnx::TensorProto::INT32: return builder.getI32Type();
  case onnx::TensorProto::INT64: return builder.getI64Type();
  case onnx::TensorProto::UINT8: return builder.getIntegerType(8, false);
  case onnx::TensorProto::UINT16: return builder.getIntegerType(16, false);
  case onnx::TensorProto::UINT32: return builder.getIntegerType(32, false);
  case onnx::TensorProto::UINT64: return builder.getIntegerType(64, false);
  default: refuse("element type " + dataTypeName(dataType) + " is not supported");
  }
}

int32_t dataTypeOf(Type type) {
  for (int32_t dataType : {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16})
    if (elementTypeOf(dataType, type.getContext()) == type)
      return dataType;
  return 0;
}

} // namespace tenon::onnximport
