// Vector clocks: joins and steps.
#include "sim/machine/race/Clocks.h"
#include "sim/machine/exec/Block.h"
#include <algorithm>

namespace tenon::sim {

__attribute__((target_clones("avx512f", "avx2", "default"))) void
joinRow(uint32_t *to, const uint32_t *from, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    to[i] = to[i] > from[i] ? to[i] : from[i];
}

__attribute__((target_clones("avx512f", "avx2", "default"))) void
exchangeRows(uint32_t *const *rows, unsigned rowCount, uint32_t count) {
  for (uint32_t at = 0; at < count; at += 16) {
    uint32_t most[16];
    std::copy_n(rows[0] + at, 16, most);
    for (unsigned r = 1; r < rowCount; ++r)
      for (unsigned i = 0; i < 16; ++i)
        most[i] = most[i] > rows[r][at + i] ? most[i] : rows[r][at + i];
    for (unsigned r = 0; r < rowCount; ++r)
      std::copy_n(most, 16, rows[r] + at);
  }
}

void ClusterClocks::init(uint32_t warps) {
  warpEntities = warps;
  entities = std::min(maxEntities, (warps + engineSlots + 15) / 16 * 16);
  rows.assign(size_t(entities) * entities, 0);
  proxyRows.assign(size_t(entities) * entities, 0);
  for (uint32_t e = 0; e < entities; ++e) {
    row(e)[e] = 1;
    // What a warp does first is no more known to the async proxy than the rest.
    proxyRow(e)[e] = e < warps ? 0 : 1;
  }
  freeSlots.clear();
  for (uint32_t e = entities; e-- > warps;)
    freeSlots.push_back(e);
}

uint32_t ClusterClocks::takeSlot() {
  if (freeSlots.empty())
    return entities - 1;
  uint32_t slot = freeSlots.back();
  freeSlots.pop_back();
  row(slot)[slot] = std::min(row(slot)[slot] + 1, maxClock);
  return slot;
}

void ClusterClocks::giveSlot(uint32_t entity) {
  if (std::find(freeSlots.begin(), freeSlots.end(), entity) == freeSlots.end())
    freeSlots.insert(freeSlots.begin(), entity); // the one given back last is taken last
}

void stepClock(Warp &warp) {
  uint32_t &own = warp.clock[warp.entity];
  if (own < maxClock)
    ++own;

  warp.globalIdStale = true;
  forgetReaderMemo(warp);
}

void releaseTo(Warp &warp, std::vector<uint32_t> &to, std::vector<uint32_t> *proxyTo) {
  uint32_t count = warp.block->cluster->clocks.entities;
  to.resize(count);
  joinRow(to.data(), warp.clock, count);
  if (proxyTo) {
    proxyTo->resize(count);
    joinRow(proxyTo->data(), warp.proxyClock, count);
  }
  stepClock(warp);
}

void acquireFrom(Warp &warp, const std::vector<uint32_t> &from,
                 const std::vector<uint32_t> *proxyFrom) {
  joinRow(warp.clock, from.data(), uint32_t(from.size()));
  if (proxyFrom)
    joinRow(warp.proxyClock, proxyFrom->data(), uint32_t(proxyFrom->size()));
}

void proxyFence(Warp &warp) {
  joinRow(warp.proxyClock, warp.clock, warp.block->cluster->clocks.entities);
  stepClock(warp);
}

} // namespace tenon::sim
