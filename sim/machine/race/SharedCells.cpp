// Shared-memory races: the cell's automaton.
//
// 1. The last plain write must be ordered before every other access.
// 2. A write must be ordered after all members of the set, except that strong
//    accesses may meet strong ones; a plain read after strong writes.
// 3. A plain write then stands for all; other accesses join the set, from which
//    members that are ordered before them drop out.
#include "sim/machine/race/SharedCells.h"
#include <algorithm>
#include <cstring>

namespace tenon::sim {

uint32_t ReaderSets::intern(std::vector<SetMember> members) {
  if (sets.empty())
    sets.emplace_back();
  std::sort(members.begin(), members.end(),
            [](const SetMember &a, const SetMember &b) { return a.epoch < b.epoch; });
  uint64_t hash = members.size();
  for (const SetMember &m : members)
    hash = hash * 0x9e3779b97f4a7c15 + (uint64_t(m.epoch) << 2 | unsigned(m.access));
  for (uint32_t n : byHash[hash])
    if (sets[n] == members)
      return n << 1 | 1;
  uint32_t number = uint32_t(sets.size());
  sets.push_back(std::move(members));
  byHash[hash].push_back(number);
  return number << 1 | 1;
}

void ReaderSets::clear() {
  sets.clear();
  byHash.clear();
}

std::unique_ptr<SharedShadow> makeSharedShadow(uint32_t bytes) {
  auto shadow = std::make_unique<SharedShadow>();
  size_t words = bytes / 4 + 64; // fast paths read whole vectors
  shadow->write.assign(words, 0);
  shadow->read.assign(words, 0);
  shadow->init.assign(bytes / 8 + 80, 0);
  return shadow;
}

void startRaceChecks(Warp &warp) {
  if (!warp.memo)
    warp.memo = std::make_unique<MemoTables>();
  std::memset(warp.memo.get(), 0xff, sizeof(MemoTables));
}

void forgetReaderMemo(Warp &warp) {
  std::memset(warp.memo->readers, 0xff, sizeof warp.memo->readers);
}

namespace {

struct Visit {
  const Actor &actor;
  SharedShadow &shadow;
  bool write, strong;
  uint32_t other = 0;

  bool unordered(uint32_t epoch) const {
    uint32_t entity = epochEntity(epoch);
    return entity != actor.entity && epochClock(epoch) > actor.clock[entity];
  }

  bool conflicts(const SetMember &member) const {
    switch (member.access) {
    case Access::PlainRead:
      return write;
    case Access::StrongRead:
      return write && !strong;
    case Access::StrongWrite:
      return !strong;
    }
    return false;
  }

  bool member(const SetMember &m) {
    if (!conflicts(m) || !unordered(m.epoch))
      return false;
    other = m.epoch;
    return true;
  }

  bool races(const SharedCell &cell) {
    if (cell.write && unordered(cell.write)) {
      other = cell.write;
      return true;
    }
    if (!cell.read)
      return false;
    if (!(cell.read & 1))
      return member({cell.read, Access::PlainRead});
    for (const SetMember &m : shadow.sets.get(cell.read))
      if (member(m))
        return true;
    return false;
  }

  void record(SharedCell &cell) {
    uint32_t me = makeEpoch(actor.entity, actor.clock[actor.entity]);
    if (write && !strong) {
      cell = {me, 0};
      return;
    }
    if (write && cell.write && !unordered(cell.write))
      cell.write = 0;
    Access access = !strong ? Access::PlainRead : write ? Access::StrongWrite : Access::StrongRead;
    std::vector<SetMember> members;
    auto keep = [&](const SetMember &m) {
      if (unordered(m.epoch))
        members.push_back(m);
      else if (epochEntity(m.epoch) == actor.entity && m.access != access)
        members.push_back(m); // an own access of another kind still counts for others
    };
    if (cell.read & 1)
      for (const SetMember &m : shadow.sets.get(cell.read))
        keep(m);
    else if (cell.read)
      keep({cell.read, Access::PlainRead});
    if (members.empty() && access == Access::PlainRead) {
      cell.read = me;
      return;
    }
    members.push_back({me, access});
    cell.read = shadow.sets.intern(std::move(members));
  }

