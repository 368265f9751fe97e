//===- MappedFile.h - a file mapped for reading -----------------*- C++ -*-===//
//
// Opening a user's file, and files that a model names, which may lie only
// beneath the model's folder: every component of the name is opened without
// following links; `..`, absolute names and what is no regular file are refused.
// (Hard links are files of the folder: package managers make them.)
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_WEIGHTS_MAPPEDFILE_H
#define TENON_FRONTENDS_WEIGHTS_MAPPEDFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace tenon {

class MappedFile {
public:
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  llvm::ArrayRef<char> bytes() const { return {data, size}; }

  /// Maps the file at \p path, links followed.
  static llvm::Expected<std::shared_ptr<MappedFile>> open(llvm::StringRef path);
  /// Maps \p name beneath \p folder; \p name comes from a file.
  static llvm::Expected<std::shared_ptr<MappedFile>> openBeneath(llvm::StringRef folder,
                                                                 llvm::StringRef name);

private:
  MappedFile(const char *data, size_t size) : data(data), size(size) {}
  static llvm::Expected<std::shared_ptr<MappedFile>> map(int descriptor, llvm::StringRef name);
  const char *data;
  size_t size;
};

} // namespace tenon

#endif // TENON_FRONTENDS_WEIGHTS_MAPPEDFILE_H
