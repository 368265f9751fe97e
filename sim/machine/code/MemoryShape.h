// The second slot of a memory op: which registers, how wide, which space.
#pragma once

#include "sim/machine/code/Op.h"
#include "sim/machine/exec/Access.h"

namespace tenon::sim {

/// Packed into the second slot's `guard` (16 bits).
struct MemoryShape {
  uint8_t logBytes = 2;  // of an element: 0 .. 4
  uint8_t logCount = 0;  // elements: 0 .. 2
  bool signExtend = false;
  Space space = Space::Generic;
  bool strong = false;
  uint8_t scope = 0;     // 0 cta, 1 cluster, 2 gpu, 3 sys
  bool wideAddress = true;  // 64-bit
  bool frameRelative = false; // local: add the frame's base
  bool acquire = false;  // or release, for a store
  bool wideRegister = false; // element in a 64-bit register

  uint16_t pack() const {
    return uint16_t(logBytes | logCount << 3 | signExtend << 5 | unsigned(space) << 6 | strong << 9 |
                    scope << 10 | wideAddress << 12 | frameRelative << 13 | acquire << 14 |
                    wideRegister << 15);
  }
  static MemoryShape unpack(uint16_t p) {
    return {uint8_t(p & 7),  uint8_t(p >> 3 & 3), bool(p >> 5 & 1),  Space(p >> 6 & 7),
            bool(p >> 9 & 1), uint8_t(p >> 10 & 3), bool(p >> 12 & 1), bool(p >> 13 & 1),
            bool(p >> 14 & 1), bool(p >> 15)};
  }
  unsigned bytes() const { return 1u << (logBytes + logCount); }
};

/// Shapes that have a fast path, as the packed bits below `strong`.
constexpr uint16_t shapeMask = 0x1f;

/// Atomic operations; with the type in the second slot's imm.
enum class AtomicOp : uint8_t { Add, Min, Max, Inc, Dec, And, Or, Xor, Exch, Cas };
enum class AtomicType : uint8_t {
  B16, B32, B64, B128, U32, U64, S32, S64, F16, BF16, F16x2, BF16x2, F32, F64
};

struct AtomicShape {
  AtomicOp op;
  AtomicType type;
  bool ftz = false, acquire = false, release = false, returns = true;
  uint8_t logCount = 0; // vectors of red/atom

  int32_t pack() const {
    return int32_t(op) | int32_t(type) << 4 | ftz << 8 | acquire << 9 | release << 10 |
           returns << 11 | logCount << 12;
  }
  static AtomicShape unpack(int32_t p) {
    return {AtomicOp(p & 15), AtomicType(p >> 4 & 15), bool(p >> 8 & 1), bool(p >> 9 & 1),
            bool(p >> 10 & 1), bool(p >> 11 & 1), uint8_t(p >> 12 & 3)};
  }
};

} // namespace tenon::sim
