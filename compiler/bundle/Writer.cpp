// The order of the file: header, code, constants, weights, assets, metadata.
// Metadata comes last because it holds the hashes of what went before; the
// header is written over its place at the end.
#include "compiler/bundle/Writer.h"

#include "compiler/bundle/Encode.h"
#include "compiler/bundle/OutputFile.h"
#include "runtime/bundle/Format.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <unistd.h>

namespace tenon::bundle {
namespace {

class BundleWriter {
public:
  BundleWriter(BundleInput &input, const std::string &path)
      : input(input), bundle(input.bundle), file(path) {}
  Status run();

private:
  Status beginSection(SectionKind kind, std::string name);
  Status endSection();
  Status writeCode();
  Status writeConstants();
  Status writeWeights();
  Status writeWeight(size_t index);
  Status writeAssets();
  Status writeMetadata();
  Status hashSection(Section &section);
  Status hashRange(uint64_t offset, uint64_t size, Hash &hash);
  Status equalBytes(uint64_t a, uint64_t b, uint64_t size, bool &equal);

  BundleInput &input;
  Bundle &bundle;
  OutputFile file;
  /// Weights of the current section by content: offset in the file.
  std::map<std::pair<uint64_t, std::pair<uint64_t, uint64_t>>, uint64_t> stored;
  std::vector<char> block = std::vector<char>(hashBlock);
};

Status BundleWriter::beginSection(SectionKind kind, std::string name) {
  TENON_TRY(file.pad(sectionAlignment));
  Section &section = bundle.sections.emplace_back();
  section.kind = kind;
  section.name = std::move(name);
  section.offset = file.position();
  return {};
}

Status BundleWriter::endSection() {
  Section &section = bundle.sections.back();
  section.size = file.position() - section.offset;
  return hashSection(section);
}

Status BundleWriter::hashRange(uint64_t offset, uint64_t size, Hash &hash) {
  if (block.size() < size)
    block.resize(size);
  TENON_TRY(file.readAt(offset, block.data(), size));
  hash = hashBytes(block.data(), size);
  return {};
}

Status BundleWriter::hashSection(Section &section) {
  if (section.kind != SectionKind::Weights)
    return hashRange(section.offset, section.size, section.hash);
  for (uint64_t at = 0; at < section.size; at += hashBlock) {
    Hash hash;
    TENON_TRY(hashRange(section.offset + at, std::min(hashBlock, section.size - at), hash));
    section.blocks.push_back(hash);
  }
  return {};
}

Status BundleWriter::writeCode() {
  for (size_t i = 0; i < bundle.targets.size(); ++i) {
    bundle.targets[i].section = bundle.sections.size();
    if (bundle.targets[i].device == "cuda")
      bundle.targets[i].ptx = bundle.targets[i].section;
    TENON_TRY(beginSection(SectionKind::Code, "code." + bundle.targets[i].name));
    TENON_TRY(file.write(input.code[i].data(), input.code[i].size()));
    TENON_TRY(endSection());
  }
  return {};
}

Status BundleWriter::writeConstants() {
  if (bundle.constants.empty())
    return {};
  uint32_t section = bundle.sections.size();
  TENON_TRY(beginSection(SectionKind::Constants, "constants"));
  for (size_t i = 0; i < bundle.constants.size(); ++i) {
    TENON_TRY(file.pad(dataAlignment));
    const std::vector<uint8_t> &bytes = input.constantData[i];
    bundle.constants[i] = {section, file.position() - bundle.sections.back().offset, bytes.size()};
    TENON_TRY(file.write(bytes.data(), bytes.size()));
  }
  return endSection();
}

Status BundleWriter::equalBytes(uint64_t a, uint64_t b, uint64_t size, bool &equal) {
  std::vector<char> left(std::min<uint64_t>(size, 1 << 20)), right(left.size());
  equal = true;
  for (uint64_t at = 0; at < size && equal; at += left.size()) {
    size_t count = std::min<uint64_t>(left.size(), size - at);
    TENON_TRY(file.readAt(a + at, left.data(), count));
    TENON_TRY(file.readAt(b + at, right.data(), count));
    equal = std::memcmp(left.data(), right.data(), count) == 0;
  }
  return {};
}

Status BundleWriter::writeWeight(size_t index) {
  Weight &weight = bundle.weights[index];
  const DataSource &source = input.weightData[index];
  TENON_TRY(file.pad(dataAlignment));
  uint64_t start = file.position();
  StreamHash hash;
  Status failure;
  TENON_TRY(source.produce([&](const void *data, size_t size) {
    hash.add(data, size);
    failure = file.write(data, size);
    return failure.ok();
  }));
  TENON_TRY(std::move(failure));
  weight.size = file.position() - start;
  if (weight.size != source.size)
    return Status(TENON_INVALID_ARGUMENT, "weight '" + weight.name + "' has " +
                                              std::to_string(weight.size) + " bytes, expected " +
                                              std::to_string(source.size));
  Hash content = hash.get();
  auto [twin, isNew] = stored.try_emplace({weight.size, {content.low, content.high}}, start);
  bool equal = false;
  if (!isNew)
    TENON_TRY(equalBytes(twin->second, start, weight.size, equal));
  if (equal)
    TENON_TRY(file.rewind(start));
  weight.section = bundle.sections.size() - 1;
  weight.offset = (equal ? twin->second : start) - bundle.sections.back().offset;
  return {};
}

Status BundleWriter::writeWeights() {
  std::map<uint32_t, std::vector<size_t>> byRank;
  for (size_t i = 0; i < bundle.weights.size(); ++i)
    byRank[bundle.weights[i].rank].push_back(i);
  for (auto &[rank, indices] : byRank) {
    stored.clear();
    TENON_TRY(beginSection(SectionKind::Weights, "weights." + std::to_string(rank)));
    for (size_t index : indices)
      TENON_TRY(writeWeight(index));
    TENON_TRY(endSection());
  }
  return {};
}

Status BundleWriter::writeAssets() {
  for (const Asset &asset : input.assets) {
    TENON_TRY(beginSection(SectionKind::Asset, asset.name));
    bundle.sections.back().required = false;
    TENON_TRY(file.write(asset.bytes.data(), asset.bytes.size()));
    TENON_TRY(endSection());
  }
  return {};
}

Status BundleWriter::writeMetadata() {
  TENON_TRY(file.pad(dataAlignment));
  std::vector<uint8_t> metadata = encodeMetadata(bundle);
  FileHeader header{};
  std::copy(std::begin(magic), std::end(magic), header.magic);
  header.major = formatMajor;
  header.minor = formatMinor;
  header.headerSize = sizeof(FileHeader);
  header.metadataOffset = file.position();
  header.metadataSize = metadata.size();
  header.metadataHash = hashBytes(metadata.data(), metadata.size());
  TENON_TRY(file.write(metadata.data(), metadata.size()));
  header.fileSize = file.position();
  header.headerHash = hashBytes(&header, offsetof(FileHeader, headerHash));
  return file.writeAt(0, &header, sizeof header);
}

Status BundleWriter::run() {
  if (input.weightData.size() != bundle.weights.size() ||
      input.constantData.size() != bundle.constants.size() ||
      input.code.size() != bundle.targets.size())
    return Status(TENON_INVALID_ARGUMENT, "as many data sources as weights, constants and targets "
                                          "must be given");
  TENON_TRY(file.open());
  FileHeader placeholder{};
  TENON_TRY(file.write(&placeholder, sizeof placeholder));
  TENON_TRY(writeCode());
  TENON_TRY(writeConstants());
  TENON_TRY(writeWeights());
  TENON_TRY(writeAssets());
  TENON_TRY(writeMetadata());
  return file.commit();
}

} // namespace

DataSource DataSource::bytes(const void *data, uint64_t size) {
  return {size, [=](const ByteSink &sink) {
            sink(data, size);
            return Status();
          }};
}

/// Reads [offset, offset + size) of an open file into a sink.
static Status readRange(int fd, const std::string &path, uint64_t offset, uint64_t size,
                        const ByteSink &sink) {
  std::vector<char> piece(std::min<uint64_t>(size, 1 << 20));
  while (size) {
    ssize_t count = ::pread(fd, piece.data(), std::min<uint64_t>(size, piece.size()), offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return Status(TENON_IO, "cannot read '" + path +
                                  "': " + (count ? strerror(errno) : "the file is too short"));
    if (!sink(piece.data(), count))
      return {};
    offset += count;
    size -= count;
  }
  return {};
}

DataSource DataSource::file(std::string path, uint64_t offset, uint64_t size) {
  return {size, [=](const ByteSink &sink) {
            int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
            if (fd < 0)
              return Status(TENON_IO, "cannot open '" + path + "': " + strerror(errno));
            Status status = readRange(fd, path, offset, size, sink);
            ::close(fd);
            return status;
          }};
}

Status writeBundle(BundleInput input, const std::string &path) {
  return BundleWriter(input, path).run();
}

std::vector<std::string> cpuFeatures(const std::string &set) {
  std::vector<std::string> features = {"avx", "avx2",  "bmi",   "bmi2",  "f16c",
                                       "fma", "lzcnt", "movbe", "popcnt"};
  auto add = [&](std::initializer_list<const char *> more) {
    features.insert(features.end(), more.begin(), more.end());
  };
  if (set == "avx2")
    return features;
  add({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
  if (set == "avx512")
    return features;
  add({"avx512vnni", "avx512bf16"});
  return set == "avx512-vnni-bf16" ? features : std::vector<std::string>();
}

} // namespace tenon::bundle
