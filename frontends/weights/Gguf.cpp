//===- Gguf.cpp - GGUF files, versions 2 and 3 ----------------------------===//
//
//   "GGUF", version u32, tensors u64, pairs u64
//   pairs:   key, type u32, value          (strings: length u64, bytes)
//   tensors: name, rank u32, sizes u64 (minor first), type u32, offset u64
//   padding to general.alignment, then the tensors' bytes
//
// A Cursor hands out only what lies within the file; a count is believed only
// as far as bytes are left for that many things.
//
//===----------------------------------------------------------------------===//

#include "frontends/weights/WeightFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

namespace tenon {

namespace {

/// Thrown inside of this file only.
struct Damage {
  std::string why;
};
[[noreturn]] void refuse(const llvm::Twine &why) { throw Damage{why.str()}; }

class Cursor {
public:
  explicit Cursor(llvm::ArrayRef<char> bytes) : bytes(bytes) {}

  template <typename T> T read() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  llvm::StringRef string() {
    uint64_t length = read<uint64_t>();
    if (length > left())
      refuse("a string is longer than the file");
    llvm::ArrayRef<char> text = take(length);
    return {text.data(), text.size()};
  }
  llvm::ArrayRef<char> take(uint64_t count) {
    if (count > left())
      refuse("the file ends early");
    llvm::ArrayRef<char> taken = bytes.slice(at, count);
    at += count;
    return taken;
  }
  uint64_t left() const { return bytes.size() - at; }
  uint64_t position() const { return at; }

private:
  llvm::ArrayRef<char> bytes;
  uint64_t at = 0;
};

enum MetaType : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Text, List, U64, I64, F64 };
constexpr unsigned kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

std::optional<MetaValue> readScalar(Cursor &cursor, uint32_t type) {
  switch (type) {
  case U8: return int64_t(cursor.read<uint8_t>());
  case I8: return int64_t(cursor.read<int8_t>());
  case U16: return int64_t(cursor.read<uint16_t>());
  case I16: return int64_t(cursor.read<int16_t>());
  case U32: return int64_t(cursor.read<uint32_t>());
  case I32: return int64_t(cursor.read<int32_t>());
  case F32: return double(cursor.read<float>());
  case Bool: return cursor.read<uint8_t>() != 0;
  case Text: return cursor.string().str();
  case U64: {
    uint64_t value = cursor.read<uint64_t>();
    return value > INT64_MAX ? MetaValue(double(value)) : MetaValue(int64_t(value));
  }
  case I64: return cursor.read<int64_t>();
  case F64: return cursor.read<double>();
  default: return std::nullopt;
  }
}

struct Numeric {
  double operator()(const std::string &) const { return 0; }
  template <typename T>
  double operator()(T value) const { return static_cast<double>(value); }
};

/// What a tokenizer is made of; the language itself reads single values.
MetaList readList(Cursor &cursor, llvm::StringRef key) {
  uint32_t type = cursor.read<uint32_t>();
  uint64_t count = cursor.read<uint64_t>();
  if (type > F64 || type == List)
    refuse("metadata '" + key.take_front(100) + "' is a list of type " + llvm::Twine(type) +
           ", which is not read");
  if (count > cursor.left() / (type == Text ? 8 : kSizes[type]))
    refuse("metadata '" + key.take_front(100) + "' is longer than the file");
  MetaList list;
  for (uint64_t i = 0; i < count; ++i) {
    if (type == Text) {
      list.texts.push_back(cursor.string());
      continue;
    }
    MetaValue value = *readScalar(cursor, type);
    list.numbers.push_back(std::visit(Numeric(), value));
  }
  return list;
}

void readMetadata(Cursor &cursor, uint64_t count, WeightFile &to) {
  for (uint64_t i = 0; i < count; ++i) {
    llvm::StringRef key = cursor.string();
    if (key.empty() || key.size() > 65535)
      refuse("a metadata key has " + llvm::Twine(key.size()) + " bytes");
    uint32_t type = cursor.read<uint32_t>();
    if (type == List) {
      to.addList(key, readList(cursor, key));
      continue;
    }
    std::optional<MetaValue> value = readScalar(cursor, type);
    if (!value)
      refuse("metadata '" + key.take_front(100) + "' has the unknown type " + llvm::Twine(type));
    if (llvm::Error error = to.addMeta(key, std::move(*value)))
      refuse(llvm::toString(std::move(error)));
  }
}

StorageType typeOf(uint32_t type, llvm::StringRef tensor) {
  switch (type) {
  case 0: return StorageType::F32;
  case 1: return StorageType::F16;
  case 2: return StorageType::Q4_0;
  case 3: return StorageType::Q4_1;
  case 6: return StorageType::Q5_0;
  case 7: return StorageType::Q5_1;
  case 8: return StorageType::Q8_0;
  case 12: return StorageType::Q4_K;
  case 13: return StorageType::Q5_K;
  case 14: return StorageType::Q6_K;
  case 24: return StorageType::I8;
  case 25: return StorageType::I16;
  case 26: return StorageType::I32;
  case 27: return StorageType::I64;
  case 28: return StorageType::F64;
  case 30: return StorageType::BF16;
  }
  static constexpr std::pair<uint32_t, const char *> others[] = {
      {9, "Q8_1"},     {10, "Q2_K"},   {11, "Q3_K"},   {15, "Q8_K"},   {16, "IQ2_XXS"},
      {17, "IQ2_XS"},  {18, "IQ3_XXS"}, {19, "IQ1_S"},  {20, "IQ4_NL"}, {21, "IQ3_S"},
      {22, "IQ2_S"},   {23, "IQ4_XS"}, {29, "IQ1_M"},  {34, "TQ1_0"},  {35, "TQ2_0"},
      {39, "MXFP4"}};
  for (auto [code, name] : others)
    if (code == type)
      refuse("tensor '" + tensor.take_front(200) + "' has type " + name + ", which is not read");
  refuse("tensor '" + tensor.take_front(200) + "' has the unknown type " + llvm::Twine(type));
}

/// Offsets count from the end of the header, which is known only later.
std::vector<WeightEntry> readTensors(Cursor &cursor, uint64_t count, llvm::StringRef file) {
  std::vector<WeightEntry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    WeightEntry entry;
    llvm::StringRef name = cursor.string();
    entry.name = name.str();
    entry.file = file.str();
    uint32_t rank = cursor.read<uint32_t>();
    if (rank > WeightFile::kMaxRank)
      refuse("tensor '" + name.take_front(200) + "' has rank " + llvm::Twine(rank));
    for (uint32_t d = 0; d < rank; ++d) {
      uint64_t size = cursor.read<uint64_t>();
      if (size > uint64_t(INT64_MAX))
        refuse("tensor '" + name.take_front(200) + "' has a size that overflows");
      entry.dims.insert(entry.dims.begin(), int64_t(size));
    }
    entry.type = typeOf(cursor.read<uint32_t>(), name);
    uint64_t offset = cursor.read<uint64_t>();
    if (offset > uint64_t(INT64_MAX))
      refuse("tensor '" + name.take_front(200) + "' lies outside of the file");
    entry.offset = int64_t(offset);
    entries.push_back(std::move(entry));
  }
  return entries;
}

