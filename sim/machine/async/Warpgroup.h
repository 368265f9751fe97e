// wgmma in flight: four warps issue the same instruction, an engine multiplies.
//
// The i-th wgmma of each of the four warps is one operation; it can be performed
// once all four have issued it, and operations of a warpgroup are performed in
// order, since accumulators chain. Registers belong to the engine from issue to
// wait_group. What they ought to hold is remembered as a hash per row:
//
//   wgmma.fence      the program has written them: remember what they hold
//   issue            must hold what the fence saw, else the fence is missing
//   perform          must still hold it, else they were written in flight
//   wait_group       the same
#pragma once

#include "sim/machine/async/Groups.h"
#include "sim/machine/matrix/Wgmma.h"

#include <unordered_map>

namespace tenon::sim {

class WgmmaMmaOp;

/// Registers of a warp that wgmmas use, and what they should hold.
class WgmmaRegisters {
public:
  /// Rows of all wgmmas of the warp's program.
  void fence(const Warp &warp);
  bool fenced() const { return hasFence; }
  /// False if the row changed since the last fence or wgmma that wrote it.
  bool holds(const Warp &warp, uint16_t row) const;
  void remember(const Warp &warp, uint16_t row);

private:
  bool hasFence = false;
  std::vector<uint16_t> rows; // of all wgmmas
  bool collected = false;
  std::unordered_map<uint16_t, uint64_t> expected;
};

class PendingWgmma : public PendingOp {
public:
  PendingWgmma(Warp &warp, const WgmmaMmaOp &op);

  void join(Warp &warp);
  bool joined(unsigned position) const { return warps[position] != nullptr; }
  bool ready() const override;
  void run(Cluster &cluster) override;
  void abandoned() override;

  const WgmmaMmaOp &op;
  uint64_t descriptorA = 0, descriptorB = 0;
  bool addToD = true;
  std::shared_ptr<PendingWgmma> before; // of the same warpgroup

private:
  bool gather(WgmmaOperands &operands);

  std::array<Warp *, 4> warps{};
};

/// One warp's side: its groups, its registers.
class WgmmaState : public WarpExtension {
public:
  CommitGroups groups{true};
  WgmmaRegisters registers;
  std::vector<std::shared_ptr<PendingWgmma>> issued; // not waited for yet

  static WgmmaState &of(Warp &warp);
};

/// The operations of a block's warpgroups that not all four warps have issued.
class Warpgroups : public BlockExtension {
public:
  static Warpgroups &of(Block &block);
  /// The operation that this warp's next wgmma belongs to.
  std::shared_ptr<PendingWgmma> next(Warp &warp, const WgmmaMmaOp &op, bool &isNew);

private:
  struct Group {
    std::deque<std::shared_ptr<PendingWgmma>> open;
    std::shared_ptr<PendingWgmma> last;
  };
  std::vector<Group> groups;
};

} // namespace tenon::sim
