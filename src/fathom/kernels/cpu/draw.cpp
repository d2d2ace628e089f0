// Draws a token by inverting its distribution, in vocabulary order: see engine/sampler.py, which says what is right.

#include <cmath>
#include <limits>

#include "latent.h"

namespace fathom {
namespace {

constexpr int64_t STRETCH = 16 * LANES;  // tokens whose chances are summed as one before they enter a double

// The largest logit; NaN where one is not finite.
float highest(const float* logits, int64_t count) {
  f32x16 top = splat(-std::numeric_limits<float>::infinity()), bad = {};
  float best = -std::numeric_limits<float>::infinity(), rest = 0;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    f32x16 x = load<f32x16>(logits + i);
    top = larger(top, x);
    bad += x * 0.0f;
  }
  for (; i < count; ++i) best = logits[i] > best ? logits[i] : best, rest += logits[i] * 0.0f;
  best = std::max(best, largest(top));
  return best + sum(bad) + rest;
}

// e^((logit - high) · sharpness) of sixteen tokens; those from `count` on have no chance.
inline f32x16 chances(const float* logits, int64_t i, int64_t count, float high, float sharpness) {
  if (i + LANES <= count) return exp((load<f32x16>(logits + i) - high) * sharpness);
  float lane[LANES] = {};
  std::copy(logits + i, logits + count, lane);
  store(lane, exp((load<f32x16>(lane) - high) * sharpness));
  std::fill(lane + (count - i), lane + LANES, 0.0f);
  return load<f32x16>(lane);
}

// Their sums, stretch by stretch, into `sums`; returns the sum of all.
double stretches(const float* logits, int64_t count, float high, float sharpness, double* sums) {
  double total = 0;
  for (int64_t start = 0; start < count; start += STRETCH) {
    f32x16 part = {};
    for (int64_t i = start; i < std::min(count, start + STRETCH); i += LANES)
      part += chances(logits, i, count, high, sharpness);
    total += sums[start / STRETCH] = sum(part);
  }
  return total;
}

int64_t invert(const float* logits, int64_t count, float high, float sharpness, const double* sums, double target) {
  int64_t start = 0, last = 0;
  for (; start + STRETCH < count && sums[start / STRETCH] <= target; start += STRETCH) target -= sums[start / STRETCH];
  for (int64_t i = start; i < std::min(count, start + STRETCH); i += LANES) {
    float lane[LANES];
    store(lane, chances(logits, i, count, high, sharpness));
    for (int64_t j = 0; j < std::min<int64_t>(LANES, count - i); ++j) {
      if (lane[j] <= 0) continue;
      last = i + j;
      if ((target -= lane[j]) < 0) return last;
    }
  }
  return last;  // the stretch's own sum was rounded up
}

int64_t greatest(const float* logits, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (logits[i] > logits[best]) best = i;
  return best;
}

}  // namespace

void draw(const float* logits, int64_t vocab, int64_t known, float temperature, double number, int64_t* id, float* logprob) {
  static thread_local Scratch scratch;
  double* sums = scratch.get<double>(vocab / STRETCH + 1);
  *id = 0, *logprob = std::numeric_limits<float>::quiet_NaN();
  float high = highest(logits, vocab);
  if (std::isnan(high)) return;
  double all = stretches(logits, vocab, high, 1.0f, sums);
  if (temperature == 0) {
    *id = greatest(logits, known);
  } else if (temperature == 1 && known == vocab) {
    *id = invert(logits, vocab, high, 1.0f, sums, number * all);
  } else {
    float top = highest(logits, known), sharpness = std::min(1.0f / temperature, 1e30f);
    double total = stretches(logits, known, top, sharpness, sums);
    *id = invert(logits, known, top, sharpness, sums, number * total);
  }
  *logprob = (float)(logits[*id] - high - std::log(all));
}

}  // namespace fathom
