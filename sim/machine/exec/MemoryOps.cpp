// Loads, stores and atomics lane by lane: addresses, checks, bytes, counters, and
// what unset bytes leave behind.
#include "sim/machine/exec/MemoryOps.h"
#include "sim/machine/code/MemoryShape.h"
#include "sim/machine/exec/Atomics.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/exec/Taint.h"
#include "sim/machine/memory/State.h"
#include "sim/machine/race/GlobalCells.h"
#include "sim/machine/race/SharedCells.h"
#include "sim/machine/race/Strong.h"
#include "sim/machine/report/Coalescing.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace tenon::sim {
namespace {

void fillAccess(Warp &warp, const Op *op, const MemoryShape &shape, uint32_t mask, LaneAccess &access) {
  access.space = shape.space;
  access.strong = shape.strong;
  access.scope = shape.scope;
  access.bytes = uint8_t(shape.bytes());
  access.alignment = access.bytes;
  access.mask = mask;
  uint64_t offset = uint64_t(int64_t(op->imm)) + (shape.frameRelative ? warp.localBase : 0);
  for (unsigned lane = 0; lane < laneCount; ++lane)
    access.address[lane] = shape.wideAddress ? warp.row64(op->a)[lane] + offset
                                             : uint64_t(uint32_t(warp.row(op->a)[lane] + offset));
}

const uint16_t *dataRows(const Op *op) { return &op[1].d; }

/// Where the bytes of one lane lie: local words are 128 bytes apart.
void readBytes(const Warp &warp, const uint8_t *where, void *to, unsigned bytes, bool local) {
  if (!local || bytes <= 4) {
    std::memcpy(to, where, bytes);
    return;
  }
  for (unsigned i = 0; i < bytes; i += 4)
    std::memcpy(static_cast<uint8_t *>(to) + i, where + i / 4 * rowBytes, 4);
}

void writeBytes(uint8_t *where, const void *from, unsigned bytes, bool local) {
  if (!local || bytes <= 4) {
    std::memcpy(where, from, bytes);
    return;
  }
  for (unsigned i = 0; i < bytes; i += 4)
    std::memcpy(where + i / 4 * rowBytes, static_cast<const uint8_t *>(from) + i, 4);
}

/// The initialised bits of a lane's bytes.
uint32_t initBits(Warp &warp, Space space, uint64_t address, unsigned lane, unsigned bytes) {
  switch (space) {
  case Space::Shared: {
    uint32_t offset = uint32_t(address);
    Block *block = address < sharedStride
                       ? warp.block : blockOfSharedAddress(*warp.block->cluster, address, offset);
    return uint32_t(readBits(block->shadow->init.data(), offset, bytes));
  }
  case Space::Local: {
    uint32_t bits = 0;
    for (unsigned b = 0; b < bytes; ++b) {
      auto *row = reinterpret_cast<uint32_t *>(warp.localInit + (address + b) / 4 * 16);
      bits |= (row[(address + b) % 4] >> lane & 1) << b;
    }
    return bits;
  }
  case Space::Global:
    return uint32_t(readBits(warp.shadow->init, address - warp.shadow->base, bytes));
  default:
    return ~0u;
  }
}

void setRange(uint8_t *map, uint64_t from, unsigned bytes, uint32_t set) {
  if (set == (bytes == 32 ? ~0u : (1u << bytes) - 1))
    return setBits(map, from, bytes);
  for (unsigned b = 0; b < bytes; ++b)
    if (set >> b & 1)
      setBits(map, from + b, 1);
    else
      clearBits(map, from + b, 1);
}

void markInit(Warp &warp, Space space, uint64_t address, unsigned lane, unsigned bytes, uint32_t set) {
  if (space == Space::Local) {
    for (unsigned b = 0; b < bytes; ++b) {
      auto *row = reinterpret_cast<uint32_t *>(warp.localInit + (address + b) / 4 * 16);
      uint32_t &word = row[(address + b) % 4];
      word = (word & ~(1u << lane)) | (set >> b & 1) << lane;
    }
  } else if (space == Space::Shared) {
    uint32_t offset = uint32_t(address);
    Block *block = address < sharedStride
                       ? warp.block : blockOfSharedAddress(*warp.block->cluster, address, offset);
    setRange(block->shadow->init.data(), offset, bytes, set);
  } else if (space == Space::Global) {
    setRange(warp.shadow->init, address - warp.shadow->base, bytes, set);
  }
}

/// Puts one loaded element into a lane of its register.
void putElement(Warp &warp, const MemoryShape &shape, uint16_t row, unsigned lane, uint64_t value) {
  unsigned bits = 8u << shape.logBytes;
  if (shape.signExtend && bits < 32)
    value = uint32_t(int32_t(uint32_t(value) << (32 - bits)) >> (32 - bits));
  if (bits == 64)
    warp.row64(row)[lane] = value;
  else
    warp.row(row)[lane] = uint32_t(value);
}

/// Marks bytes of the loaded registers that memory had never been given.
void markLoaded(Warp &warp, const Op *op, const MemoryShape &shape, unsigned lane, uint32_t set,
                uint64_t address) {
  unsigned element = 1u << shape.logBytes;
  uint32_t wanted = shape.bytes() == 32 ? ~0u : (1u << shape.bytes()) - 1;
  bool unset = (set & wanted) != wanted;
  if (!unset && !warp.tainted)
    return;
  if (unset)
    startTaint(warp, Kind::UninitialisedMemory, warp.program->indexOf(op), address);
  uint32_t bit = 1u << lane;
  for (unsigned n = 0; n < 1u << shape.logCount; ++n) {
    uint16_t row = dataRows(op)[n];
    for (unsigned b = 0; b < (element == 8 ? 8u : 4u); ++b) {
      bool known = b >= element ? !shape.signExtend || (set >> (n * element + element - 1) & 1)
                                : set >> (n * element + b) & 1;
      uint32_t &word = warp.taint->rows[row + b / 4u][b % 4];
      word = known ? word & ~bit : word | bit;
    }
  }
}

/// Which bytes a lane is about to store hold a value.
uint32_t storedBits(Warp &warp, const Op *op, const MemoryShape &shape, unsigned lane) {
  if (!warp.tainted)
    return ~0u;
  uint32_t set = 0;
  unsigned element = 1u << shape.logBytes;
  for (unsigned n = 0; n < 1u << shape.logCount; ++n)
    for (unsigned b = 0; b < element; ++b) {
      const auto &row = warp.taint->rows[dataRows(op)[n] + b / 4u];
      set |= uint32_t(!(row[b % 4] >> lane & 1)) << (n * element + b);
    }
  return set;
}

} // namespace

