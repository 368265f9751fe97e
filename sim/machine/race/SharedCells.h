// Race cells of shared memory: for every word of a resident block the epoch of its
// last plain write and who has accessed it otherwise since.
//
//   write   an epoch, or 0; with the tag: the word is kept by byte, in a side table
//   read    0, one epoch (a plain reader), or with the tag the number of a set
//
// A set holds plain and strong readers and strong writers that may still be
// unordered with what follows. Sets are interned, so that all words that the same
// warps have read carry the same number.
#pragma once

#include "sim/machine/exec/Access.h"
#include "sim/machine/race/Clocks.h"
#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

namespace tenon::sim {

enum class Access : uint8_t { PlainRead, StrongRead, StrongWrite };

struct SetMember {
  uint32_t epoch;
  Access access;
  bool operator==(const SetMember &) const = default;
};

/// Interned sets of members. Number n is stored as n << 1 | 1.
class ReaderSets {
public:
  const std::vector<SetMember> &get(uint32_t reader) const { return sets[reader >> 1]; }
  uint32_t intern(std::vector<SetMember> members);
  bool full() const { return sets.size() > 60000; }
  void clear();

private:
  std::vector<std::vector<SetMember>> sets;
  std::unordered_map<uint64_t, std::vector<uint32_t>> byHash;
};

struct SharedCell {
  uint32_t write = 0, read = 0;
};

struct SharedShadow {
  std::vector<uint32_t> write, read; // one per word
  std::vector<uint8_t> init;         // one bit per byte
  std::unordered_map<uint32_t, std::array<SharedCell, 4>> bytes;
  ReaderSets sets;
};

std::unique_ptr<SharedShadow> makeSharedShadow(uint32_t bytes);
/// Prepares a warp's epoch and memo tables.
void startRaceChecks(Warp &warp);

/// Checks one access of [offset, offset + bytes) of `target` by the actor and
/// records it. True if it races; `other` gets the epoch of the earlier access.
bool raceShared(const Actor &actor, Block &target, uint32_t offset, uint32_t bytes, AccessKind kind,
                bool strong, uint32_t &other);

/// A plain read or write by a warp of its own block, of `words` words from each of
/// `count` offsets; as raceShared where all is one cell a word and nothing races.
/// False: look closer (what was noted until then has passed and may stay).
bool passReads(Warp &warp, SharedShadow &shadow, const uint32_t *offset, unsigned count, unsigned words);
bool passWrites(Warp &warp, SharedShadow &shadow, const uint32_t *offset, unsigned count, unsigned words);

/// States that a warp has looked at, by memoSlot; 0xffffffff where empty. A warp
/// only learns, so what was ordered before it stays so; but what its reads turn a
/// state into holds its own clock, and is forgotten when that moves.
struct MemoTables {
  alignas(64) uint32_t writes[16];  // last writes, ordered before the warp
  alignas(64) uint32_t readers[16]; // states of readers met by a plain read ...
  alignas(64) uint32_t joined[16];  // ... and what it made of them
  alignas(64) uint32_t passed[16];  // states of readers wholly ordered before the warp
};
inline unsigned memoSlot(uint32_t state) { return (state >> 22 ^ state >> 1) & 15; }

/// The epoch of a word's last write, or of its only reader, is ordered before the warp.
inline bool orderedEpoch(const Warp &warp, uint32_t epoch) {
  return !(epoch & 1) &&
         (epochEntity(epoch) == warp.entity || epochClock(epoch) <= warp.clock[epochEntity(epoch)]);
}
inline uint32_t ownEpoch(const Warp &warp) { return makeEpoch(warp.entity, warp.clock[warp.entity]); }

/// The state of readers after a plain read by the warp; 0: look closer.
uint32_t readersAfter(Warp &warp, SharedShadow &shadow, uint32_t readers);
/// Whether all that `readers` stands for is ordered before the warp.
bool readersOrdered(Warp &warp, const SharedShadow &shadow, uint32_t readers);

} // namespace tenon::sim
