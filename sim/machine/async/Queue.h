// Asynchronous engines: operations that a warp issued and an engine performs at
// some later time.
//
// PTX promises nothing about that time but what waits enforce, so it is a choice
// of the user: when issued (eager), as late as a wait allows (lazy), or drawn
// from the seed (random). The checks do not depend on it: an operation acts under
// a slot of its own in the vector clocks, and only a wait makes the slot's clock
// known to a warp, so a missing wait is found even if the bytes are there.
//
//   issue      a PendingOp with the issuer's rows as they were, and a slot
//   perform    the bytes move; an mbarrier is told; the slot goes back
//   wait       performs what it waits for, and joins the slot's clock
//
// One queue per cluster; its blocks run on one host thread, so nothing is locked.
#pragma once

#include "sim/machine/Options.h"
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/AsyncQueue.h"

#include <deque>
#include <memory>
#include <vector>

namespace tenon::sim {

/// What an engine knows and acts as: the issuer's rows at issue.
struct Issuer {
  Actor actor; // warp is null
  std::vector<uint32_t> clock, proxyClock;

  Issuer(Warp &warp, unsigned lane, bool asyncProxy);
  Issuer(const Issuer &) = delete;
};

/// A slot of the clocks while operations use it. Operations of one commit group
/// share a slot and keep it until they are waited for, so that a later operation
/// cannot vouch for them.
class SlotHold {
public:
  SlotHold(std::shared_ptr<ClusterClocks *> clocks);
  SlotHold(const SlotHold &) = delete;
  ~SlotHold();

  const uint32_t slot, clock;

private:
  std::shared_ptr<ClusterClocks *> clocks; // null pointer once the cluster is gone
};

class PendingOp : public std::enable_shared_from_this<PendingOp> {
public:
  PendingOp(Warp &warp, unsigned lane, bool asyncProxy) : issuer(warp, lane, asyncProxy) {}
  virtual ~PendingOp() = default;

  /// False while something must happen first (warps that have not joined).
  virtual bool ready() const { return true; }
  /// Moves the bytes, as issuer.actor, and tells who waits. Called once.
  virtual void run(Cluster &cluster) = 0;
  /// The block ended and the op never became ready.
  virtual void abandoned() {}
  /// The block ended and nobody has waited for the op, ready or not.
  virtual void unwaited() {}

  bool done() const { return performed; }
  uint32_t slot() const { return hold->slot; }
  uint32_t slotClock() const { return hold->clock; }

protected:
  Issuer issuer;

private:
  friend class EngineQueue;
  bool performed = false;
  std::shared_ptr<SlotHold> hold;
};

class EngineQueue : public AsyncQueue {
public:
  explicit EngineQueue(Cluster &cluster);
  ~EngineQueue() override;

  std::shared_ptr<SlotHold> takeSlot();
  /// Takes the op, to act under `hold` (a slot of its own where null), and
  /// performs it if the order is eager.
  void submit(std::shared_ptr<PendingOp> op, std::shared_ptr<SlotHold> hold = nullptr);
  /// An op that could not be performed when submitted may be ready now.
  void becameReady(PendingOp &op);
  /// Performs the op now unless it is done; it must be ready.
  void perform(PendingOp &op);
  /// A poll of an mbarrier failed; late orders give in after some of these.
  void pollFailed();

  void poll(Cluster &cluster) override;
  bool progress(Cluster &cluster) override;
  void drain(Cluster &cluster) override;

private:
  uint32_t draw(uint32_t below);
  void sweep();

  Cluster &cluster;
  std::shared_ptr<ClusterClocks *> clocks;
  std::deque<std::shared_ptr<PendingOp>> pending;
  Order order;
  uint64_t state; // of the random numbers
  unsigned failedPolls = 0, turns = 0;
};

inline EngineQueue &queueOf(Warp &warp) {
  return static_cast<EngineQueue &>(*warp.block->cluster->queue);
}

/// Makes what the op did known to the warp; `asyncProxy` also to its async proxy.
void joinSlot(Warp &warp, const PendingOp &op, bool asyncProxy);

} // namespace tenon::sim
