// cvt of one lane: between integers and floats of every width, rounded once.
#include "sim/machine/exec/ScalarFloat.h"
#include "sim/machine/exec/ScalarTables.h"
#include <array>
#include <bit>
#include <cfenv>
#include <cmath>

namespace tenon::sim {
namespace {

using u64 = uint64_t;
using s64 = int64_t;
using Flags = ScalarFlags;

bool isInteger(LaneKind kind) { return kind <= LaneKind::S64; }
bool isSigned(LaneKind kind) { return isInteger(kind) && (unsigned(kind) & 1); }
unsigned bitsOf(LaneKind kind) { return 8u << (unsigned(kind) / 2); }
u64 maskOf(unsigned bits) { return bits == 64 ? ~0ull : (1ull << bits) - 1; }

s64 extend(u64 v, LaneKind kind) {
  unsigned shift = 64 - bitsOf(kind);
  return isSigned(kind) ? s64(v << shift) >> shift : s64(v & maskOf(bitsOf(kind)));
}

u64 integerToInteger(u64 a, const Flags &f) {
  s64 v = extend(a, f.from);
  unsigned bits = bitsOf(f.type);
  if (!f.sat)
    return u64(v) & maskOf(bits);
  bool huge = !isSigned(f.from) && v < 0; // above 2^63
  s64 high = isSigned(f.type) ? s64(maskOf(bits - 1)) : bits == 64 ? INT64_MAX : s64(maskOf(bits));
  s64 low = isSigned(f.type) ? -high - 1 : 0;
  if (huge)
    return isSigned(f.type) || bits < 64 ? u64(high) : u64(v);
  return u64(std::min(std::max(v, low), high)) & maskOf(bits);
}

double source(u64 a, const Flags &f) {
  switch (f.from) {
  case LaneKind::F64: return std::bit_cast<double>(a);
  case LaneKind::F32: case LaneKind::TF32: {
    uint32_t bits = uint32_t(a);
    if (f.ftz && !(bits & 0x7f800000))
      bits &= 0x80000000;
    return std::bit_cast<float>(bits);
  }
  default:
    return decodeFloat(a, formatOf(f.from));
  }
}

double roundToInteger(double v, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero: return std::trunc(v);
  case Rounding::Down: return std::floor(v);
  case Rounding::Up: return std::ceil(v);
  default: {
    double down = std::floor(v), rest = v - down;
    return rest > 0.5 || (rest == 0.5 && std::fmod(down, 2) != 0) ? down + 1 : down;
  }
  }
}

u64 floatToInteger(u64 a, const Flags &f) {
  double v = source(a, f);
  unsigned bits = bitsOf(f.type);
  if (std::isnan(v))
    return f.from == LaneKind::F64 || bits == 64 ? 1ull << (bits - 1) : 0;
  v = roundToInteger(v, f.rounding);
  double high = std::ldexp(1.0, int(bits) - (isSigned(f.type) ? 1 : 0));
  double low = isSigned(f.type) ? -high : 0;
  if (v >= high)
    return isSigned(f.type) ? maskOf(bits - 1) : maskOf(bits);
  if (v <= low)
    return isSigned(f.type) ? 1ull << (bits - 1) : 0;
  return (isSigned(f.type) ? u64(s64(v)) : u64(v)) & maskOf(bits);
}

class HostRounding {
public:
  explicit HostRounding(Rounding r) {
    std::fesetround(r == Rounding::Zero ? FE_TOWARDZERO
                    : r == Rounding::Down ? FE_DOWNWARD
                    : r == Rounding::Up ? FE_UPWARD : FE_TONEAREST);
  }
  ~HostRounding() { std::fesetround(FE_TONEAREST); }
};

uint32_t finishSingle(float v, const Flags &f) {
  if (f.sat)
    v = v > 0 ? (v < 1 ? v : 1.0f) : 0.0f;
  if (std::isnan(v))
    return 0x7fffffff;
  if (f.relu && v < 0)
    v = 0;
  uint32_t bits = std::bit_cast<uint32_t>(v);
  return f.ftz && !(bits & 0x7f800000) ? bits & 0x80000000 : bits;
}

double saturated(double v, const Flags &f) {
  return !f.sat ? v : v > 0 ? std::fmin(v, 1.0) : 0.0; // NaN becomes 0
}

u64 encode(double v, const Flags &f) {
  if (f.integerRounding)
    v = std::copysign(roundToInteger(v, f.rounding), v);
  switch (f.type) {
  case LaneKind::F64:
    return std::bit_cast<u64>(saturated(v, f));
  case LaneKind::F32: {
    HostRounding rounding(f.integerRounding ? Rounding::Nearest : f.rounding);
    return finishSingle(float(v), f);
  }
  default: {
    const FloatFormat &format = formatOf(f.type);
    v = saturated(v, f);
    if (f.relu && v < 0)
      v = 0;
    bool narrow = f.type == LaneKind::E4M3 || f.type == LaneKind::E5M2 ||
                  f.type == LaneKind::E4M3x2 || f.type == LaneKind::E5M2x2;
    u64 bits = encodeFloat(v, format, f.rounding, f.satfinite || narrow);
    return f.type == LaneKind::TF32 ? bits << 13 : bits;
  }
  }
}

u64 integerToFloat(u64 a, const Flags &f) {
  s64 v = extend(a, f.from);
  bool wide = f.from == LaneKind::U64 || f.from == LaneKind::S64;
  if (!wide)
    return encode(double(v), f);
  HostRounding rounding(f.rounding);
  if (f.type == LaneKind::F32)
    return finishSingle(f.from == LaneKind::U64 ? float(u64(v)) : float(v), f);
  if (f.type == LaneKind::F64)
    return std::bit_cast<u64>(saturated(f.from == LaneKind::U64 ? double(u64(v)) : double(v), f));
  // To 16 bits: cut to 53 bits with a sticky one, so that rounding happens once.
  bool negative = f.from == LaneKind::S64 && v < 0;
  u64 magnitude = negative ? 0 - u64(v) : u64(v);
  if (magnitude >> 53)
    magnitude = (magnitude >> 12 | ((magnitude & 0xfff) != 0)) << 12;
  double value = double(magnitude);
  std::fesetround(FE_TONEAREST);
  return encode(negative ? -value : value, f);
}

u64 convertPair(u64 a, const Flags &f) {
  Flags one = f;
  auto single = [](LaneKind kind) {
    return kind == LaneKind::F16x2 ? LaneKind::F16 : kind == LaneKind::BF16x2 ? LaneKind::BF16
           : kind == LaneKind::E4M3x2 ? LaneKind::E4M3 : LaneKind::E5M2;
  };
  one.type = single(f.type);
  one.from = single(f.from);
  unsigned fromBits = unsigned(formatOf(f.from).bits), toBits = unsigned(formatOf(f.type).bits);
  return encode(source(a & maskOf(fromBits), one), one) |
         encode(source(a >> fromBits & maskOf(fromBits), one), one) << toBits;
}

bool isPair(LaneKind k) {
  return k == LaneKind::F16x2 || k == LaneKind::BF16x2 || k == LaneKind::E4M3x2 || k == LaneKind::E5M2x2;
}

u64 convert(u64 a, u64, u64, const Flags &f) {
  if (isPair(f.from))
    return convertPair(a, f);
  if (isInteger(f.from))
    return isInteger(f.type) ? integerToInteger(a, f) : integerToFloat(a, f);
  if (isInteger(f.type))
    return floatToInteger(a, f);
  return encode(source(a, f), f);
}

/// Two f32 values into one packed register, the first one on top.
u64 convertPack(u64 a, u64 b, u64, const Flags &f) {
  unsigned bits = unsigned(formatOf(f.type).bits);
  return encode(source(b, f), f) | encode(source(a, f), f) << bits;
}

u64 nothing(u64, u64, u64, const Flags &) { return 0; }

} // namespace

ScalarFunction convertFunction(ScalarOp op) {
  switch (op) {
  case ScalarOp::Convert: return convert;
  case ScalarOp::ConvertPack: return convertPack;
  default: return nullptr;
  }
}

ScalarFunction scalarFunction(ScalarOp op) {
  static const auto table = [] {
    std::array<ScalarFunction, size_t(ScalarOp::Nop) + 1> t{};
    for (size_t i = 0; i < t.size(); ++i) {
      ScalarOp each = ScalarOp(i);
      t[i] = integerFunction(each);
      if (!t[i])
        t[i] = floatFunction(each);
      if (!t[i])
        t[i] = convertFunction(each);
      if (!t[i])
        t[i] = nothing;
    }
    return t;
  }();
  return table[size_t(op)];
}

} // namespace tenon::sim
