// Global memory of all GPUs of a machine and pinned host memory: one reserved
// range of addresses, so that a device address is a host address and every
// shadow (initialised bytes, race cells) lies at a fixed offset from it.
//
// Pages are taken lazily: 8 GPUs of 80 GB cost nothing until touched. Between
// allocations lies a red zone; freed ranges stay in quarantine for a while, so
// that a use after free is told apart from a wild address.
#pragma once

#include "sim/machine/race/StreamClock.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tenon::sim {

struct Allocation {
  uint64_t address = 0, size = 0;
  unsigned space = 0;     // GPU index, or Memory::hostSpace()
  bool freed = false;     // in quarantine
  bool mapped = true;     // false: reserved addresses without memory behind them
  bool readOnly = false;  // constant banks
  uint64_t serial = 0;    // counts up over the machine's life
  std::string label;      // "cuMemAlloc", a variable's name, ...
};

enum class FreeResult : uint8_t { Ok, NotFound, AlreadyFreed };

/// Thread-safe. Never throws for bad addresses; says so in its result.
class Memory {
public:
  /// Reserves `bytesPerGpu` for each of `gpus` and as much as one GPU, at
  /// least 64 GiB, for pinned host memory.
  Memory(unsigned gpus, uint64_t bytesPerGpu, bool shadow);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  unsigned hostSpace() const;

  /// `size` > 0 bytes aligned to `alignment` (a power of two, at least 256 is
  /// used). Returns 0 when the space is full. Contents are uninitialised.
  uint64_t allocate(unsigned space, uint64_t size, uint64_t alignment, std::string label);
  FreeResult release(uint64_t address);

  /// Virtual memory management: addresses without memory, later mapped in parts.
  uint64_t reserve(unsigned space, uint64_t size, uint64_t alignment);
  bool map(uint64_t address, uint64_t size);
  bool unmap(uint64_t address, uint64_t size);

  /// The allocation that holds the address (freed ones in quarantine too).
  std::optional<Allocation> find(uint64_t address) const;
  /// True if all of [address, address + size) is live, mapped memory.
  bool contains(uint64_t address, uint64_t size) const;
  uint64_t bytesInUse(unsigned space) const;
  uint64_t bytesTotal(unsigned space) const;
  std::vector<Allocation> live() const;
  /// Lets kernels on `gpu` use `peer`'s memory, as cuCtxEnablePeerAccess does.
  void setPeer(unsigned gpu, unsigned peer, bool enabled);
  bool mayAccess(unsigned gpu, unsigned space) const;

  // Host-side access. Ranges must be `contains`-ed on the machine's side; host
  // pointers outside the machine are taken as initialised. `position` orders the
  // copy among launches for the race check (null: unordered accesses are not
  // looked for).
  void copy(void *to, const void *from, uint64_t size, const StreamPosition *position = nullptr);
  void fill(uint64_t address, const void *pattern, unsigned patternSize, uint64_t count,
            const StreamPosition *position = nullptr);
  /// First byte of the range that was never written, if any.
  std::optional<uint64_t> firstUninitialised(uint64_t address, uint64_t size) const;

  bool owns(const void *pointer) const;

  struct State;
  State &state() { return *impl; }
  const State &state() const { return *impl; }

private:
  std::unique_ptr<State> impl;
};

} // namespace tenon::sim
