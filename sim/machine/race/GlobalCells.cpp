// Races of global memory.
//
// A cell holds the id of the last writer (top bit: a strong write) and of one
// reader that was unordered with those before it (top bit, "more": other blocks
// have read since). A line cell stands for 128 bytes while every access covers
// whole lines; then for each word its own; where words are shared between warps
// by byte, four cells in a side table.
//
// An id is ordered before a warp when it is
//   1. older than every launch that is not ordered before this one;
//   2. of the same cluster, and the warp's row knows its clock;
//   3. known from what the warp has acquired from outside its cluster.
// "More" accuses only when the kept reader is of the writer's own launch and the
// writer has acquired nothing from outside: then nothing can have ordered it.
#include "sim/machine/race/GlobalCells.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/memory/State.h"
#include "sim/machine/race/GlobalState.h"
#include "sim/machine/race/Strong.h"
#include <algorithm>

namespace tenon::sim {
namespace {

constexpr uint32_t flag = 0x80000000, idMask = 0x7fffffff;
constexpr uint32_t openWord = 0xfffffffe;

class Visit {
public:
  Visit(const Actor &actor, bool write, bool strong)
      : actor(actor), race(*actor.block->launch->race), write(write), strong(strong) {}

  uint32_t other = 0;

  bool access(RaceCell &cell) {
    uint32_t writer = cell.write & idMask, reader = cell.read & idMask;
    bool racy = unordered(writer) && !(strong && cell.write & flag);
    if (racy)
      other = writer;
    if (!write) {
      if (!strong)
        addReader(cell, reader);
      return racy;
    }
    if (!racy && readerRaces(cell, reader)) {
      racy = true;
      other = reader;
    }
    cell = {actor.globalId | (strong ? flag : 0), 0};
    return racy;
  }

private:
  bool readerRaces(const RaceCell &cell, uint32_t reader) {
    if (unordered(reader))
      return true;
    if (!(cell.read & flag) || !reader || actor.acquiredOutside || reader < race.minLive)
      return false;
    IdOwner owner;
    return ownerOf(reader, owner) && owner.launch == race.serial;
  }

  void addReader(RaceCell &cell, uint32_t reader) {
    if (reader == actor.globalId)
      return;
    if (!unordered(reader)) {
      cell.read = actor.globalId;
      return;
    }
    IdOwner kept;
    bool elsewhere = !ownerOf(reader, kept) || kept.launch != race.serial ||
                     blockOf(kept) != actor.block->linear;
    if (elsewhere)
      cell.read |= flag;
  }

  uint64_t blockOf(const IdOwner &owner) const {
    const Launch &launch = *actor.block->launch;
    const Cluster &cluster = *actor.block->cluster;
    if (owner.cluster != cluster.index)
      return ~0ull;
    uint32_t rank = owner.entity / launch.warpsPerBlock;
    return rank < cluster.blocks.size() ? cluster.blocks[rank]->linear : ~0ull;
  }

  bool ownerOf(uint32_t id, IdOwner &owner) const {
    if (id >= race.firstId && id < race.endId) {
      uint32_t warp = id - race.firstId;
      owner = {race.serial, warp / race.warpsPerCluster, warp % race.warpsPerCluster, 1};
      return true;
    }
    return race.registry->find(id, owner);
  }

  bool unordered(uint32_t id) const {
    if (id < race.minLive || id == actor.globalId)
      return false;
    IdOwner owner;
    if (!ownerOf(id, owner) || race.launchIsOrdered(owner.launch))
      return false;
    const Cluster &cluster = *actor.block->cluster;
    if (owner.launch == race.serial && owner.cluster == cluster.index)
      return owner.entity != actor.issuerEntity && actor.clock[owner.entity] < owner.clock;
    if (!actor.acquiredOutside || !actor.warp || !actor.warp->sync)
      return !actor.acquiredOutside;
    const Knowledge &known = actor.warp->sync->outside;
    auto it = known.find(owner.launch << 32 | uint32_t(owner.cluster));
    return it == known.end() || owner.entity >= it->second.size() || it->second[owner.entity] < owner.clock;
  }

