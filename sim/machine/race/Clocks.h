// Vector clocks of a cluster: one row per entity (a warp, or a slot of an
// asynchronous engine). row[e] = c says: all that entity e did up to its clock c
// happened before what this row's owner does next.
//
// Rules (race/ExecutionModel.h): an access carries the epoch (entity, clock of
// that entity). Two accesses are unordered when the later one's row knows less of
// the earlier one's entity than the epoch's clock. A release-like act (barrier
// arrival, mbarrier arrive, fence, ...) gives the row away and then steps the own
// clock; an acquire-like one joins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenon::sim {

struct Warp;

constexpr unsigned entityBits = 10, clockBits = 21;
constexpr uint32_t maxEntities = 1u << entityBits;
constexpr uint32_t maxClock = (1u << clockBits) - 1;
constexpr unsigned engineSlots = 24;

/// entity << 22 | clock << 1 | tag (0 here; 1 marks a reader set or byte cells).
inline uint32_t makeEpoch(uint32_t entity, uint32_t clock) { return entity << 22 | clock << 1; }
inline uint32_t epochEntity(uint32_t epoch) { return epoch >> 22; }
inline uint32_t epochClock(uint32_t epoch) { return epoch >> 1 & maxClock; }

/// to = max(to, from), over `count` entities.
void joinRow(uint32_t *to, const uint32_t *from, uint32_t count);

/// All `rows` (of `count` entities, a multiple of 16) become the largest of them.
void exchangeRows(uint32_t *const *rows, unsigned rowCount, uint32_t count);

struct ClusterClocks {
  uint32_t warpEntities = 0; // entities 0 .. warpEntities-1 are warps
  uint32_t entities = 0;     // with engine slots
  std::vector<uint32_t> rows, proxyRows;
  std::vector<uint32_t> freeSlots; // engine slots not in use, as entities

  void init(uint32_t warps);
  uint32_t *row(uint32_t entity) { return rows.data() + std::size_t(entity) * entities; }
  uint32_t *proxyRow(uint32_t entity) { return proxyRows.data() + std::size_t(entity) * entities; }

  /// An engine slot for ops in flight together (one commit group, one
  /// mbarrier phase), its own clock stepped; the last slot is shared when all
  /// are taken. Give it back when completed.
  uint32_t takeSlot();
  void giveSlot(uint32_t entity);
};

/// The warp's row given away at a release-like act: joins it into `to` (entity
/// count values), then steps the warp's clock.
void releaseTo(Warp &warp, std::vector<uint32_t> &to, std::vector<uint32_t> *proxyTo = nullptr);
/// Joins what was released into the warp's row.
void acquireFrom(Warp &warp, const std::vector<uint32_t> &from,
                 const std::vector<uint32_t> *proxyFrom = nullptr);
/// Steps the warp's clock: later accesses have a new epoch.
void stepClock(Warp &warp);
/// The warp's clock moved: shared cells that hold it as a reader hold an older one.
void forgetReaderMemo(Warp &warp);
/// fence.proxy.async: the async proxy now sees what the warp knows.
void proxyFence(Warp &warp);

} // namespace tenon::sim
