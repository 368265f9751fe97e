//===- WeightFile.h - named tensors in files --------------------*- C++ -*-===//
//
// What a model in the language binds its parameters to: safetensors (one file,
// or several behind an index) and GGUF (v2, v3). The reader maps the files and
// checks every count, offset and size before it is used; no byte of a tensor is
// touched.
//
//   auto weights = WeightFile::open("smollm2.gguf", store);
//   const WeightEntry *entry = (*weights)->find("blk.0.attn_q.weight");
//   entry->dims            // row-major: [576, 576]
//   entry->type            // Q4_1
//   (*weights)->meta("llama.block_count")
//
// Metadata: GGUF's own; of safetensors, `__metadata__` and the numbers, words
// and truths of a config.json beside the file.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_WEIGHTS_WEIGHTFILE_H
#define TENON_FRONTENDS_WEIGHTS_WEIGHTFILE_H

#include "frontends/weights/WeightStore.h"
#include <string>
#include <variant>
#include <vector>

namespace tenon {

/// Element types in files. Packed ones hold blocks of 32 or 256 elements.
enum class StorageType {
  F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, Bool,
  Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K
};

struct StorageInfo {
  const char *name;
  int64_t blockElements, blockBytes;
};
const StorageInfo &storageInfo(StorageType type);
inline bool isPacked(StorageType type) { return storageInfo(type).blockElements > 1; }

struct WeightEntry {
  std::string name;
  StorageType type = StorageType::F32;
  std::vector<int64_t> dims; ///< major to minor
  std::string file;          ///< its name in the store
  int64_t offset = 0, size = 0;
};

using MetaValue = std::variant<int64_t, double, bool, std::string>;
/// A list of texts, or of numbers; the texts lie in the file.
struct MetaList {
  std::vector<llvm::StringRef> texts;
  std::vector<double> numbers;
};

class WeightFile {
public:
  static constexpr size_t kMaxTensors = 1 << 20;
  static constexpr int64_t kMaxRank = 8;

  /// Opens a .safetensors file, a .safetensors.index.json or a .gguf file, by
  /// its contents; adds what it maps to \p store.
  static llvm::Expected<std::unique_ptr<WeightFile>> open(llvm::StringRef path,
                                                          WeightStore &store);

  const WeightEntry *find(llvm::StringRef name) const;
  const std::vector<WeightEntry> &entries() const { return tensors; }
  std::optional<MetaValue> meta(llvm::StringRef key) const;
  std::vector<std::string> metaKeys() const;
  /// A list of a GGUF file's metadata (its vocabulary, say), or null.
  const MetaList *list(llvm::StringRef key) const;
  llvm::StringRef path() const { return fileName; }

  // For the readers of the formats.
  /// Refuses a second tensor of one name, sizes that overflow, ranges outside
  /// of the file and sizes that do not fit type and shape.
  llvm::Error add(WeightEntry entry, int64_t fileSize);
  /// Refuses a second value of one key.
  llvm::Error addMeta(llvm::StringRef key, MetaValue value);
  void addList(llvm::StringRef key, MetaList list) { lists[key] = std::move(list); }
  /// Refuses tensors that share bytes.
  llvm::Error checkOverlaps() const;

private:
  std::string fileName;
  std::vector<WeightEntry> tensors;
  llvm::StringMap<size_t> byName;
  llvm::StringMap<MetaValue> metadata;
  llvm::StringMap<MetaList> lists;
};

/// The readers; \p name is the file's in the store.
llvm::Error readSafetensors(llvm::ArrayRef<char> bytes, llvm::StringRef name, WeightFile &to);
llvm::Error readGguf(llvm::ArrayRef<char> bytes, llvm::StringRef name, WeightFile &to);
/// The numbers, words and truths of a config.json, nested keys joined by dots.
llvm::Error readConfig(llvm::ArrayRef<char> bytes, WeightFile &to);
/// The files that an index names, in order of first mention.
llvm::Expected<std::vector<std::string>> readIndex(llvm::ArrayRef<char> bytes);

} // namespace tenon

#endif // TENON_FRONTENDS_WEIGHTS_WEIGHTFILE_H
