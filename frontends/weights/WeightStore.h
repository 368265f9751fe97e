//===- WeightStore.h - the bytes behind tenon.weight ------------*- C++ -*-===//
//
// Resolves `#tenon.store<file, offset, size>` to bytes. Files are mapped, never
// read into memory; bytes that exist in no file (converted, folded) are owned
// by the store and addressed as file `*`.
//
//   store.addFile("model.bin", mapping)       #tenon.store<"model.bin", 64, 16>
//   int64_t at = store.addBytes(bytes)        #tenon.store<"*", at, size>
//
// One store per compilation; it must outlive the module. bytes() may be called
// from several threads once nothing is added any more.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_WEIGHTS_WEIGHTSTORE_H
#define TENON_FRONTENDS_WEIGHTS_WEIGHTSTORE_H

#include "frontends/weights/MappedFile.h"
#include "llvm/ADT/StringMap.h"
#include <map>
#include <vector>

namespace tenon {

class StoreAttr;

class WeightStore {
public:
  /// Name of the owned bytes in a StoreAttr.
  static constexpr llvm::StringLiteral kOwned = "*";

  /// Makes a file known under the name that StoreAttrs use.
  void addFile(llvm::StringRef name, std::shared_ptr<MappedFile> file);
  bool contains(llvm::StringRef name) const { return files.contains(name); }
  /// Length of a file; -1 if it is not known.
  int64_t getSize(llvm::StringRef name) const;

  /// Takes bytes over; returns their offset in `*`, a multiple of 64.
  int64_t addBytes(std::vector<char> bytes);

  /// The bytes of a store, or nothing if the range is not within it.
  std::optional<llvm::ArrayRef<char>> bytes(StoreAttr store) const;
  std::optional<llvm::ArrayRef<char>> bytes(llvm::StringRef file, int64_t offset,
                                            int64_t size) const;

private:
  llvm::StringMap<std::shared_ptr<MappedFile>> files;
  std::map<int64_t, std::vector<char>> owned;
  int64_t ownedEnd = 0;
};

} // namespace tenon

#endif // TENON_FRONTENDS_WEIGHTS_WEIGHTSTORE_H
