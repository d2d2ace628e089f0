// SwiGLU of training (arXiv 2002.05202), forward and backward. Threads: see causal_attention.cpp.

#include "rows.h"

namespace fathom {

void fathom_swiglu(const Rows* gate, const Rows* up, const Rows* y, int64_t M, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t c = 0; c < D; c += LANES) put(*y, m, c, D, silu(get(*gate, m, c, D)) * get(*up, m, c, D));
}

void fathom_swiglu_backward(const Rows* gate, const Rows* up, const Rows* dy, const Rows* d_gate, const Rows* d_up,
                            int64_t M, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t c = 0; c < D; c += LANES) {
      f32x16 g = get(*gate, m, c, D), s = sigmoid(g), d = get(*dy, m, c, D);
      put(*d_gate, m, c, D, d * get(*up, m, c, D) * s * (1.0f + g * (1.0f - s)));
      put(*d_up, m, c, D, d * g * s);
    }
}

}  // namespace fathom
