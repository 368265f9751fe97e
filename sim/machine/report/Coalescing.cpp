// Sectors and banks, counted exactly.
#include "sim/machine/report/Coalescing.h"
#include "sim/machine/code/Program.h"
#include <algorithm>

namespace tenon::sim {

unsigned distinctSectors(const uint64_t address[32], uint32_t mask, unsigned bytes) {
  uint64_t seen[128] = {}; // by hash, plus one; at most 64 are taken
  uint64_t last = 0;
  unsigned count = 0;
  for (uint32_t left = mask; left; left &= left - 1) {
    uint64_t a = address[__builtin_ctz(left)];
    for (uint64_t s = a / 32 + 1; s <= (a + bytes - 1) / 32 + 1; ++s) {
      if (s == last)
        continue;
      last = s;
      unsigned at = unsigned(s * 0x9e3779b97f4a7c15 >> 57);
      while (seen[at] && seen[at] != s)
        at = (at + 1) % 128;
      count += seen[at] == 0;
      seen[at] = s;
    }
  }
  return count;
}

unsigned bankConflicts(const uint64_t address[32], uint32_t mask, unsigned bytes) {
  unsigned lanesPerPhase = bytes <= 4 ? 32 : bytes == 8 ? 16 : 8, extra = 0;
  for (unsigned start = 0; start < laneCount; start += lanesPerPhase) {
    uint32_t words[32];
    unsigned count = 0;
    for (unsigned lane = start; lane < start + lanesPerPhase; ++lane)
      if (mask >> lane & 1)
        for (unsigned w = 0; w < std::max(1u, bytes / 4); ++w)
          words[count++] = uint32_t(address[lane] / 4 + w);
    std::sort(words, words + count);
    count = unsigned(std::unique(words, words + count) - words);
    unsigned perBank[32] = {}, most = 0;
    for (unsigned i = 0; i < count; ++i)
      most = std::max(most, ++perBank[words[i] % 32]);
    extra += most > 1 ? most - 1 : 0;
  }
  return extra;
}

static MemoryCounters &siteOf(Warp &warp, const Op *op) { return warp.counters[op[1].handler]; }

void countAccess(Warp &warp, const Op *op, const LaneAccess &access, uint32_t good) {
  if (!good)
    return;
  MemoryCounters &c = siteOf(warp, op);
  uint64_t bytes = uint64_t(__builtin_popcount(good)) * access.bytes;
  uint64_t first = access.address[__builtin_ctz(good)];
  bool write = access.kind != AccessKind::Read, read = access.kind != AccessKind::Write;
  switch (resolveSpace(access.space, first)) {
  case Space::Global: {
    unsigned sectors = distinctSectors(access.address, good, access.bytes);
    ++c.globalRequests;
    c.globalSectorsRead += read ? sectors : 0;
    c.globalSectorsWritten += write ? sectors : 0;
    c.globalBytesRead += read ? bytes : 0;
    c.globalBytesWritten += write ? bytes : 0;
    break;
  }
  case Space::Shared:
    c.bankConflicts += bankConflicts(access.address, good, access.bytes);
    c.sharedBytesRead += read ? bytes : 0;
    c.sharedBytesWritten += write ? bytes : 0;
    break;
  case Space::Local:
    c.localBytesRead += read ? bytes : 0;
    c.localBytesWritten += write ? bytes : 0;
    break;
  default:
    break;
  }
}

static MemoryCounters &extendedSite(Warp &warp) {
  if (warp.current && HandlerId(warp.current->handler) == HandlerId::Extended)
    return warp.counters[warp.program->extended[size_t(warp.current->imm)]->site];
  uint32_t op = warp.current ? warp.program->indexOf(warp.current) : 0;
  return warp.counters[warp.program->siteOfOp(op)];
}

void countTensorFlops(Warp &warp, uint64_t flops) { extendedSite(warp).tensorFlops += flops; }
void countSharedFill(Warp &warp, uint64_t bytes) { extendedSite(warp).sharedFillBytes += bytes; }

} // namespace tenon::sim
