// Writes .tenon files.
//
// The caller fills a bundle::Bundle (everything but sections, offsets and
// hashes) and hands over the bytes: code per target, constants, and weights as
// sources that are asked for their bytes once, in order, so that no weight need
// be in memory as a whole. Equal weights are stored once. The file is written
// beside its final name and renamed, so that the name holds either the old file
// or the whole new one. The same input gives the same bytes.
//
//   BundleInput in;
//   in.bundle.weights.push_back({.name = "w", .shape = {768, 768}});
//   in.weightData.push_back(DataSource::bytes(data, size));
//   in.code.push_back(image);          // one for each of in.bundle.targets
//   if (Status status = writeBundle(std::move(in), "model.tenon"); !status.ok()) ...
#pragma once

#include "runtime/bundle/Model.h"
#include "runtime/support/Status.h"

#include <functional>
#include <string>
#include <vector>

namespace tenon::bundle {

/// Takes the next bytes of a source; false means that writing failed and the
/// source should stop.
using ByteSink = std::function<bool(const void *data, size_t size)>;

/// `size` bytes, handed to a sink in as many pieces as it likes. `produce` may
/// be called once only; it returns what went wrong on its side.
struct DataSource {
  uint64_t size = 0;
  std::function<Status(const ByteSink &sink)> produce;

  /// Bytes in memory that outlive the write.
  static DataSource bytes(const void *data, uint64_t size);
  /// A range of a file, read in pieces when it is written.
  static DataSource file(std::string path, uint64_t offset, uint64_t size);
};

struct Asset {
  std::string name; ///< "tokenizer"
  std::vector<uint8_t> bytes;
};

struct BundleInput {
  /// Weights without section and offset, constants and targets without section;
  /// `sections` empty.
  Bundle bundle;
  std::vector<DataSource> weightData;             ///< one for each weight
  std::vector<std::vector<uint8_t>> constantData; ///< one for each constant
  std::vector<std::vector<uint8_t>> code;         ///< one for each target
  std::vector<Asset> assets;
};

/// Writes the bundle to `path`.
Status writeBundle(BundleInput input, const std::string &path);

/// The processor features that code for a named set may use ("avx2", "avx512",
/// "avx512-vnni-bf16"); empty for a set that is not known.
std::vector<std::string> cpuFeatures(const std::string &set);

} // namespace tenon::bundle
