// What Memory keeps. Allocations are in one map by address; looking up takes a
// shared lock and is cached per warp.
#pragma once

#include "sim/machine/memory/Memory.h"
#include "sim/machine/memory/Shadow.h"
#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <shared_mutex>

namespace tenon::sim {

/// Addresses of one GPU, or of pinned host memory.
struct AddressRange {
  uint64_t low = 0, high = 0;
  uint64_t used = 0;
  std::map<uint64_t, uint64_t> holes; // free ranges: start -> size
};

struct Memory::State {
  mutable std::shared_mutex mutex;
  GlobalShadow shadow;
  std::vector<AddressRange> spaces;
  std::map<uint64_t, Allocation> allocations; // live, reserved and quarantined, by address
  std::map<uint64_t, uint64_t> mappings;      // parts of reserved ranges: start -> size
  std::deque<uint64_t> quarantine;
  uint64_t quarantineBytes = 0;
  std::set<std::pair<unsigned, unsigned>> peers;
  std::atomic<uint64_t> serial{0};
  std::atomic<uint64_t> shrinks{0}; // steps when live ranges end: bounds seen before are stale
  std::vector<std::pair<void *, uint64_t>> reservations;
  bool huge = true;

  /// The live allocation (or mapped part) that holds the address as [low, high).
  bool liveRange(uint64_t address, uint64_t &low, uint64_t &high) const;
  const Allocation *find(uint64_t address) const;
};

/// Bytes between allocations that belong to none.
constexpr uint64_t redZone = 256;

} // namespace tenon::sim
