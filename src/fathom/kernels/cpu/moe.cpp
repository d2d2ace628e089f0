// Rows of a mixture of experts, of training: each token's row to its experts, and the weighted sum of what comes back.
// Threads: see causal_attention.cpp.

#include "rows.h"

namespace fathom {

void fathom_scatter_rows(const Rows* x, const int64_t* places, const Rows* y, int64_t M, int64_t K, int64_t D,
                         int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t k = 0; k < K; ++k) copy_channels(*x, m, 0, *y, places[m * K + k], 0, D);
}

void fathom_combine_rows(const Rows* x, const int64_t* places, const float* weights, const Rows* y, int64_t M,
                         int64_t K, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t c = 0; c < D; c += LANES) {
      f32x16 total = {};
      for (int64_t i = m * K; i < (m + 1) * K; ++i) total += get(*x, places[i], c, D) * (weights ? weights[i] : 1.0f);
      put(*y, m, c, D, total);
    }
}

void fathom_combine_rows_backward(const Rows* x, const int64_t* places, const float* weights, const Rows* dy,
                                  const Rows* dx, float* d_weights, int64_t M, int64_t K, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t i = m * K; i < (m + 1) * K; ++i) {
      f32x16 product = {};
      for (int64_t c = 0; c < D; c += LANES) {
        f32x16 g = get(*dy, m, c, D);
        product += g * get(*x, places[i], c, D);
        put(*dx, places[i], c, D, g * weights[i]);
      }
      d_weights[i] = sum(product);
    }
}

}  // namespace fathom
