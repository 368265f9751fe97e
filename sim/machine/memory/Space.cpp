// The address space: one reservation for all data and one per shadow, made with
// MAP_NORESERVE so that pages are only taken when touched.
#include "sim/machine/memory/State.h"
#include <algorithm>
#include <mutex>
#include <new>
#include <sys/mman.h>

namespace tenon::sim {
namespace {

void *reserveAt(uint64_t wanted, uint64_t size) {
  void *p = mmap(reinterpret_cast<void *>(wanted), size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    throw std::bad_alloc();
  return p;
}

/// Device addresses look alike in every run, so that reports can be compared.
constexpr uint64_t preferredBase = 0x200000000000;

} // namespace

Memory::Memory(unsigned gpus, uint64_t bytesPerGpu, bool shadow) : impl(new State) {
  State &s = *impl;
  constexpr uint64_t huge = 1ull << 30;
  uint64_t perGpu = (bytesPerGpu + bytesPerGpu / 8 + huge - 1) / huge * huge;
  uint64_t host = std::max(perGpu, 64 * huge);
  uint64_t total = perGpu * gpus + host;
  auto take = [&](uint64_t wanted, uint64_t size) {
    void *p = reserveAt(wanted, size);
    s.reservations.push_back({p, size});
    return p;
  };
  s.shadow.base = reinterpret_cast<uint64_t>(take(preferredBase, total));
  s.shadow.end = s.shadow.base + total;
  s.shadow.init = static_cast<uint8_t *>(take(0, total / 8 + 64));
  s.shadow.lines = static_cast<RaceCell *>(take(0, total / 16 + 64));
  s.shadow.words = static_cast<RaceCell *>(take(0, total * 2 + 64));
  for (unsigned i = 0; i <= gpus; ++i) {
    AddressRange range;
    range.low = s.shadow.base + i * perGpu;
    range.high = range.low + (i < gpus ? perGpu : host);
    range.holes[range.low + huge / 1024] = range.high - range.low - huge / 1024;
    s.spaces.push_back(std::move(range));
  }
}

Memory::~Memory() {
  for (auto [p, size] : impl->reservations)
    munmap(p, size);
}

unsigned Memory::hostSpace() const { return unsigned(impl->spaces.size() - 1); }

bool Memory::owns(const void *pointer) const {
  return impl->shadow.holds(reinterpret_cast<uint64_t>(pointer));
}

uint64_t Memory::bytesTotal(unsigned space) const {
  const AddressRange &range = impl->spaces[space];
  return range.high - range.low;
}

void Memory::setPeer(unsigned gpu, unsigned peer, bool enabled) {
  std::unique_lock lock(impl->mutex);
  if (enabled)
    impl->peers.insert({gpu, peer});
  else
    impl->peers.erase({gpu, peer});
  ++impl->shrinks;
}

bool Memory::mayAccess(unsigned gpu, unsigned space) const {
  if (gpu == space || space == hostSpace())
    return true;
  std::shared_lock lock(impl->mutex);
  return impl->peers.count({gpu, space}) != 0;
}

} // namespace tenon::sim
