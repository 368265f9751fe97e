// The dot engine for AVX-512. getexp and scalef do the splitting and aligning,
// and the truncating conversion to int32 is step 3 of DotModel.h in itself.
#include "sim/machine/matrix/DotParts.h"

#ifdef __AVX512F__
#include <immintrin.h>

namespace tenon::sim {
namespace {

constexpr int kTruncate = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;

inline __m512 negate(__m512 x) { return _mm512_sub_ps(_mm512_setzero_ps(), x); }

/// Types whose products fit f32, so that panels hold whole values.
bool isNarrow(Element type) {
  return type == Element::F16 || type == Element::E4M3 || type == Element::E5M2;
}

/// Splits 16 values and stores them; says which are infinite or NaN. Where values
/// stay whole, exponents are kept as integers in the place of the floats.
inline __mmask16 splitVector(__m512 value, int minExponent, bool whole, float *significand,
                             float *exponent) {
  __mmask16 special = _mm512_fpclass_ps_mask(value, 0x99); // NaN, infinities
  __m512 e = _mm512_max_ps(_mm512_getexp_ps(value), _mm512_set1_ps(float(minExponent)));
  __mmask16 zero = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_EQ_OQ);
  e = _mm512_mask_mov_ps(e, zero, _mm512_set1_ps(-126));
  if (whole) {
    e = _mm512_castsi512_ps(_mm512_cvtps_epi32(e));
  } else {
    e = _mm512_mask_mov_ps(e, special, _mm512_setzero_ps());
    value = _mm512_scalef_ps(value, negate(e));
  }
  _mm512_storeu_ps(significand, value);
  _mm512_storeu_ps(exponent, e);
  return special;
}

/// Element `index` of each 32-bit word as f32.
inline __attribute__((always_inline)) __m512 decodeWords(Element type, __m512i words, int index) {
  switch (type) {
  case Element::F16:
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(words, unsigned(16 * index))));
  case Element::BF16:
    return _mm512_castsi512_ps(index ? _mm512_and_si512(words, _mm512_set1_epi32(int(0xffff0000)))
                                     : _mm512_slli_epi32(words, 16));
  case Element::TF32:
    return _mm512_castsi512_ps(_mm512_and_si512(words, _mm512_set1_epi32(int(0xffffe000))));
  case Element::E5M2: {
    __m512i byte = _mm512_srli_epi32(words, unsigned(8 * index));
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_slli_epi32(byte, 8)));
  }
  default: { // e4m3
    alignas(64) uint32_t in[16];
    alignas(64) float out[16];
    _mm512_store_si512(in, words);
    for (int i = 0; i < 16; ++i)
      out[i] = decode(type, in[i] >> (8 * index));
    return _mm512_load_ps(out);
  }
  }
}

inline __attribute__((always_inline)) void prepareLanesOf(const DotModel &model, Element type, int chunks,
                                                          const TileWords &tile, LanePanel &panel) {
  int perWord = 32 / bitsOf(type), words = chunks * 4;
  panel.count = words * perWord;
  panel.whole = model.fast || isNarrow(type);
  __mmask16 special = 0;
  for (int k = 0; k < panel.count; ++k) {
    __m512i word = _mm512_load_si512(tile.words[k / perWord]);
    special |= splitVector(decodeWords(type, word, k % perWord), model.minExponentA, panel.whole,
                           panel.significand[k], panel.exponent[k]);
  }
  panel.special = special != 0;
}

void prepareLanes(const DotModel &model, Element type, int chunks, const TileWords &tile,
                  LanePanel &panel) {
  switch (type) { // the commonest without a choice at each element
  case Element::F16:
    return prepareLanesOf(model, Element::F16, chunks, tile, panel);
  case Element::BF16:
    return prepareLanesOf(model, Element::BF16, chunks, tile, panel);
  default:
    return prepareLanesOf(model, type, chunks, tile, panel);
  }
}

