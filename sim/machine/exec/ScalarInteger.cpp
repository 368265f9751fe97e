// Integer functions of one lane.
#include "sim/machine/exec/ScalarTables.h"
#include <algorithm>
#include <bit>
#include <cstdlib>

namespace tenon::sim {
namespace {

using u64 = uint64_t;
using s64 = int64_t;
using Flags = ScalarFlags;

unsigned bitsOf(LaneKind kind) {
  switch (kind) {
  case LaneKind::U8: case LaneKind::S8: return 8;
  case LaneKind::U16: case LaneKind::S16: return 16;
  case LaneKind::U64: case LaneKind::S64: return 64;
  default: return 32;
  }
}
bool isSigned(LaneKind kind) {
  return kind == LaneKind::S8 || kind == LaneKind::S16 || kind == LaneKind::S32 || kind == LaneKind::S64;
}
u64 maskOf(unsigned bits) { return bits == 64 ? ~0ull : (1ull << bits) - 1; }
u64 cut(u64 v, LaneKind kind) { return v & maskOf(bitsOf(kind)); }
s64 extend(u64 v, LaneKind kind) {
  unsigned shift = 64 - bitsOf(kind);
  return isSigned(kind) ? s64(v << shift) >> shift : s64(cut(v, kind));
}

/// Applies f to both 16-bit halves.
template <class F> u64 halves(u64 a, u64 b, F f) {
  return (f(a & 0xffff, b & 0xffff) & 0xffff) | (f(a >> 16 & 0xffff, b >> 16 & 0xffff) & 0xffff) << 16;
}

u64 div(u64 a, u64 b, u64, const Flags &f) {
  if (cut(b, f.type) == 0)
    return maskOf(bitsOf(f.type));
  if (!isSigned(f.type))
    return cut(a, f.type) / cut(b, f.type);
  s64 x = extend(a, f.type), y = extend(b, f.type);
  return cut(y == -1 ? 0 - u64(x) : u64(x / y), f.type);
}
u64 rem(u64 a, u64 b, u64, const Flags &f) {
  if (cut(b, f.type) == 0)
    return cut(a, f.type);
  if (!isSigned(f.type))
    return cut(a, f.type) % cut(b, f.type);
  s64 x = extend(a, f.type), y = extend(b, f.type);
  return cut(y == -1 ? 0 : u64(x % y), f.type);
}
u64 mulHi(u64 a, u64 b, u64, const Flags &f) {
  unsigned bits = bitsOf(f.type);
  if (isSigned(f.type))
    return cut(u64((__int128(extend(a, f.type)) * extend(b, f.type)) >> bits), f.type);
  return cut(u64((static_cast<unsigned __int128>(cut(a, f.type)) * cut(b, f.type)) >> bits), f.type);
}
s64 take24(u64 v, bool sign) { return sign ? s64(v << 40) >> 40 : s64(v & 0xffffff); }
u64 mul24Lo(u64 a, u64 b, u64, const Flags &f) {
  return u64(take24(a, isSigned(f.type)) * take24(b, isSigned(f.type))) & 0xffffffff;
}
u64 mul24Hi(u64 a, u64 b, u64, const Flags &f) {
  return u64((take24(a, isSigned(f.type)) * take24(b, isSigned(f.type))) >> 16) & 0xffffffff;
}
u64 saturate32(s64 v) { return uint32_t(std::clamp<s64>(v, INT32_MIN, INT32_MAX)); }
u64 addSat(u64 a, u64 b, u64, const Flags &) { return saturate32(s64(int32_t(a)) + int32_t(b)); }
u64 subSat(u64 a, u64 b, u64, const Flags &) { return saturate32(s64(int32_t(a)) - int32_t(b)); }
u64 sad(u64 a, u64 b, u64 c, const Flags &f) {
  s64 x = extend(a, f.type), y = extend(b, f.type);
  bool less = isSigned(f.type) ? x < y : u64(x) < u64(y);
  return cut(c + (less ? u64(y) - u64(x) : u64(x) - u64(y)), f.type);
}
u64 intAbs(u64 a, u64, u64, const Flags &f) {
  s64 x = extend(a, f.type);
  return cut(x < 0 ? 0 - u64(x) : u64(x), f.type);
}
template <bool Min> u64 pick(u64 a, u64 b, LaneKind kind) {
  s64 x = extend(a, kind), y = extend(b, kind);
  bool less = isSigned(kind) ? x < y : u64(x) < u64(y);
  return cut(u64(less == Min ? x : y), kind);
}
u64 relu(u64 v, LaneKind kind, bool on) { return on && extend(v, kind) < 0 ? 0 : v; }
template <bool Min> u64 minMax(u64 a, u64 b, u64, const Flags &f) {
  LaneKind half = f.type == LaneKind::U16x2 ? LaneKind::U16 : LaneKind::S16;
  if (f.type == LaneKind::U16x2 || f.type == LaneKind::S16x2)
    return halves(a, b, [&](u64 x, u64 y) { return relu(pick<Min>(x, y, half), half, f.relu); });
  return relu(pick<Min>(a, b, f.type), f.type, f.relu);
}
u64 addCarry(u64 a, u64 b, u64 c, const Flags &f) {
  if (f.type == LaneKind::U16x2 || f.type == LaneKind::S16x2)
    return halves(a, b, [](u64 x, u64 y) { return x + y; });
  return cut(a + b + c, f.type);
}
u64 carryOfAdd(u64 a, u64 b, u64 c, const Flags &f) {
  using Wide = unsigned __int128;
  return (Wide(cut(a, f.type)) + cut(b, f.type) + c) >> bitsOf(f.type) & 1;
}
u64 subBorrow(u64 a, u64 b, u64 c, const Flags &f) { return cut(a - b - c, f.type); }
u64 borrowOfSub(u64 a, u64 b, u64 c, const Flags &f) {
  using Wide = unsigned __int128;
  return Wide(cut(a, f.type)) < Wide(cut(b, f.type)) + c;
}
u64 clz(u64 a, u64, u64, const Flags &f) {
  unsigned bits = bitsOf(f.type);
  u64 v = cut(a, f.type);
  return v ? unsigned(std::countl_zero(v)) - (64 - bits) : bits;
}
u64 bfind(u64 a, u64, u64, const Flags &f) {
  s64 x = extend(a, f.type);
  u64 v = cut(isSigned(f.type) && x < 0 ? ~u64(x) : u64(x), f.type);
  return v ? 63 - unsigned(std::countl_zero(v)) : 0xffffffff;
}
u64 bfindShift(u64 a, u64 b, u64 c, const Flags &f) {
  u64 at = bfind(a, b, c, f);
  return at == 0xffffffff ? at : bitsOf(f.type) - 1 - at;
}
u64 fns(u64 a, u64 b, u64 c, const Flags &) {
  auto mask = uint32_t(a), base = uint32_t(b);
  auto offset = int32_t(c);
  if (base > 31)
    return 0xffffffff;
  if (offset == 0)
    return mask >> base & 1 ? base : 0xffffffff;
  int step = offset > 0 ? 1 : -1, left = std::abs(offset);
  for (int at = int(base); at >= 0 && at < 32; at += step)
    if (mask >> at & 1 && --left == 0)
      return uint32_t(at);
  return 0xffffffff;
}
u64 brev(u64 a, u64, u64, const Flags &f) {
  u64 r = 0;
  for (unsigned i = 0, bits = bitsOf(f.type); i < bits; ++i)
    r |= (a >> i & 1) << (bits - 1 - i);
  return r;
}
u64 bfe(u64 a, u64 b, u64 c, const Flags &f) {
  unsigned bits = bitsOf(f.type), pos = b & 0xff, len = c & 0xff;
  u64 v = cut(a, f.type);
  bool sign = isSigned(f.type) && len && (v >> std::min(pos + len - 1, bits - 1) & 1);
  u64 field = pos < bits ? v >> pos : 0;
  if (len >= 64)
    return cut(sign && pos > 0 ? field | ~(pos < bits ? maskOf(bits - pos) : 0) : field, f.type);
  field &= maskOf(len);
  unsigned have = pos >= bits ? 0 : std::min(len, bits - pos);
  if (sign)
    field |= ~maskOf(have);
  return cut(field, f.type);
}
u64 bfi(u64 a, u64 b, u64 c, const Flags &f) {
  unsigned bits = bitsOf(f.type), pos = c & 0xff, len = c >> 8 & 0xff;
  if (pos >= bits || len == 0)
    return cut(b, f.type);
  u64 mask = maskOf(std::min(len, 64u)) << pos;
  return cut((b & ~mask) | (a << pos & mask), f.type);
}
u64 bmskClamp(u64 a, u64 b, u64, const Flags &) {
  u64 start = a & 0xffffffff, width = b & 0xffffffff;
  if (start > 31)
    return 0;
  return uint32_t(maskOf(unsigned(std::min<u64>(width, 32))) << start);
}
u64 bmskWrap(u64 a, u64 b, u64, const Flags &) {
  return uint32_t(maskOf(unsigned(b & 31)) << (a & 31));
}
u64 szext(u64 a, u64 bits, const Flags &f) {
  if (bits >= 32)
    return uint32_t(a);
  u64 v = a & maskOf(unsigned(bits));
  if (isSigned(f.type) && bits && (v >> (bits - 1) & 1))
    v |= ~maskOf(unsigned(bits));
  return uint32_t(v);
}
u64 szextClamp(u64 a, u64 b, u64, const Flags &f) { return szext(a, b & 0xffffffff, f); }
u64 szextWrap(u64 a, u64 b, u64, const Flags &f) { return szext(a, b & 31, f); }
s64 part(u64 v, unsigned at, unsigned bits, bool sign) {
  u64 x = v >> at & maskOf(bits);
  return sign ? s64(x << (64 - bits)) >> (64 - bits) : s64(x);
}
u64 dp4a(u64 a, u64 b, u64 c, const Flags &f) {
  s64 sum = s64(int32_t(c));
  for (unsigned i = 0; i < 4; ++i)
    sum += part(a, i * 8, 8, f.extra & 1) * part(b, i * 8, 8, f.extra & 2);
  return uint32_t(sum);
}
template <unsigned First> u64 dp2a(u64 a, u64 b, u64 c, const Flags &f) {
  s64 sum = s64(int32_t(c));
  for (unsigned i = 0; i < 2; ++i)
    sum += part(a, i * 16, 16, f.extra & 1) * part(b, (First + i) * 8, 8, f.extra & 2);
  return uint32_t(sum);
}
/// The four selectors of prmt's modes f4e, b4e, rc8, ecl, ecr, rc16 by c & 3.
unsigned prmtSelector(unsigned mode, unsigned c) {
  static const uint16_t table[6][4] = {{0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
                                       {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
                                       {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
  return table[mode - 1][c & 3];
}
u64 prmt(u64 a, u64 b, u64 c, const Flags &f) {
  u64 bytes = (a & 0xffffffff) | b << 32, r = 0;
  u64 selectors = f.extra ? prmtSelector(f.extra, unsigned(c)) : c;
  for (unsigned i = 0; i < 4; ++i) {
    unsigned s = selectors >> (4 * i) & 15;
    u64 byte = bytes >> ((s & 7) * 8) & 0xff;
    if (s & 8)
      byte = byte & 0x80 ? 0xff : 0;
    r |= byte << (8 * i);
  }
  return r;
}
u64 cnot(u64 a, u64, u64, const Flags &f) { return cut(a, f.type) == 0; }
u64 popc64(u64 a, u64, u64, const Flags &) { return unsigned(std::popcount(a)); }
u64 cvtPack(u64 a, u64 b, u64 c, const Flags &f) {
  unsigned bits = f.extra;
  s64 low = f.relu ? -(1ll << (bits - 1)) : 0;
  s64 high = f.relu ? (1ll << (bits - 1)) - 1 : (1ll << bits) - 1;
  u64 mask = maskOf(bits);
  u64 x = u64(std::clamp<s64>(int32_t(a), low, high)) & mask;
  u64 y = u64(std::clamp<s64>(int32_t(b), low, high)) & mask;
  u64 both = x << bits | y;
  return bits == 16 ? both : uint32_t(c << (2 * bits) | both);
}

} // namespace

ScalarFunction integerFunction(ScalarOp op) {
  switch (op) {
  case ScalarOp::Div: return div;
  case ScalarOp::Rem: return rem;
  case ScalarOp::MulHi: return mulHi;
  case ScalarOp::Mul24Lo: return mul24Lo;
  case ScalarOp::Mul24Hi: return mul24Hi;
  case ScalarOp::AddSat: return addSat;
  case ScalarOp::SubSat: return subSat;
  case ScalarOp::Sad: return sad;
  case ScalarOp::IntAbs: return intAbs;
  case ScalarOp::IntMin: return minMax<true>;
  case ScalarOp::IntMax: return minMax<false>;
  case ScalarOp::AddCarry: return addCarry;
  case ScalarOp::CarryOfAdd: return carryOfAdd;
  case ScalarOp::SubBorrow: return subBorrow;
  case ScalarOp::BorrowOfSub: return borrowOfSub;
  case ScalarOp::Clz: return clz;
  case ScalarOp::Bfind: return bfind;
  case ScalarOp::BfindShift: return bfindShift;
  case ScalarOp::Fns: return fns;
  case ScalarOp::Brev: return brev;
  case ScalarOp::Bfe: return bfe;
  case ScalarOp::BfiInsert: return bfi;
  case ScalarOp::BmskClamp: return bmskClamp;
  case ScalarOp::BmskWrap: return bmskWrap;
  case ScalarOp::SzextClamp: return szextClamp;
  case ScalarOp::SzextWrap: return szextWrap;
  case ScalarOp::Dp4a: return dp4a;
  case ScalarOp::Dp2aLo: return dp2a<0>;
  case ScalarOp::Dp2aHi: return dp2a<2>;
  case ScalarOp::Prmt: return prmt;
  case ScalarOp::Cnot: return cnot;
  case ScalarOp::Popc64: return popc64;
  case ScalarOp::CvtPackInt: return cvtPack;
  default: return nullptr;
  }
}

} // namespace tenon::sim
