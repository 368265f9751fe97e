//===- Safetensors.cpp - safetensors files and the JSON around them -------===//
//
// A file is eight bytes of header length, a JSON header and the tensors' bytes:
//
//   {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
//
// The header is read event by event: no tree of a stranger's JSON is ever built.
// Strict, as the format demands: offsets without holes from zero to the end.
//
//===----------------------------------------------------------------------===//

#include "frontends/weights/WeightFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include <nlohmann/json.hpp>

namespace tenon {

namespace {

using nlohmann::json;
constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kMaxDepth = 16;

std::optional<StorageType> typeOf(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<StorageType>>(name)
      .Case("F64", StorageType::F64)
      .Case("F32", StorageType::F32)
      .Case("F16", StorageType::F16)
      .Case("BF16", StorageType::BF16)
      .Case("I64", StorageType::I64)
      .Case("I32", StorageType::I32)
      .Case("I16", StorageType::I16)
      .Case("I8", StorageType::I8)
      .Case("U64", StorageType::U64)
      .Case("U32", StorageType::U32)
      .Case("U16", StorageType::U16)
      .Case("U8", StorageType::U8)
      .Case("BOOL", StorageType::Bool)
      .Default(std::nullopt);
}

/// JSON events with the keys that lead to each value. Sub-classes take values;
/// what they return false for ends the parse with `why`.
class Events : public nlohmann::json_sax<json> {
public:
  std::string why;

  bool null() override { return value(MetaValue(std::string())); }
  bool boolean(bool flag) override { return value(flag); }
  bool number_integer(int64_t number) override { return value(number); }
  bool number_unsigned(uint64_t number) override {
    return number <= INT64_MAX ? value(int64_t(number)) : refuse("a number does not fit 64 bits");
  }
  bool number_float(double number, const std::string &) override { return value(number); }
  bool string(std::string &text) override { return value(text); }
  bool binary(json::binary_t &) override { return refuse("binary data"); }
  bool start_object(size_t) override { return open(kObject); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(0); }
  bool end_array() override { return close(); }
  bool key(std::string &name) override {
    keys.back() = name;
    return true;
  }
  bool parse_error(size_t position, const std::string &, const json::exception &) override {
    return refuse("this is no JSON (byte " + std::to_string(position) + ")");
  }

protected:
  virtual bool value(MetaValue value) = 0;
  virtual bool closed() { return true; }
  bool refuse(std::string reason) {
    if (why.empty())
      why = std::move(reason);
    return false;
  }
  bool refuse(llvm::Error error) {
    return !error || refuse(llvm::toString(std::move(error)));
  }
  /// Keys from outside to inside; "" of an array.
  std::vector<std::string> keys;
  /// Beside each key: the place of the next element of an array, or kObject.
  static constexpr int64_t kObject = -1;
  std::vector<int64_t> places;
  void advance() {
    if (!places.empty() && places.back() != kObject)
      ++places.back();
  }

private:
  bool open(int64_t place) {
    keys.emplace_back();
    places.push_back(place);
    return keys.size() <= kMaxDepth || refuse("nested more than " + std::to_string(kMaxDepth));
  }
  bool close() {
    keys.pop_back();
    places.pop_back();
    advance();
    return closed();
  }
};

class HeaderEvents : public Events {
public:
  HeaderEvents(llvm::StringRef file, int64_t start, int64_t fileSize, WeightFile &to)
      : file(file), start(start), fileSize(fileSize), to(to) {}

private:
  bool value(MetaValue value) override {
    if (keys.empty())
      return refuse("the header is no object");
    if (keys[0] == "__metadata__") {
      auto *text = std::get_if<std::string>(&value);
      if (keys.size() != 2 || !text)
        return refuse("'__metadata__' must hold strings");
      return refuse(to.addMeta(keys[1], *text));
    }
    if (keys.size() < 2)
      return refuse("tensor '" + keys[0] + "' is no object");
    if (keys.size() == 2 && keys[1] == "dtype")
      return setType(value);
    auto *number = std::get_if<int64_t>(&value);
    bool isList = keys.size() == 3 && (keys[1] == "shape" || keys[1] == "data_offsets");
    if (!isList || !number || *number < 0)
      return refuse("tensor '" + keys[0] + "' has a field '" + keys[1] + "' that is not understood");
    std::vector<int64_t> &list = keys[1] == "shape" ? entry.dims : offsets;
    list.push_back(*number);
    return list.size() <= 64 || refuse("tensor '" + keys[0] + "' has too many dimensions");
  }

