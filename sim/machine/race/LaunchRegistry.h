// All launches whose accesses may still matter, and whose id an epoch of global
// memory is.
//
// Ids count up over the machine's life. A launch takes one per warp; a warp whose
// clock has moved takes a fresh one, from chunks of 64 that belong to it.
#pragma once

#include "sim/machine/memory/Shadow.h"
#include "sim/machine/race/StreamClock.h"
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace tenon::sim {

/// The warp that an id stands for, and its clock then.
struct IdOwner {
  uint64_t launch = 0;  // serial
  uint64_t cluster = 0; // within the launch
  uint32_t entity = 0;  // within the cluster
  uint32_t clock = 0;
};

constexpr uint32_t idChunk = 64;

class LaunchRegistry {
public:
  struct Entry {
    uint64_t serial = 0;
    uint32_t firstId = 0, endId = 0; // of the initial ids
    uint32_t warpsPerCluster = 1;
    StreamPosition position;
    bool running = true;
  };

  /// Adds a launch of `warps` warps; the oldest id that is not ordered before it
  /// goes to `minLive`, the serials of all launches that are not to `unordered`.
  Entry begin(uint64_t serial, uint64_t warps, uint32_t warpsPerCluster,
              const StreamPosition &position, uint32_t &minLive,
              std::vector<uint64_t> &unordered);
  void end(uint64_t serial);

  /// A chunk of fresh ids for one warp.
  uint32_t takeChunk(const IdOwner &owner);
  void setClock(uint32_t id, uint32_t clock);
  /// Who took the id; false if it is not known any more (then it is ordered).
  bool find(uint32_t id, IdOwner &owner) const;

  /// Words of global memory that are kept by byte: address / 4 -> four cells.
  std::mutex byteMutex;
  std::unordered_map<uint64_t, std::array<RaceCell, 4>> bytes;

private:
  struct Chunk {
    IdOwner owner;
    std::unique_ptr<uint32_t[]> clocks;
  };
  mutable std::shared_mutex mutex;
  std::vector<Entry> entries; // by firstId
  std::unordered_map<uint32_t, Chunk> chunks; // by id / idChunk
  uint32_t next = idChunk;
};

} // namespace tenon::sim
