// mbarrier objects: barriers in shared memory that count arrivals and bytes.
//
// A phase completes when the expected arrivals have come and the transaction
// count is zero; the next phase then begins by itself. The state lives here, not
// in the object's 64 bits, together with the clocks that arrivals gave; a program
// sees it only through tokens, which are opaque to it.
//
//   init 1;  arrive.expect_tx 4096   pending 0, tx 4096
//   copy completes 4096 bytes        tx 0: phase 0 done, pending 1 again
//   try_wait.parity 0                true: the phase of parity 0 is over
#pragma once

#include "sim/machine/async/Queue.h"

#include <map>
#include <optional>

namespace tenon::sim {

constexpr uint32_t maxMbarrierCount = (1u << 20) - 1;

struct Mbarrier {
  uint32_t expected = 0, pending = 0;
  int64_t transactions = 0;
  uint32_t phase = 0;
  std::vector<uint32_t> clock, proxyClock;         // given to the running phase
  std::vector<uint32_t> doneClock, doneProxyClock; // of the phase that completed last

  /// What arrive returns, and pending_count takes apart.
  uint64_t token() const { return uint64_t(phase) << 32 | pending; }
  bool completed(uint64_t token) const { return phase != uint32_t(token >> 32); }
  bool completedParity(uint32_t parity) const { return (phase & 1) != (parity & 1); }
};

/// A place in the shared memory of some block of a cluster.
struct ClusterPlace {
  Block *block = nullptr;
  uint32_t offset = 0;
};

/// `generic`: the address is a generic one. Nothing where no block owns it.
std::optional<ClusterPlace> clusterPlace(Block &own, uint64_t address, bool generic);

/// The mbarriers of a block's shared memory.
class Mbarriers : public BlockExtension {
public:
  static Mbarriers &of(Block &block);

  Mbarrier *find(uint32_t offset);
  Mbarrier &create(uint32_t offset, uint32_t count);
  void erase(uint32_t offset) { live.erase(offset); }

private:
  std::map<uint32_t, Mbarrier> live;
};

/// Joins what an arrival, or an engine, gives to the running phase.
void give(Mbarrier &barrier, const std::vector<uint32_t> &clock,
          const std::vector<uint32_t> &proxyClock);

// Each returns why the program has misused the barrier, or an empty string. The
// phase completes when that is due, and waiting warps of `block` are woken.
std::string arrive(Block &block, Mbarrier &barrier, uint32_t count);
std::string dropExpected(Mbarrier &barrier, uint32_t count);
std::string expectBytes(Mbarrier &barrier, uint32_t bytes);
std::string completeBytes(Block &block, Mbarrier &barrier, uint64_t bytes);

/// An engine tells an mbarrier that `bytes` have come; `op` is what brought them.
void completeTransfer(const Actor &actor, const PendingOp &op, ClusterPlace where, uint64_t bytes);

} // namespace tenon::sim
