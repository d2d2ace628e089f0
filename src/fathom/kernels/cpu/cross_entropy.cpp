// Cross entropy and softmax over a vocabulary, of training. Threads: see causal_attention.cpp.

#include <algorithm>
#include <cmath>

#include "rows.h"
#include "scratch.h"

namespace fathom {

void fathom_cross_entropy(const Rows* logits, const int64_t* targets, float* lse, float* loss, int64_t M, int64_t V,
                          int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    int64_t whole = V / LANES * LANES;
    f32x16 highest = splat(-INFINITY), sums = {};
    for (int64_t c = 0; c < whole; c += LANES) highest = larger(highest, get(*logits, m, c, V));
    float max = largest(highest), rest = 0;
    for (int64_t c = whole; c < V; ++c) max = std::max(max, get(*logits, m, c, c + 1)[0]);
    for (int64_t c = 0; c < whole; c += LANES) sums += exp(get(*logits, m, c, V) - max);
    for (int64_t c = whole; c < V; ++c) rest += std::exp(get(*logits, m, c, c + 1)[0] - max);
    lse[m] = max + std::log(sum(sums) + rest);
    loss[m] = lse[m] - get(*logits, m, targets[m], targets[m] + 1)[0];
  }
}

void fathom_cross_entropy_backward(const Rows* logits, const int64_t* targets, const float* lse, const Rows* d_logits,
                                   float d_loss, int64_t M, int64_t V, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t c = 0; c < V; c += LANES) put(*d_logits, m, c, V, exp(get(*logits, m, c, V) - lse[m]) * d_loss);
    int64_t t = targets[m];
    f32x16 probability = exp(get(*logits, m, t, t + 1) - lse[m]);
    put(*d_logits, m, t, t + 1, (probability - 1.0f) * d_loss);
  }
}

void fathom_softmax(const Rows* x, const int64_t* targets, float* logprobs, float* entropies, int64_t M, int64_t V,
                    float factor, float less, int threads) {
#pragma omp parallel num_threads(threads)
  {
    static thread_local Scratch scratch;
    float* row = scratch.get<float>(padded(V));
#pragma omp for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
      f32x16 highest = splat(-INFINITY), sums = {}, weighted_shifts = {};
      for (int64_t c = 0; c < V; c += LANES) {
        store(row + c, get(*x, m, c, V) * factor);
        for (int64_t i = V; i < c + LANES; ++i) row[i] = -INFINITY;
        highest = larger(highest, load<f32x16>(row + c));
      }
      float max = largest(highest), target = row[targets[m]] - max;
      for (int64_t c = 0; c < V; c += LANES) {
        f32x16 shifted = larger(load<f32x16>(row + c) - max, splat(-87.0f)), e = exp(shifted);
        sums += e, weighted_shifts += e * shifted;
        store(row + c, e);
      }
      float total = sum(sums), inverse = 1.0f / total;
      logprobs[m] = target - std::log(total);
      if (entropies) entropies[m] = std::log(total) - sum(weighted_shifts) * inverse;
      row[targets[m]] -= less * total;
      for (int64_t c = 0; c < V; c += LANES) put(*x, m, c, V, load<f32x16>(row + c) * inverse);
    }
  }
}

}  // namespace fathom
