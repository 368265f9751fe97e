// How the ranks of a mesh meet. A program names a collective and an axis; the
// communicator brings together the ranks that differ in that axis alone.
//
// Every rank calls the same collectives in the same order. A rank that fails calls
// abort(), which ends the others' waiting with an error that names it.
#pragma once

#include "runtime/bundle/Model.h"
#include "runtime/support/Status.h"

#include <cstdint>
#include <string>

namespace tenon {

using bundle::CollectiveKind;
using bundle::Reduction;

/// One collective of one rank, in host memory.
struct CollectiveRequest {
  CollectiveKind kind = CollectiveKind::AllReduce;
  Reduction reduction = Reduction::None;
  ElementType type = ElementType::F32;
  const char *from = nullptr;
  char *to = nullptr;
  int64_t fromBytes = 0, toBytes = 0;
};

/// The ranks that meet: `size` of them, `stride` apart in the numbering of ranks.
struct RankLine {
  uint32_t first = 0, stride = 1, size = 1;
};

class Communicator {
public:
  virtual ~Communicator() = default;
  virtual uint32_t rank() const = 0;
  /// Returns when `to` is complete and `from` may be overwritten.
  virtual Status run(const RankLine &line, const CollectiveRequest &request) = 0;
  /// This rank takes part in nothing any more.
  virtual void abort(const std::string &reason) = 0;
};

} // namespace tenon
