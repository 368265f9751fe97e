// The dot engine for AVX-512. getexp and scalef do the splitting and aligning,
// and the truncating conversion to int32 is step 3 of DotModel.h in itself.
#include "sim/machine/matrix/DotParts.h"

#ifdef __AVX512F__
#include <immintrin.h>

namespace tenon::sim {
namespace {

constexpr int kTruncate = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;

inline __m512 negate(__m512 x) { return _mm512_sub_ps(_mm512_setzero_ps(), x); }

/// Values other than zero whose products, once aligned, surely fit f32, so that panels
/// may hold whole values: all of f16 and fp8, and mostly those of bf16 and tf32.
constexpr int kLargestWhole = 50; // of the size of the exponent

/// What is known of some values.
struct Seen {
  __mmask16 special = 0; // infinite or NaN
  __mmask16 wide = 0;    // too large or small to be kept whole
};

/// The exponents of 16 values as DotModel.h counts them.
inline __m512 exponentsOf(__m512 value, int minExponent, Seen &seen, __mmask16 &special) {
  special = _mm512_fpclass_ps_mask(value, 0x99);
  __m512 e = _mm512_max_ps(_mm512_getexp_ps(value), _mm512_set1_ps(float(minExponent)));
  __mmask16 zero = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_EQ_OQ);
  seen.special |= special;
  seen.wide |= _mm512_mask_cmp_ps_mask(__mmask16(~zero & ~special), _mm512_abs_ps(e), _mm512_set1_ps(kLargestWhole), _CMP_GT_OQ);
  return _mm512_mask_mov_ps(e, zero, _mm512_set1_ps(-126));
}

/// Splits 16 values and stores them; infinities and NaN stay whole.
inline void splitVector(__m512 value, int minExponent, float *significand, float *exponent, Seen &seen) {
  __mmask16 special;
  __m512 e = exponentsOf(value, minExponent, seen, special);
  e = _mm512_mask_mov_ps(e, special, _mm512_setzero_ps());
  _mm512_storeu_ps(significand, _mm512_scalef_ps(value, negate(e)));
  _mm512_storeu_ps(exponent, e);
}

/// Where values stay whole, exponents are integers of 16 bits in the place of the
/// floats: those of 16 rows side by side, ...
inline __m256i *rowExponents(float *exponent) { return reinterpret_cast<__m256i *>(exponent); }
inline __m256i exponentsOfRows(const float *exponent) {
  return _mm256_load_si256(reinterpret_cast<const __m256i *>(exponent));
}
inline void keepRows(__m512 value, int minExponent, float *significand, float *exponent, Seen &seen) {
  __mmask16 special;
  __m512i e = _mm512_cvtps_epi32(exponentsOf(value, minExponent, seen, special));
  _mm512_storeu_ps(significand, value);
  _mm256_store_si256(rowExponents(exponent), _mm512_cvtepi32_epi16(e));
}

/// ... those of columns twice in 32 bits, to be spread over all rows.
inline void keepColumns(__m512 value, int minExponent, float *significand, float *exponent, Seen &seen) {
  __mmask16 special;
  __m512i e = _mm512_cvtps_epi32(exponentsOf(value, minExponent, seen, special));
  e = _mm512_mask_blend_epi16(0xaaaaaaaa, e, _mm512_slli_epi32(e, 16));
  _mm512_storeu_ps(significand, value);
  _mm512_storeu_si512(exponent, e);
}

/// Both f16 of 16 words as rows; their exponents come from the bits of all 32 at once.
inline bool keepHalves(__m512i words, float (*significand)[kTileRows], float (*exponent)[kTileRows]) {
  __m512i field = _mm512_and_si512(_mm512_srli_epi16(words, 10), _mm512_set1_epi16(31));
  __m512i e = _mm512_sub_epi16(_mm512_max_epi16(field, _mm512_set1_epi16(1)), _mm512_set1_epi16(15));
  __mmask32 zero = _mm512_testn_epi16_mask(words, _mm512_set1_epi16(0x7fff));
  e = _mm512_mask_mov_epi16(e, zero, _mm512_set1_epi16(-126));
  for (unsigned half = 0; half < 2; ++half) {
    _mm256_store_si256(rowExponents(exponent[half]), _mm512_cvtepi32_epi16(_mm512_srli_epi32(e, 16 * half)));
    _mm512_store_ps(significand[half], _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(words, 16 * half))));
  }
  return _mm512_cmpeq_epi16_mask(field, _mm512_set1_epi16(31)) != 0;
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

