// Vectors of sixteen lanes on any registers: one of AVX-512, two of AVX, four of NEON or SSE.
//
// GCC accepts vectors wider than its registers, but keeps them in memory between any two operations, which made
// attention five times slower on AVX2. Two halves in a struct are scalarized and stay in registers.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "interface.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace fathom {

inline int64_t ceil_div(int64_t n, int64_t size) { return (n + size - 1) / size; }
inline int64_t round_up(int64_t n, int64_t size) { return ceil_div(n, size) * size; }
inline int64_t padded(int64_t n) { return round_up(n, LANES); }  // to whole vectors

#if defined(__AVX512F__)
constexpr int REGISTER = 64;       // bytes
constexpr int SUM_REGISTERS = 24;  // vectors of sixteen lanes that fit into registers beside the operands of a product
#elif defined(__AVX__)
constexpr int REGISTER = 32;
constexpr int SUM_REGISTERS = 6;
#else
constexpr int REGISTER = 16;
constexpr int SUM_REGISTERS = 6;
#endif

template <class H>
struct Halves {
  H low, high;

  template <class G>  // the same bits
  explicit operator Halves<G>() const {
    return {(G)low, (G)high};
  }

  auto operator[](int i) const {
    constexpr int half = sizeof(H) / sizeof(low[0]);
    return i < half ? low[i] : high[i - half];
  }
};

#define FATHOM_BOTH(OP)                                                                               \
  template <class H>                                                                                  \
  inline auto operator OP(const Halves<H>& x, const Halves<H>& y)->Halves<decltype(x.low OP y.low)> { \
    return {x.low OP y.low, x.high OP y.high};                                                        \
  }                                                                                                   \
  template <class H, class S, std::enable_if_t<std::is_arithmetic<S>::value, int> = 0>                \
  inline auto operator OP(const Halves<H>& x, S y)->Halves<decltype(x.low OP y)> {                    \
    return {x.low OP y, x.high OP y};                                                                 \
  }                                                                                                   \
  template <class H, class S, std::enable_if_t<std::is_arithmetic<S>::value, int> = 0>                \
  inline auto operator OP(S x, const Halves<H>& y)->Halves<decltype(x OP y.low)> {                    \
    return {x OP y.low, x OP y.high};                                                                 \
  }
// clang-format off
FATHOM_BOTH(+) FATHOM_BOTH(-) FATHOM_BOTH(*) FATHOM_BOTH(/) FATHOM_BOTH(&) FATHOM_BOTH(|)
FATHOM_BOTH(<<) FATHOM_BOTH(>>) FATHOM_BOTH(<) FATHOM_BOTH(>) FATHOM_BOTH(==)
#undef FATHOM_BOTH

template <class H>
inline Halves<H> operator-(const Halves<H>& x) {
  return {-x.low, -x.high};
}
// clang-format on
template <class H>
inline Halves<H> operator~(const Halves<H>& x) {
  return {~x.low, ~x.high};
}
template <class H, class Y>
inline Halves<H>& operator+=(Halves<H>& x, const Y& y) {
  return x = x + y;
}
template <class H, class Y>
inline Halves<H>& operator-=(Halves<H>& x, const Y& y) {
  return x = x - y;
}

namespace lanes {

template <class T, int BYTES>
struct Native {
  typedef T type __attribute__((vector_size(BYTES)));
};
template <class T, int BYTES, bool FITS = (BYTES <= REGISTER)>
struct Of {
  typedef typename Native<T, BYTES>::type type;
};
template <class T, int BYTES>
struct Of<T, BYTES, false> {
  typedef Halves<typename Of<T, BYTES / 2>::type> type;
};

}  // namespace lanes

template <class T>
using Lanes = typename lanes::Of<T, LANES * sizeof(T)>::type;

typedef Lanes<float> f32x16;
typedef Lanes<int32_t> i32x16;
typedef Lanes<uint32_t> u32x16;
typedef Lanes<uint16_t> u16x16;
typedef Lanes<int8_t> i8x16;

// Half by half: GCC copies a struct through memory, where loads of other widths stall on the stores before them.
template <class V>
struct Memory {
  static V load(const void* p) {
    V v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  static void store(void* p, V v) { std::memcpy(p, &v, sizeof v); }
};
template <class H>
struct Memory<Halves<H>> {
  static Halves<H> load(const void* p) { return {Memory<H>::load(p), Memory<H>::load((const char*)p + sizeof(H))}; }
  static void store(void* p, const Halves<H>& v) {
    Memory<H>::store(p, v.low);
    Memory<H>::store((char*)p + sizeof(H), v.high);
  }
};

template <class V>
inline V load(const void* p) {
  return Memory<V>::load(p);
}
template <class V>
inline void store(void* p, V v) {
  Memory<V>::store(p, v);
}

// ---- conversions ------------------------------------------------------------------------------
//
// By intrinsics where GCC does not select the instructions for narrower and wider types itself.

#if defined(__AVX512F__)

inline f32x16 to_float(i32x16 v) { return __builtin_convertvector(v, f32x16); }
inline u32x16 extend(u16x16 v) { return __builtin_convertvector(v, u32x16); }
inline u16x16 truncate(u32x16 v) { return __builtin_convertvector(v, u16x16); }
inline i32x16 extend(i8x16 v) { return (i32x16)_mm512_cvtepi8_epi32((__m128i)v); }

#elif defined(__AVX2__)

inline f32x16 to_float(i32x16 v) {
  typedef decltype(f32x16::low) H;
  return {(H)_mm256_cvtepi32_ps((__m256i)v.low), (H)_mm256_cvtepi32_ps((__m256i)v.high)};
}
inline u32x16 extend(u16x16 v) {
  typedef decltype(u32x16::low) H;
  __m256i all = (__m256i)v;
  return {(H)_mm256_cvtepu16_epi32(_mm256_castsi256_si128(all)),
          (H)_mm256_cvtepu16_epi32(_mm256_extracti128_si256(all, 1))};
}
inline u16x16 truncate(u32x16 v) {  // of values below 2^16
  __m256i mixed = _mm256_packus_epi32((__m256i)v.low, (__m256i)v.high);
  return (u16x16)_mm256_permute4x64_epi64(mixed, 0xd8);
}
inline i32x16 extend(i8x16 v) {
  typedef decltype(i32x16::low) H;
  __m128i all = (__m128i)v;
  return {(H)_mm256_cvtepi8_epi32(all), (H)_mm256_cvtepi8_epi32(_mm_srli_si128(all, 8))};
}

#else

template <class To, class From>
inline To each(From v) {
  std::decay_t<decltype(To{}[0])> lane[LANES];
  for (int i = 0; i < LANES; ++i) lane[i] = v[i];
  return load<To>(lane);
}
inline f32x16 to_float(i32x16 v) { return each<f32x16>(v); }
inline u32x16 extend(u16x16 v) { return each<u32x16>(v); }
inline u16x16 truncate(u32x16 v) { return each<u16x16>(v); }
inline i32x16 extend(i8x16 v) { return each<i32x16>(v); }

#endif

}  // namespace fathom
