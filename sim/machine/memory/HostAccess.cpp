// Copies and fills that the host (or a copy engine) makes: bytes and their
// initialised bits together; race cells are cleared, because the driver orders
// copies with launches and a copy leaves no epoch behind.
#include "sim/machine/memory/State.h"
#include <cstring>

namespace tenon::sim {

void Memory::copy(void *to, const void *from, uint64_t size, const StreamPosition *) {
  if (size == 0)
    return;
  const GlobalShadow &shadow = impl->shadow;
  uint64_t target = reinterpret_cast<uint64_t>(to), source = reinterpret_cast<uint64_t>(from);
  std::memmove(to, from, size);
  if (!shadow.holds(target))
    return;
  if (shadow.holds(source))
    copyBits(shadow.init, target - shadow.base, shadow.init, source - shadow.base, size);
  else
    setBits(shadow.init, target - shadow.base, size);
}

void Memory::fill(uint64_t address, const void *pattern, unsigned patternSize, uint64_t count,
                  const StreamPosition *) {
  auto *bytes = reinterpret_cast<uint8_t *>(address);
  if (patternSize == 1)
    std::memset(bytes, *static_cast<const uint8_t *>(pattern), count);
  else
    for (uint64_t i = 0; i < count; ++i)
      std::memcpy(bytes + i * patternSize, pattern, patternSize);
  if (impl->shadow.holds(address))
    setBits(impl->shadow.init, address - impl->shadow.base, count * patternSize);
}

std::optional<uint64_t> Memory::firstUninitialised(uint64_t address, uint64_t size) const {
  const GlobalShadow &shadow = impl->shadow;
  if (!shadow.holds(address))
    return std::nullopt;
  uint64_t clear = firstClear(shadow.init, address - shadow.base, size);
  return clear == size ? std::nullopt : std::optional(address + clear);
}

} // namespace tenon::sim
