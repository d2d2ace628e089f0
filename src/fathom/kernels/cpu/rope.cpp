// Rotary embedding of training, forward and backward. Threads: see causal_attention.cpp.

#include "rope.h"

#include "rows.h"

namespace fathom {
namespace {

// R channels of a row of x from c on, rotated, to those of y from to_c on.
void rotate_channels(const Rows& x, int64_t row, int64_t c, const Rows& y, int64_t to_row, int64_t to_c, int64_t R,
                     const float* cos, const float* sin, bool interleaved, float sign) {
  float lane[MAX_ROTARY + LANES];
  for (int64_t i = 0; i < R; i += LANES) store(lane + i, get(x, row, c + i, c + R));
  rotate(lane, cos, sin, R, interleaved, lane, sign);
  for (int64_t i = 0; i < R; i += LANES) put(y, to_row, to_c + i, to_c + R, load<f32x16>(lane + i));
}

}  // namespace

void fathom_rotate(const Rows* x, const Rows* y, const float* cos, const float* sin, int64_t angles, int64_t M,
                   int64_t H, int64_t N, int64_t R, int interleaved, float sign, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    const float *c = cos + m % angles * R, *s = sin + m % angles * R;
    for (int64_t row = m * H; row < (m + 1) * H; ++row) {
      copy_channels(*x, row, 0, *y, row, 0, N);
      rotate_channels(*x, row, N, *y, row, N, R, c, s, interleaved, sign);
    }
  }
}

void fathom_mla_keys(const Rows* expanded, const Rows* rope, const Rows* k, const Rows* v, const float* cos,
                     const float* sin, int64_t angles, int64_t M, int64_t H, int64_t N, int64_t R, int64_t V,
                     int interleaved, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    const float *c = cos + m % angles * R, *s = sin + m % angles * R;
    for (int64_t row = m * H; row < (m + 1) * H; ++row) {
      copy_channels(*expanded, row, 0, *k, row, 0, N);
      copy_channels(*expanded, row, N, *v, row, 0, V);
      rotate_channels(*rope, m, 0, *k, row, N, R, c, s, interleaved, 1.0f);
    }
  }
}

void fathom_mla_keys_backward(const Rows* dk, const Rows* dv, const Rows* d_expanded, const Rows* d_rope,
                              const float* cos, const float* sin, int64_t angles, int64_t M, int64_t H, int64_t N,
                              int64_t R, int64_t V, int interleaved, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    const float *c = cos + m % angles * R, *s = sin + m % angles * R;
    float total[MAX_ROTARY + LANES] = {};
    for (int64_t row = m * H; row < (m + 1) * H; ++row) {
      copy_channels(*dk, row, 0, *d_expanded, row, 0, N);
      copy_channels(*dv, row, 0, *d_expanded, row, N, V);
      for (int64_t i = 0; i < R; i += LANES) store(total + i, load<f32x16>(total + i) + get(*dk, row, N + i, N + R));
    }
    rotate(total, c, s, R, interleaved, total, -1.0f);
    for (int64_t i = 0; i < R; i += LANES) put(*d_rope, m, i, R, load<f32x16>(total + i));
  }
}

}  // namespace fathom
