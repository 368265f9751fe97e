// The queue of asynchronous operations, and the three orders.
#include "sim/machine/async/Queue.h"

#include "sim/machine/async/Groups.h"
#include "sim/machine/async/Launches.h"
#include "sim/machine/race/GlobalCells.h"

#include <algorithm>

namespace tenon::sim {

constexpr unsigned kPollsBeforeProgress = 16;
constexpr unsigned kTurnsBeforeProgress = 1024; // of warps that may spin on memory

static Actor freshActor(Warp &warp, unsigned lane) {
  refreshGlobalId(warp);
  return actorOf(warp, lane);
}

Issuer::Issuer(Warp &warp, unsigned lane, bool asyncProxy) : actor(freshActor(warp, lane)) {
  uint32_t entities = warp.block->cluster->clocks.entities;
  clock.assign(warp.clock, warp.clock + entities);
  proxyClock.assign(warp.proxyClock, warp.proxyClock + entities);
  actor.warp = nullptr;
  actor.clock = clock.data();
  actor.proxyClock = proxyClock.data();
  actor.asyncProxy = asyncProxy;
}

SlotHold::SlotHold(std::shared_ptr<ClusterClocks *> clocks)
    : slot((*clocks)->takeSlot()), clock((*clocks)->row(slot)[slot]), clocks(std::move(clocks)) {}

SlotHold::~SlotHold() {
  if (*clocks)
    (*clocks)->giveSlot(slot);
}

EngineQueue::EngineQueue(Cluster &cluster)
    : cluster(cluster), clocks(std::make_shared<ClusterClocks *>(&cluster.clocks)),
      order(asyncOrder(cluster)), state(asyncSeed(cluster)) {}

EngineQueue::~EngineQueue() { *clocks = nullptr; }

std::shared_ptr<SlotHold> EngineQueue::takeSlot() { return std::make_shared<SlotHold>(clocks); }

uint32_t EngineQueue::draw(uint32_t below) {
  state += 0x9e3779b97f4a7c15u; // splitmix64
  uint64_t z = state;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return uint32_t((z ^ z >> 31) % below);
}

void EngineQueue::submit(std::shared_ptr<PendingOp> op, std::shared_ptr<SlotHold> hold) {
  op->hold = hold ? std::move(hold) : takeSlot();
  Issuer &issuer = op->issuer;
  uint32_t slot = op->slot(), clock = op->slotClock();
  issuer.actor.entity = slot;
  // An operation is ordered after itself.
  issuer.clock[slot] = std::max(issuer.clock[slot], clock);
  issuer.proxyClock[slot] = std::max(issuer.proxyClock[slot], clock);
  pending.push_back(op);
  if (order == Order::Eager && op->ready())
    perform(*op);
}

void EngineQueue::becameReady(PendingOp &op) {
  if (order == Order::Eager && op.ready())
    perform(op);
}

void EngineQueue::perform(PendingOp &op) {
  if (op.performed)
    return;
  op.performed = true;
  op.run(cluster);
  for (auto &block : cluster.blocks)
    signalChange(*block);
  if (!pending.empty() && pending.front()->performed)
    sweep();
}

void EngineQueue::sweep() {
  while (!pending.empty() && pending.front()->performed)
    pending.pop_front();
}

void EngineQueue::poll(Cluster &) {
  if (pending.empty())
    return;
  bool late = order == Order::Lazy && ++turns % kTurnsBeforeProgress == 0;
  if (order == Order::Eager || late)
    progress(cluster); // eager: what was not ready when issued
  if (order != Order::Random || draw(4) != 0)
    return;
  for (uint32_t count = draw(uint32_t(pending.size()) + 1); count && !pending.empty(); --count) {
    std::shared_ptr<PendingOp> op = pending[draw(uint32_t(pending.size()))];
    if (op->ready())
      perform(*op);
    sweep();
  }
}

bool EngineQueue::progress(Cluster &) {
  bool any = false;
  // Ops that become ready by others' performing come on the next call.
  for (size_t i = 0; i < pending.size(); ++i) {
    std::shared_ptr<PendingOp> op = pending[i];
    if (op->performed || !op->ready())
      continue;
    perform(*op);
    any = true;
    if (order == Order::Lazy)
      break; // one at a time: whoever waits for it may go on first
    i = size_t(-1); // the queue may have changed
  }
  sweep();
  return any;
}

void EngineQueue::pollFailed() {
  if (order == Order::Eager || ++failedPolls < kPollsBeforeProgress)
    return;
  failedPolls = 0;
  progress(cluster);
}

void EngineQueue::drain(Cluster &) {
  bool whole = !wasAborted(cluster);
  for (auto &block : cluster.blocks)
    for (Warp &warp : block->warps)
      if (whole)
        endBulkGroups(warp);
  while (!pending.empty()) {
    std::shared_ptr<PendingOp> op = pending.front();
    pending.pop_front();
    if (op->ready())
      perform(*op);
    else if (whole && !op->performed)
      op->abandoned();
  }
}

void joinSlot(Warp &warp, const PendingOp &op, bool asyncProxy) {
  warp.clock[op.slot()] = std::max(warp.clock[op.slot()], op.slotClock());
  if (asyncProxy)
    warp.proxyClock[op.slot()] = std::max(warp.proxyClock[op.slot()], op.slotClock());
}

std::unique_ptr<AsyncQueue> makeAsyncQueue(Cluster &cluster) {
  return std::make_unique<EngineQueue>(cluster);
}

} // namespace tenon::sim
