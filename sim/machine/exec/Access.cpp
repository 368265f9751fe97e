// Checked access: which space an address means, whether it lies inside something
// live, whether the bytes were written, whether the access races.
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/memory/State.h"
#include "sim/machine/race/GlobalCells.h"
#include "sim/machine/race/SharedCells.h"
#include <cstdio>
#include <cstring>
#include <mutex>

namespace tenon::sim {

static std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

// --- reports

static void locate(const Program &program, uint32_t op, std::string &file, uint32_t &line) {
  const OpInfo &info = program.info[op];
  line = info.line;
  file.clear();
  if (info.location == 0 || info.location >= program.module->locations.size())
    return;
  const ptx::Location &location = program.module->locations[info.location];
  line = location.line;
  if (location.file < program.module->files.size())
    file = program.module->files[location.file];
}

static void addFinding(Launch &launch, const Block &block, Kind kind, uint32_t op, uint32_t warp,
                       uint32_t lane, uint64_t address, std::string message) {
  if (!launch.machine->options().checks.has(kind))
    return;
  Finding finding;
  finding.kind = kind;
  finding.kernel = launch.kernel->name;
  locate(*launch.program, op, finding.file, finding.line);
  finding.block = block.index;
  uint32_t thread = warp * laneCount + lane;
  finding.thread = {thread % launch.block[0], thread / launch.block[0] % launch.block[1],
                    thread / launch.block[0] / launch.block[1]};
  finding.address = address;
  finding.message = std::move(message);
  launch.machine->findings().add(std::move(finding));
  ++launch.findings;
}

void report(Warp &warp, Kind kind, uint32_t lane, uint64_t address, std::string message) {
  uint32_t op = warp.current ? warp.program->indexOf(warp.current) : 0;
  addFinding(*warp.block->launch, *warp.block, kind, op, warp.index, lane, address, std::move(message));
}

void report(const Actor &actor, Kind kind, uint64_t address, std::string message) {
  Launch &launch = *actor.block->launch;
  uint32_t warp = actor.warp ? actor.warp->index
                             : actor.entity < actor.block->cluster->clocks.warpEntities
                                   ? actor.entity % launch.warpsPerBlock : actor.issuer;
  addFinding(launch, *actor.block, kind, actor.opIndex, warp, actor.lane, address, std::move(message));
}

Actor actorOf(Warp &warp, uint32_t lane) {
  Actor actor;
  actor.block = warp.block;
  actor.warp = &warp;
  actor.entity = warp.entity;
  actor.issuer = warp.index;
  actor.issuerEntity = warp.entity;
  actor.clock = warp.clock;
  actor.globalId = warp.globalId;
  actor.acquiredOutside = warp.acquiredOutside;
  actor.opIndex = warp.current ? warp.program->indexOf(warp.current) : 0;
  actor.lane = lane;
  return actor;
}

// --- one access

static void reportBounds(const Actor &actor, uint64_t address, uint64_t bytes, bool write,
                         const char *space, uint64_t size) {
  Launch &launch = *actor.block->launch;
  std::string what = std::string(write ? "write" : "read") + " of " + std::to_string(bytes) +
                     " bytes at " + hex(address) + " lies outside ";
  report(actor, Kind::OutOfBounds, address,
         what + std::string(space) + " memory of " + std::to_string(size) + " bytes");
  launch.fail(LaunchStatus::IllegalAddress, "illegal address " + hex(address), false);
}

/// Why a global address is not accessible, as a finding.
static void reportGlobal(const Actor &actor, uint64_t address, uint64_t bytes, bool write) {
  Launch &launch = *actor.block->launch;
  auto &state = launch.machine->memory().state();
  std::string what = std::string(write ? "write" : "read") + " of " + std::to_string(bytes) +
                     " bytes at " + hex(address);
  Kind kind = Kind::OutOfBounds;
  {
    std::shared_lock lock(state.mutex);
    const Allocation *a = state.find(address);
    if (a && a->freed) {
      kind = Kind::Freed;
      what += " in freed memory: " + std::to_string(address - a->address) + " bytes into " + a->label +
              " of " + std::to_string(a->size) + " bytes at " + hex(a->address);
    } else if (a && a->mapped) {
      what += " runs over the end of " + a->label + " of " + std::to_string(a->size) +
              " bytes at " + hex(a->address);
    } else {
      auto next = state.allocations.upper_bound(address);
      what += " lies in no allocation";
      if (next != state.allocations.begin()) {
        const Allocation &before = std::prev(next)->second;
        uint64_t end = before.address + before.size;
        if (address >= end && address - end < (64u << 20))
          what += "; " + std::to_string(address - end) + " bytes behind " + before.label + " of " +
                  std::to_string(before.size) + " bytes at " + hex(before.address);
      }
    }
  }
  report(actor, kind, address, what);
  launch.fail(LaunchStatus::IllegalAddress, "illegal address " + hex(address), false);
}

static bool inBounds(const Actor &actor, BoundsCache *cache, uint64_t address, uint64_t bytes) {
  if (cache && address >= cache->low && address < cache->high && bytes <= cache->high - address)
    return true;
  Launch &launch = *actor.block->launch;
  auto &state = launch.machine->memory().state();
  uint64_t low = 0, high = 0;
  {
    std::shared_lock lock(state.mutex);
    if (!state.liveRange(address, low, high) || bytes > high - address)
      return false;
    const Allocation *a = state.find(address);
    unsigned gpu = launch.gpu->index();
    if (a->space != gpu && a->space + 1 != state.spaces.size() && !state.peers.count({gpu, a->space}))
      return false;
  }
  if (cache)
    *cache = {low, high};
  return true;
}

void warmBounds(Warp &warp, uint64_t address, BoundsCache &cache) {
  inBounds(actorOf(warp), &cache, address, 1);
}

static void reportRace(const Actor &actor, Kind kind, uint64_t address, uint32_t bytes,
                       AccessKind access, const std::string &other) {
  const char *what = access == AccessKind::Read ? "read" : access == AccessKind::Write ? "write" : "atomic";
  report(actor, kind, address,
         std::string(what) + " of " + std::to_string(bytes) + " bytes at " + hex(address) +
             " is not ordered after an access by " + other);
}

static std::string entityName(const Actor &actor, uint32_t entity) {
  const Launch &launch = *actor.block->launch;
  if (entity >= actor.block->cluster->clocks.warpEntities)
    return "an asynchronous copy or matrix operation";
  return "warp " + std::to_string(entity % launch.warpsPerBlock) +
         (actor.block->cluster->size > 1
              ? " of block " + std::to_string(entity / launch.warpsPerBlock) + " of the cluster" : "");
}

static bool checksRaces(const Actor &actor, Kind kind) {
  return actor.block->launch->machine->options().checks.has(kind);
}

/// Own offset or shared::cluster address to a block and an offset in it.
static Block *findShared(const Actor &actor, uint64_t address, uint32_t &offset) {
  offset = uint32_t(address);
  if (address < sharedStride)
    return actor.block;
  return blockOfSharedAddress(*actor.block->cluster, address, offset);
}

struct SharedPlace {
  Block *block = nullptr;
  uint32_t offset = 0;
};

static std::optional<SharedPlace> checkSharedBounds(const Actor &actor, uint64_t address,
                                                    uint64_t bytes, AccessKind kind) {
  SharedPlace place;
  place.block = findShared(actor, address, place.offset);
  if (place.block && place.offset <= place.block->sharedBytes &&
      bytes <= place.block->sharedBytes - place.offset)
    return place;
  reportBounds(actor, address, bytes, kind != AccessKind::Read, "shared", actor.block->sharedBytes);
  return std::nullopt;
}

static void checkSharedRace(const Actor &actor, const SharedPlace &place, uint64_t address,
                            uint32_t bytes, AccessKind kind, bool strong) {
  if (!checksRaces(actor, Kind::RaceShared))
    return;
  uint32_t other = 0;
  if (raceShared(actor, *place.block, place.offset, bytes, kind, strong, other))
    reportRace(actor, Kind::RaceShared, address, bytes, kind, entityName(actor, epochEntity(other)));
}

static void checkGlobalRace(const Actor &actor, uint64_t address, uint32_t bytes, AccessKind kind,
                            bool strong) {
  if (!checksRaces(actor, Kind::RaceGlobal))
    return;
  uint32_t other = 0;
  if (raceGlobal(actor, address, bytes, kind, strong, other))
    reportRace(actor, Kind::RaceGlobal, address, bytes, kind, describeGlobal(actor, other));
}

uint8_t *accessShared(const Actor &actor, uint64_t address, uint32_t bytes, AccessKind kind) {
  auto place = checkSharedBounds(actor, address, bytes, kind);
  if (!place)
    return nullptr;
  checkSharedRace(actor, *place, address, bytes, kind, false);
  if (kind != AccessKind::Read)
    setBits(place->block->shadow->init.data(), place->offset, bytes);
  return place->block->shared.get() + place->offset;
}

uint8_t *accessGlobal(const Actor &actor, uint64_t address, uint64_t bytes, AccessKind kind) {
  if (!inBounds(actor, nullptr, address, bytes)) {
    reportGlobal(actor, address, bytes, kind != AccessKind::Read);
    return nullptr;
  }
  checkGlobalRace(actor, address, uint32_t(bytes), kind, false);
  const GlobalShadow &shadow = actor.block->launch->machine->memory().state().shadow;
  if (kind != AccessKind::Read)
    setBits(shadow.init, address - shadow.base, bytes);
  return reinterpret_cast<uint8_t *>(address);
}

bool requireInitialised(const Actor &actor, Space space, uint64_t address, uint64_t bytes) {
  uint64_t clear = bytes;
  if (space == Space::Shared) {
    uint32_t offset = 0;
    Block *block = findShared(actor, address, offset);
    if (block && offset + bytes <= block->sharedBytes)
      clear = firstClear(block->shadow->init.data(), offset, bytes);
  } else {
    const GlobalShadow &shadow = actor.block->launch->machine->memory().state().shadow;
    clear = firstClear(shadow.init, address - shadow.base, bytes);
  }
  if (clear == bytes)
    return true;
  report(actor, Kind::UninitialisedMemory, address + clear,
         "read of memory that was never written at " + hex(address + clear));
  return false;
}

// --- a warp's access

/// The space a generic address means, and the address within it.
static Space resolve(Space space, uint64_t &address) {
  if (space != Space::Generic)
    return space == Space::Const ? Space::Global : space;
  constexpr uint64_t window = 0x1000000000;
  if (address >= globalStart)
    return Space::Global;
  if (address - sharedWindow < window) {
    address -= sharedWindow;
    return Space::Shared;
  }
  if (address - localWindow < window) {
    address -= localWindow;
    return Space::Local;
  }
  if (address - paramWindow < window) {
    address -= paramWindow;
    return Space::Param;
  }
  return Space::Global;
}

static uint8_t *checkLane(Warp &warp, const Actor &actor, const LaneAccess &access, unsigned lane) {
  uint64_t address = access.address[lane];
  Space space = resolve(access.space, address);
  Launch &launch = *warp.block->launch;
  bool write = access.kind != AccessKind::Read;
  if (access.address[lane] & (access.alignment - 1u)) {
    report(actor, Kind::Misaligned, access.address[lane],
           "address " + hex(access.address[lane]) + " of an access of " +
               std::to_string(access.bytes) + " bytes is not a multiple of " +
               std::to_string(access.alignment));
    launch.fail(LaunchStatus::MisalignedAddress, "misaligned address " + hex(address), false);
    return nullptr;
  }
  switch (space) {
  case Space::Shared: {
    auto place = checkSharedBounds(actor, address, access.bytes, access.kind);
    if (!place)
      return nullptr;
    if (access.bytes >= 4)
      checkSharedRace(actor, *place, address, access.bytes, access.kind, access.strong);
    return place->block->shared.get() + place->offset;
  }
  case Space::Local:
    if (address > warp.localBytes || access.bytes > warp.localBytes - address) {
      reportBounds(actor, address, access.bytes, write, "local", warp.localBytes);
      return nullptr;
    }
    return warp.local + address / 4 * rowBytes + lane * 4 + address % 4;
  case Space::Param:
    if (write || address > launch.parameters.size() ||
        access.bytes > launch.parameters.size() - address) {
      reportBounds(actor, address, access.bytes, write, "parameter", launch.parameters.size());
      return nullptr;
    }
    return reinterpret_cast<uint8_t *>(launch.parameters.data()) + address;
  default:
    break;
  }
  if (!inBounds(actor, write ? &warp.writeBounds : &warp.bounds, address, access.bytes)) {
    reportGlobal(actor, address, access.bytes, write);
    return nullptr;
  }
  if (access.bytes >= 4)
    checkGlobalRace(actor, address, access.bytes, access.kind, access.strong);
  return reinterpret_cast<uint8_t *>(address);
}

/// Races of accesses below a word: bytes of neighbouring lanes are joined first,
/// so that a warp that covers whole words is seen to do so.
static void checkNarrowRaces(Actor actor, const LaneAccess &access, uint32_t good) {
  uint64_t from = 0, to = 0;
  Space space = Space::Param;
  auto flush = [&] {
    if (to == from)
      return;
    if (space == Space::Global)
      checkGlobalRace(actor, from, uint32_t(to - from), access.kind, access.strong);
    else if (space == Space::Shared)
      if (auto place = checkSharedBounds(actor, from, to - from, access.kind))
        checkSharedRace(actor, *place, from, uint32_t(to - from), access.kind, access.strong);
  };
  for (uint32_t left = good; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    uint64_t address = access.address[lane];
    Space own = resolve(access.space, address);
    if (own == space && address == to) {
      to += access.bytes;
      continue;
    }
    if (own == space && address >= from && address + access.bytes <= to)
      continue;
    flush();
    space = own;
    from = address;
    to = address + access.bytes;
    actor.lane = lane;
  }
  flush();
}

uint32_t checkLanes(Warp &warp, const LaneAccess &access, uint8_t *where[32]) {
  uint32_t good = 0;
  refreshGlobalId(warp);
  Actor actor = actorOf(warp);
  for (uint32_t left = access.mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    actor.lane = lane;
    where[lane] = checkLane(warp, actor, access, lane);
    good |= uint32_t(where[lane] != nullptr) << lane;
  }
  if (access.bytes < 4)
    checkNarrowRaces(actor, access, good);
  return good;
}

Space resolveSpace(Space space, uint64_t &address) { return resolve(space, address); }

void Launch::fail(LaunchStatus why, std::string text, bool fatal) {
  std::lock_guard lock(mutex);
  if (status == LaunchStatus::Ok) {
    status = why;
    message = std::move(text);
  }
  if (fatal || ++faults > 10000)
    abort = true;
}

} // namespace tenon::sim