void loadLanes(Warp &warp, const Op *op, uint32_t mask) {
  MemoryShape shape = MemoryShape::unpack(op[1].guard);
  LaneAccess access;
  warp.current = op;
  fillAccess(warp, op, shape, mask, access);
  warp.polled |= shape.strong;
  uint8_t *where[laneCount];
  uint32_t good = checkLanes(warp, access, where);
  countAccess(warp, op, access, good);
  for (uint32_t left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    uint64_t address = access.address[lane];
    Space space = resolveSpace(access.space, address);
    uint8_t bytes[32] = {};
    uint32_t set = ~0u;
    if (good >> lane & 1) {
      readBytes(warp, where[lane], bytes, access.bytes, space == Space::Local);
      set = initBits(warp, space, address, lane, access.bytes);
    }
    for (unsigned n = 0; n < 1u << shape.logCount; ++n) {
      uint64_t value = 0;
      std::memcpy(&value, bytes + (n << shape.logBytes), size_t(1) << shape.logBytes);
      putElement(warp, shape, dataRows(op)[n], lane, value);
    }
    markLoaded(warp, op, shape, lane, set, access.address[lane]);
  }
  if (shape.strong) // after the bytes: what another thread gave before them is there
    acquireStrong(warp, access, shape.acquire);
}