  bool setType(const MetaValue &value) {
    auto *name = std::get_if<std::string>(&value);
    std::optional<StorageType> type = name ? typeOf(*name) : std::nullopt;
    if (!type)
      return refuse("tensor '" + keys[0] + "' has type '" + (name ? *name : "") +
                    "', which is not read");
    entry.type = *type;
    hasType = true;
    return true;
  }

  bool closed() override {
    if (keys.size() != 1 || keys[0] == "__metadata__")
      return true;
    if (!hasType || offsets.size() != 2 || offsets[0] > offsets[1])
      return refuse("tensor '" + keys[0] + "' lacks its type, shape or offsets");
    entry.name = keys[0];
    entry.file = file;
    entry.size = offsets[1] - offsets[0];
    if (offsets[0] > fileSize - start)
      return refuse("tensor '" + keys[0] + "' lies outside of the file");
    entry.offset = start + offsets[0];
    bool good = refuse(to.add(std::move(entry), fileSize));
    entry = WeightEntry();
    offsets.clear();
    hasType = false;
    return good;
  }

  std::string file;
  int64_t start, fileSize;
  WeightFile &to;
  WeightEntry entry;
  std::vector<int64_t> offsets;
  bool hasType = false;
};

class ConfigEvents : public Events {
public:
  explicit ConfigEvents(WeightFile &to) : to(to) {}

private:
  /// null says as little as a key that is not there.
  bool null() override {
    advance();
    return true;
  }
  /// An element of a list is called by its place: "channels.0".
  bool value(MetaValue value) override {
    if (keys.empty())
      return refuse("the file is no object");
    std::string path;
    for (auto [key, place] : llvm::zip(keys, places))
      path += (path.empty() ? "" : ".") + (place == kObject ? key : std::to_string(place));
    advance();
    if (to.meta(path))
      return true;
    return refuse(to.addMeta(path, std::move(value)));
  }
  WeightFile &to;
};

class IndexEvents : public Events {
public:
  std::vector<std::string> files;

private:
  bool value(MetaValue value) override {
    if (keys.size() != 2 || keys[0] != "weight_map")
      return true;
    auto *name = std::get_if<std::string>(&value);
    if (!name)
      return refuse("tensor '" + keys[1] + "' has no file's name");
    if (!seen.insert({*name, 0}).second)
      return true;
    files.push_back(*name);
    return files.size() <= 4096 || refuse("too many files");
  }
  llvm::StringMap<char> seen;
};

llvm::Error parse(llvm::StringRef text, Events &events) {
  bool good = json::sax_parse(text.begin(), text.end(), &events);
  if (good)
    return llvm::Error::success();
  return llvm::createStringError(events.why.empty() ? "this is no JSON" : events.why);
}
llvm::StringRef textOf(llvm::ArrayRef<char> bytes) { return {bytes.data(), bytes.size()}; }

} // namespace

llvm::Error readSafetensors(llvm::ArrayRef<char> bytes, llvm::StringRef name, WeightFile &to) {
  if (bytes.size() < 8)
    return llvm::createStringError("the file is too short for a safetensors file");
  uint64_t length = llvm::support::endian::read64le(bytes.data());
  if (length > kMaxHeader || length > bytes.size() - 8)
    return llvm::createStringError("this is no safetensors or GGUF file: its header would have " +
                                   llvm::Twine(length) + " bytes");
  size_t before = to.entries().size();
  int64_t start = 8 + int64_t(length);
  HeaderEvents events(name, start, bytes.size(), to);
  if (llvm::Error error = parse(textOf(bytes.slice(8, length)), events))
    return error;
  int64_t total = 0;
  for (const WeightEntry &entry : llvm::ArrayRef(to.entries()).drop_front(before))
    total += entry.size; // each is within the file; overlaps are found later
  if (total != int64_t(bytes.size()) - start)
    return llvm::createStringError("the tensors have " + llvm::Twine(total) +
                                   " bytes together, the file has " +
                                   llvm::Twine(int64_t(bytes.size()) - start) + " for them");
  return llvm::Error::success();
}

llvm::Error readConfig(llvm::ArrayRef<char> bytes, WeightFile &to) {
  ConfigEvents events(to);
  return parse(textOf(bytes), events);
}

llvm::Expected<std::vector<std::string>> readIndex(llvm::ArrayRef<char> bytes) {
  IndexEvents events;
  if (llvm::Error error = parse(textOf(bytes), events))
    return error;
  if (events.files.empty())
    return llvm::createStringError("the index names no file");
  return std::move(events.files);
}

} // namespace tenon
