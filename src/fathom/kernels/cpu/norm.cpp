// RMSNorm of training, forward and backward. Threads: see causal_attention.cpp.

#include "norm.h"

#include <algorithm>

namespace fathom {

void fathom_rms_norm(const Rows* x, const float* weight, const Rows* y, float* r, int64_t M, int64_t D, float eps,
                     int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    r[m] = rms_norm(
        D, eps, [=](int64_t c) { return get(*x, m, c, D); }, [=](int64_t c) { return load_part(weight + c, D - c); },
        [=](int64_t c, f32x16 value) { put(*y, m, c, D, value); });
}

void fathom_rms_norm_backward(const Rows* x, const float* weight, const float* r, const Rows* dy, const Rows* dx,
                              float* partial, int64_t M, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t piece = 0; piece < ceil_div(M, PARTIAL_ROWS); ++piece) {
    float* dw = partial + piece * D;
    std::fill(dw, dw + D, 0.0f);
    for (int64_t m = piece * PARTIAL_ROWS; m < std::min(M, (piece + 1) * PARTIAL_ROWS); ++m) {
      f32x16 products = {};
      for (int64_t c = 0; c < D; c += LANES)
        products += get(*x, m, c, D) * get(*dy, m, c, D) * load_part(weight + c, D - c);
      float mean = sum(products) * r[m] * r[m] / D;
      for (int64_t c = 0; c < D; c += LANES) {
        f32x16 v = get(*x, m, c, D), g = get(*dy, m, c, D);
        store_part(dw + c, D - c, load_part(dw + c, D - c) + g * v * r[m]);
        put(*dx, m, c, D, (g * load_part(weight + c, D - c) - v * mean) * r[m]);
      }
    }
  }
}

}  // namespace fathom
