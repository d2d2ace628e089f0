// The register tile behind every matrix product, and products with weights in panels.
//
// C (M, N) = A (M, K) B (K, N) is summed by rank-1 updates: for each k, MR values of A's column meet NV vectors of B's
// row, and the MR · NV sums stay in registers until the last k (Goto and van de Geijn, ACM TOMS 34(3), 2008; the names
// of the sizes are those of BLIS, ACM TOMS 41(3), 2015). Products differ in how their operands are stored, so a tile
// takes two loaders:
//
//   a(r, k)  row r of A: a float, a pair of bfloat16, or, where lanes run along k, a vector
//   b(v, k)  vector v of B's row
//
// Every sum runs over k in order in one lane, whatever the tile's height: a row's result does not depend on other rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "vector_math.h"

namespace fathom {
namespace gemm {

#define FATHOM_INLINE __attribute__((always_inline)) inline

// For functions around a tile's loop: inlined together, tiles of all heights would compete for address registers.
#define FATHOM_NOINLINE __attribute__((noinline))

// One product of a lane: b times a, alone or added to a sum.
FATHOM_INLINE f32x16 multiply(f32x16 b, float a) { return b * a; }
FATHOM_INLINE f32x16 multiply_add(f32x16 sum, f32x16 b, float a) { return sum + b * a; }
FATHOM_INLINE f32x16 multiply_add(f32x16 sum, f32x16 b, f32x16 a) { return sum + b * a; }
FATHOM_INLINE f32x16 multiply(u32x16 b, u32x16 a) { return dot_bf16(f32x16{}, b, a); }  // pairs of bfloat16
FATHOM_INLINE f32x16 multiply_add(f32x16 sum, u32x16 b, u32x16 a) { return dot_bf16(sum, b, a); }

template <int MR, int NV>
FATHOM_INLINE void clear(f32x16 (&acc)[MR][NV]) {
#pragma GCC unroll 32
  for (int i = 0; i < MR * NV; ++i) acc[i / NV][i % NV] = f32x16{};
}

// acc = a · b of the first k. Starting from zeros instead, GCC writes them to memory first.
template <int MR, int NV, class A, class B>
FATHOM_INLINE void start(f32x16 (&acc)[MR][NV], A a, B b) {
#pragma GCC unroll 32
  for (int i = 0; i < MR * NV; ++i) acc[i / NV][i % NV] = multiply(b(i % NV), a(i / NV));
}

// acc += a · b of one k.
template <int MR, int NV, class A, class B>
FATHOM_INLINE void update(f32x16 (&acc)[MR][NV], A a, B b) {
  std::decay_t<decltype(b(0))> right[NV];
#pragma GCC unroll 16
  for (int v = 0; v < NV; ++v) right[v] = b(v);
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r) {
    auto left = a(r);
#pragma GCC unroll 16
    for (int v = 0; v < NV; ++v) acc[r][v] = multiply_add(acc[r][v], right[v], left);
  }
}

// acc += Σ a · b over begin ≤ k < end, STEP apart.
template <int STEP = 1, int MR, int NV, class A, class B>
FATHOM_INLINE void accumulate(f32x16 (&acc)[MR][NV], int64_t begin, int64_t end, A a, B b) {
  for (int64_t k = begin; k < end; k += STEP)
    update(acc, [&](int r) { return a(r, k); }, [&](int v) { return b(v, k); });
}

// f(MR) with 1 ≤ rows ≤ MAX as a constant: a tile of each height is compiled.
template <int MAX, class F>
FATHOM_INLINE void with_height(int64_t rows, F f) {
  if (rows == MAX) return f(std::integral_constant<int, MAX>{});
  if constexpr (MAX > 1) with_height<MAX - 1>(rows, f);
}

// out[i] = x · y[i] of four rows, lanes along the K channels, a multiple of LANES.
inline void dot4(const float* x, const float* const y[4], int64_t K, float out[4]) {
  f32x16 acc[4][1] = {};
  accumulate<LANES>(
      acc, 0, K, [=](int i, int64_t k) { return load<f32x16>(y[i] + k); },
      [=](int, int64_t k) { return load<f32x16>(x + k); });
  sum4(acc[0][0], acc[1][0], acc[2][0], acc[3][0], out);
}

constexpr int MR = SUM_REGISTERS >= 24 ? 12 : 6;         // rows of a tile
constexpr int64_t L1_PANEL = 20 * 1024 / sizeof(float);  // of a panel: so much stays in L1 beside the rows

}  // namespace gemm

// ---- weights in panels --------------------------------------------------------------------------
//
// A panel is sixteen outputs of a weight matrix, input by input: the vector of input k is at [k·16]. Outputs beyond the
// last are zero weights: results have room for whole vectors, and what is written there is zero.

// Floats of the panels of N outputs and K inputs.
inline int64_t panels_size(int64_t N, int64_t K) { return padded(N) * K; }

namespace gemm {

template <int MR, int NV>
inline void panel_tile(const float* x, int64_t ldx, const float* w, int64_t K, float* y, int64_t ldy, bool add) {
  f32x16 acc[MR][NV];
  auto a = [=](int r, int64_t k) { return x[r * ldx + k]; };
  auto b = [=](int v, int64_t k) { return load<f32x16>(w + (v * K + k) * LANES); };
  start(acc, [=](int r) { return a(r, 0); }, [=](int v) { return b(v, 0); });
  accumulate(acc, 1, K, a, b);
  for (int r = 0; r < MR; ++r)
    for (int v = 0; v < NV; ++v) {
      float* to = y + r * ldy + v * LANES;
      store(to, add ? load<f32x16>(to) + acc[r][v] : acc[r][v]);
    }
}

template <int MR>
FATHOM_NOINLINE void panel_rows(const float* x, int64_t ldx, const float* w, int64_t K, int64_t panels, float* y,
                                int64_t ldy, bool add) {
  constexpr int NV = SUM_REGISTERS / MR >= 4 ? 4 : SUM_REGISTERS / MR >= 2 ? 2 : 1;
  int64_t p = 0;
  for (; p + NV <= panels; p += NV) panel_tile<MR, NV>(x, ldx, w + p * K * LANES, K, y + p * LANES, ldy, add);
  if constexpr (NV > 1)
    for (; p < panels; ++p) panel_tile<MR, 1>(x, ldx, w + p * K * LANES, K, y + p * LANES, ldy, add);
}

}  // namespace gemm

// y (M, padded N) = x (M, K) Wᵀ, or y += that, W in panels; rows ldx and ldy apart.
inline void panel_matmul(const float* x, int64_t ldx, int64_t M, const float* w, int64_t N, int64_t K, float* y,
                         int64_t ldy, bool add = false) {
  using namespace gemm;
  int64_t all = padded(N) / LANES, nc = std::clamp<int64_t>(L1_PANEL / (K * LANES), 1, 4);  // panels at once
  for (int64_t p = 0; p < all; p += nc) {
    int64_t here = std::min(nc, all - p), m = 0;
    const float* from = w + p * K * LANES;
    float* to = y + p * LANES;
    for (; m + MR <= M; m += MR) panel_rows<MR>(x + m * ldx, ldx, from, K, here, to + m * ldy, ldy, add);
    if (m < M)
      with_height<MR - 1>(M - m, [&](auto height) {
        panel_rows<height.value>(x + m * ldx, ldx, from, K, here, to + m * ldy, ldy, add);
      });
  }
}

}  // namespace fathom
