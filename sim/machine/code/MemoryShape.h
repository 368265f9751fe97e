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

constexpr uint16_t signExtendBit = 1 << 5; // in a packed shape

/// Plain accesses of the commonest shapes have handlers of their own, behind the
/// general one of their space in this order: 1, 2, 4, 8 bytes; 2 x 4, 4 x 4, 2 x 8.
/// 0 stands for all others.
inline unsigned memoryKind(const MemoryShape &shape) {
  if (shape.strong)
    return 0;
  switch (shape.logBytes | shape.logCount << 3) {
  case 0: return 1;
  case 1: return 2;
  case 2: return 3;
  case 3: return 4;
  case 2 | 1 << 3: return 5;
  case 2 | 2 << 3: return 6;
  case 3 | 1 << 3: return 7;
  default: return 0;
  }
}

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
