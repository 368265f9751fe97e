// mbarrier objects: counting, phases, and what they pass on.
#include "sim/machine/async/Mbarrier.h"

namespace tenon::sim {

constexpr unsigned kMbarrierExtension = 0;

Mbarriers &Mbarriers::of(Block &block) {
  auto &extension = block.extensions[kMbarrierExtension];
  if (!extension)
    extension = std::make_unique<Mbarriers>();
  return static_cast<Mbarriers &>(*extension);
}

Mbarrier *Mbarriers::find(uint32_t offset) {
  auto it = live.find(offset);
  return it == live.end() ? nullptr : &it->second;
}

Mbarrier &Mbarriers::create(uint32_t offset, uint32_t count) {
  Mbarrier &barrier = live[offset];
  barrier = {};
  barrier.expected = barrier.pending = count;
  return barrier;
}

std::optional<ClusterPlace> clusterPlace(Block &own, uint64_t address, bool generic) {
  if (generic) {
    if (address < sharedWindow || address >= localWindow)
      return std::nullopt;
    address -= sharedWindow;
  }
  if (address < sharedStride)
    return ClusterPlace{&own, uint32_t(address)};
  ClusterPlace place;
  place.block = blockOfSharedAddress(*own.cluster, address, place.offset);
  return place.block ? std::optional(place) : std::nullopt;
}

static void joinInto(std::vector<uint32_t> &to, const std::vector<uint32_t> &from) {
  if (from.empty())
    return;
  if (to.size() < from.size())
    to.resize(from.size());
  joinRow(to.data(), from.data(), uint32_t(from.size()));
}

void give(Mbarrier &barrier, const std::vector<uint32_t> &clock,
          const std::vector<uint32_t> &proxyClock) {
  joinInto(barrier.clock, clock);
  joinInto(barrier.proxyClock, proxyClock);
}

static void completeIfDue(Block &block, Mbarrier &barrier) {
  if (barrier.pending != 0 || barrier.transactions != 0)
    return;
  ++barrier.phase;
  barrier.pending = barrier.expected;
  barrier.doneClock = barrier.clock;
  barrier.doneProxyClock = barrier.proxyClock;
  signalChange(block);
}

std::string arrive(Block &block, Mbarrier &barrier, uint32_t count) {
  if (count > barrier.pending)
    return "arrival of " + std::to_string(count) + " where only " +
           std::to_string(barrier.pending) + " are pending of " + std::to_string(barrier.expected);
  barrier.pending -= count;
  completeIfDue(block, barrier);
  return {};
}

std::string dropExpected(Mbarrier &barrier, uint32_t count) {
  if (count > barrier.expected)
    return "drops " + std::to_string(count) + " of " + std::to_string(barrier.expected) +
           " expected arrivals";
  barrier.expected -= count;
  return {};
}

std::string expectBytes(Mbarrier &barrier, uint32_t bytes) {
  barrier.transactions += bytes;
  if (barrier.transactions > int64_t(maxMbarrierCount))
    return "transaction count of " + std::to_string(barrier.transactions) + " is above 2^20 - 1";
  return {};
}

std::string completeBytes(Block &block, Mbarrier &barrier, uint64_t bytes) {
  barrier.transactions -= int64_t(bytes);
  if (barrier.transactions < -int64_t(maxMbarrierCount))
    return "transaction count of " + std::to_string(barrier.transactions) + " is below -2^20 + 1";
  completeIfDue(block, barrier);
  return {};
}

void completeTransfer(const Actor &actor, const PendingOp &op, ClusterPlace where, uint64_t bytes) {
  Mbarrier *barrier = Mbarriers::of(*where.block).find(where.offset);
  if (!barrier) {
    report(actor, Kind::Mbarrier, where.offset,
           "a copy completes on an mbarrier that is not initialised");
    return;
  }
  std::vector<uint32_t> given(op.slot() + 1, 0);
  given[op.slot()] = op.slotClock();
  give(*barrier, given, given);
  std::string misuse = completeBytes(*where.block, *barrier, bytes);
  if (!misuse.empty())
    report(actor, Kind::Mbarrier, where.offset, misuse);
}

} // namespace tenon::sim