/// 16 consecutive elements, in the order of memory.
inline __m512 decodeConsecutive(Element type, const uint32_t *words, int first) {
  if (bitsOf(type) == 16) {
    const void *address = reinterpret_cast<const uint16_t *>(words) + first;
    __m256i half = _mm256_loadu_si256(static_cast<const __m256i *>(address));
    if (type == Element::F16)
      return _mm512_cvtph_ps(half);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
  }
  if (bitsOf(type) == 8) {
    const void *address = reinterpret_cast<const uint8_t *>(words) + first;
    __m128i bytes = _mm_loadu_si128(static_cast<const __m128i *>(address));
    return decodeWords(type, _mm512_cvtepu8_epi32(bytes), 0);
  }
  return decodeWords(type, _mm512_loadu_si512(words + first), 0);
}

void prepareColumns(const DotModel &model, Element type, int chunks, int columns,
                    const uint32_t *words, ColumnPanel &panel) {
  panel.columns = columns;
  panel.perChunk = kChunkBytes * 8 / bitsOf(type);
  panel.whole = model.fast || isNarrow(type);
  __mmask16 special = 0;
  for (int i = 0; i < chunks * columns * panel.perChunk; i += 16)
    special |= splitVector(decodeConsecutive(type, words, i), model.minExponentB, panel.whole,
                           panel.significand + i, panel.exponent + i);
  panel.special = special != 0;
}

/// The k elements of one step of all rows; kept in registers over the columns
/// where there are enough.
template <int K> struct RowElements {
  __m512 significand[K], exponent[K];
  RowElements(const LanePanel &lanes, int first) {
#pragma clang loop unroll(full)
    for (int k = 0; k < K; ++k) {
      significand[k] = _mm512_load_ps(lanes.significand[first + k]);
      exponent[k] = _mm512_load_ps(lanes.exponent[first + k]);
    }
  }
};

/// And of one column, in two runs of half each.
struct ColumnElements {
  const float *significand[2], *exponent[2];
};

/// Sums beyond int32 or outputs near f32's end: exact in double.
__m512 finishWide(const DotModel &model, const __m512i *sums, int groups, __m512 scale) {
  alignas(64) int32_t sum[4][16];
  alignas(64) float shift[16], out[16];
  for (int g = 0; g < groups; ++g)
    _mm512_store_si512(sum[g], sums[g]);
  _mm512_store_ps(shift, scale);
  for (int row = 0; row < 16; ++row) {
    double total = 0;
    for (int g = 0; g < groups; ++g)
      total += sum[g][row];
    out[row] = finishDot(model.rounding, std::ldexp(total, -int(shift[row])));
  }
  return _mm512_load_ps(out);
}

