// See LaunchRegistry.h. Launches that ended and are ordered before every new one
// are forgotten, with their ids.
#include "sim/machine/race/LaunchRegistry.h"
#include <algorithm>

namespace tenon::sim {

LaunchRegistry::Entry LaunchRegistry::begin(uint64_t serial, uint64_t warps, uint32_t warpsPerCluster,
                                            const StreamPosition &position, uint32_t &minLive,
                                            std::vector<uint64_t> &unordered) {
  std::unique_lock lock(mutex);
  uint64_t count = (warps + idChunk - 1) / idChunk * idChunk;
  if (next + count > 0x70000000ull) // ids are about to run out: start anew, forgetting
    next = idChunk;
  Entry entry{serial, next, uint32_t(next + warps), warpsPerCluster, position, true};
  next += uint32_t(count);
  minLive = entry.firstId;
  auto ordered = [&](const Entry &e) {
    bool unplaced = position.sequence == 0 || e.position.sequence == 0;
    return (unplaced && !e.running) ||
           position.before.knows(e.position.stream, e.position.sequence);
  };
  for (const Entry &e : entries)
    if (!ordered(e)) {
      minLive = std::min(minLive, e.firstId);
      unordered.push_back(e.serial);
    }
  std::sort(unordered.begin(), unordered.end());
  entries.push_back(entry);
  // What ended more than a thousand launches ago is only kept if still running.
  while (entries.size() > 1024 && !entries.front().running)
    entries.erase(entries.begin());
  return entry;
}

void LaunchRegistry::end(uint64_t serial) {
  std::unique_lock lock(mutex);
  for (Entry &e : entries)
    if (e.serial == serial)
      e.running = false;
  if (chunks.size() > 200000)
    chunks.clear();
}

uint32_t LaunchRegistry::takeChunk(const IdOwner &owner) {
  std::unique_lock lock(mutex);
  uint32_t first = next;
  next += idChunk;
  Chunk &chunk = chunks[first / idChunk];
  chunk.owner = owner;
  chunk.clocks.reset(new uint32_t[idChunk]());
  return first;
}

void LaunchRegistry::setClock(uint32_t id, uint32_t clock) {
  std::shared_lock lock(mutex);
  auto it = chunks.find(id / idChunk);
  if (it != chunks.end())
    it->second.clocks[id % idChunk] = clock;
}

bool LaunchRegistry::find(uint32_t id, IdOwner &owner) const {
  std::shared_lock lock(mutex);
  auto it = chunks.find(id / idChunk);
  if (it != chunks.end()) {
    owner = it->second.owner;
    owner.clock = it->second.clocks[id % idChunk];
    return owner.clock != 0;
  }
  for (const Entry &e : entries)
    if (id >= e.firstId && id < e.endId) {
      uint32_t warp = id - e.firstId;
      owner = {e.serial, warp / e.warpsPerCluster, warp % e.warpsPerCluster, 1};
      return true;
    }
  return false;
}

} // namespace tenon::sim
