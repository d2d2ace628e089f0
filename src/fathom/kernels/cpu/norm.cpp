// RMSNorm of training, forward and backward. Threads: see causal_attention.cpp.

#include "norm.h"

#include <algorithm>

#include "rows.h"

namespace fathom {

void fathom_rms_norm(const Rows* x, const float* weight, const Rows* y, float* r, int64_t M, int64_t D, float eps,
                     int threads) {
  Rows w = {(void*)weight, 0, 0};
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    f32x16 squares = {};
    for (int64_t c = 0; c < D; c += LANES) {
      f32x16 v = get(*x, m, c, D);
      squares += v * v;
    }
    r[m] = inverse_rms(sum(squares), D, eps);
    for (int64_t c = 0; c < D; c += LANES) put(*y, m, c, D, get(*x, m, c, D) * r[m] * get(w, 0, c, D));
  }
}

void fathom_rms_norm_backward(const Rows* x, const float* weight, const float* r, const Rows* dy, const Rows* dx,
                              float* partial, int64_t M, int64_t D, int threads) {
  Rows w = {(void*)weight, 0, 0};
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t piece = 0; piece < ceil_div(M, PARTIAL_ROWS); ++piece) {
    Rows dw = {partial + piece * D, 0, 0};
    std::fill(partial + piece * D, partial + (piece + 1) * D, 0.0f);
    for (int64_t m = piece * PARTIAL_ROWS; m < std::min(M, (piece + 1) * PARTIAL_ROWS); ++m) {
      f32x16 products = {};
      for (int64_t c = 0; c < D; c += LANES) products += get(*x, m, c, D) * get(*dy, m, c, D) * get(w, 0, c, D);
      float mean = sum(products) * r[m] * r[m] / D;
      for (int64_t c = 0; c < D; c += LANES) {
        f32x16 v = get(*x, m, c, D), g = get(*dy, m, c, D);
        put(dw, 0, c, D, get(dw, 0, c, D) + g * v * r[m]);
        put(*dx, m, c, D, (g * get(w, 0, c, D) - v * mean) * r[m]);
      }
    }
  }
}

}  // namespace fathom