int64_t sizeOf(const WeightEntry &entry) {
  const StorageInfo &info = storageInfo(entry.type);
  int64_t elements = 1, bytes;
  for (int64_t dim : entry.dims)
    if (llvm::MulOverflow(elements, dim, elements))
      refuse("tensor '" + entry.name + "' has a shape that overflows");
  if (llvm::MulOverflow(elements / info.blockElements, info.blockBytes, bytes))
    refuse("tensor '" + entry.name + "' has a shape that overflows");
  return bytes;
}

uint64_t alignmentOf(const WeightFile &file) {
  std::optional<MetaValue> value = file.meta("general.alignment");
  if (!value)
    return 32;
  auto *number = std::get_if<int64_t>(&*value);
  if (!number || *number < 1 || *number > (1 << 20) || !llvm::isPowerOf2_64(*number))
    refuse("general.alignment is no power of two up to 1048576");
  return *number;
}

void readFile(llvm::ArrayRef<char> bytes, llvm::StringRef name, WeightFile &to) {
  Cursor cursor(bytes);
  (void)cursor.take(4);
  uint32_t version = cursor.read<uint32_t>();
  if (version != 2 && version != 3)
    refuse("GGUF version " + llvm::Twine(version) + " is not read, 2 and 3 are");
  uint64_t tensors = cursor.read<uint64_t>(), pairs = cursor.read<uint64_t>();
  if (tensors > WeightFile::kMaxTensors || tensors > cursor.left() / 24 ||
      pairs > cursor.left() / 13)
    refuse("the file is too short for " + llvm::Twine(tensors) + " tensors and " +
           llvm::Twine(pairs) + " metadata");
  readMetadata(cursor, pairs, to);
  std::vector<WeightEntry> entries = readTensors(cursor, tensors, name);
  uint64_t alignment = alignmentOf(to), start = llvm::alignTo(cursor.position(), alignment);
  for (WeightEntry &entry : entries) {
    if (entry.offset % alignment)
      refuse("tensor '" + entry.name + "' is not aligned");
    entry.size = sizeOf(entry);
    if (llvm::AddOverflow(entry.offset, int64_t(start), entry.offset))
      refuse("tensor '" + entry.name + "' lies outside of the file");
    if (llvm::Error error = to.add(std::move(entry), bytes.size()))
      refuse(llvm::toString(std::move(error)));
  }
}

} // namespace

llvm::Error readGguf(llvm::ArrayRef<char> bytes, llvm::StringRef name, WeightFile &to) {
  try {
    readFile(bytes, name, to);
    return llvm::Error::success();
  } catch (Damage &damage) {
    return llvm::createStringError(damage.why);
  }
}

} // namespace tenon
