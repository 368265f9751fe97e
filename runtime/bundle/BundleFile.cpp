// Opening a bundle: map it, check the header, copy, hash and decode the
// metadata, check it, hash code and constants, and see that what lies between
// sections is zero. Every byte of the file is then accounted for, weights
// excepted, which verify() reads.
#include "runtime/bundle/BundleFile.h"

#include "runtime/bundle/Check.h"
#include "runtime/bundle/Decode.h"
#include "runtime/bundle/Format.h"
#include "runtime/support/Checked.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tenon::bundle {
namespace {

Status invalid(std::string message) { return Status(TENON_INVALID_BUNDLE, std::move(message)); }

Status systemError(const char *what, const std::string &path) {
  return Status(TENON_IO, std::string("cannot ") + what + " '" + path + "': " + strerror(errno));
}

Status checkHeader(const FileHeader &header, uint64_t fileSize) {
  if (std::memcmp(header.magic, magic, sizeof magic) != 0)
    return invalid("not a tenon bundle");
  Hash expected = hashBytes(&header, offsetof(FileHeader, headerHash));
  if (header.major != formatMajor || header.minor > formatMinor)
    return Status(TENON_UNSUPPORTED,
                  "format " + std::to_string(header.major) + "." + std::to_string(header.minor) +
                      " is not known to this version, which reads " + std::to_string(formatMajor) +
                      "." + std::to_string(formatMinor));
  if (!(header.headerHash == expected) || header.headerSize != sizeof(FileHeader))
    return invalid("the header is damaged");
  if (header.fileSize != fileSize)
    return invalid("the file has " + std::to_string(fileSize) + " bytes, expected " +
                   std::to_string(header.fileSize));
  if (!inRange(header.metadataOffset, header.metadataSize, fileSize))
    return invalid("the metadata reaches beyond the end of the file");
  return {};
}

} // namespace

Status BundleFile::open(const std::string &path, std::shared_ptr<const BundleFile> &result) {
  std::shared_ptr<BundleFile> file(new BundleFile(path));
  if (Status status = file->load(); !status.ok()) {
    const ErrorInfo &error = status.error();
    if (error.code == TENON_IO)
      return status;
    return Status(error.code, "'" + path + "': " + error.message);
  }
  result = std::move(file);
  return {};
}

std::string BundleFile::format() const {
  FileHeader header;
  std::memcpy(&header, data, sizeof header);
  return std::to_string(header.major) + "." + std::to_string(header.minor);
}

BundleFile::~BundleFile() {
  if (data)
    ::munmap(const_cast<uint8_t *>(data), size);
  if (fd >= 0)
    ::close(fd);
}

Status BundleFile::map() {
  fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  if (fd < 0 || ::fstat(fd, &info) != 0)
    return systemError("open", name);
  if (!S_ISREG(info.st_mode)) {
    errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    return systemError("open", name);
  }
  size = info.st_size;
  if (size < sizeof(FileHeader))
    return invalid("not a tenon bundle: " + std::to_string(size) + " bytes");
  void *address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED)
    return systemError("map", name);
  data = static_cast<const uint8_t *>(address);
  return {};
}

Status BundleFile::readMetadata() {
  FileHeader header;
  std::memcpy(&header, data, sizeof header);
  TENON_TRY(checkHeader(header, size));
  metadataOffset = header.metadataOffset;
  metadataSize = header.metadataSize;
  // A copy, so that what was checked cannot change under the decoder.
  std::unique_ptr<uint8_t[]> copy(new uint8_t[metadataSize + 1]);
  std::memcpy(copy.get(), data + metadataOffset, metadataSize);
  if (!(hashBytes(copy.get(), metadataSize) == header.metadataHash))
    return invalid("the metadata is damaged");
  return decodeMetadata(copy.get(), metadataSize, contents);
}

Status BundleFile::load() {
  TENON_TRY(map());
  TENON_TRY(readMetadata());
  TENON_TRY(checkBundle(contents, size));
  TENON_TRY(checkGaps());
  for (const Section &section : contents.sections)
    if (section.kind == SectionKind::Code || section.kind == SectionKind::Constants)
      TENON_TRY(checkHash(section));
  return {};
}

/// What is not under a hash must be zero.
Status BundleFile::checkGaps() const {
  std::vector<std::pair<uint64_t, uint64_t>> ranges = {
      {0, sizeof(FileHeader)}, {metadataOffset, metadataOffset + metadataSize}};
  for (const Section &section : contents.sections)
    if (section.external.empty() && section.size)
      ranges.push_back({section.offset, section.offset + section.size});
  std::sort(ranges.begin(), ranges.end());
  uint64_t end = 0;
  ranges.push_back({size, size});
  for (auto [from, to] : ranges) {
    if (from < end)
      return invalid("two sections overlap");
    if (from - end >= sectionAlignment)
      return invalid("the file has a hole at byte " + std::to_string(end));
    if (std::any_of(data + end, data + from, [](uint8_t byte) { return byte != 0; }))
      return invalid("the padding at byte " + std::to_string(end) + " is not zero");
    end = to;
  }
  return {};
}

Status BundleFile::checkHash(const Section &section) const {
  if (!section.external.empty() || hashBytes(data + section.offset, section.size) == section.hash)
    return {};
  return invalid("section '" + section.name + "' is damaged");
}

Status BundleFile::checkBlocks(const Section &section) const {
  for (size_t i = 0; i < section.blocks.size(); ++i) {
    uint64_t at = i * hashBlock, count = std::min(hashBlock, section.size - at);
    if (!(hashBytes(data + section.offset + at, count) == section.blocks[i]))
      return invalid("section '" + section.name + "' is damaged between bytes " +
                     std::to_string(at) + " and " + std::to_string(at + count));
  }
  return {};
}

const Hash &BundleFile::identity() const {
  return reinterpret_cast<const FileHeader *>(data)->metadataHash;
}

Status BundleFile::verify() const {
  for (const Section &section : contents.sections) {
    if (!section.external.empty())
      continue;
    Status status =
        section.kind == SectionKind::Weights ? checkBlocks(section) : checkHash(section);
    if (!status.ok())
      return invalid("'" + name + "': " + status.error().message);
  }
  return {};
}

Status BundleFile::asset(std::string_view wanted, const uint8_t *&bytes, uint64_t &count) const {
  for (const Section &section : contents.sections) {
    if (section.kind != SectionKind::Asset || section.name != wanted)
      continue;
    if (!section.external.empty() || !section.encoding.empty())
      return Status(TENON_UNSUPPORTED, "asset '" + section.name + "' is not plainly in the bundle");
    if (Status status = checkHash(section); !status.ok())
      return invalid("'" + name + "': " + status.error().message);
    bytes = data + section.offset;
    count = section.size;
    return {};
  }
  return Status(TENON_INVALID_ARGUMENT,
                "'" + name + "' has no asset '" + std::string(wanted) + "'");
}

Status BundleFile::mapCode(uint32_t index, void *&code) const {
  const Section &section = contents.sections[index];
  code = ::mmap(nullptr, section.size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, section.offset);
  return code == MAP_FAILED ? systemError("map the code of", name) : Status();
}

} // namespace tenon::bundle
