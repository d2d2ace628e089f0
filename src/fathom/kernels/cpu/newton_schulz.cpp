// Newton-Schulz iterations of the Muon optimizer for many small matrices.
//
// Each thread takes one matrix at a time through all iterations, within its L2. Batched products of a library would
// read every matrix from memory fifteen times.
//
//   n matrices · O rows · I columns, O ≤ I

#include <algorithm>

#include "interface.h"
#include "scratch.h"
#include "vector.h"

namespace fathom {
namespace {

// y = x · x_scale + y · y_scale, n numbers.
void scaled_sum(const float* x, float x_scale, float* y, float y_scale, int64_t n) {
  int64_t whole = n / LANES * LANES;
  for (int64_t i = 0; i < whole; i += LANES)
    store(y + i, load<f32x16>(x + i) * x_scale + load<f32x16>(y + i) * y_scale);
  for (int64_t i = whole; i < n; ++i) y[i] = x[i] * x_scale + y[i] * y_scale;
}

}  // namespace

void fathom_newton_schulz(float* x, int64_t n, int64_t O, int64_t I, int iterations, float a, float b, float c,
                          int threads) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t m = 0; m < n; ++m) {
    static thread_local Scratch scratch;
    float* gram = scratch.get<float>(2 * O * O + O * I);
    float *square = gram + O * O, *product = square + O * O, *own = x + m * O * I;
    Strided rows = {own, I, 1}, columns = {own, 1, I}, g = {gram, O, 1}, g2 = {square, O, 1}, result = {product, I, 1};
    for (int i = 0; i < iterations; ++i) {
      fathom_matmul(&rows, &columns, &g, O, I, O, 0, 1);
      fathom_matmul(&g, &g, &g2, O, O, O, 0, 1);
      scaled_sum(gram, b, square, c, O * O);
      fathom_matmul(&g2, &rows, &result, O, O, I, 0, 1);
      scaled_sum(product, 1.0f, own, a, O * I);
    }
  }
}

}  // namespace fathom
