// A file that appears under its name whole or not at all.
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::bundle {

/// Writes to a temporary file beside `path`; commit() syncs and renames it.
/// Without commit the temporary file is removed and `path` is as it was.
class OutputFile {
public:
  explicit OutputFile(std::string path) : path(std::move(path)) {}
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  Status open();
  /// Appends at the current position.
  Status write(const void *data, size_t size);
  /// Writes zeros up to a multiple of `alignment`.
  Status pad(uint64_t alignment);
  /// Goes back to `position`; what follows is overwritten.
  Status rewind(uint64_t position);
  Status writeAt(uint64_t position, const void *data, size_t size);
  Status readAt(uint64_t position, void *data, size_t size);
  /// Bytes so far, buffered ones included.
  uint64_t position() const { return flushed + buffer.size(); }
  Status flush();
  Status commit();

private:
  Status fail(const char *what);

  std::string path, temporary;
  int fd = -1;
  uint64_t flushed = 0;
  std::vector<char> buffer;
};

} // namespace tenon::bundle
