// Temporary file, sync, rename: the target is the old file or the whole new
// one, also when the disk is full or the process is killed.
#include "compiler/bundle/OutputFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tenon::bundle {
namespace {

constexpr size_t bufferSize = size_t{1} << 20;

/// pwrite until all is written.
bool writeAll(int fd, const char *data, size_t size, uint64_t position) {
  while (size) {
    ssize_t written = ::pwrite(fd, data, size, position);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    data += written;
    size -= written;
    position += written;
  }
  return true;
}

} // namespace

OutputFile::~OutputFile() {
  if (fd < 0)
    return;
  ::close(fd);
  ::unlink(temporary.c_str());
}

Status OutputFile::fail(const char *what) {
  return Status(TENON_IO, std::string("cannot ") + what + " '" + path + "': " + strerror(errno));
}

Status OutputFile::open() {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    return fail("write");
  }
  temporary = path + ".XXXXXX";
  fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0)
    return fail("write");
  mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(fd, 0666 & ~mask);
  return {};
}

Status OutputFile::flush() {
  if (!writeAll(fd, buffer.data(), buffer.size(), flushed))
    return fail("write");
  flushed += buffer.size();
  buffer.clear();
  return {};
}

Status OutputFile::write(const void *data, size_t size) {
  if (buffer.size() + size > bufferSize)
    TENON_TRY(flush());
  if (size >= bufferSize) {
    if (!writeAll(fd, static_cast<const char *>(data), size, flushed))
      return fail("write");
    flushed += size;
    return {};
  }
  const char *bytes = static_cast<const char *>(data);
  buffer.insert(buffer.end(), bytes, bytes + size);
  return {};
}

Status OutputFile::pad(uint64_t alignment) {
  size_t size = (alignment - position() % alignment) % alignment;
  std::vector<char> zeros(size);
  return write(zeros.data(), size);
}

Status OutputFile::rewind(uint64_t position) {
  TENON_TRY(flush());
  if (::ftruncate(fd, position) != 0)
    return fail("write");
  flushed = position;
  return {};
}

Status OutputFile::writeAt(uint64_t position, const void *data, size_t size) {
  TENON_TRY(flush());
  if (!writeAll(fd, static_cast<const char *>(data), size, position))
    return fail("write");
  return {};
}

Status OutputFile::readAt(uint64_t position, void *data, size_t size) {
  TENON_TRY(flush());
  char *to = static_cast<char *>(data);
  while (size) {
    ssize_t count = ::pread(fd, to, size, position);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return fail("read back");
    to += count;
    size -= count;
    position += count;
  }
  return {};
}

Status OutputFile::commit() {
  TENON_TRY(flush());
  if (::fsync(fd) != 0 && errno != EINVAL && errno != ENOSYS)
    return fail("write");
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail("write");
  ::close(fd);
  fd = -1;
  return {};
}

} // namespace tenon::bundle
