// Arithmetic on sixteen lanes. Intrinsics are used only where the vector extensions have no operator.
#pragma once

#include "vector.h"

namespace fathom {

inline f32x16 splat(float x) { return f32x16{} + x; }
inline f32x16 select(i32x16 mask, f32x16 a, f32x16 b) { return (f32x16)((mask & (i32x16)a) | (~mask & (i32x16)b)); }
inline f32x16 larger(f32x16 a, f32x16 b) { return select(a > b, a, b); }

// Sums lanes i, i^8, then i^4, i^2, i^1: one fixed tree, so that a result does not depend on what else is summed.
inline float sum(f32x16 v) {
#if defined(__AVX512F__)
  __m512 a = (__m512)v;
  a = _mm512_add_ps(a, _mm512_shuffle_f32x4(a, a, 0x4e));
  a = _mm512_add_ps(a, _mm512_shuffle_f32x4(a, a, 0xb1));
  a = _mm512_add_ps(a, _mm512_shuffle_ps(a, a, 0x4e));
  a = _mm512_add_ps(a, _mm512_shuffle_ps(a, a, 0xb1));
  return _mm512_cvtss_f32(a);
#elif defined(__AVX2__)
  __m256 a = (__m256)(v.low + v.high);
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
#else
  float lane[LANES];
  store(lane, v);
  for (int half = LANES / 2; half; half /= 2)
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  return lane[0];
#endif
}

// Four sums at once, each by the same tree as sum().
inline void sum4(f32x16 a, f32x16 b, f32x16 c, f32x16 d, float out[4]) {
#if defined(__AVX512F__)
  __m512 ab =
      _mm512_add_ps(_mm512_shuffle_f32x4((__m512)a, (__m512)b, 0x44), _mm512_shuffle_f32x4((__m512)a, (__m512)b, 0xee));
  __m512 cd =
      _mm512_add_ps(_mm512_shuffle_f32x4((__m512)c, (__m512)d, 0x44), _mm512_shuffle_f32x4((__m512)c, (__m512)d, 0xee));
  __m512 v = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
  v = _mm512_add_ps(v, _mm512_shuffle_ps(v, v, 0x4e));
  v = _mm512_add_ps(v, _mm512_shuffle_ps(v, v, 0xb1));
  const __m512i first = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
  _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_permutexvar_ps(first, v)));
#elif defined(__AVX2__)
  auto quarter = [](f32x16 v) {
    __m256 x = (__m256)(v.low + v.high);
    return _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  };
  __m128 one = quarter(a), two = quarter(b), three = quarter(c), four = quarter(d);
  _MM_TRANSPOSE4_PS(one, two, three, four);
  _mm_storeu_ps(out, _mm_add_ps(_mm_add_ps(one, three), _mm_add_ps(two, four)));
#else
  out[0] = sum(a), out[1] = sum(b), out[2] = sum(c), out[3] = sum(d);
#endif
}

inline float largest(f32x16 v) {
  float lane[LANES], best;
  store(lane, v);
  best = lane[0];
  for (int i = 1; i < LANES; ++i) best = lane[i] > best ? lane[i] : best;
  return best;
}

// bfloat16 is the upper half of a float.
inline f32x16 widen(u16x16 v) { return (f32x16)(extend(v) << 16); }
inline float widen(uint16_t v) {
  uint32_t bits = uint32_t(v) << 16;
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

// To nearest, ties to even; NaN stays NaN. The result is the upper half of each lane.
inline u32x16 narrow_bits(f32x16 x) {
  u32x16 bits = (u32x16)x;
  u32x16 nan = (u32x16)((bits & 0x7fffffffu) > 0x7f800000u);
  u32x16 rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  return (nan & (bits | 0x400000u)) | (~nan & rounded);
}
inline u16x16 narrow(f32x16 x) { return truncate(narrow_bits(x) >> 16); }
inline uint16_t narrow(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return uint16_t((bits | 0x400000u) >> 16);
  return uint16_t((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline f32x16 widen_f16(const uint16_t* p) {
#if defined(__AVX512F__)
  return (f32x16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p));
#elif defined(__AVX2__) && defined(__F16C__)
  typedef decltype(f32x16::low) H;
  return {(H)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p)),
          (H)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(p + 8)))};
#else
  // Exponent and mantissa move into place; multiplying by 2^112 rebiases and makes subnormals right at once.
  u32x16 half = extend(load<u16x16>(p));
  f32x16 magnitude = (f32x16)((half & 0x7fffu) << 13) * 0x1p112f;
  u32x16 special = (u32x16)((half & 0x7c00u) == 0x7c00u) & 0x7f800000u;
  return (f32x16)((u32x16)magnitude | special | ((half & 0x8000u) << 16));
#endif
}

// float(code & 15), lane by lane.
inline f32x16 nibble(i32x16 codes) {
#if defined(__AVX512F__)
  const __m512 table = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return (f32x16)_mm512_permutexvar_ps((__m512i)codes, table);
#else
  return to_float(codes & 15);
#endif
}

inline f32x16 widen(i8x16 v) { return to_float(extend(v)); }

// acc + x·w over pairs of bfloat16, two to a lane.
inline f32x16 dot_bf16(f32x16 acc, u32x16 w, u32x16 x) {
#if defined(__AVX512BF16__)
  return (f32x16)_mm512_dpbf16_ps((__m512)acc, (__m512bh)w, (__m512bh)x);
#else
  acc += (f32x16)(w << 16) * (f32x16)(x << 16);
  return acc + (f32x16)(w & 0xffff0000u) * (f32x16)(x & 0xffff0000u);
#endif
}

// e^x to 2 ulp for x in [-87, 88]; outside, the value at the border.
inline f32x16 exp(f32x16 x) {
  x = larger(x, splat(-87.0f));
  x = select(x < splat(88.0f), x, splat(88.0f));
  f32x16 shifted = x * 1.44269504f + 12582912.0f;  // 1.5 · 2^23: rounds to an integer
  i32x16 exponent = (i32x16)shifted << 23;
  f32x16 n = shifted - 12582912.0f;
  f32x16 r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  f32x16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return (f32x16)((i32x16)p + exponent);
}

inline f32x16 sigmoid(f32x16 x) { return 1.0f / (1.0f + exp(-x)); }
inline f32x16 silu(f32x16 x) { return x * sigmoid(x); }

}  // namespace fathom