  bool access(SharedCell &cell) {
    bool race = races(cell);
    record(cell);
    return race;
  }
};

} // namespace

static bool accessBytes(Visit &visit, uint32_t word, unsigned first, unsigned last) {
  SharedShadow &shadow = visit.shadow;
  auto [it, fresh] = shadow.bytes.try_emplace(word);
  if (fresh)
    it->second.fill({shadow.write[word], shadow.read[word]});
  shadow.write[word] = 1;
  bool race = false;
  for (unsigned b = first; b < last; ++b)
    race |= visit.access(it->second[b]);
  if (first != 0 || last != 4)
    return race;
  // The whole word: one cell again, if all bytes are now alike.
  const SharedCell &cell = it->second[0];
  for (const SharedCell &c : it->second)
    if (c.write != cell.write || c.read != cell.read)
      return race;
  shadow.write[word] = cell.write;
  shadow.read[word] = cell.read;
  shadow.bytes.erase(it);
  return race;
}

bool readersOrdered(Warp &warp, const SharedShadow &shadow, uint32_t readers) {
  if (!(readers & 1))
    return !readers || orderedEpoch(warp, readers);
  uint32_t &known = warp.memo->passed[memoSlot(readers)];
  if (known == readers)
    return true;
  for (const SetMember &m : shadow.sets.get(readers))
    if (!orderedEpoch(warp, m.epoch))
      return false;
  known = readers;
  return true;
}

static void rememberRead(MemoTables &memo, uint32_t before, uint32_t after) {
  memo.readers[memoSlot(after)] = memo.joined[memoSlot(after)] = after; // met again, it stays
  memo.readers[memoSlot(before)] = before;
  memo.joined[memoSlot(before)] = after;
}

uint32_t readersAfter(Warp &warp, SharedShadow &shadow, uint32_t readers) {
  if (!(readers & 1) && (!readers || orderedEpoch(warp, readers)))
    return ownEpoch(warp);
  MemoTables &memo = *warp.memo;
  if (memo.readers[memoSlot(readers)] == readers)
    return memo.joined[memoSlot(readers)];
  if (shadow.sets.full())
    return 0; // the slow path clears them
  Actor actor = actorOf(warp);
  Visit visit{actor, shadow, false, false};
  SharedCell cell{0, readers};
  if (visit.races(cell))
    return 0;
  visit.record(cell);
  rememberRead(memo, readers, cell.read);
  return cell.read;
}

/// The word's last write, plain and by all its bytes, is ordered before the warp.
static bool writeOrdered(Warp &warp, uint32_t write) {
  uint32_t &known = warp.memo->writes[memoSlot(write)];
  if (known == write)
    return true;
  if (!orderedEpoch(warp, write))
    return false;
  known = write;
  return true;
}

bool passReads(Warp &warp, SharedShadow &shadow, const uint32_t *offset, unsigned count, unsigned words) {
  for (unsigned i = 0; i < count; ++i)
    for (uint32_t word = offset[i] / 4, end = word + words; word < end; ++word) {
      uint32_t readers = shadow.read[word], after = readersAfter(warp, shadow, readers);
      if (!after || !writeOrdered(warp, shadow.write[word]))
        return false;
      rememberRead(*warp.memo, readers, after);
      shadow.read[word] = after;
    }
  return true;
}

bool passWrites(Warp &warp, SharedShadow &shadow, const uint32_t *offset, unsigned count, unsigned words) {
  uint32_t me = ownEpoch(warp);
  for (unsigned i = 0; i < count; ++i)
    for (uint32_t word = offset[i] / 4, end = word + words; word < end; ++word) {
      if (!writeOrdered(warp, shadow.write[word]) || !readersOrdered(warp, shadow, shadow.read[word]))
        return false;
      shadow.write[word] = me;
      shadow.read[word] = 0;
    }
  return true;
}

bool raceShared(const Actor &actor, Block &target, uint32_t offset, uint32_t bytes, AccessKind kind,
                bool strong, uint32_t &other) {
  SharedShadow &shadow = *target.shadow;
  if (shadow.sets.full()) { // forget the readers: can only miss
    std::fill(shadow.read.begin(), shadow.read.end(), 0);
    shadow.bytes.clear();
    for (uint32_t &w : shadow.write)
      w = w & 1 ? 0 : w;
    shadow.sets.clear();
    for (Warp &warp : target.warps)
      startRaceChecks(warp);
  }
  Visit visit{actor, shadow, kind != AccessKind::Read, strong || kind == AccessKind::Atomic};
  bool race = false;
  uint32_t end = offset + bytes;
  for (uint32_t word = offset / 4; word * 4 < end; ++word) {
    unsigned first = word * 4 < offset ? offset % 4 : 0;
    unsigned last = std::min(4u, end - word * 4);
    if (first != 0 || last != 4 || shadow.write[word] == 1) {
      race |= accessBytes(visit, word, first, last);
      continue;
    }
    SharedCell cell{shadow.write[word], shadow.read[word]};
    bool racy = visit.access(cell);
    race |= racy;
    shadow.write[word] = cell.write;
    shadow.read[word] = cell.read;
  }
  other = visit.other;
  return race;
}

} // namespace tenon::sim
