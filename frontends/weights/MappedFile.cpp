//===- MappedFile.cpp - a file mapped for reading -------------------------===//

#include "frontends/weights/MappedFile.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallVector.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tenon {

static llvm::Error fail(llvm::StringRef name, const llvm::Twine &why) {
  return llvm::createStringError("cannot open '" + name + "': " + why);
}

MappedFile::~MappedFile() {
  if (size)
    munmap(const_cast<char *>(data), size);
}

llvm::Expected<std::shared_ptr<MappedFile>> MappedFile::map(int descriptor, llvm::StringRef name) {
  struct stat info;
  if (fstat(descriptor, &info) != 0)
    return fail(name, std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return fail(name, "not a regular file");
  size_t size = static_cast<size_t>(info.st_size);
  if (size == 0)
    return std::shared_ptr<MappedFile>(new MappedFile(nullptr, 0));
  void *data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED)
    return fail(name, std::strerror(errno));
  return std::shared_ptr<MappedFile>(new MappedFile(static_cast<const char *>(data), size));
}

llvm::Expected<std::shared_ptr<MappedFile>> MappedFile::open(llvm::StringRef path) {
  int descriptor = ::open(path.str().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return fail(path, std::strerror(errno));
  llvm::scope_exit close([&] { ::close(descriptor); });
  return map(descriptor, path);
}

llvm::Expected<std::shared_ptr<MappedFile>> MappedFile::openBeneath(llvm::StringRef folder,
                                                                    llvm::StringRef name) {
  if (name.empty() || name.starts_with("/") || name.contains('\0'))
    return fail(name, "the name must be a path relative to the model's folder");
  llvm::SmallVector<llvm::StringRef> components;
  name.split(components, '/', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::string root = folder.empty() ? "." : folder.str();
  int current = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (current < 0)
    return fail(folder, std::strerror(errno));
  llvm::scope_exit close([&] { ::close(current); });
  for (size_t i = 0; i < components.size(); ++i) {
    if (components[i] == "..")
      return fail(name, "the name leaves the model's folder");
    bool last = i + 1 == components.size();
    int flags = O_NOFOLLOW | O_CLOEXEC | (last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY);
    int next = openat(current, components[i].str().c_str(), flags);
    if (next < 0)
      return fail(name, errno == ELOOP ? "links are not followed" : std::strerror(errno));
    ::close(current);
    current = next;
  }
  return map(current, name);
}

} // namespace tenon
