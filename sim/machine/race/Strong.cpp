// See Strong.h.
#include "sim/machine/race/Strong.h"
#include "sim/machine/MachineState.h"
#include "sim/machine/exec/Launch.h"

namespace tenon::sim {

void joinKnowledge(Knowledge &to, uint64_t key, const uint32_t *row, uint32_t count) {
  std::vector<uint32_t> &mine = to[key];
  if (mine.size() < count)
    mine.resize(count);
  joinRow(mine.data(), row, count);
}

void joinKnowledge(Knowledge &to, const Knowledge &from) {
  for (const auto &[key, row] : from)
    joinKnowledge(to, key, row.data(), uint32_t(row.size()));
}

void StrongTable::release(uint64_t address, const Knowledge &knowledge) {
  Shard &shard = shardOf(address);
  std::lock_guard lock(shard.mutex);
  joinKnowledge(shard.cells[address], knowledge);
}

bool StrongTable::acquire(uint64_t address, Knowledge &to) {
  Shard &shard = shardOf(address);
  std::lock_guard lock(shard.mutex);
  auto it = shard.cells.find(address);
  if (it == shard.cells.end())
    return false;
  joinKnowledge(to, it->second);
  return true;
}

uint64_t clusterKey(const Block &block) {
  return block.launch->serial << 32 | uint32_t(block.cluster->index);
}

namespace {

WarpSync &syncOf(Warp &warp) {
  if (!warp.sync)
    warp.sync = std::make_unique<WarpSync>();
  return *warp.sync;
}

StrongTable &tableOf(Warp &warp) { return warp.block->launch->machine->state().strong; }

/// Shared addresses are told apart by cluster.
uint64_t tableAddress(Warp &warp, const LaneAccess &access, unsigned lane) {
  uint64_t address = access.address[lane];
  Space space = resolveSpace(access.space, address);
  if (space == Space::Global)
    return address;
  uint64_t rank = address < sharedStride ? warp.block->rank + 1 : address / sharedStride;
  return clusterKey(*warp.block) * 0x9e3779b97f4a7c15 ^ (rank << 24 | address % sharedStride) << 1 ^ 1;
}

/// Distinct addresses of the access; most strong accesses name one.
template <class F> void forAddresses(Warp &warp, const LaneAccess &access, F f) {
  uint64_t last = 0;
  for (uint32_t left = access.mask; left; left &= left - 1) {
    uint64_t address = tableAddress(warp, access, unsigned(__builtin_ctz(left)));
    if (address != last)
      f(address);
    last = address;
  }
}

void take(Warp &warp, Knowledge &knowledge) {
  uint64_t own = clusterKey(*warp.block);
  for (auto &[key, row] : knowledge) {
    if (key == own) {
      joinRow(warp.clock, row.data(), std::min<uint32_t>(uint32_t(row.size()),
                                                         warp.block->cluster->clocks.entities));
      continue;
    }
    joinKnowledge(syncOf(warp).outside, key, row.data(), uint32_t(row.size()));
    warp.acquiredOutside = true;
  }
}

bool enabled(const Warp &warp) {
  const Checks &checks = warp.block->launch->machine->options().checks;
  return checks.has(Kind::RaceGlobal) || checks.has(Kind::RaceShared);
}

} // namespace

void takePending(Warp &warp) {
  if (!warp.sync || !warp.sync->pending)
    return;
  Knowledge knowledge = std::move(warp.sync->pendingKnowledge);
  warp.sync->pendingKnowledge.clear();
  warp.sync->pending = false;
  take(warp, knowledge);
}

void acquireStrong(Warp &warp, const LaneAccess &access, bool acquire) {
  if (!enabled(warp))
    return;
  WarpSync &sync = syncOf(warp);
  forAddresses(warp, access, [&](uint64_t address) {
    sync.pending |= tableOf(warp).acquire(address, sync.pendingKnowledge);
  });
  if (acquire)
    takePending(warp);
}

void releaseStrong(Warp &warp, const LaneAccess &access, bool release) {
  if (!enabled(warp))
    return;
  WarpSync &sync = syncOf(warp);
  if (!release && !sync.fenced)
    return;
  Knowledge given = release ? sync.outside : sync.fenceOutside;
  const uint32_t *row = release ? warp.clock : sync.fenceRow.data();
  joinKnowledge(given, clusterKey(*warp.block), row, warp.block->cluster->clocks.entities);
  forAddresses(warp, access, [&](uint64_t address) { tableOf(warp).release(address, given); });
  if (release)
    stepClock(warp);
}

void fenceStrong(Warp &warp) {
  if (!enabled(warp))
    return;
  takePending(warp);
  if (!warp.program->usesStrong)
    return;
  WarpSync &sync = syncOf(warp);
  sync.fenced = true;
  sync.fenceRow.assign(warp.clock, warp.clock + warp.block->cluster->clocks.entities);
  sync.fenceOutside = sync.outside;
  stepClock(warp);
}

} // namespace tenon::sim
