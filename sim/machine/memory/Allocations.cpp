// Allocations: first fit in holes, 256-byte aligned, with a red zone behind each.
// A freed range stays in quarantine (addresses not given out again) until 64 MiB
// or 1024 ranges of it wait; its whole pages go back to the system at once.
#include "sim/machine/memory/State.h"
#include <algorithm>
#include <mutex>
#include <sys/mman.h>

namespace tenon::sim {
namespace {

constexpr uint64_t quarantineLimit = 64u << 20;
constexpr size_t quarantineRanges = 1024;
constexpr uint64_t hugeFrom = 256u << 10;

uint64_t roundUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

/// Takes [address, address + size) out of a hole that holds it.
void carve(AddressRange &range, std::map<uint64_t, uint64_t>::iterator hole, uint64_t address,
           uint64_t size) {
  uint64_t start = hole->first, end = start + hole->second;
  range.holes.erase(hole);
  if (address > start)
    range.holes[start] = address - start;
  if (address + size < end)
    range.holes[address + size] = end - address - size;
}

uint64_t place(AddressRange &range, uint64_t size, uint64_t alignment) {
  for (auto hole = range.holes.begin(); hole != range.holes.end(); ++hole) {
    uint64_t address = roundUp(hole->first, alignment);
    uint64_t skipped = address - hole->first;
    if (hole->second < skipped || hole->second - skipped < size)
      continue;
    carve(range, hole, address, size);
    return address;
  }
  return 0;
}

void giveBack(AddressRange &range, uint64_t address, uint64_t size) {
  auto next = range.holes.upper_bound(address);
  if (next != range.holes.end() && address + size == next->first) {
    size += next->second;
    next = range.holes.erase(next);
  }
  if (next != range.holes.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == address) {
      before->second += size;
      return;
    }
  }
  range.holes[address] = size;
}

/// Makes a range fresh again: never written, never accessed. Whole pages go back.
void forget(uint8_t *map, uint64_t from, uint64_t to) {
  constexpr uint64_t page = 4096;
  uint64_t a = reinterpret_cast<uint64_t>(map) + from, b = reinterpret_cast<uint64_t>(map) + to;
  uint64_t first = roundUp(a, page), last = b / page * page;
  if (first >= last) {
    std::fill(map + from, map + to, uint8_t(0));
    return;
  }
  std::fill(map + from, reinterpret_cast<uint8_t *>(first), uint8_t(0));
  madvise(reinterpret_cast<void *>(first), last - first, MADV_DONTNEED);
  std::fill(reinterpret_cast<uint8_t *>(last), map + to, uint8_t(0));
}

void forgetShadow(const GlobalShadow &shadow, uint64_t address, uint64_t size) {
  uint64_t from = address - shadow.base, to = roundUp(from + size, 128);
  forget(shadow.init, from / 8, to / 8);
  forget(reinterpret_cast<uint8_t *>(shadow.lines), from / 16, to / 16);
  forget(reinterpret_cast<uint8_t *>(shadow.words), from * 2, to * 2);
}

constexpr uint64_t hugePage = 2u << 20;

void adviseHuge(const GlobalShadow &shadow, uint64_t address, uint64_t size) {
  auto advise = [](const void *p, uint64_t n) {
    uint64_t first = reinterpret_cast<uint64_t>(p), a = first / hugePage * hugePage;
    madvise(reinterpret_cast<void *>(a), roundUp(first + n - a, hugePage), MADV_HUGEPAGE);
  };
  advise(reinterpret_cast<void *>(address), size);
  advise(shadow.initByte(address), size / 8);
  advise(shadow.line(address), size / 16);
}

} // namespace

uint64_t Memory::allocate(unsigned space, uint64_t size, uint64_t alignment, std::string label) {
  State &s = *impl;
  std::unique_lock lock(s.mutex);
  if (space >= s.spaces.size() || size == 0 || size > s.spaces[space].high)
    return 0;
  AddressRange &range = s.spaces[space];
  alignment = std::max<uint64_t>(alignment, 256);
  uint64_t address = place(range, roundUp(size, 256) + redZone, alignment);
  if (address == 0)
    return 0;
  range.used += size;
  if (size >= hugeFrom)
    adviseHuge(s.shadow, address, size);
  Allocation &a = s.allocations[address];
  a = {};
  a.address = address;
  a.size = size;
  a.space = space;
  a.serial = ++s.serial;
  a.label = std::move(label);
  return address;
}

