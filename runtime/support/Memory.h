// Memory that only grows, 64-byte aligned: reserved once, reused every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>

namespace tenon {

class Memory {
public:
  Memory() = default;
  ~Memory() { std::free(base); }
  Memory(Memory &&other) noexcept : base(other.base), bytes(other.bytes) {
    other.base = nullptr;
    other.bytes = 0;
  }
  Memory &operator=(Memory &&) = delete;

  /// Makes at least `size` bytes ready; contents are lost if it grows. False
  /// when there is no memory.
  bool reserve(uint64_t size) {
    if (base && size <= bytes)
      return true;
    constexpr uint64_t huge = uint64_t{2} << 20;
    uint64_t alignment = size >= 2 * huge ? huge : 64;
    uint64_t rounded;
    if (__builtin_add_overflow(size ? size : 1, alignment - 1, &rounded))
      return false;
    rounded -= rounded % alignment;
    if (rounded > static_cast<uint64_t>(INT64_MAX))
      return false;
    std::free(base);
    base = static_cast<uint8_t *>(std::aligned_alloc(alignment, rounded));
    bytes = base ? rounded : 0;
    if (base && alignment == huge)
      ::madvise(base, rounded, MADV_HUGEPAGE);
    return base != nullptr;
  }

  /// Hands the memory over: the caller frees it by std::free.
  uint8_t *take() {
    uint8_t *taken = base;
    base = nullptr;
    bytes = 0;
    return taken;
  }

  uint8_t *data() const { return base; }
  uint64_t size() const { return bytes; }

private:
  uint8_t *base = nullptr;
  uint64_t bytes = 0;
};

} // namespace tenon
