// Commit groups of the threads of a warp.
#include "sim/machine/async/Groups.h"

#include <algorithm>

namespace tenon::sim {

void CommitGroups::add(EngineQueue &queue, std::shared_ptr<PendingOp> op, uint32_t mask) {
  uint32_t group = open[unsigned(__builtin_ctz(mask))];
  std::shared_ptr<SlotHold> hold = group == holdGroup ? openHold.lock() : nullptr;
  if (!hold) {
    hold = queue.takeSlot();
    openHold = hold;
    holdGroup = group;
  }
  track(op, mask);
  queue.submit(std::move(op), std::move(hold));
}

void CommitGroups::track(std::shared_ptr<PendingOp> op, uint32_t mask) {
  entries.push_back({std::move(op), mask, open});
}

void CommitGroups::commit(uint32_t mask) {
  for (; mask; mask &= mask - 1)
    ++open[unsigned(__builtin_ctz(mask))];
}

uint32_t CommitGroups::lanesDue(const Entry &entry, uint32_t mask, uint32_t younger) const {
  uint32_t due = 0;
  for (uint32_t lanes = entry.lanes & mask; lanes; lanes &= lanes - 1) {
    unsigned lane = unsigned(__builtin_ctz(lanes));
    // Groups 0 .. open-1 are committed; the youngest `younger` may remain.
    if (uint64_t(entry.group[lane]) + younger < open[lane])
      due |= 1u << lane;
  }
  return due;
}

Step CommitGroups::wait(Warp &warp, uint32_t mask, uint32_t younger) {
  for (const Entry &entry : entries)
    if (lanesDue(entry, mask, younger) && !entry.op->done() && !entry.op->ready())
      return Step::Wait;
  for (Entry &entry : entries)
    if (uint32_t due = lanesDue(entry, mask, younger)) {
      queueOf(warp).perform(*entry.op);
      joinSlot(warp, *entry.op, asyncProxy);
      entry.lanes &= ~due;
    }
  std::erase_if(entries, [](const Entry &entry) { return entry.lanes == 0; });
  return Step::Done;
}

std::vector<std::shared_ptr<PendingOp>> CommitGroups::issuedBy(uint32_t mask) const {
  std::vector<std::shared_ptr<PendingOp>> ops;
  for (const Entry &entry : entries)
    if (entry.lanes & mask)
      ops.push_back(entry.op);
  return ops;
}

void CommitGroups::end() {
  for (const Entry &entry : entries)
    entry.op->unwaited();
  entries.clear();
}

void endBulkGroups(Warp &warp) {
  if (warp.extensions[slotBulk])
    static_cast<CommitGroups &>(*warp.extensions[slotBulk]).end();
}

CommitGroups &groupsOf(Warp &warp, WarpExtensionSlot slot, bool asyncProxy) {
  if (!warp.extensions[slot])
    warp.extensions[slot] = std::make_unique<CommitGroups>(asyncProxy);
  return static_cast<CommitGroups &>(*warp.extensions[slot]);
}

} // namespace tenon::sim
