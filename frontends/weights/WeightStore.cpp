//===- WeightStore.cpp - the bytes behind tenon.weight --------------------===//

#include "frontends/weights/WeightStore.h"
#include "dialects/tenon/Tenon.h"
#include "llvm/Support/MathExtras.h"

namespace tenon {

void WeightStore::addFile(llvm::StringRef name, std::shared_ptr<MappedFile> file) {
  files[name] = std::move(file);
}

int64_t WeightStore::getSize(llvm::StringRef name) const {
  auto it = files.find(name);
  return it == files.end() ? -1 : static_cast<int64_t>(it->second->bytes().size());
}

int64_t WeightStore::addBytes(std::vector<char> bytes) {
  int64_t offset = ownedEnd;
  ownedEnd += static_cast<int64_t>(llvm::alignTo(std::max<size_t>(bytes.size(), 1), 64));
  owned.emplace(offset, std::move(bytes));
  return offset;
}

std::optional<llvm::ArrayRef<char>> WeightStore::bytes(StoreAttr store) const {
  return bytes(store.getFile().getValue(), store.getOffset(), store.getSize());
}

static std::optional<llvm::ArrayRef<char>> slice(llvm::ArrayRef<char> all, int64_t offset,
                                                 int64_t size) {
  if (offset < 0 || size < 0 || static_cast<uint64_t>(offset) > all.size() ||
      static_cast<uint64_t>(size) > all.size() - static_cast<uint64_t>(offset))
    return std::nullopt;
  return all.slice(offset, size);
}

std::optional<llvm::ArrayRef<char>> WeightStore::bytes(llvm::StringRef file, int64_t offset,
                                                       int64_t size) const {
  if (file == kOwned) {
    auto it = owned.upper_bound(offset);
    if (it == owned.begin())
      return std::nullopt;
    --it;
    return slice(it->second, offset - it->first, size);
  }
  auto it = files.find(file);
  if (it == files.end())
    return std::nullopt;
  return slice(it->second->bytes(), offset, size);
}

} // namespace tenon
