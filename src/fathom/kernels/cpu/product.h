// Products of float32 rows with weights that were rearranged into panels.
//
// A panel is sixteen outputs of a matrix, input by input: the vector of input k stands at [k·16]. Every output is summed
// over k in order, in one lane, so a row's result does not depend on the rows beside it. Outputs beyond the last are
// zero weights: results have room for whole vectors, and what is written there is zero.
#pragma once

#include <algorithm>
#include <cstdint>

#include "simd.h"

namespace fathom {

inline int64_t padded(int64_t n) { return (n + LANES - 1) / LANES * LANES; }

// Of N outputs and K inputs.
inline int64_t panels_size(int64_t N, int64_t K) { return padded(N) * K; }

namespace product {

constexpr int TILE = SUM_REGISTERS >= 24 ? 12 : 6;       // rows whose sums stay in registers
constexpr int64_t L1_PANEL = 20 * 1024 / sizeof(float);  // of a panel: so much stays in L1 beside the rows

template <int R, int V>
inline void tile(const float* x, int64_t ldx, const float* w, int64_t K, float* y, int64_t ldy, bool add) {
  f32x16 acc[R][V];
  for (int r = 0; r < R; ++r)  // not zeros, which GCC writes to memory first
    for (int v = 0; v < V; ++v) acc[r][v] = load<f32x16>(w + v * K * LANES) * x[r * ldx];
  for (int64_t k = 1; k < K; ++k) {
    f32x16 right[V];
    for (int v = 0; v < V; ++v) right[v] = load<f32x16>(w + (v * K + k) * LANES);
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) acc[r][v] += right[v] * x[r * ldx + k];
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) {
      float* to = y + r * ldy + v * LANES;
      store(to, add ? load<f32x16>(to) + acc[r][v] : acc[r][v]);
    }
}

template <int R>
inline void rows(const float* x, int64_t ldx, const float* w, int64_t K, int64_t panels, float* y, int64_t ldy, bool add) {
  constexpr int V = SUM_REGISTERS / R >= 4 ? 4 : SUM_REGISTERS / R >= 2 ? 2 : 1;
  int64_t p = 0;
  for (; p + V <= panels; p += V) tile<R, V>(x, ldx, w + p * K * LANES, K, y + p * LANES, ldy, add);
  if constexpr (V > 1)
    for (; p < panels; ++p) tile<R, 1>(x, ldx, w + p * K * LANES, K, y + p * LANES, ldy, add);
}

template <int R>
inline void rest(int64_t M, const float* x, int64_t ldx, const float* w, int64_t K, int64_t panels, float* y, int64_t ldy,
                 bool add) {
  if (M == R) return rows<R>(x, ldx, w, K, panels, y, ldy, add);
  if constexpr (R > 1) rest<R - 1>(M, x, ldx, w, K, panels, y, ldy, add);
}

}  // namespace product

// y (M, padded N) = x (M, K) Wᵀ, or y += that; rows ldx and ldy apart.
inline void multiply(const float* x, int64_t ldx, int64_t M, const float* w, int64_t N, int64_t K, float* y, int64_t ldy,
                     bool add = false) {
  using namespace product;
  int64_t all = padded(N) / LANES, once = std::clamp<int64_t>(L1_PANEL / (K * LANES), 1, 4);
  for (int64_t p = 0; p < all; p += once) {
    int64_t here = std::min(once, all - p), m = 0;
    const float* from = w + p * K * LANES;
    float* to = y + p * LANES;
    for (; m + TILE <= M; m += TILE) rows<TILE>(x + m * ldx, ldx, from, K, here, to + m * ldy, ldy, add);
    if (m < M) rest<TILE - 1>(M - m, x + m * ldx, ldx, from, K, here, to + m * ldy, ldy, add);
  }
}

}  // namespace fathom
