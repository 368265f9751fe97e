// The fixed header of a .tenon file, and the constants of the format.
#pragma once

#include "runtime/bundle/Model.h"

#include <cstddef>
#include <cstdint>

namespace tenon::bundle {

constexpr unsigned char magic[8] = {0x89, 'T', 'E', 'N', 'O', 'N', '\r', '\n'};
constexpr uint16_t formatMajor = 0;
constexpr uint16_t formatMinor = 1;
/// Sections start at multiples of a page, so that they can be mapped.
constexpr uint64_t sectionAlignment = 4096;
/// Weights and constants start at multiples of this inside their section.
constexpr uint64_t dataAlignment = 64;
constexpr uint64_t hashBlock = uint64_t{4} << 20;

/// The first 128 bytes of the file.
struct FileHeader {
  unsigned char magic[8];
  uint16_t major, minor;
  uint32_t headerSize;
  uint64_t fileSize;
  uint64_t metadataOffset, metadataSize;
  Hash metadataHash;
  uint8_t reserved[56]; ///< zero
  Hash headerHash;      ///< of the bytes before it
};
static_assert(sizeof(FileHeader) == 128);
static_assert(offsetof(FileHeader, headerHash) == 112);

/// XXH3-128.
Hash hashBytes(const void *data, size_t size);

/// XXH3-128 of bytes that come in pieces.
class StreamHash {
public:
  StreamHash();
  ~StreamHash();
  StreamHash(const StreamHash &) = delete;
  StreamHash &operator=(const StreamHash &) = delete;
  void add(const void *data, size_t size);
  Hash get() const;

private:
  void *state;
};

} // namespace tenon::bundle
