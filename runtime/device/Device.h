// What a program needs of the device that executes it: memory, copies, launches.
//
// The interpreter (runtime/program) is the same for all devices. Memory of a device
// is named by addresses that only the device may follow, unless it is the host's.
// Work may be queued: `download` and `finish` wait for what was asked before.
#pragma once

#include "runtime/bundle/BundleFile.h"
#include "runtime/support/Status.h"

#include <cstdint>
#include <string>

namespace tenon {

/// One launch of a kernel.
struct LaunchRequest {
  uint32_t kernel;
  int64_t grid;         ///< blocks
  int64_t scratchBytes; ///< for each thread of a CPU, each block of a GPU
  /// Operations or bytes, whichever is more; negative: unknown.
  int64_t work;
  void *const *buffers; ///< one per parameter of the kernel
  size_t numBuffers;
  const int64_t *symbols;
  size_t numSymbols;
};

class Device {
public:
  virtual ~Device() = default;

  /// Which programs it executes: "cpu", "cuda".
  virtual const char *kind() const = 0;
  /// "cpu (avx512, 2 threads)".
  virtual std::string description() const = 0;
  virtual unsigned threads() const = 0;
  /// Bytes that it holds itself: scratch memory, weights.
  virtual uint64_t heldMemory() const = 0;
  /// Whether its memory is the host's: inputs and outputs are then used in place.
  virtual bool isHost() const = 0;

  /// Null where there is no memory; at least 64-byte aligned.
  virtual void *allocate(uint64_t bytes) = 0;
  virtual void release(void *data) = 0;
  /// Where the bytes of a weight or constant lie.
  virtual Status weight(uint32_t index, void *&data) = 0;
  virtual Status constant(uint32_t index, void *&data) = 0;

  virtual Status launch(const LaunchRequest &request) = 0;
  /// From host memory, which may be changed when it returns.
  virtual Status upload(void *to, const void *from, uint64_t bytes) = 0;
  /// To host memory, when all that was asked before is done.
  virtual Status download(void *to, const void *from, uint64_t bytes) = 0;
  virtual Status copy(void *to, const void *from, uint64_t bytes) = 0;
  /// `bytes` is a multiple of `width`: 1, 2, 4 or 8 bytes of `pattern`.
  virtual Status fill(void *to, uint64_t pattern, unsigned width, uint64_t bytes) = 0;
  /// Called before the first work of a run.
  virtual Status begin() { return {}; }
  /// Waits for all work. Where a kernel refused its data, `failedKernel` is its
  /// number.
  virtual Status finish(uint32_t &failedKernel) = 0;
};

/// Memory of a device that only grows: reserved once, reused every run.
class DeviceMemory {
public:
  DeviceMemory() = default;
  ~DeviceMemory() { reset(); }
  DeviceMemory(DeviceMemory &&other) noexcept
      : device(other.device), base(other.base), bytes(other.bytes) {
    other.base = nullptr;
    other.bytes = 0;
  }
  DeviceMemory &operator=(DeviceMemory &&) = delete;

  /// Makes at least `size` bytes ready; contents are lost if it grows. False when
  /// there is no memory.
  bool reserve(Device &owner, uint64_t size) {
    if (base && size <= bytes)
      return true;
    reset();
    device = &owner;
    base = owner.allocate(size);
    bytes = base ? size : 0;
    return base != nullptr;
  }
  char *data() const { return static_cast<char *>(base); }
  uint64_t size() const { return bytes; }

private:
  void reset() {
    if (base)
      device->release(base);
    base = nullptr;
    bytes = 0;
  }

  Device *device = nullptr;
  void *base = nullptr;
  uint64_t bytes = 0;
};

} // namespace tenon
