// A launch in progress: what all its blocks share, and the counters of one host
// thread that works on it.
#pragma once

#include "sim/machine/Machine.h"
#include "sim/machine/code/Program.h"
#include "sim/machine/exec/AccessPattern.h"
#include "sim/machine/exec/Block.h"
#include "sim/machine/report/Coalescing.h"
#include <atomic>
#include <mutex>

namespace tenon::sim {

struct GlobalRaceState;

struct Launch {
  Machine *machine = nullptr;
  Gpu *gpu = nullptr;
  const Kernel *kernel = nullptr;
  const Program *program = nullptr;
  std::array<uint32_t, 3> grid{}, block{}, cluster{1, 1, 1};
  uint32_t threads = 0, warpsPerBlock = 0, sharedBytes = 0, dynamicShared = 0;
  uint64_t blocks = 0, clusters = 0;
  bool explicitCluster = false;
  bool chained = false;   // at a barrier the next warp runs at once, without the scheduler
  bool together = false;  // all blocks are present before the first runs (cooperative)
  unsigned workers = 1;
  std::vector<std::byte> parameters;
  uint64_t workspace = 0; // of grid.sync(): %envreg1 and 2
  uint64_t serial = 0;
  std::atomic<uint64_t> nextCluster{0};
  std::atomic<bool> abort{false};
  std::atomic<uint64_t> faults{0}, findings{0};
  std::unique_ptr<GlobalRaceState> race;
  const std::atomic<uint64_t> *shrinks = nullptr; // of the machine's memory

  std::mutex mutex; // for the rest
  LaunchStatus status = LaunchStatus::Ok;
  std::string message;
  KernelCounters counters;

  /// Keeps the first failure; a fatal one ends the launch.
  void fail(LaunchStatus why, std::string text, bool fatal);
};

/// One host thread's counters; added up at the end.
struct WorkerCounters {
  std::vector<uint64_t> full, masked, lanes, divergent;
  std::vector<MemoryCounters> sites;
  std::vector<AccessPattern> patterns; // one per site
  uint64_t blocks = 0, warps = 0;
};

enum class WarpState : uint8_t { Runnable, Blocked, Done };

/// Runs a warp until it blocks, ends or has used up its instructions.
WarpState runWarp(Warp &warp, int64_t quantum);

/// Builds cluster number `index` with all its blocks and warps.
std::unique_ptr<Cluster> makeCluster(Launch &launch, uint64_t index, WorkerCounters &counters);

/// One host thread's work on a launch: takes clusters until none is left.
void work(Launch &launch, WorkerCounters &counters);

/// Says what every warp of the cluster waits for.
std::string describeWaits(const Cluster &cluster);

// --- parts of the warp's loop

/// Splits: see exec/Splits.cpp.
bool chooseSplit(Warp &warp);
void addSplit(Warp &warp, const Op *pc, uint32_t mask, CallFrame *frame);
void park(Warp &warp, const Op *pc, uint32_t mask, WaitKind kind, uint32_t object);
/// Splits that wait in that way become runnable.
void wake(Warp &warp, WaitKind kind, uint32_t object);
/// Lanes of waiting splits of the kind at `pc`, taken out of the list.
uint32_t takeWaiting(Warp &warp, WaitKind kind, const Op *pc, CallFrame *frame);

/// Calls: see exec/Calls.cpp.
void callFunction(Warp &warp, const Op *op, uint32_t mask);
void returnFrom(Warp &warp, uint32_t mask);
void callBuiltin(Warp &warp, const CallSite &site, uint32_t mask);

/// Barriers: see exec/Barrier.cpp.
void barrierOp(Warp &warp, const Op *op, uint32_t mask);
void exitLanes(Warp &warp, uint32_t mask);
void checkBarriers(Block &block);
void clusterArrive(Warp &warp, uint32_t mask, bool release);
/// True once the phase that the lanes arrived at is complete.
bool clusterWait(Warp &warp, uint32_t mask);

/// bytes of generic memory for one lane; false (after a finding) if not readable.
bool readLane(Warp &warp, unsigned lane, uint64_t address, void *to, unsigned bytes);

} // namespace tenon::sim
