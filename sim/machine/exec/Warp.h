// A warp of the simulated machine: its registers, its splits (groups of lanes at
// one pc), and its place in the vector clocks. A warp runs on one host thread at
// a time.
#pragma once

#include "sim/machine/code/Op.h"
#include "sim/machine/report/Counters.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace tenon::sim {

struct Block;
struct CallFrame;
struct Program;
struct MemoTables;
struct WarpSync;
struct TaintState;

constexpr unsigned laneCount = 32;
constexpr unsigned maxWarps = 32; // of a block
constexpr unsigned rowBytes = 128;
constexpr uint32_t allLanes = ~0u;

/// Lanes that run together.
struct Split {
  const Op *pc = nullptr;
  uint32_t mask = 0;
  CallFrame *frame = nullptr; // null in the kernel itself
};

/// A call in progress, as seen by the lanes that made it. One per (caller's frame,
/// call): lanes that made the same calls share it, and so can merge.
struct CallFrame {
  CallFrame *parent = nullptr;
  const Op *call = nullptr;
  uint32_t function = 0; // Program::functions
  uint32_t depth = 1;
  uint32_t localBase = 0;
  std::vector<uint8_t> saved; // rows of a recursive callee, before the call
  std::vector<uint32_t> savedPredicates;
};

/// Why a split does not run.
enum class WaitKind : uint8_t { None, Meeting, Barrier, ClusterBarrier, Extended, Exited };

struct WaitingSplit {
  Split split;
  WaitKind kind = WaitKind::None;
  uint32_t object = 0;      // barrier number, mbarrier address, ...
  uint64_t since = 0;       // value of Block::changes when it began to wait
};

/// A range of addresses known to be one live allocation.
struct BoundsCache {
  uint64_t low = 1, high = 0;
};

struct alignas(64) Warp {
  // --- what runs: the fields that barriers touch lie together
  uint8_t *file = nullptr; // predicates, then rows; 128-byte aligned
  Block *block = nullptr;
  const Op *pc = nullptr;         // of the running split, while it does not run
  const Op *stop = nullptr;       // where the running split left its handlers
  int64_t quantum = 0;            // instructions left before other warps run
  int64_t given = 0;              // what it was when the warp took over
  uint32_t active = 0;            // lanes of the running split
  uint32_t live = 0;              // lanes that have not exited
  uint32_t index = 0;             // within the block
  uint8_t leave = 0;              // why it left its handlers (Leave)
  bool tainted = false;
  bool held = false;              // noted at a barrier (exec/WholeBarrier.h)
  bool polled = false, wrote = false; // in this slice: strong reads, changes to memory

  uint64_t steps = 0;             // instructions so far, roughly: the clock
  const Op *current = nullptr;    // the op being executed by an extended handler, for reports
  uint64_t boundsSeen = ~0ull;    // Launch::shrinks when the bounds were last dropped
  uint32_t *clock = nullptr;      // own row (race/Clocks.h): clock[e] is what is known of entity e
  uint32_t entity = 0;            // within the cluster's clocks
  bool globalIdStale = false;     // its clock moved since globalId
  bool acquiredOutside = false;   // it has acquired something from outside its block
  std::unique_ptr<MemoTables> memo; // race/SharedCells.h
  std::unique_ptr<WarpSync> sync;   // race/Knowledge.h
  std::vector<Split> runnable;      // splits other than the running one
  std::vector<WaitingSplit> waiting;

  // --- what the handlers of blocks and memory touch
  bool alone = true;              // no other runnable split
  bool entering = false;          // the loop has just chosen this split
  uint32_t taken = 0;             // lanes of a branch that parted
  const Op *nextPc = nullptr;     // lowest pc of the other splits at this call depth, else past all
  int64_t turn = 0;               // instructions left in this turn
  uint64_t *blockCounts = nullptr;     // executions per basic block by all 32 lanes
  uint64_t *maskedCounts = nullptr;    // the others
  uint64_t *blockLanes = nullptr;      // lanes of those, summed
  uint64_t *blockDivergent = nullptr;  // executions with live lanes elsewhere
  BoundsCache bounds, writeBounds;     // of reads, of writes and atomics
  MemoryCounters *counters = nullptr;  // one per Program::sites
  struct AccessPattern *patterns = nullptr; // as many
  uint32_t sides[8] = {}; // address rows << 8 | bytes that lay side by side, by row
  const struct GlobalShadow *shadow = nullptr;
  struct GlobalRaceState *globalRace = nullptr;
  uint32_t globalId = 0;               // epoch of its global accesses
  bool checkShared = true;             // races of shared memory
  uint8_t *shared = nullptr;           // of its block
  uint32_t sharedBytes = 0;
  struct SharedShadow *sharedShadow = nullptr;
  uint8_t *local = nullptr;     // rows of 128 bytes: word w of lane l at w * 128 + l * 4
  uint8_t *localInit = nullptr; // 4 lane masks per row, one per byte of the word
  uint32_t localBytes = 0;      // per lane
  uint32_t localBase = 0;       // of the running frame

  // --- the rest
  const Program *program = nullptr;
  CallFrame *frame = nullptr;
  const Op *turnPc = nullptr;      // the split that used up its turn
  CallFrame *turnFrame = nullptr;
  uint32_t *proxyClock = nullptr;  // the clock as seen by the async proxy
  uint32_t nextId = 0, lastId = 0; // of its present chunk of fresh global ids
  std::array<uint64_t, laneCount> clusterPhase{}; // of the last arrival of each lane
  uint32_t exists = 0;             // lanes that have a thread
  bool finished = false;
  std::vector<uint8_t> localStore, localInitStore;
  std::vector<std::unique_ptr<CallFrame>> frames; // all ever made, see exec/Calls.cpp
  std::unique_ptr<TaintState> taint;
  /// State that belongs to extended ops (async groups, wgmma in flight), made
  /// on first use; see exec/WarpExtension.h.
  std::array<std::unique_ptr<struct WarpExtension>, 4> extensions;

  // --- registers
  uint32_t *row(uint16_t r) const { return reinterpret_cast<uint32_t *>(file + r * rowBytes); }
  uint64_t *row64(uint16_t r) const { return reinterpret_cast<uint64_t *>(file + r * rowBytes); }
  uint32_t &predicate(uint16_t p) const { return reinterpret_cast<uint32_t *>(file)[p]; }

  Warp();
  ~Warp();
  Warp(Warp &&) noexcept;
  Warp &operator=(Warp &&) = delete;
};

/// Base of per-warp state of an extension; slot numbers below.
struct WarpExtension {
  virtual ~WarpExtension() = default;
};
enum WarpExtensionSlot : unsigned { slotCpAsync = 0, slotWgmma = 1, slotBulk = 2, slotOther = 3 };

} // namespace tenon::sim
