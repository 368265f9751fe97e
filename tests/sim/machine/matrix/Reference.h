// An independent reference for tensor-core arithmetic: integers only, no code
// of sim/. Values are sign, significand and exponent taken from the bits; terms
// are aligned by shifting 128-bit integers. Written from the published rule
// (Xie et al. 2025, arXiv 2511.10909, and the papers it builds on).
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

namespace reference {

/// A binary format: 1 + exponentBits + fractionBits bits at `shift` of a word.
struct Format {
  int exponentBits, fractionBits, bits, ignoredBits;
  bool onlyNaN; // e4m3: all ones but the sign is NaN, no infinity
};
inline constexpr Format F16{5, 10, 16, 0, false}, BF16{8, 7, 16, 0, false},
    TF32{8, 10, 32, 13, false}, E4M3{4, 3, 8, 0, true}, E5M2{5, 2, 8, 0, false},
    F32{8, 23, 32, 0, false};

enum class Class { Finite, Infinite, NaN };
struct Number {
  Class kind;
  int64_t significand; // signed integer
  int exponent;        // of the leading position, as the hardware sees it
  int fractionBits;    // value = significand * 2^(exponent - fractionBits)
};

inline Number parse(const Format &f, uint32_t word) {
  uint32_t bits = word >> f.ignoredBits;
  int64_t fraction = bits & ((1u << f.fractionBits) - 1);
  int field = int(bits >> f.fractionBits & ((1u << f.exponentBits) - 1));
  int sign = bits >> (f.fractionBits + f.exponentBits) & 1 ? -1 : 1;
  int top = (1 << f.exponentBits) - 1, bias = top / 2;
  if (f.onlyNaN && field == top && fraction == (1 << f.fractionBits) - 1)
    return {Class::NaN, 0, 0, 0};
  if (!f.onlyNaN && field == top)
    return {fraction ? Class::NaN : Class::Infinite, sign, 0, 0};
  if (field == 0 && fraction == 0)
    return {Class::Finite, 0, -126, f.fractionBits};
  if (field == 0)
    return {Class::Finite, sign * fraction, 1 - bias, f.fractionBits};
  return {Class::Finite, sign * (fraction | int64_t(1) << f.fractionBits), field - bias,
          f.fractionBits};
}

using Wide = __int128;
inline Wide magnitudeOf(Wide x) { return x < 0 ? -x : x; }

/// Sum * 2^exponent cut to `kept` fractional bits in f32.
inline uint32_t truncateToF32(Wide sum, int exponent, int kept) {
  uint32_t sign = sum < 0 ? 0x80000000u : 0;
  Wide m = magnitudeOf(sum);
  if (m == 0)
    return 0;
  while (m >= Wide(1) << 24) {
    m >>= 1;
    ++exponent;
  }
  while (m < Wide(1) << 23 && exponent > -149) {
    m <<= 1;
    --exponent;
  }
  while (exponent < -149) {
    m >>= 1;
    ++exponent;
  }
  if (exponent + 23 > 127)
    return sign | 0x7f800000u;
  uint32_t cut = uint32_t(m) & ~((1u << (23 - kept)) - 1);
  if (m < Wide(1) << 23)
    return sign | cut;
  return sign | uint32_t(exponent + 23 + 127) << 23 | (cut & 0x7fffff);
}

/// Sum * 2^exponent to the nearest f16, ties to even.
inline uint32_t nearestF16(Wide sum, int exponent) {
  uint32_t sign = sum < 0 ? 0x8000u : 0;
  Wide m = magnitudeOf(sum);
  if (m == 0)
    return 0; // an exact sum of zero is +0
  int top = -1;
  for (Wide t = m; t; t >>= 1)
    ++top;
  int unit = std::max(top + exponent - 10, -24); // exponent of the last place
  int cut = unit - exponent;
  Wide kept;
  if (cut <= 0) {
    kept = m << -cut;
  } else if (cut > 100) {
    kept = 0;
  } else {
    kept = m >> cut;
    Wide rest = m - (kept << cut), half = Wide(1) << (cut - 1);
    if (rest > half || (rest == half && (kept & 1)))
      ++kept;
  }
  if (kept == 2048) {
    kept = 1024;
    ++unit;
  }
  if (unit + 10 > 15)
    return sign | 0x7c00;
  return sign | (kept < 1024 ? uint32_t(kept) : uint32_t(unit + 10 + 15) << 10 | (uint32_t(kept) & 1023));
}

struct Rule {
  int fraction;   // F
  int step;       // products aligned together
  bool half;      // f16 output
  int outputBits; // fractional bits of an f32 output
};

/// One output: a and b hold k words of raw bits, c the accumulator's bits.
inline uint32_t dot(const Rule &rule, const Format &fa, const Format &fb, const uint32_t *a,
                    const uint32_t *b, int k, uint32_t c, bool halfC) {
  uint32_t state = c;
  bool stateHalf = halfC;
  for (int first = 0; first < k; first += rule.step) {
    Number acc = parse(stateHalf ? F16 : F32, state);
    Wide significands[65] = {acc.significand};
    int exponents[65] = {acc.exponent}, fractions[65] = {acc.fractionBits}, terms = 1;
    bool nan = acc.kind == Class::NaN;
    int infinities = acc.kind == Class::Infinite ? (acc.significand > 0 ? 1 : 2) : 0;
    for (int i = first; i < std::min(k, first + rule.step); ++i) {
      Number x = parse(fa, a[i]), y = parse(fb, b[i]);
      if (x.kind == Class::NaN || y.kind == Class::NaN) {
        nan = true;
      } else if (x.kind == Class::Infinite || y.kind == Class::Infinite) {
        int64_t sign = x.significand * y.significand;
        nan |= sign == 0;
        infinities |= sign > 0 ? 1 : 2;
      }
      significands[terms] = Wide(x.significand) * y.significand;
      exponents[terms] = x.exponent + y.exponent;
      fractions[terms++] = x.fractionBits + y.fractionBits;
    }
    stateHalf = rule.half;
    if (nan || infinities == 3) {
      state = rule.half ? 0x7fff : 0x7fffffff;
      continue;
    }
    if (infinities) {
      state = (rule.half ? 0x7c00u : 0x7f800000u) |
              (infinities == 2 ? (rule.half ? 0x8000u : 0x80000000u) : 0);
      continue;
    }
    int largest = *std::max_element(exponents, exponents + terms);
    Wide sum = 0;
    for (int i = 0; i < terms; ++i) {
      int shift = rule.fraction + exponents[i] - largest - fractions[i];
      Wide m = magnitudeOf(significands[i]);
      m = shift >= 0 ? m << shift : (shift < -120 ? 0 : m >> -shift);
      sum += significands[i] < 0 ? -m : m;
    }
    state = rule.half ? nearestF16(sum, largest - rule.fraction)
                      : truncateToF32(sum, largest - rule.fraction, rule.outputBits);
  }
  return state;
}

/// Random operands: mostly moderate values, then wide ranges, then raw bits with
/// every special value among them.
class Draw {
public:
  explicit Draw(uint32_t seed) : engine(seed) {}
  uint32_t word() { return uint32_t(engine()); }
  int below(int n) { return int(engine() % unsigned(n)); }

  uint32_t value(const Format &f, int style) {
    uint32_t raw = word() << f.ignoredBits;
    uint32_t mask = f.bits == 32 ? ~0u : (1u << f.bits) - 1;
    if (f.ignoredBits) // low bits that must not matter
      raw |= word() & ((1u << f.ignoredBits) - 1);
    if (style == 2)
      return raw & mask;
    if (below(style == 3 ? 4 : 40) == 0)
      return below(2) ? 0 : 1u << (f.bits - 1);
    int bias = ((1 << f.exponentBits) - 1) / 2;
    int spread = style == 0 ? 2 : std::min(style == 1 ? 24 : 200, 2 * bias - 1);
    int field = std::clamp(bias + below(spread) - spread / 2, style == 3 ? 0 : 1, 2 * bias);
    uint32_t fraction = raw >> f.ignoredBits & ((1u << f.fractionBits) - 1);
    uint32_t bits = (word() & 1) << (f.exponentBits + f.fractionBits) |
                    uint32_t(field) << f.fractionBits | fraction;
    return bits << f.ignoredBits | (raw & ((1u << f.ignoredBits) - 1));
  }

private:
  std::mt19937 engine;
};

} // namespace reference
