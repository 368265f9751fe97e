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

/// Whether a warp may write over all that `readers` stands for.
bool readersOrdered(const Warp &warp, const SharedShadow &shadow, uint32_t readers);
/// `readers` with the warp's present epoch as a plain reader.
uint32_t joinReaders(const Warp &warp, SharedShadow &shadow, uint32_t readers);

/// Per warp: 16 writes known to be ordered before it, and 16 reader states that
/// hold its present epoch; looked up by hash, 0xffffffff where empty.
struct MemoTables {
  alignas(64) uint32_t writes[16];
  alignas(64) uint32_t readers[16];
};
inline unsigned writeSlot(uint32_t epoch) { return (epoch >> 22 ^ epoch >> 1) & 15; }
/// The own epoch and "nobody" in slot 0, sets by number in the others.
inline unsigned readerSlot(uint32_t readers) {
  unsigned number = readers >> 1 & 15;
  return readers & 1 ? (number ? number : 1) : 0;
}

} // namespace tenon::sim
