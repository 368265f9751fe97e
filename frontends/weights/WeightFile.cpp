//===- WeightFile.cpp - named tensors in files ----------------------------===//
//
// What all formats share: which reader, and the checks of every tensor.
//
//===----------------------------------------------------------------------===//

#include "frontends/weights/WeightFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

namespace tenon {

static constexpr StorageInfo kInfos[] = {
    {"F64", 1, 8},   {"F32", 1, 4},    {"F16", 1, 2},    {"BF16", 1, 2},   {"I64", 1, 8},
    {"I32", 1, 4},   {"I16", 1, 2},    {"I8", 1, 1},     {"U64", 1, 8},    {"U32", 1, 4},
    {"U16", 1, 2},   {"U8", 1, 1},     {"BOOL", 1, 1},   {"Q4_0", 32, 18}, {"Q4_1", 32, 20},
    {"Q5_0", 32, 22}, {"Q5_1", 32, 24}, {"Q8_0", 32, 34}, {"Q4_K", 256, 144}, {"Q5_K", 256, 176},
    {"Q6_K", 256, 210}};
const StorageInfo &storageInfo(StorageType type) { return kInfos[static_cast<size_t>(type)]; }

static llvm::Error fail(const llvm::Twine &why) { return llvm::createStringError(why); }

/// Bytes of a tensor; nothing where they overflow or a row ends inside a block.
static std::optional<int64_t> bytesOf(const WeightEntry &entry) {
  int64_t elements = 1;
  for (int64_t dim : entry.dims)
    if (dim < 0 || llvm::MulOverflow(elements, dim, elements))
      return std::nullopt;
  const StorageInfo &info = storageInfo(entry.type);
  if (info.blockElements > 1 && (entry.dims.empty() || entry.dims.back() % info.blockElements))
    return std::nullopt;
  int64_t bytes;
  if (llvm::MulOverflow(elements / info.blockElements, info.blockBytes, bytes))
    return std::nullopt;
  return bytes;
}

llvm::Error WeightFile::add(WeightEntry entry, int64_t fileSize) {
  if (tensors.size() >= kMaxTensors)
    return fail("more than " + llvm::Twine(kMaxTensors) + " tensors");
  std::string name = "tensor '" + entry.name + "'";
  if (entry.name.empty() || entry.name.size() > 512 || entry.name.find('\0') != std::string::npos)
    return fail("a tensor has no usable name");
  if (int64_t(entry.dims.size()) > kMaxRank)
    return fail(name + " has rank " + llvm::Twine(entry.dims.size()) + ", at most " +
                llvm::Twine(kMaxRank) + " is read");
  std::optional<int64_t> bytes = bytesOf(entry);
  if (!bytes)
    return fail(name + " of type " + storageInfo(entry.type).name +
                " has a shape that overflows or does not fit its blocks");
  if (entry.size != *bytes)
    return fail(name + " has " + llvm::Twine(entry.size) + " bytes, its shape needs " +
                llvm::Twine(*bytes));
  if (entry.offset < 0 || entry.offset > fileSize || entry.size > fileSize - entry.offset)
    return fail(name + " lies outside of the file");
  if (!byName.try_emplace(entry.name, tensors.size()).second)
    return fail(name + " is there twice");
  tensors.push_back(std::move(entry));
  return llvm::Error::success();
}

llvm::Error WeightFile::addMeta(llvm::StringRef key, MetaValue value) {
  if (!metadata.try_emplace(key, std::move(value)).second)
    return fail("metadata '" + key.take_front(100) + "' is there twice");
  return llvm::Error::success();
}

llvm::Error WeightFile::checkOverlaps() const {
  std::vector<const WeightEntry *> order;
  for (const WeightEntry &entry : tensors)
    if (entry.size > 0)
      order.push_back(&entry);
  llvm::sort(order, [](const WeightEntry *a, const WeightEntry *b) {
    return std::tie(a->file, a->offset) < std::tie(b->file, b->offset);
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->file == order[i]->file &&
        order[i - 1]->offset + order[i - 1]->size > order[i]->offset)
      return fail("tensors '" + order[i - 1]->name + "' and '" + order[i]->name +
                  "' share bytes");
  return llvm::Error::success();
}

const WeightEntry *WeightFile::find(llvm::StringRef name) const {
  auto it = byName.find(name);
  return it == byName.end() ? nullptr : &tensors[it->second];
}
std::optional<MetaValue> WeightFile::meta(llvm::StringRef key) const {
  auto it = metadata.find(key);
  return it == metadata.end() ? std::nullopt : std::optional(it->second);
}
const MetaList *WeightFile::list(llvm::StringRef key) const {
  auto found = lists.find(key);
  return found == lists.end() ? nullptr : &found->second;
}

std::vector<std::string> WeightFile::metaKeys() const {
  std::vector<std::string> keys;
  for (const auto &entry : metadata)
    keys.push_back(entry.getKey().str());
  llvm::sort(keys);
  return keys;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

namespace {
llvm::Error within(llvm::StringRef path, llvm::Error error) {
  return llvm::createStringError("'" + path + "': " + llvm::toString(std::move(error)));
}

/// Metadata beside a safetensors file; a folder without is fine.
llvm::Error readConfigBeside(llvm::StringRef path, WeightFile &to) {
  llvm::SmallString<256> config(llvm::sys::path::parent_path(path));
  llvm::sys::path::append(config, "config.json");
  if (!llvm::sys::fs::exists(config))
    return llvm::Error::success();
  auto file = MappedFile::open(config);
  if (!file)
    return file.takeError();
  if (llvm::Error error = readConfig((*file)->bytes(), to))
    return within(config, std::move(error));
  return llvm::Error::success();
}

llvm::Error readShards(llvm::ArrayRef<char> index, llvm::StringRef path, WeightStore &store,
                       WeightFile &to) {
  auto names = readIndex(index);
  if (!names)
    return names.takeError();
  for (const std::string &name : *names) {
    auto file = MappedFile::openBeneath(llvm::sys::path::parent_path(path), name);
    if (!file)
      return file.takeError();
    store.addFile(name, *file);
    if (llvm::Error error = readSafetensors((*file)->bytes(), name, to))
      return within(name, std::move(error));
  }
  return llvm::Error::success();
}
} // namespace

llvm::Expected<std::unique_ptr<WeightFile>> WeightFile::open(llvm::StringRef path,
                                                             WeightStore &store) {
  auto file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  llvm::ArrayRef<char> bytes = (*file)->bytes();
  llvm::StringRef text(bytes.data(), bytes.size());
  auto weights = std::make_unique<WeightFile>();
  weights->fileName = path.str();
  std::string name = llvm::sys::path::filename(path).str();
  bool isGguf = text.starts_with("GGUF"), isIndex = path.ends_with(".json");
  if (!isIndex)
    store.addFile(name, *file);
  llvm::Error error = isGguf    ? readGguf(bytes, name, *weights)
                      : isIndex ? readShards(bytes, path, store, *weights)
                                : readSafetensors(bytes, name, *weights);
  if (!error)
    error = weights->checkOverlaps();
  if (error)
    return within(path, std::move(error));
  if (!isGguf)
    if (llvm::Error config = readConfigBeside(path, *weights))
      return config;
  return weights;
}

} // namespace tenon
