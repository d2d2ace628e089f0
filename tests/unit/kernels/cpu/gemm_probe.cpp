// Products of gemm.h with C linkage, for test_gemm.py.
#include "gemm.h"

using namespace fathom;

// W (N, K) row-major → panels, as fathom_latent_pack fills them.
extern "C" void fill_panels(const float* w, int64_t N, int64_t K, float* panels) {
  std::fill(panels, panels + panels_size(N, K), 0.0f);
  for (int64_t n = 0; n < N; ++n)
    for (int64_t k = 0; k < K; ++k) panels[n / LANES * LANES * K + k * LANES + n % LANES] = w[n * K + k];
}

extern "C" void multiply_panels(const float* x, int64_t ldx, int64_t M, const float* panels, int64_t N, int64_t K,
                                float* y, int64_t ldy, int add) {
  panel_matmul(x, ldx, M, panels, N, K, y, ldy, add);
}

extern "C" void dot_four(const float* x, const float* y, int64_t K, float* out) {
  const float* rows[4] = {y, y + K, y + 2 * K, y + 3 * K};
  gemm::dot4(x, rows, K, out);
}

extern "C" int64_t tile_rows() { return gemm::MR; }
extern "C" int64_t lanes() { return LANES; }
