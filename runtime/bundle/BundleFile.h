// An opened bundle: the mapped file and its checked metadata.
#pragma once

#include "runtime/bundle/Model.h"
#include "runtime/support/Status.h"

#include <memory>
#include <string>
#include <string_view>

namespace tenon::bundle {

/// Immutable once open, so any number of threads may use it.
class BundleFile {
public:
  /// Opens, maps and checks a file: header, metadata, code and constants are
  /// hashed; weights are not read.
  static Status open(const std::string &path, std::shared_ptr<const BundleFile> &file);
  ~BundleFile();
  BundleFile(const BundleFile &) = delete;
  BundleFile &operator=(const BundleFile &) = delete;

  const Bundle &bundle() const { return contents; }
  uint64_t fileSize() const { return size; }
  /// The hash of the metadata, which has those of code and weights.
  const Hash &identity() const;
  /// The version of the format in which the file was written, "0.1".
  std::string format() const;
  const std::string &path() const { return name; }
  /// First byte of a section that lies in the file.
  const uint8_t *sectionData(uint32_t section) const {
    return data + contents.sections[section].offset;
  }
  const uint8_t *weightData(const Weight &weight) const {
    return sectionData(weight.section) + weight.offset;
  }
  const uint8_t *constantData(const Constant &constant) const {
    return sectionData(constant.section) + constant.offset;
  }
  /// The bytes of an asset, compared with their hash; fails if there is none of that name.
  Status asset(std::string_view name, const uint8_t *&bytes, uint64_t &count) const;
  /// Maps a code section for execution, privately; munmap with its size.
  Status mapCode(uint32_t section, void *&code) const;

  /// Reads everything and compares all hashes.
  Status verify() const;

private:
  explicit BundleFile(std::string path) : name(std::move(path)) {}
  Status load();
  Status map();
  Status readMetadata();
  Status checkGaps() const;
  Status checkHash(const Section &section) const;
  Status checkBlocks(const Section &section) const;

  std::string name;
  int fd = -1;
  const uint8_t *data = nullptr;
  uint64_t size = 0;
  uint64_t metadataOffset = 0, metadataSize = 0;
  Bundle contents;
};

} // namespace tenon::bundle
