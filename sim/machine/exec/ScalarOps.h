// Instructions computed lane by lane with plain C++: the rarer ones, and those
// with roundings that the host's vectors do not have.
#pragma once

#include <cstdint>

namespace tenon::sim {

enum class ScalarOp : uint16_t {
  // integers; flags hold the type
  Div, Rem, MulHi, Mul24Lo, Mul24Hi, AddSat, SubSat, Sad, IntAbs, IntMin, IntMax,
  AddCarry, CarryOfAdd, SubBorrow, BorrowOfSub,
  Clz, Bfind, BfindShift, Fns, Brev, Bfe, BfiInsert, BmskClamp, BmskWrap, SzextClamp, SzextWrap,
  Dp4a, Dp2aLo, Dp2aHi, Prmt, Cnot, Popc64, Relu,
  // floats; flags hold type, rounding, ftz, sat, ...
  FAdd, FSub, FMul, FFma, FDiv, FRcp, FSqrt, FRsqrt, FSin, FCos, FLg2, FEx2, FTanh,
  FMin, FMax, FNeg, FAbs, FCopysign, FTestp, FCompare,
  // conversions; flags hold both types
  Convert, ConvertPack, CvtPackInt,
  Nop,
};

/// Types of lane values in flags.
enum class LaneKind : uint8_t {
  U8, S8, U16, S16, U32, S32, U64, S64, F16, BF16, F32, F64, F16x2, BF16x2, TF32, E4M3, E5M2,
  E4M3x2, E5M2x2, F32x2, U16x2, S16x2, E2M3, E3M2, E2M1, UE8M0
};

enum class Rounding : uint8_t { Nearest, Zero, Down, Up, NearestAway };

/// Packed into an op's 32-bit flags.
struct ScalarFlags {
  LaneKind type = LaneKind::U32; // of the result
  LaneKind from = LaneKind::U32; // of the sources, where it differs
  Rounding rounding = Rounding::Nearest;
  bool integerRounding = false; // cvt.rni and so on
  bool ftz = false, sat = false, approx = false, full = false, relu = false, nan = false;
  bool xorsign = false, abs = false, satfinite = false;
  uint8_t extra = 0; // comparison, test, mode: 4 bits

  uint32_t pack() const {
    return uint32_t(type) | uint32_t(from) << 5 | uint32_t(rounding) << 10 | integerRounding << 13 |
           ftz << 14 | sat << 15 | approx << 16 | full << 17 | relu << 18 | nan << 19 |
           xorsign << 20 | abs << 21 | satfinite << 22 | uint32_t(extra & 31) << 23;
  }
  static ScalarFlags unpack(uint32_t p) {
    ScalarFlags f;
    f.type = LaneKind(p & 31);
    f.from = LaneKind(p >> 5 & 31);
    f.rounding = Rounding(p >> 10 & 7);
    f.integerRounding = p >> 13 & 1;
    f.ftz = p >> 14 & 1;
    f.sat = p >> 15 & 1;
    f.approx = p >> 16 & 1;
    f.full = p >> 17 & 1;
    f.relu = p >> 18 & 1;
    f.nan = p >> 19 & 1;
    f.xorsign = p >> 20 & 1;
    f.abs = p >> 21 & 1;
    f.satfinite = p >> 22 & 1;
    f.extra = uint8_t(p >> 23 & 31);
    return f;
  }
};

using ScalarFunction = uint64_t (*)(uint64_t a, uint64_t b, uint64_t c, const ScalarFlags &flags);
ScalarFunction scalarFunction(ScalarOp op);

} // namespace tenon::sim