static void dropOldest(Memory::State &s) {
  auto it = s.allocations.find(s.quarantine.front());
  s.quarantine.pop_front();
  uint64_t size = roundUp(it->second.size, 256) + redZone;
  s.quarantineBytes -= it->second.size;
  giveBack(s.spaces[it->second.space], it->first, size);
  s.allocations.erase(it);
}

FreeResult Memory::release(uint64_t address) {
  State &s = *impl;
  std::unique_lock lock(s.mutex);
  auto it = s.allocations.find(address);
  if (it == s.allocations.end())
    return FreeResult::NotFound;
  Allocation &a = it->second;
  if (a.freed)
    return FreeResult::AlreadyFreed;
  a.freed = true;
  ++s.shrinks;
  s.spaces[a.space].used -= a.size;
  forget(reinterpret_cast<uint8_t *>(a.address), 0, a.size);
  forgetShadow(s.shadow, a.address, a.size);
  s.quarantine.push_back(address);
  s.quarantineBytes += a.size;
  while (s.quarantine.size() > quarantineRanges ||
         (s.quarantineBytes > quarantineLimit && s.quarantine.size() > 16))
    dropOldest(s);
  return FreeResult::Ok;
}

uint64_t Memory::reserve(unsigned space, uint64_t size, uint64_t alignment) {
  uint64_t address = allocate(space, size, alignment, "reserved addresses");
  if (address == 0)
    return 0;
  std::unique_lock lock(impl->mutex);
  impl->allocations[address].mapped = false;
  impl->spaces[space].used -= size;
  return address;
}

bool Memory::map(uint64_t address, uint64_t size) {
  State &s = *impl;
  std::unique_lock lock(s.mutex);
  const Allocation *a = s.find(address);
  if (!a || a->mapped || a->freed || size == 0 || size > a->address + a->size - address)
    return false;
  auto next = s.mappings.upper_bound(address);
  if (next != s.mappings.end() && next->first < address + size)
    return false;
  if (next != s.mappings.begin() && std::prev(next)->first + std::prev(next)->second > address)
    return false;
  s.mappings[address] = size;
  return true;
}

bool Memory::unmap(uint64_t address, uint64_t size) {
  State &s = *impl;
  std::unique_lock lock(s.mutex);
  auto it = s.mappings.find(address);
  if (it == s.mappings.end() || it->second != size)
    return false;
  s.mappings.erase(it);
  ++s.shrinks;
  forget(reinterpret_cast<uint8_t *>(address), 0, size);
  forgetShadow(s.shadow, address, size);
  return true;
}

const Allocation *Memory::State::find(uint64_t address) const {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return nullptr;
  const Allocation &a = std::prev(it)->second;
  return address - a.address < a.size ? &a : nullptr;
}

bool Memory::State::liveRange(uint64_t address, uint64_t &low, uint64_t &high) const {
  const Allocation *a = find(address);
  if (!a || a->freed)
    return false;
  low = a->address;
  high = a->address + a->size;
  if (a->mapped)
    return true;
  auto it = mappings.upper_bound(address);
  if (it == mappings.begin())
    return false;
  --it;
  low = it->first;
  high = it->first + it->second;
  return address < high;
}

std::optional<Allocation> Memory::find(uint64_t address) const {
  std::shared_lock lock(impl->mutex);
  const Allocation *a = impl->find(address);
  return a ? std::optional(*a) : std::nullopt;
}

bool Memory::contains(uint64_t address, uint64_t size) const {
  std::shared_lock lock(impl->mutex);
  uint64_t low, high;
  return impl->liveRange(address, low, high) && size <= high - address;
}

uint64_t Memory::bytesInUse(unsigned space) const {
  std::shared_lock lock(impl->mutex);
  return impl->spaces[space].used;
}

std::vector<Allocation> Memory::live() const {
  std::shared_lock lock(impl->mutex);
  std::vector<Allocation> result;
  for (const auto &[address, a] : impl->allocations)
    if (!a.freed)
      result.push_back(a);
  return result;
}

} // namespace tenon::sim