/// As whole values where all can be.
inline __attribute__((always_inline)) void prepareLanesOf(const DotModel &model, Element type, int chunks,
                                                          const TileWords &tile, LanePanel &panel) {
  int perWord = 32 / bitsOf(type);
  panel.count = chunks * 4 * perWord;
  Seen seen;
  auto each = [&](auto keep) __attribute__((always_inline)) {
    for (int k = 0; k < panel.count; ++k)
      keep(decodeWords(type, _mm512_load_si512(tile.words[k / perWord]), k % perWord), model.minExponentA,
           panel.significand[k], panel.exponent[k], seen);
  };
  each(keepRows);
  panel.whole = model.fast || !seen.wide;
  if (!panel.whole)
    each(splitVector);
  panel.special = seen.special != 0;
}

void prepareHalves(int chunks, const TileWords &tile, LanePanel &panel) {
  panel.count = chunks * 8;
  panel.whole = true;
  panel.special = false;
  for (int word = 0; word < chunks * 4; ++word)
    panel.special |= keepHalves(_mm512_load_si512(tile.words[word]), panel.significand + 2 * word, panel.exponent + 2 * word);
}

void prepareLanes(const DotModel &model, Element type, int chunks, const TileWords &tile,
                  LanePanel &panel) {
  switch (type) { // the commonest without a choice at each element
  case Element::F16:
    return prepareHalves(chunks, tile, panel);
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
  Seen seen;
  auto each = [&](auto keep) __attribute__((always_inline)) {
    for (int i = 0; i < chunks * columns * panel.perChunk; i += 16)
      keep(decodeConsecutive(type, words, i), model.minExponentB, panel.significand + i, panel.exponent + i, seen);
  };
  each(keepColumns);
  panel.whole = model.fast || !seen.wide;
  if (!panel.whole)
    each(splitVector);
  panel.special = seen.special != 0;
}

/// Whole values split after all, to meet others that are.
void splitWhole(__m512 value, __m512i exponent, float *significand, float *floatExponent) {
  __m512 e = _mm512_cvtepi32_ps(exponent);
  e = _mm512_maskz_mov_ps(__mmask16(~_mm512_fpclass_ps_mask(value, 0x99)), e);
  _mm512_storeu_ps(significand, _mm512_scalef_ps(value, negate(e)));
  _mm512_storeu_ps(floatExponent, e);
}

const LanePanel &splitLanes(const LanePanel &from) {
  static thread_local LanePanel panel;
  panel.count = from.count;
  panel.special = from.special;
  for (int k = 0; k < from.count; ++k)
    splitWhole(_mm512_load_ps(from.significand[k]), _mm512_cvtepi16_epi32(exponentsOfRows(from.exponent[k])),
               panel.significand[k], panel.exponent[k]);
  return panel;
}

const ColumnPanel &splitColumns(const ColumnPanel &from, int count) {
  static thread_local ColumnPanel panel;
  panel.columns = from.columns;
  panel.perChunk = from.perChunk;
  panel.special = from.special;
  for (int i = 0; i < count * from.columns; i += 16)
    splitWhole(_mm512_loadu_ps(from.significand + i), _mm512_srai_epi32(_mm512_loadu_si512(from.exponent + i), 16),
               panel.significand + i, panel.exponent + i);
  return panel;
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

/// The same of whole values.
template <int K> struct WholeRows {
  __m512 value[K];
  __m256i exponent[K];
  WholeRows(const LanePanel &lanes, int first) {
#pragma clang loop unroll(full)
    for (int k = 0; k < K; ++k) {
      value[k] = _mm512_load_ps(lanes.significand[first + k]);
      exponent[k] = exponentsOfRows(lanes.exponent[first + k]);
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

/// The same for whole values, two columns at a time: exponents are short integers, and
/// one factor aligns all products of an output.
template <int K>
inline void alignAndAddWhole(const DotModel &model, const WholeRows<K> &a, const ColumnElements *b, __m512 *c) {
  constexpr int kHalf = K / 2, kGroups = (K + 7) / 8;
  __m512i largest[2];
  __m512 scale[2], factor[2];
  __m512i sums[2][kGroups];
#pragma clang loop unroll(full)
  for (int n = 0; n < 2; ++n) {
    __m256i most[2];
#pragma clang loop unroll(full)
    for (int k = 0; k < K; ++k) {
      int twice = std::bit_cast<int>(b[n].exponent[k / kHalf][k % kHalf]);
      __m256i e = _mm256_add_epi16(a.exponent[k], _mm256_set1_epi32(twice));
      most[k % 2] = k < 2 ? e : _mm256_max_epi16(most[k % 2], e);
    }
    largest[n] = _mm512_cvtepi16_epi32(_mm256_max_epi16(most[0], most[1]));
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
      __m512 product = _mm512_mul_ps(a.value[k], _mm512_set1_ps(b[n].significand[k / kHalf][k % kHalf]));
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
    const std::conditional_t<Whole, WholeRows<K>, RowElements<K>> a(lanes, first);
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
  if (lanes.whole && !columns.whole)
    return multiply(model, splitLanes(lanes), columns, accumulators);
  if (columns.whole && !lanes.whole)
    return multiply(model, lanes, splitColumns(columns, lanes.count), accumulators);
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

/// Words 2 * pair and 2 * pair + 1 of the 8 rows of a register, side by side.
inline __m512i twoColumns(const uint32_t *rows, __m512i index) {
  return _mm512_permutex2var_epi32(_mm512_loadu_si512(rows), index, _mm512_loadu_si512(rows + 16));
}

void toColumns(const uint32_t upper[32], const uint32_t lower[32], uint32_t (*columns)[kTileRows], int step) {
  __m512i index = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  for (int pair = 0; pair < 2; ++pair) {
    __m512i both = _mm512_add_epi32(index, _mm512_set1_epi32(2 * pair));
    __m512i top = twoColumns(upper, both), bottom = twoColumns(lower, both);
    _mm512_store_si512(columns[2 * pair * step], _mm512_shuffle_i64x2(top, bottom, 0x44));
    _mm512_store_si512(columns[(2 * pair + 1) * step], _mm512_shuffle_i64x2(top, bottom, 0xee));
  }
}

/// Rows first..first+3 of four columns, interleaved: lane = 4 * row + word.
inline __m512i interleave(const uint32_t (*columns)[kTileRows], int step, int first) {
  __m128i c[4];
  for (int word = 0; word < 4; ++word)
    c[word] = _mm_load_si128(reinterpret_cast<const __m128i *>(columns[word * step] + first));
  __m512i all = _mm512_inserti32x4(_mm512_castsi128_si512(c[0]), c[1], 1);
  all = _mm512_inserti32x4(_mm512_inserti32x4(all, c[2], 2), c[3], 3);
  return _mm512_permutexvar_epi32(
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), all);
}

void fromColumns(const uint32_t (*columns)[kTileRows], int step, uint32_t upper[32], uint32_t lower[32]) {
  _mm512_storeu_si512(upper, interleave(columns, step, 0));
  _mm512_storeu_si512(upper + 16, interleave(columns, step, 4));
  _mm512_storeu_si512(lower, interleave(columns, step, 8));
  _mm512_storeu_si512(lower + 16, interleave(columns, step, 12));
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