  const Actor &actor;
  const GlobalRaceState &race;
  bool write, strong;
};

bool accessBytes(Visit &visit, LaunchRegistry &registry, RaceCell &word, uint64_t address,
                 unsigned first, unsigned last) {
  std::lock_guard lock(registry.byteMutex);
  std::array<RaceCell, 4> &cells = registry.bytes[address / 4];
  if (word.write != openWord)
    cells.fill(word);
  word.write = openWord;
  bool racy = false;
  for (unsigned b = first; b < last; ++b)
    racy |= visit.access(cells[b]);
  if (first != 0 || last != 4)
    return racy;
  for (const RaceCell &cell : cells)
    if (cell.write != cells[0].write || cell.read != cells[0].read)
      return racy;
  word = cells[0];
  registry.bytes.erase(address / 4);
  return racy;
}

} // namespace

bool raceGlobal(const Actor &actor, uint64_t address, uint64_t bytes, AccessKind kind, bool strong,
                uint32_t &other) {
  Launch &launch = *actor.block->launch;
  const GlobalRaceState &race = *launch.race;
  if (!race.enabled || !actor.globalId)
    return false;
  const GlobalShadow &shadow = launch.machine->memory().state().shadow;
  Visit visit(actor, kind != AccessKind::Read, strong || kind == AccessKind::Atomic);
  bool racy = false;
  uint64_t end = address + bytes;
  for (uint64_t line = address & ~127ull; line < end; line += 128) {
    if (line >= address && line + 128 <= end && shadow.line(line)->write != openLine) {
      racy |= visit.access(*shadow.line(line));
      continue;
    }
    openWords(shadow, line);
    uint64_t from = std::max(address, line) & ~3ull, to = std::min(end, line + 128);
    for (uint64_t word = from; word < to; word += 4) {
      unsigned first = word < address ? unsigned(address - word) : 0;
      unsigned last = unsigned(std::min<uint64_t>(4, end - word));
      RaceCell &cell = *shadow.word(word);
      if (first || last != 4 || cell.write == openWord)
        racy |= accessBytes(visit, *race.registry, cell, word, first, last);
      else
        racy |= visit.access(cell);
    }
  }
  other = visit.other;
  return racy;
}

std::string describeGlobal(const Actor &actor, uint32_t id) {
  const Launch &launch = *actor.block->launch;
  IdOwner owner;
  const GlobalRaceState &race = *launch.race;
  if (id >= race.firstId && id < race.endId)
    owner = {race.serial, (id - race.firstId) / race.warpsPerCluster, (id - race.firstId) % race.warpsPerCluster, 1};
  else if (!race.registry->find(id, owner))
    return "another warp";
  if (owner.launch != race.serial)
    return "launch " + std::to_string(owner.launch) + ", which no stream or event orders before this one";
  uint64_t blocks = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  return "warp " + std::to_string(owner.entity % launch.warpsPerBlock) + " of block " +
         std::to_string(owner.cluster * blocks + owner.entity / launch.warpsPerBlock);
}

void startGlobalId(Warp &warp) {
  const Cluster &cluster = *warp.block->cluster;
  const GlobalRaceState &race = *warp.block->launch->race;
  if (race.enabled)
    warp.globalId = race.firstId + uint32_t(cluster.index) * race.warpsPerCluster + warp.entity;
}

void refreshGlobalId(Warp &warp) {
  if (!warp.globalIdStale || !warp.globalId)
    return;
  GlobalRaceState &race = *warp.block->launch->race;
  if (warp.nextId == warp.lastId) {
    warp.nextId = race.registry->takeChunk({race.serial, warp.block->cluster->index, warp.entity, 0});
    warp.lastId = warp.nextId + idChunk;
  }
  warp.globalId = warp.nextId++;
  race.registry->setClock(warp.globalId, warp.clock[warp.entity]);
  warp.globalIdStale = false;
}

} // namespace tenon::sim
