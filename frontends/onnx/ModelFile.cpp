//===- ModelFile.cpp - an .onnx file without its weights' bytes -----------===//
//
// The scan copies the message field by field. It descends only into fields that
// can hold tensors (the table kPaths); a TensorProto loses its large raw_data
// and every field that onnx-ml.proto does not know, and gains the private field
// kPlaceField.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/ModelFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/Path.h"

namespace tenon::onnximport {

namespace {
enum class Message { Model, Function, Graph, Node, Attribute, Tensor, Other };

constexpr uint64_t kLargestTensorField = 16, kRawData = 9, kPlaceField = 20000;
constexpr size_t kSmall = 1024;
constexpr unsigned kMaxDepth = 96;

/// The message inside of a field, if it can hold tensors.
Message fieldMessage(Message message, uint64_t field) {
  struct Path {
    Message from;
    uint64_t field;
    Message to;
  };
  static constexpr Path kPaths[] = {
      {Message::Model, 7, Message::Graph},      {Message::Model, 25, Message::Function},
      {Message::Function, 7, Message::Node},    {Message::Graph, 1, Message::Node},
      {Message::Graph, 5, Message::Tensor},     {Message::Node, 5, Message::Attribute},
      {Message::Attribute, 5, Message::Tensor}, {Message::Attribute, 6, Message::Graph},
      {Message::Attribute, 10, Message::Tensor}, {Message::Attribute, 11, Message::Graph}};
  for (const Path &path : kPaths)
    if (path.from == message && path.field == field)
      return path.to;
  return Message::Other;
}

void writeVarint(uint64_t value, std::string &out) {
  uint8_t buffer[10];
  out.append(reinterpret_cast<char *>(buffer), llvm::encodeULEB128(value, buffer));
}

class Scanner {
public:
  explicit Scanner(llvm::ArrayRef<char> file) : base(file.data()) {}

  /// Appends the message in \p bytes to \p out; false if it is malformed.
  bool scan(llvm::StringRef bytes, Message message, unsigned depth, std::string &out) {
    if (depth > kMaxDepth)
      return false;
    while (!bytes.empty())
      if (!scanField(bytes, message, depth, out))
        return false;
    return true;
  }

private:
  static bool readVarint(llvm::StringRef &bytes, uint64_t &value) {
    unsigned length = 0;
    const char *error = nullptr;
    value = llvm::decodeULEB128(bytes.bytes_begin(), &length, bytes.bytes_end(), &error);
    if (error || length == 0 || length > 10)
      return false;
    bytes = bytes.drop_front(length);
    return true;
  }
  /// The payload of a field of this wire type, its length included.
  static bool takePayload(llvm::StringRef &bytes, unsigned wire, llvm::StringRef &payload) {
    uint64_t size = 0;
    llvm::StringRef start = bytes;
    if (wire == 0) {
      if (!readVarint(bytes, size))
        return false;
      payload = start.take_front(start.size() - bytes.size());
      return true;
    }
    if (wire == 2 ? !readVarint(bytes, size) : wire != 1 && wire != 5)
      return false;
    size = wire == 1 ? 8 : wire == 5 ? 4 : size;
    if (size > bytes.size())
      return false;
    payload = bytes.take_front(size);
    bytes = bytes.drop_front(size);
    return true;
  }

  bool scanField(llvm::StringRef &bytes, Message message, unsigned depth, std::string &out) {
    uint64_t tag;
    llvm::StringRef payload;
    if (!readVarint(bytes, tag) || !takePayload(bytes, tag & 7, payload))
      return false;
    uint64_t field = tag >> 3;
    if (message == Message::Tensor && field > kLargestTensorField)
      return true;
    if (message == Message::Tensor && field == kRawData && (tag & 7) == 2 &&
        payload.size() > kSmall) {
      writePlace(payload, out);
      return true;
    }
    Message inner = (tag & 7) == 2 ? fieldMessage(message, field) : Message::Other;
    std::string copy;
    if (inner != Message::Other) {
      if (!scan(payload, inner, depth + 1, copy))
        return false;
      payload = copy;
    }
    writeVarint(tag, out);
    if ((tag & 7) == 2)
      writeVarint(payload.size(), out);
    out.append(payload.data(), payload.size());
    return true;
  }

  void writePlace(llvm::StringRef payload, std::string &out) {
    char place[16];
    llvm::support::endian::write64le(place, payload.data() - base);
    llvm::support::endian::write64le(place + 8, payload.size());
    writeVarint(kPlaceField << 3 | 2, out);
    writeVarint(sizeof(place), out);
    out.append(place, sizeof(place));
  }

  const char *base;
};
} // namespace

std::optional<DataPlace> getDataPlace(const onnx::TensorProto &tensor) {
  llvm::StringRef unknown = tensor.unknown_fields();
  std::string header;
  writeVarint(kPlaceField << 3 | 2, header);
  writeVarint(16, header);
  if (unknown.size() < header.size() + 16 ||
      !unknown.drop_back(16).ends_with(header))
    return std::nullopt;
  const char *place = unknown.end() - 16;
  return DataPlace{llvm::support::endian::read64le(place), llvm::support::endian::read64le(place + 8)};
}

llvm::Expected<ModelFile> ModelFile::open(llvm::StringRef path) {
  llvm::Expected<std::shared_ptr<MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  ModelFile result;
  result.file = *file;
  result.folder = llvm::sys::path::parent_path(path).str();
  result.name = llvm::sys::path::filename(path).str();
  llvm::ArrayRef<char> bytes = result.file->bytes();
  std::string stripped;
  bool good = Scanner(bytes).scan({bytes.data(), bytes.size()}, Message::Model, 0, stripped) &&
              stripped.size() < (size_t(1) << 31) &&
              result.model.ParseFromArray(stripped.data(), static_cast<int>(stripped.size()));
  if (!good || !result.model.has_graph())
    return llvm::createStringError("'" + path + "' is not an ONNX model");
  return result;
}

} // namespace tenon::onnximport
