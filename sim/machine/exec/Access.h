// Checked access to memory for instructions that are not plain loads and stores:
// every byte passes bounds, initialisation and race checks, as who `actor` says.
//
// Shared addresses are offsets within the actor's own block (0 .. sharedBytes) or,
// from 16 MiB on, shared::cluster addresses of the cluster's blocks. Generic
// addresses: see Space below.
#pragma once

#include "sim/machine/Options.h"
#include "sim/machine/exec/Block.h"
#include "sim/machine/exec/Warp.h"
#include <cstdint>
#include <string>

namespace tenon::sim {

// The generic address space: windows below every address of global memory.
constexpr uint64_t sharedWindow = 0x1000000000;  // + rank * sharedStride + offset
constexpr uint64_t sharedStride = 1u << 24;      // own block: no rank, see below
constexpr uint64_t localWindow = 0x2000000000;   // + offset
constexpr uint64_t paramWindow = 0x3000000000;   // kernel parameters
constexpr uint64_t constWindow = 0x4000000000;   // unused: constants are global
constexpr uint64_t globalStart = 0x100000000000; // the machine's reservation lies above

enum class Space : uint8_t { Generic, Global, Shared, Local, Param, Const };
enum class AccessKind : uint8_t { Read, Write, Atomic };

/// On whose behalf an access is made. For a warp: its row and entity. For an
/// asynchronous engine: its slot and the issuer's row at issue.
struct Actor {
  Block *block = nullptr;
  Warp *warp = nullptr;     // null when performed later
  uint32_t entity = 0;
  uint32_t issuer = 0;      // index of the issuing warp in its block
  uint32_t issuerEntity = 0; // and its entity: what it did itself is ordered
  const uint32_t *clock = nullptr; // entityCount values
  const uint32_t *proxyClock = nullptr; // the same for the async proxy, where asyncProxy is set
  uint32_t globalId = 0;
  bool asyncProxy = false;  // needs fence.proxy.async after generic writes
  bool acquiredOutside = false;
  uint32_t opIndex = 0;     // the issuing op, for reports
  uint32_t lane = 0;        // lowest lane, for reports
};

Actor actorOf(Warp &warp, uint32_t lane = 0);

/// One instruction of a warp: up to 32 lanes, `bytes` (1 .. 16) each.
struct LaneAccess {
  Space space = Space::Generic;
  AccessKind kind = AccessKind::Read;
  bool strong = false; // .volatile, .relaxed, .acquire, .release, atomics
  uint8_t scope = 0;   // 0 cta, 1 cluster, 2 gpu, 3 sys
  uint8_t bytes = 4;
  uint8_t alignment = 4;
  uint32_t mask = 0;
  alignas(64) uint64_t address[32];
};

/// Checks the access and says which lanes may go on. `where` gets the host
/// address of each such lane (for local memory with more than 4 bytes: of its
/// first word; the others follow at 128-byte steps). Counts it too.
uint32_t checkLanes(Warp &warp, const LaneAccess &access, uint8_t *where[32]);

/// Replaces Generic by the space the address means; the address becomes one of it.
Space resolveSpace(Space space, uint64_t &address);

/// Host address of `bytes` shared bytes at `address` after all checks as
/// `actor`, or null after a finding.
uint8_t *accessShared(const Actor &actor, uint64_t address, uint32_t bytes, AccessKind kind);

/// The same for global memory.
uint8_t *accessGlobal(const Actor &actor, uint64_t address, uint64_t bytes, AccessKind kind);

/// True if all bytes were written; else a finding (as an uninitialised read of
/// memory) unless it is switched off.
bool requireInitialised(const Actor &actor, Space space, uint64_t address, uint64_t bytes);

/// Raises a finding at the warp's current op. `lane` is the lowest lane concerned.
void report(Warp &warp, Kind kind, uint32_t lane, uint64_t address, std::string message);
/// The same on behalf of an engine.
void report(const Actor &actor, Kind kind, uint64_t address, std::string message);

/// Adds to the counters of the warp's current op.
void countTensorFlops(Warp &warp, uint64_t flops);
void countSharedFill(Warp &warp, uint64_t bytes);

} // namespace tenon::sim
