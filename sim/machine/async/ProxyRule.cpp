// Looks at the last write of every word that an engine is about to touch.
#include "sim/machine/async/ProxyRule.h"

#include "sim/machine/exec/Launch.h"
#include "sim/machine/race/SharedCells.h"

namespace tenon::sim {

/// A generic write that is ordered before the engine, but not for its proxy.
static bool needsFence(const Actor &actor, uint32_t epoch) {
  uint32_t entity = epochEntity(epoch), clock = epochClock(epoch);
  if (clock == 0 || entity >= actor.block->cluster->clocks.warpEntities)
    return false; // never written, or by an engine
  return actor.clock[entity] >= clock && actor.proxyClock[entity] < clock;
}

static bool anyNeedsFence(const Actor &actor, const SharedShadow &shadow, uint32_t offset,
                          uint32_t bytes) {
  uint32_t previous = 0;
  for (uint32_t word = offset / 4; word < (offset + bytes + 3) / 4; ++word) {
    if (word >= shadow.write.size())
      return false;
    uint32_t epoch = shadow.write[word];
    if (epoch == previous)
      continue;
    previous = epoch;
    if (!(epoch & 1)) {
      if (needsFence(actor, epoch))
        return true;
      continue;
    }
    auto cells = shadow.bytes.find(word);
    if (cells == shadow.bytes.end())
      continue;
    for (const SharedCell &cell : cells->second)
      if (needsFence(actor, cell.write))
        return true;
  }
  return false;
}

uint8_t *accessSharedAsync(const Actor &actor, uint64_t address, uint32_t bytes,
                           AccessKind kind) {
  Block *block = actor.block;
  uint32_t offset = uint32_t(address);
  if (address >= sharedStride)
    block = blockOfSharedAddress(*actor.block->cluster, address, offset);
  const Options &options = actor.block->launch->machine->options();
  if (block && block->shadow && options.checks.has(Kind::ProxyFence) &&
      options.checks.has(Kind::RaceShared) && anyNeedsFence(actor, *block->shadow, offset, bytes))
    report(actor, Kind::ProxyFence, address,
           "an asynchronous operation touches bytes that were written without a "
           "fence.proxy.async since");
  return accessShared(actor, address, bytes, kind);
}

} // namespace tenon::sim
