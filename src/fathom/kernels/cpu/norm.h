// Root-mean-square normalization (Zhang and Sennrich, arXiv 1910.07467): y = x · r · weight over D channels.
#pragma once

#include <cmath>
#include <cstdint>

#include "vector_math.h"

namespace fathom {

// r = 1 / sqrt(mean(x²) + eps)
inline float inverse_rms(float sum_of_squares, int64_t D, float eps) {
  return 1.0f / std::sqrt(sum_of_squares / (float)D + eps);
}

// Of contiguous floats; y may be x.
inline void rms_norm_row(const float* x, const float* weight, int64_t D, float eps, float* y) {
  f32x16 squares = {};
  int64_t c = 0;
  for (; c + LANES <= D; c += LANES) squares += load<f32x16>(x + c) * load<f32x16>(x + c);
  float total = sum(squares);
  for (; c < D; ++c) total += x[c] * x[c];
  float r = inverse_rms(total, D, eps);
  for (c = 0; c + LANES <= D; c += LANES) store(y + c, load<f32x16>(x + c) * r * load<f32x16>(weight + c));
  for (; c < D; ++c) y[c] = x[c] * r * weight[c];
}

// Of rows that are padded with zeros to whole vectors, weights too; the padding stays zero.
inline void rms_norm_padded(const float* x, const float* weight, int64_t D, float eps, float* y) {
  f32x16 squares = {};
  for (int64_t c = 0; c < D; c += LANES) {
    f32x16 v = load<f32x16>(x + c);
    squares += v * v;
  }
  float r = inverse_rms(sum(squares), D, eps);
  for (int64_t c = 0; c < D; c += LANES) store(y + c, load<f32x16>(x + c) * r * load<f32x16>(weight + c));
}

}  // namespace fathom
