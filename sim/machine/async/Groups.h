// Commit groups: every thread collects the operations that it issues, closes a
// group with commit_group, and wait_group N waits until at most its N youngest
// groups are still under way. Threads of a warp usually go together; where they
// do not, each counts for itself, as PTX says.
#pragma once

#include "sim/machine/async/Queue.h"

namespace tenon::sim {

class CommitGroups : public WarpExtension {
public:
  explicit CommitGroups(bool asyncProxy) : asyncProxy(asyncProxy) {}

  /// Submits an operation of these lanes; it joins their open groups.
  void add(EngineQueue &queue, std::shared_ptr<PendingOp> op, uint32_t mask);
  /// An operation that was submitted joins their open groups.
  void track(std::shared_ptr<PendingOp> op, uint32_t mask);
  void commit(uint32_t mask);
  /// Performs what the lanes must not leave behind and joins it; Wait if
  /// something of it is not ready.
  Step wait(Warp &warp, uint32_t mask, uint32_t younger);
  /// The operations of these lanes in whatever group, oldest first.
  std::vector<std::shared_ptr<PendingOp>> issuedBy(uint32_t mask) const;
  /// Tells the operations that nobody has waited for that the block has ended.
  void end();

private:
  struct Entry {
    std::shared_ptr<PendingOp> op;
    uint32_t lanes; // that have not waited for it
    std::array<uint32_t, 32> group;
  };
  uint32_t lanesDue(const Entry &entry, uint32_t mask, uint32_t younger) const;

  bool asyncProxy;
  std::array<uint32_t, 32> open{};
  std::weak_ptr<SlotHold> openHold; // slot of the group `holdGroup`
  uint32_t holdGroup = 0;
  std::vector<Entry> entries;
};

/// The warp's groups in one of its extension slots, made on first use.
CommitGroups &groupsOf(Warp &warp, WarpExtensionSlot slot, bool asyncProxy);

/// Ends the bulk groups of a warp, if it has any.
void endBulkGroups(Warp &warp);

} // namespace tenon::sim
