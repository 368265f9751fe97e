// Floating-point functions of one lane: all roundings, flushing, saturation, half
// formats. Directed roundings of f32 and f64 use the host's rounding mode, so this
// file is compiled with -frounding-math.
//
// The .approx functions are computed in double and rounded to f32: within PTX's
// stated error of the exact value, not the bits of any GPU.
#include "sim/machine/exec/ScalarFloat.h"
#include "sim/machine/exec/ScalarTables.h"
#include <bit>
#include <cfenv>
#include <cmath>

namespace tenon::sim {
namespace {

using u64 = uint64_t;
using Flags = ScalarFlags;

float f32(u64 v) { return std::bit_cast<float>(uint32_t(v)); }
double f64(u64 v) { return std::bit_cast<double>(v); }
u64 bits64(double v) { return std::bit_cast<u64>(v); }

uint32_t flushBits(uint32_t v) { return v & 0x7f800000 ? v : v & 0x80000000; }
float input(u64 v, const Flags &f) { return f32(f.ftz ? flushBits(uint32_t(v)) : v); }

/// Flush, saturate and make NaNs canonical on the way out.
u64 output(float v, const Flags &f) {
  if (f.sat)
    v = v > 0 ? (v < 1 ? v : 1.0f) : 0.0f; // NaN becomes 0
  if (std::isnan(v))
    return 0x7fffffff;
  if (f.relu && v < 0)
    v = 0;
  uint32_t bits = std::bit_cast<uint32_t>(v);
  return f.ftz ? flushBits(bits) : bits;
}

class HostRounding {
public:
  explicit HostRounding(Rounding r) : changed(r != Rounding::Nearest) {
    if (changed)
      std::fesetround(r == Rounding::Zero ? FE_TOWARDZERO : r == Rounding::Down ? FE_DOWNWARD : FE_UPWARD);
  }
  ~HostRounding() {
    if (changed)
      std::fesetround(FE_TONEAREST);
  }

private:
  bool changed;
};

bool isHalf(LaneKind kind) {
  return kind == LaneKind::F16 || kind == LaneKind::BF16 || kind == LaneKind::F16x2 || kind == LaneKind::BF16x2;
}
bool isPair(LaneKind kind) { return kind == LaneKind::F16x2 || kind == LaneKind::BF16x2; }

double halfInput(u64 v, const Flags &f) {
  const FloatFormat &format = formatOf(f.type);
  u64 exponent = ((1ull << format.exponentBits) - 1) << format.mantissaBits;
  if (f.ftz && !(v & exponent))
    v &= 0x8000;
  return decodeFloat(v & 0xffff, format);
}
u64 halfOutput(double v, const Flags &f) {
  const FloatFormat &format = formatOf(f.type);
  if (f.sat)
    v = v > 0 ? std::fmin(v, 1.0) : 0.0;
  if (f.relu && v < 0)
    v = 0;
  u64 bits = encodeFloat(v, format, f.rounding, f.satfinite);
  u64 exponent = ((1ull << format.exponentBits) - 1) << format.mantissaBits;
  return f.ftz && !(bits & exponent) ? bits & 0x8000 : bits;
}

template <class F> u64 onHalves(u64 a, u64 b, u64 c, const Flags &f, F fn) {
  auto one = [&](unsigned shift) {
    return halfOutput(fn(halfInput(a >> shift, f), halfInput(b >> shift, f), halfInput(c >> shift, f)), f);
  };
  return isPair(f.type) ? one(0) | one(16) << 16 : one(0);
}

/// Dispatch by type for an arithmetic function given in all three precisions.
template <class F32, class F64, class Half>
u64 arithmetic(u64 a, u64 b, u64 c, const Flags &f, F32 single, F64 wide, Half half) {
  if (isHalf(f.type))
    return onHalves(a, b, c, f, half);
  HostRounding rounding(f.rounding);
  if (f.type == LaneKind::F64)
    return bits64(wide(f64(a), f64(b), f64(c)));
  if (f.type == LaneKind::F32x2) {
    u64 low = output(single(input(a, f), input(b, f), input(c, f)), f);
    return low | output(single(input(a >> 32, f), input(b >> 32, f), input(c >> 32, f)), f) << 32;
  }
  return output(single(input(a, f), input(b, f), input(c, f)), f);
}

u64 add(u64 a, u64 b, u64 c, const Flags &f) {
  return arithmetic(a, b, c, f, [](float x, float y, float) { return x + y; },
                    [](double x, double y, double) { return x + y; },
                    [](double x, double y, double) { return addToOdd(x, y); });
}
u64 sub(u64 a, u64 b, u64 c, const Flags &f) {
  return arithmetic(a, b, c, f, [](float x, float y, float) { return x - y; },
                    [](double x, double y, double) { return x - y; },
                    [](double x, double y, double) { return addToOdd(x, -y); });
}
u64 mul(u64 a, u64 b, u64 c, const Flags &f) {
  return arithmetic(a, b, c, f, [](float x, float y, float) { return x * y; },
                    [](double x, double y, double) { return x * y; },
                    [](double x, double y, double) { return x * y; });
}
u64 fma(u64 a, u64 b, u64 c, const Flags &f) {
  return arithmetic(a, b, c, f, [](float x, float y, float z) { return std::fma(x, y, z); },
                    [](double x, double y, double z) { return std::fma(x, y, z); },
                    [](double x, double y, double z) { return fmaToOdd(x, y, z); });
}
u64 div(u64 a, u64 b, u64, const Flags &f) {
  HostRounding rounding(f.rounding);
  if (f.type == LaneKind::F64)
    return bits64(f64(a) / f64(b));
  float x = input(a, f), y = input(b, f);
  // div.approx gives 0 for very large divisors (2^126 < |y| < 2^128), NaN for infinity by them.
  if (f.approx && std::fabs(y) > 0x1p126f && std::isfinite(y))
    return output(std::isfinite(x) ? std::copysign(0.0f, x) * std::copysign(1.0f, y) : NAN, f);
  return output(x / y, f);
}
u64 rcp(u64 a, u64, u64, const Flags &f) {
  if (f.type == LaneKind::F64 && f.approx) { // the low word of the result is zero
    if (std::isnan(f64(a)))
      return 0x7ff8000000000000;
    double x = f64(a & 0xffffffff00000000);
    if (x != 0 && std::fabs(x) < 0x1p-1022)
      x = std::copysign(0.0, x);
    return bits64(1.0 / x) & 0xffffffff00000000;
  }
  HostRounding rounding(f.rounding);
  return f.type == LaneKind::F64 ? bits64(1.0 / f64(a)) : output(1.0f / input(a, f), f);
}
u64 sqrt(u64 a, u64, u64, const Flags &f) {
  HostRounding rounding(f.rounding);
  return f.type == LaneKind::F64 ? bits64(std::sqrt(f64(a))) : output(std::sqrt(input(a, f)), f);
}
u64 rsqrt(u64 a, u64, u64, const Flags &f) {
  if (f.type == LaneKind::F64)
    return bits64(1.0 / std::sqrt(f64(a)));
  return output(float(1.0 / std::sqrt(double(input(a, f)))), f);
}

/// Functions of one argument by way of double, for f32 and the half formats.
template <class F> u64 function(u64 a, const Flags &f, F fn) {
  if (isHalf(f.type))
    return onHalves(a, 0, 0, f, [&](double x, double, double) { return fn(x); });
  return output(float(fn(double(input(a, f)))), f);
}
u64 sine(u64 a, u64, u64, const Flags &f) { return function(a, f, [](double x) { return std::sin(x); }); }
u64 cosine(u64 a, u64, u64, const Flags &f) { return function(a, f, [](double x) { return std::cos(x); }); }
u64 lg2(u64 a, u64, u64, const Flags &f) { return function(a, f, [](double x) { return std::log2(x); }); }
u64 ex2(u64 a, u64, u64, const Flags &f) { return function(a, f, [](double x) { return std::exp2(x); }); }
u64 tanh(u64 a, u64, u64, const Flags &f) { return function(a, f, [](double x) { return std::tanh(x); }); }

/// min and max of a format given by its sign bit and the mask of NaNs above `inf`.
struct Ordered {
  u64 sign, infinity, nan;
  bool isNan(u64 v) const { return (v & ~sign) > infinity; }
  /// Keys in order, -0 below +0.
  int64_t key(u64 v) const { return v & sign ? -int64_t(v & ~sign) - 1 : int64_t(v); }
};
Ordered orderOf(LaneKind kind) {
  switch (kind) {
  case LaneKind::F16: case LaneKind::F16x2: return {0x8000, 0x7c00, 0x7fff};
  case LaneKind::BF16: case LaneKind::BF16x2: return {0x8000, 0x7f80, 0x7fff};
  case LaneKind::F64: return {1ull << 63, 0x7ff0000000000000, 0x7ff8000000000000};
  default: return {0x80000000, 0x7f800000, 0x7fffffff};
  }
}
u64 flushed(u64 v, const Ordered &o, const Flags &f) {
  return f.ftz && !(v & o.infinity) ? v & o.sign : v;
}
template <bool Min> u64 minMaxOne(u64 a, u64 b, const Flags &f) {
  Ordered o = orderOf(f.type);
  u64 sign = (a ^ b) & o.sign;
  a = flushed(a, o, f);
  b = flushed(b, o, f);
  if (f.xorsign || f.abs) {
    a &= ~o.sign;
    b &= ~o.sign;
  }
  u64 result;
  if (o.isNan(a) || o.isNan(b))
    result = f.nan || (o.isNan(a) && o.isNan(b)) ? o.nan : o.isNan(a) ? b : a;
  else
    result = (o.key(a) < o.key(b)) == Min ? a : b;
  return f.xorsign && !o.isNan(result) ? result | sign : result;
}
template <bool Min> u64 minMax(u64 a, u64 b, u64, const Flags &f) {
  if (!isHalf(f.type))
    return minMaxOne<Min>(f.type == LaneKind::F64 ? a : uint32_t(a), f.type == LaneKind::F64 ? b : uint32_t(b), f);
  u64 low = minMaxOne<Min>(a & 0xffff, b & 0xffff, f);
  return isPair(f.type) ? low | minMaxOne<Min>(a >> 16 & 0xffff, b >> 16 & 0xffff, f) << 16 : low;
}
template <bool Min> u64 minMax3(u64 a, u64 b, u64 c, const Flags &f) {
  return f.extra ? minMax<Min>(minMax<Min>(a, b, 0, f), c, 0, f) : minMax<Min>(a, b, 0, f);
}

/// neg and abs change the sign alone; NaNs become canonical except for f64.
template <bool Abs> u64 signOne(u64 a, const Flags &f) {
  Ordered o = orderOf(f.type);
  if (f.type != LaneKind::F64 && o.isNan(a))
    return f.type == LaneKind::F32 ? (Abs ? a & ~o.sign : a ^ o.sign) : o.nan;
  a = flushed(a, o, f);
  return Abs ? a & ~o.sign : a ^ o.sign;
}
template <bool Abs> u64 signOp(u64 a, u64, u64, const Flags &f) {
  if (isPair(f.type))
    return signOne<Abs>(a & 0xffff, f) | signOne<Abs>(a >> 16 & 0xffff, f) << 16;
  return signOne<Abs>(isHalf(f.type) ? a & 0xffff : a, f);
}
u64 copysign(u64 a, u64 b, u64, const Flags &f) {
  u64 sign = orderOf(f.type).sign;
  return (b & ~sign) | (a & sign);
}
u64 testp(u64 a, u64, u64, const Flags &f) {
  Ordered o = orderOf(f.type);
  u64 magnitude = a & ~o.sign & (f.type == LaneKind::F64 ? ~0ull : 0xffffffff);
  bool smallest = !(magnitude & o.infinity);
  switch (f.extra) {
  case 0: return magnitude < o.infinity;
  case 1: return magnitude == o.infinity;
  case 2: return magnitude <= o.infinity;
  case 3: return magnitude > o.infinity;
  case 4: return magnitude < o.infinity && !smallest;
  default: return smallest && magnitude != 0;
  }
}

} // namespace

ScalarFunction floatFunction(ScalarOp op) {
  switch (op) {
  case ScalarOp::FAdd: return add;
  case ScalarOp::FSub: return sub;
  case ScalarOp::FMul: return mul;
  case ScalarOp::FFma: return fma;
  case ScalarOp::FDiv: return div;
  case ScalarOp::FRcp: return rcp;
  case ScalarOp::FSqrt: return sqrt;
  case ScalarOp::FRsqrt: return rsqrt;
  case ScalarOp::FSin: return sine;
  case ScalarOp::FCos: return cosine;
  case ScalarOp::FLg2: return lg2;
  case ScalarOp::FEx2: return ex2;
  case ScalarOp::FTanh: return tanh;
  case ScalarOp::FMin: return minMax3<true>;
  case ScalarOp::FMax: return minMax3<false>;
  case ScalarOp::FNeg: return signOp<false>;
  case ScalarOp::FAbs: return signOp<true>;
  case ScalarOp::FCopysign: return copysign;
  case ScalarOp::FTestp: return testp;
  default: return nullptr;
  }
}

} // namespace tenon::sim
