// Samples a token by inverting the cumulative distribution in vocabulary order; engine/sampler.py is the specification.

#include <cmath>
#include <limits>

#include "decode_step.h"

namespace fathom {
namespace {

constexpr int64_t SEGMENT = 16 * LANES;  // tokens whose probabilities are summed in float32, segments in float64

// The largest logit; NaN where one is not finite.
float max_logit(const float* logits, int64_t count) {
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

// e^((logit - high) · inverse_temperature) of sixteen tokens; 0 from `count` on.
inline f32x16 probabilities(const float* logits, int64_t i, int64_t count, float high, float inverse_temperature) {
  if (i + LANES <= count) return exp((load<f32x16>(logits + i) - high) * inverse_temperature);
  float lane[LANES] = {};
  std::copy(logits + i, logits + count, lane);
  store(lane, exp((load<f32x16>(lane) - high) * inverse_temperature));
  std::fill(lane + (count - i), lane + LANES, 0.0f);
  return load<f32x16>(lane);
}

// Their sums by segment into `sums`; returns the sum of all.
double segment_sums(const float* logits, int64_t count, float high, float inverse_temperature, double* sums) {
  double total = 0;
  for (int64_t start = 0; start < count; start += SEGMENT) {
    f32x16 part = {};
    for (int64_t i = start; i < std::min(count, start + SEGMENT); i += LANES)
      part += probabilities(logits, i, count, high, inverse_temperature);
    total += sums[start / SEGMENT] = sum(part);
  }
  return total;
}

int64_t invert(const float* logits, int64_t count, float high, float inverse_temperature, const double* sums,
               double target) {
  int64_t start = 0, last = 0;
  for (; start + SEGMENT < count && sums[start / SEGMENT] <= target; start += SEGMENT) target -= sums[start / SEGMENT];
  for (int64_t i = start; i < std::min(count, start + SEGMENT); i += LANES) {
    float lane[LANES];
    store(lane, probabilities(logits, i, count, high, inverse_temperature));
    for (int64_t j = 0; j < std::min<int64_t>(LANES, count - i); ++j) {
      if (lane[j] <= 0) continue;
      last = i + j;
      if ((target -= lane[j]) < 0) return last;
    }
  }
  return last;  // the segment's sum was rounded up
}

int64_t argmax(const float* logits, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (logits[i] > logits[best]) best = i;
  return best;
}

}  // namespace

void sample(const float* logits, int64_t vocab, int64_t vocab_limit, float temperature, double uniform, int64_t* id,
            float* logprob) {
  static thread_local Scratch scratch;
  double* sums = scratch.get<double>(vocab / SEGMENT + 1);
  *id = 0, *logprob = std::numeric_limits<float>::quiet_NaN();
  float high = max_logit(logits, vocab);
  if (std::isnan(high)) return;
  double all = segment_sums(logits, vocab, high, 1.0f, sums);
  if (temperature == 0) {
    *id = argmax(logits, vocab_limit);
  } else if (temperature == 1 && vocab_limit == vocab) {
    *id = invert(logits, vocab, high, 1.0f, sums, uniform * all);
  } else {
    float top = max_logit(logits, vocab_limit), inverse_temperature = std::min(1.0f / temperature, 1e30f);
    double total = segment_sums(logits, vocab_limit, top, inverse_temperature, sums);
    *id = invert(logits, vocab_limit, top, inverse_temperature, sums, uniform * total);
  }
  *logprob = (float)(logits[*id] - high - std::log(all));
}

}  // namespace fathom
