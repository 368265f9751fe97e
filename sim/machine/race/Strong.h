// Synchronisation through memory: what strong accesses (volatile, relaxed,
// acquire, release, atomics) together with fences give to one another.
//
// For each address that strong accesses touch, what its writers knew is kept:
//   release, or a strong write after a fence:  joins what the warp knew (at the
//                                              fence) into the address
//   acquire, or a strong read before a fence:  joins the address into the warp
// A barrier counts as a fence for earlier reads, not for later writes. A strong
// access without any fence gives and takes nothing.
#pragma once

#include "sim/machine/exec/Access.h"
#include "sim/machine/race/Knowledge.h"
#include <array>
#include <mutex>
#include <unordered_map>

namespace tenon::sim {

/// Addresses that strong accesses touched. Thread-safe; sharded by address.
class StrongTable {
public:
  void release(uint64_t address, const Knowledge &knowledge);
  /// Joins what the address holds into `to`; false if nothing.
  bool acquire(uint64_t address, Knowledge &to);

private:
  struct Shard {
    std::mutex mutex;
    std::unordered_map<uint64_t, Knowledge> cells;
  };
  std::array<Shard, 64> shards;
  Shard &shardOf(uint64_t address) { return shards[address / 4 % shards.size()]; }
};

/// Before a strong access: what it takes, and what it gives.
void acquireStrong(Warp &warp, const LaneAccess &access, bool acquire);
void releaseStrong(Warp &warp, const LaneAccess &access, bool release);
void fenceStrong(Warp &warp);
/// Takes what strong reads have seen so far: at fences and barriers.
void takePending(Warp &warp);
/// The key of a warp's cluster in Knowledge.
uint64_t clusterKey(const Block &block);

} // namespace tenon::sim