/// An f16 output: sticky bits keep the two conversions from rounding twice.
inline __m512 roundHalf(__m512i sum, __m512 unscale) {
  __m512 cut = _mm512_cvt_roundepi32_ps(sum, kTruncate);
  __mmask16 inexact = _mm512_cmpneq_epi32_mask(_mm512_cvttps_epi32(cut), sum);
  __m512i bits = _mm512_castps_si512(cut);
  bits = _mm512_mask_or_epi32(bits, inexact, bits, _mm512_set1_epi32(1));
  __m512 value = _mm512_scalef_ps(_mm512_castsi512_ps(bits), unscale);
  return _mm512_cvtph_ps(_mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

inline __m512 finish(const DotModel &model, __m512i sum, __m512 unscale) {
  if (model.rounding == DotRounding::F16Nearest)
    return roundHalf(sum, unscale);
  __m512 result = _mm512_scalef_round_ps(_mm512_cvt_roundepi32_ps(sum, kTruncate), unscale,
                                         kTruncate);
  if (model.rounding == DotRounding::F32Truncate13)
    result = _mm512_castsi512_ps(
        _mm512_and_si512(_mm512_castps_si512(result), _mm512_set1_epi32(int(0xfffffc00))));
  return result;
}

/// Groups of up to 8 terms and their sum, in which no bit is lost; `wide`: outputs
/// that need the exact way.
template <int Groups>
inline __m512 addGroups(const DotModel &model, const __m512i *groups, __mmask16 wide, __m512 scale) {
  __m512i sum = groups[0];
  if constexpr (Groups > 1) {
    __m512i sizes = _mm512_abs_epi32(groups[0]);
    for (int g = 1; g < Groups; ++g) {
      sizes = _mm512_or_si512(sizes, _mm512_abs_epi32(groups[g]));
      sum = _mm512_add_epi32(sum, groups[g]);
    }
    wide |= _mm512_cmpge_epu32_mask(sizes, _mm512_set1_epi32(INT32_MAX / Groups));
  }
  if (__builtin_expect(wide, 0))
    return finishWide(model, groups, Groups, scale);
  return finish(model, sum, negate(scale));
}

template <int K>
inline __m512 alignAndAdd(const DotModel &model, const RowElements<K> &a, const ColumnElements &b, __m512 c) {
  constexpr int kHalf = K / 2, kGroups = (K + 7) / 8;
  __mmask16 zero = _mm512_cmp_ps_mask(c, _mm512_setzero_ps(), _CMP_EQ_OQ);
  __m512 least = _mm512_mask_mov_ps(_mm512_set1_ps(float(model.minExponentC)), zero,
                                    _mm512_set1_ps(-126));
  __m512 ec = _mm512_max_ps(_mm512_getexp_ps(c), least);
  // What does not depend on c comes first: sums of earlier steps arrive late.
  __m512 exponents[K], most[2];
#pragma clang loop unroll(full)
  for (int k = 0; k < K; ++k) {
    exponents[k] = _mm512_add_ps(a.exponent[k], _mm512_set1_ps(b.exponent[k / kHalf][k % kHalf]));
    most[k % 2] = k < 2 ? exponents[k] : _mm512_max_ps(most[k % 2], exponents[k]);
  }
  __m512 largest = _mm512_max_ps(_mm512_max_ps(most[0], most[1]), ec);
  __m512 scale = _mm512_sub_ps(_mm512_set1_ps(float(model.fractionBits)), largest);
  __m512i sums[kGroups];
  sums[0] = _mm512_cvttps_epi32(_mm512_scalef_ps(c, scale));
#pragma clang loop unroll(full)
  for (int k = 0; k < K; ++k) {
    __m512 product = _mm512_mul_ps(a.significand[k], _mm512_set1_ps(b.significand[k / kHalf][k % kHalf]));
    product = _mm512_scalef_ps(product, _mm512_add_ps(exponents[k], scale));
    __m512i term = _mm512_cvttps_epi32(product);
    sums[k / 8] = k && k % 8 == 0 ? term : _mm512_add_epi32(sums[k / 8], term);
  }
  __mmask16 wide = _mm512_cmp_ps_mask(largest, _mm512_set1_ps(118), _CMP_GE_OQ);
  return addGroups<kGroups>(model, sums, wide, scale);
}

/// The same for whole values, two columns at a time: exponents are integers, and
/// one factor aligns all products of an output.
template <int K>
inline void alignAndAddWhole(const DotModel &model, const RowElements<K> &a, const ColumnElements *b, __m512 *c) {
  constexpr int kHalf = K / 2, kGroups = (K + 7) / 8;
  __m512i largest[2];
  __m512 scale[2], factor[2];
  __m512i sums[2][kGroups];
#pragma clang loop unroll(full)
  for (int n = 0; n < 2; ++n) {
    __m512i most[2];
#pragma clang loop unroll(full)
    for (int k = 0; k < K; ++k) {
      __m512i e = _mm512_add_epi32(_mm512_castps_si512(a.exponent[k]),
                                   _mm512_set1_epi32(std::bit_cast<int>(b[n].exponent[k / kHalf][k % kHalf])));
      most[k % 2] = k < 2 ? e : _mm512_max_epi32(most[k % 2], e);
    }
    largest[n] = _mm512_max_epi32(most[0], most[1]);
  }
#pragma clang loop unroll(full)
  for (int n = 0; n < 2; ++n) {
    __m512i bits = _mm512_castps_si512(c[n]), field = _mm512_and_si512(_mm512_srli_epi32(bits, 23), _mm512_set1_epi32(0xff));
    __mmask16 zero = _mm512_testn_epi32_mask(bits, _mm512_set1_epi32(0x7fffffff));
    __m512i least = _mm512_mask_mov_epi32(_mm512_set1_epi32(model.minExponentC), zero, _mm512_set1_epi32(-126));
    __m512i ec = _mm512_max_epi32(_mm512_sub_epi32(field, _mm512_set1_epi32(127)), least);
    largest[n] = _mm512_max_epi32(largest[n], ec);
    __m512i shift = _mm512_sub_epi32(_mm512_set1_epi32(model.fractionBits), largest[n]);
    scale[n] = _mm512_cvtepi32_ps(shift);
    // Where the factor is cut to 2^126, c is tiny and every product is zero.
    __m512i power = _mm512_add_epi32(_mm512_min_epi32(shift, _mm512_set1_epi32(126)), _mm512_set1_epi32(127));
    factor[n] = _mm512_castsi512_ps(_mm512_slli_epi32(power, 23));
    sums[n][0] = _mm512_cvttps_epi32(_mm512_scalef_ps(c[n], scale[n]));
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < K; ++k)
#pragma clang loop unroll(full)
    for (int n = 0; n < 2; ++n) {
      __m512 product = _mm512_mul_ps(a.significand[k], _mm512_set1_ps(b[n].significand[k / kHalf][k % kHalf]));
      __m512i term = _mm512_cvttps_epi32(_mm512_mul_ps(product, factor[n]));
      sums[n][k / 8] = k && k % 8 == 0 ? term : _mm512_add_epi32(sums[n][k / 8], term);
    }
#pragma clang loop unroll(full)
  for (int n = 0; n < 2; ++n)
    c[n] = addGroups<kGroups>(model, sums[n], _mm512_cmpge_epi32_mask(largest[n], _mm512_set1_epi32(118)), scale[n]);
}

template <int K, bool Whole>
void exactColumns(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns,
                  float (*accumulators)[kTileRows]) {
  // The second half of a step's k lies in the next chunk, or right behind.
  ptrdiff_t second = columns.perChunk == K / 2 ? ptrdiff_t(columns.columns) * (K / 2) : K / 2;
  ptrdiff_t next = columns.perChunk;
  bool special = lanes.special || columns.special;
  for (int first = 0; first < lanes.count; first += K) {
    const RowElements<K> a(lanes, first);
    const float *bs = columnElements(columns, columns.significand, 0, first);
    const float *be = columnElements(columns, columns.exponent, 0, first);
    for (int n = 0; n < columns.columns; n += 2, bs += 2 * next, be += 2 * next) {
      __m512 c[2] = {_mm512_load_ps(accumulators[n]), _mm512_load_ps(accumulators[n + 1])};
      __mmask16 odd = _mm512_fpclass_ps_mask(c[0], 0x99) | _mm512_fpclass_ps_mask(c[1], 0x99);
      if (__builtin_expect(special || odd, 0)) {
        for (int both = n; both < n + 2; ++both)
          for (int row = 0; row < kTileRows; ++row)
            accumulators[both][row] = slowStep(model, lanes, columns, row, both, first, K, accumulators[both][row]);
        continue;
      }
      ColumnElements b[2] = {{{bs, bs + second}, {be, be + second}},
                             {{bs + next, bs + next + second}, {be + next, be + next + second}}};
      if constexpr (Whole) {
        alignAndAddWhole<K>(model, a, b, c);
      } else {
        c[0] = alignAndAdd<K>(model, a, b[0], c[0]);
        c[1] = alignAndAdd<K>(model, a, b[1], c[1]);
      }
      _mm512_store_ps(accumulators[n], c[0]);
      _mm512_store_ps(accumulators[n + 1], c[1]);
    }
  }
}

void fastColumns(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns,
                 float (*accumulators)[kTileRows]) {
  for (int n = 0; n < columns.columns; ++n) {
    __m512 c = _mm512_load_ps(accumulators[n]);
    for (int k = 0; k < lanes.count; ++k)
      c = _mm512_fmadd_ps(
          _mm512_load_ps(lanes.significand[k]),
          _mm512_set1_ps(*columnElements(columns, columns.significand, n, k)), c);
    if (model.rounding == DotRounding::F16Nearest)
      c = _mm512_cvtph_ps(_mm512_cvtps_ph(c, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    _mm512_store_ps(accumulators[n], c);
  }
}

template <int K>
void chooseColumns(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns,
                   float (*accumulators)[kTileRows]) {
  lanes.whole ? exactColumns<K, true>(model, lanes, columns, accumulators)
              : exactColumns<K, false>(model, lanes, columns, accumulators);
}

void multiply(const DotModel &model, const LanePanel &lanes, const ColumnPanel &columns,
              float (*accumulators)[kTileRows]) {
  if (model.fast)
    return fastColumns(model, lanes, columns, accumulators);
  switch (std::min(model.stepElements, lanes.count)) {
  case 4:
    return chooseColumns<4>(model, lanes, columns, accumulators);
  case 8:
    return chooseColumns<8>(model, lanes, columns, accumulators);
  case 16:
    return chooseColumns<16>(model, lanes, columns, accumulators);
  default:
    return chooseColumns<32>(model, lanes, columns, accumulators);
  }
}

/// Words `word` of the rows 0..7 (upper) and 8..15 (lower).
inline __m512i gatherColumn(const uint32_t *upper, const uint32_t *lower, __m512i index) {
  __m512i top = _mm512_permutex2var_epi32(_mm512_loadu_si512(upper), index,
                                          _mm512_loadu_si512(upper + 16));
  __m512i bottom = _mm512_permutex2var_epi32(_mm512_loadu_si512(lower), index,
                                             _mm512_loadu_si512(lower + 16));
  return _mm512_inserti64x4(top, _mm512_castsi512_si256(bottom), 1);
}

void toColumns(const uint32_t upper[32], const uint32_t lower[32],
               uint32_t (*columns)[kTileRows]) {
  __m512i index = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
  for (int word = 0; word < 4; ++word)
    _mm512_store_si512(columns[word], gatherColumn(upper, lower, _mm512_add_epi32(
                                                                     index, _mm512_set1_epi32(word))));
}

/// Rows first..first+3 of four columns, interleaved: lane = 4 * row + word.
inline __m512i interleave(const uint32_t (*columns)[kTileRows], int first) {
  __m128i c[4];
  for (int word = 0; word < 4; ++word)
    c[word] = _mm_load_si128(reinterpret_cast<const __m128i *>(columns[word] + first));
  __m512i all = _mm512_inserti32x4(_mm512_castsi128_si512(c[0]), c[1], 1);
  all = _mm512_inserti32x4(_mm512_inserti32x4(all, c[2], 2), c[3], 3);
  return _mm512_permutexvar_epi32(
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), all);
}

void fromColumns(const uint32_t (*columns)[kTileRows], uint32_t upper[32], uint32_t lower[32]) {
  _mm512_storeu_si512(upper, interleave(columns, 0));
  _mm512_storeu_si512(upper + 16, interleave(columns, 4));
  _mm512_storeu_si512(lower, interleave(columns, 8));
  _mm512_storeu_si512(lower + 16, interleave(columns, 12));
}

} // namespace

const DotEngine *avx512DotEngine() {
  static const DotEngine engine = {"avx512",       prepareLanes, prepareColumns, multiply,
                                   integerColumns, toColumns,    fromColumns};
  static const bool present =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return present ? &engine : nullptr;
}

} // namespace tenon::sim

#else
namespace tenon::sim {
const DotEngine *avx512DotEngine() { return nullptr; }
} // namespace tenon::sim
#endif
