// The hook of asynchronous engines: ops that were issued and not yet performed.
// The scheduler drives it; async/ implements it and chooses the order (eager,
// lazy, random).
#pragma once

#include <memory>

namespace tenon::sim {

struct Cluster;

class AsyncQueue {
public:
  virtual ~AsyncQueue() = default;
  /// Called between warps' turns: a random order performs some ops here.
  virtual void poll(Cluster &cluster) = 0;
  /// Called when no warp of the cluster can run: performs at least one op if
  /// there is any (it may unblock a wait). False if nothing was pending.
  virtual bool progress(Cluster &cluster) = 0;
  /// Called when all warps have exited, before shared memory goes away.
  virtual void drain(Cluster &cluster) = 0;
};

/// Implemented in async/: the queue of a new cluster.
std::unique_ptr<AsyncQueue> makeAsyncQueue(Cluster &cluster);

} // namespace tenon::sim
