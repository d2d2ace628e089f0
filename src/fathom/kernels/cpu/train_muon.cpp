// The iterations of Muon: x ← a·x + (b·g + c·g²)·x with g = x xᵀ, for many small matrices.
//
// Each thread takes one matrix at a time through all iterations, within its L2. A batched product of a
// library meets every matrix fifteen times in memory instead.
//
//   n matrices · O rows · I columns, O ≤ I

#include <algorithm>

#include "scratch.h"
#include "train_product.h"

namespace fathom {
namespace {

// y = x · factor + y · other, n numbers with room for whole vectors.
void mix(const float* x, float factor, float* y, float other, int64_t n) {
  int64_t whole = n / LANES * LANES;
  for (int64_t i = 0; i < whole; i += LANES) store(y + i, load<f32x16>(x + i) * factor + load<f32x16>(y + i) * other);
  for (int64_t i = whole; i < n; ++i) y[i] = x[i] * factor + y[i] * other;
}

}  // namespace

extern "C" FATHOM_EXPORT void fathom_train_muon(float* x, int64_t n, int64_t O, int64_t I, int iterations, float a, float b,
                                                float c, int threads) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t m = 0; m < n; ++m) {
    static thread_local Scratch scratch;
    float* gram = scratch.get<float>(2 * O * O + O * I);
    float *square = gram + O * O, *moved = square + O * O, *own = x + m * O * I;
    Strided rows = {own, I, 1}, columns = {own, 1, I}, g = {gram, O, 1}, g2 = {square, O, 1}, result = {moved, I, 1};
    for (int i = 0; i < iterations; ++i) {
      fathom_train_product(&rows, &columns, &g, O, I, O, 0, 1);
      fathom_train_product(&g, &g, &g2, O, O, O, 0, 1);
      mix(gram, b, square, c, O * O);
      fathom_train_product(&g2, &rows, &result, O, O, I, 0, 1);
      mix(moved, 1.0f, own, a, O * I);
    }
  }
}

}  // namespace fathom
