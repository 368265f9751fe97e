// A resident block and the cluster it belongs to (a block without a cluster has
// one of its own). All blocks of a cluster run on one host thread, so nothing
// here needs a lock.
#pragma once

#include "sim/machine/exec/AsyncQueue.h"
#include "sim/machine/exec/Warp.h"
#include "sim/machine/race/Clocks.h"
#include "sim/machine/race/Knowledge.h"
#include <array>
#include <memory>
#include <vector>

namespace tenon::sim {

struct Launch;
struct Cluster;
struct SharedShadow;

/// One of the 16 barriers of a block.
struct NamedBarrier {
  bool active = false;    // some thread has arrived
  uint32_t expected = 0;  // threads; 0: all that are live
  uint32_t arrived = 0;
  uint32_t padding = 0;   // lanes without a thread, of warps that arrived
  uint64_t generation = 0;
  uint32_t whole = 0;     // warps of which only the arrival is noted (exec/WholeBarrier.h)
  uint32_t wholeThreads = 0;
  uint32_t reduction = 0; // count, or bits, of bar.red
  bool reductionAll = true;
  std::vector<uint32_t> clock, proxyClock; // what arrivals gave
  bool acquiredOutside = false;
  Knowledge outside;
};

/// Base of per-block state of an extension (mbarriers' engine slots, ...).
struct BlockExtension {
  virtual ~BlockExtension() = default;
};

struct Block {
  Launch *launch = nullptr;
  Cluster *cluster = nullptr;
  std::array<uint32_t, 3> index{};     // %ctaid
  uint32_t linear = 0;                 // within the grid
  uint32_t rank = 0;                   // within the cluster
  uint32_t threads = 0;
  uint32_t liveThreads = 0;
  std::vector<Warp> warps;
  Warp *running = nullptr;             // the warp whose handlers run (exec/WarpLoop.cpp)
  std::unique_ptr<uint8_t[], void (*)(void *)> shared{nullptr, nullptr};
  uint32_t sharedBytes = 0;
  std::unique_ptr<uint8_t[], void (*)(void *)> files{nullptr, nullptr}; // of all warps
  std::unique_ptr<SharedShadow> shadow;
  std::array<NamedBarrier, 16> barriers;
  uint64_t changes = 0; // steps with every event that a waiting split may wait for
  std::array<std::unique_ptr<BlockExtension>, 4> extensions;

  Block();
  ~Block();
};

struct Cluster {
  Launch *launch = nullptr;
  uint32_t size = 1;
  uint64_t index = 0; // within the launch
  std::array<uint32_t, 3> shape{1, 1, 1};
  std::vector<std::unique_ptr<Block>> blocks; // by rank
  ClusterClocks clocks;
  uint32_t liveThreads = 0;
  NamedBarrier barrier; // barrier.cluster: the phase that gathers arrivals
  NamedBarrier passed;  // and the last complete one
  /// The async engines of the cluster: they are asked to make progress when no
  /// warp of it can run, and when the seed says so (async/Queue.h).
  std::unique_ptr<AsyncQueue> queue;
};

/// Completes the cluster's barrier if all live threads have arrived.
void checkClusterBarrier(Cluster &cluster);

/// The block of this cluster that owns a shared::cluster address, and the offset
/// in it; null if the address is none. Shared windows are 16 MiB per rank.
Block *blockOfSharedAddress(Cluster &cluster, uint64_t address, uint32_t &offset);

/// Says that something happened that a waiting split may wait for.
inline void signalChange(Block &block) { ++block.changes; }

} // namespace tenon::sim
