// The immediate of a Barrier op. Its registers: a the barrier's number, b the
// count, c the predicate of a reduction, d its result.
#pragma once

#include <cstdint>

namespace tenon::sim {

struct BarrierBits {
  enum Kind : uint8_t { Sync, Arrive, Reduce };
  enum Reduction : uint8_t { Popc, And, Or };
  Kind kind = Sync;
  Reduction reduction = Popc;
  bool hasCount = false;
  bool aligned = true;
  bool uniform = false; // number and count are the same in all lanes

  int32_t pack() const { return kind | reduction << 2 | hasCount << 4 | aligned << 5 | uniform << 6; }
  /// What says that all threads of the block meet at one barrier, in packed form.
  static constexpr int32_t formMask = 3 | 1 << 4 | 1 << 6, plainForm = Sync | 1 << 6;
  static BarrierBits unpack(int32_t p) {
    return {Kind(p & 3), Reduction(p >> 2 & 3), bool(p >> 4 & 1), bool(p >> 5 & 1), bool(p >> 6 & 1)};
  }
};

} // namespace tenon::sim
