//===- Tensors.cpp - initializers to constants and weights ----------------===//
//
// Up to 1 KB a tensor becomes a tenon.constant. Larger ones become a
// tenon.weight: raw data stays where it lies (the model file, an external
// file); typed fields are converted once into the weight store.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/GraphImporter.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace tenon::onnximport {

static constexpr int64_t kInlineBytes = 1024;

static int64_t byteCount(RankedTensorType type) {
  int64_t bytes = elementBytes(type);
  for (int64_t size : type.getShape())
    if (llvm::MulOverflow(bytes, size, bytes) || bytes > (int64_t(1) << 56))
      refuse("the number of bytes overflows");
  return bytes;
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// Appends each element of a typed field as \p Target, little-endian.
template <typename Target, typename Field>
static std::vector<char> convert(const Field &field) {
  std::vector<char> bytes(static_cast<size_t>(field.size()) * sizeof(Target));
  char *at = bytes.data();
  for (auto element : field) {
    Target value = static_cast<Target>(element);
    std::memcpy(at, &value, sizeof(Target));
    at += sizeof(Target);
  }
  return bytes;
}

/// The typed field that holds this element type; specification: TensorProto.
static std::vector<char> typedBytes(const onnx::TensorProto &tensor) {
  switch (tensor.data_type()) {
  case onnx::TensorProto::FLOAT: return convert<float>(tensor.float_data());
  case onnx::TensorProto::DOUBLE: return convert<double>(tensor.double_data());
  case onnx::TensorProto::INT64: return convert<int64_t>(tensor.int64_data());
  case onnx::TensorProto::UINT64: return convert<uint64_t>(tensor.uint64_data());
  case onnx::TensorProto::UINT32: return convert<uint32_t>(tensor.uint64_data());
  case onnx::TensorProto::INT32: return convert<int32_t>(tensor.int32_data());
  case onnx::TensorProto::INT16: return convert<int16_t>(tensor.int32_data());
  case onnx::TensorProto::UINT16: case onnx::TensorProto::FLOAT16: case onnx::TensorProto::BFLOAT16:
    return convert<uint16_t>(tensor.int32_data());
  case onnx::TensorProto::BOOL: return convert<bool>(tensor.int32_data());
  default: return convert<uint8_t>(tensor.int32_data());
  }
}

static void requireSize(uint64_t actual, int64_t expected) {
  if (actual != static_cast<uint64_t>(expected))
    refuse("holds " + Twine(actual) + " bytes, expected " + Twine(expected));
}

static uint64_t parseNumber(const std::string &text, StringRef what) {
  uint64_t value;
  if (StringRef(text).getAsInteger(10, value) || value >> 62)
    refuse("external data has the " + what + " '" + text + "'");
  return value;
}

StoreAttr GraphImporter::locateExternal(const onnx::TensorProto &tensor, int64_t size) {
  std::string location;
  uint64_t offset = 0, length = static_cast<uint64_t>(size);
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location")
      location = entry.value();
    else if (entry.key() == "offset")
      offset = parseNumber(entry.value(), "offset");
    else if (entry.key() == "length")
      length = parseNumber(entry.value(), "length");
  }
  requireSize(length, size);
  // A name that reads like the store's own name, or the model's, is still a file.
  std::string name = location == WeightStore::kOwned || location == file.name ? "./" + location
                                                                              : location;
  if (!store.contains(name)) {
    auto opened = MappedFile::openBeneath(file.folder, location);
    if (!opened)
      refuse(llvm::toString(opened.takeError()));
    store.addFile(name, *opened);
  }
  int64_t available = store.getSize(name);
  if (offset > static_cast<uint64_t>(available) ||
      length > static_cast<uint64_t>(available) - offset)
    refuse("external data wants bytes " + Twine(offset) + " to " + Twine(offset + length) +
           " of '" + location + "', which has " + Twine(available));
  return StoreAttr::get(&context, builder.getStringAttr(name), static_cast<int64_t>(offset), size);
}

StoreAttr GraphImporter::locate(const onnx::TensorProto &tensor, int64_t size) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
    return locateExternal(tensor, size);
  if (std::optional<DataPlace> place = getDataPlace(tensor)) {
    requireSize(place->size, size);
    return StoreAttr::get(&context, builder.getStringAttr(file.name),
                          static_cast<int64_t>(place->offset), size);
  }
  std::vector<char> bytes;
  if (tensor.has_raw_data())
    bytes.assign(tensor.raw_data().begin(), tensor.raw_data().end());
  else
    bytes = typedBytes(tensor);
  requireSize(bytes.size(), size);
  return StoreAttr::get(&context, builder.getStringAttr(WeightStore::kOwned),
                        store.addBytes(std::move(bytes)), size);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static DenseElementsAttr inlineConstant(RankedTensorType type, ArrayRef<char> bytes) {
  Type element = type.getElementType();
  int64_t width = elementBytes(element);
  SmallVector<Attribute> attrs;
  for (size_t at = 0; at < bytes.size(); at += width) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + at, width);
    if (element.isInteger(1))
      bits = bits != 0;
    APInt value(element.getIntOrFloatBitWidth(), bits);
    if (auto floating = dyn_cast<FloatType>(element))
      attrs.push_back(FloatAttr::get(element, APFloat(floating.getFloatSemantics(), value)));
    else
      attrs.push_back(IntegerAttr::get(element, value));
  }
  return DenseElementsAttr::get(type, attrs);
}

Value GraphImporter::addWeight(RankedTensorType type, StoreAttr where, StringRef name) {
  std::string base = name.empty() ? "weight" : name.str(), unique = base;
  for (unsigned i = 2; unique == "main" || !weightNames.insert(unique).second; ++i)
    unique = base + "_" + std::to_string(i);
  {
    OpBuilder::InsertionGuard guard(builder);
    Operation *function = builder.getInsertionBlock()->getParentOp();
    while (!isa<FuncOp>(function))
      function = function->getParentOp();
    builder.setInsertionPoint(function);
    WeightOp::create(builder, tensors.location, unique, type, where, StringAttr(), DenseI64ArrayAttr());
  }
  return ReadOp::create(builder, tensors.location, type, unique);
}

Value GraphImporter::importTensor(const onnx::TensorProto &tensor, StringRef name) {
  if (tensor.has_segment())
    refuse("is stored in segments");
  Type element = elementTypeOf(tensor.data_type(), &context);
  if (tensor.dims_size() > 16)
    refuse("has more than 16 dimensions");
  for (int64_t size : tensor.dims())
    if (size < 0)
      refuse("has the size " + Twine(size));
  auto type = RankedTensorType::get(Ints(tensor.dims().begin(), tensor.dims().end()), element);
  int64_t size = byteCount(type);
  StoreAttr where = locate(tensor, size);
  if (size > kInlineBytes)
    return addWeight(type, where, name);
  std::optional<ArrayRef<char>> bytes = store.bytes(where);
  if (!bytes)
    refuse("its bytes lie outside of the file");
  return tensors.constant(inlineConstant(type, *bytes));
}

} // namespace tenon::onnximport