void storeLanes(Warp &warp, const Op *op, uint32_t mask) {
  MemoryShape shape = MemoryShape::unpack(op[1].guard);
  LaneAccess access;
  warp.current = op;
  access.kind = AccessKind::Write;
  fillAccess(warp, op, shape, mask, access);
  if (shape.strong)
    releaseStrong(warp, access, shape.acquire);
  uint8_t *where[laneCount];
  uint32_t good = checkLanes(warp, access, where);
  countAccess(warp, op, access, good);
  for (uint32_t left = good; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    uint64_t address = access.address[lane];
    Space space = resolveSpace(access.space, address);
    uint8_t bytes[32];
    for (unsigned n = 0; n < 1u << shape.logCount; ++n) {
      uint16_t row = dataRows(op)[n];
      uint64_t value = shape.logBytes == 3 ? warp.row64(row)[lane] : warp.row(row)[lane];
      std::memcpy(bytes + (n << shape.logBytes), &value, size_t(1) << shape.logBytes);
    }
    writeBytes(where[lane], bytes, access.bytes, space == Space::Local);
    markInit(warp, space, address, lane, access.bytes, storedBits(warp, op, shape, lane));
    warp.wrote |= space != Space::Local;
  }
  if (warp.wrote)
    signalChange(*warp.block);
}

void atomicLanes(Warp &warp, const Op *op, uint32_t mask) {
  MemoryShape shape = MemoryShape::unpack(op[1].guard);
  AtomicShape atomic = AtomicShape::unpack(op[1].imm);
  LaneAccess access;
  warp.current = op;
  access.kind = AccessKind::Atomic;
  fillAccess(warp, op, shape, mask, access);
  releaseStrong(warp, access, atomic.release);
  uint8_t *where[laneCount];
  uint32_t good = checkLanes(warp, access, where);
  countAccess(warp, op, access, good);
  bool wide = shape.logBytes == 3;
  warp.polled = true;
  for (uint32_t left = good; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    uint64_t address = access.address[lane];
    Space space = resolveSpace(access.space, address);
    uint32_t set = initBits(warp, space, address, lane, access.bytes);
    if (~set & ((1u << access.bytes) - 1) && atomic.op != AtomicOp::Exch)
      report(warp, Kind::UninitialisedMemory, lane, access.address[lane],
             "atomic on memory that was never written");
    uint64_t b = wide ? warp.row64(op->b)[lane] : warp.row(op->b)[lane];
    uint64_t c = wide ? warp.row64(op->c)[lane] : warp.row(op->c)[lane];
    bool changed = false;
    uint64_t old = atomicUpdate(where[lane], atomic, b, c, changed);
    warp.wrote |= changed;
    if (wide)
      warp.row64(op->d)[lane] = old;
    else
      warp.row(op->d)[lane] = uint32_t(old);
    markInit(warp, space, address, lane, access.bytes, ~0u);
  }
  acquireStrong(warp, access, atomic.acquire);
  if (warp.wrote)
    signalChange(*warp.block);
}

uint64_t readClock(Warp &warp, bool timer) {
  uint64_t steps = ++warp.steps * 2;
  return timer ? 1000000000 + steps : steps;
}

void fence(Warp &warp, bool asyncProxy) {
  if (asyncProxy)
    proxyFence(warp);
  fenceStrong(warp);
}

bool readLane(Warp &warp, unsigned lane, uint64_t address, void *to, unsigned bytes) {
  auto *out = static_cast<uint8_t *>(to);
  for (unsigned done = 0; done < bytes; ++done) {
    LaneAccess access;
    access.bytes = access.alignment = 1;
    access.mask = 1u << lane;
    access.address[lane] = address + done;
    uint8_t *where[laneCount];
    if (!checkLanes(warp, access, where))
      return false;
    out[done] = *where[lane];
  }
  return true;
}

} // namespace tenon::sim
