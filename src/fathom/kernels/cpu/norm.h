// Root-mean-square normalization (Zhang and Sennrich, arXiv 1910.07467).
#pragma once

#include <cmath>
#include <cstdint>

#include "rows.h"

namespace fathom {

// y = x · r · weight over D channels, r = 1 / sqrt(mean(x²) + eps), which is returned. x(c) and weight(c) load sixteen
// channels from c on, zeros beyond the last; y(c, values) stores them.
template <class X, class W, class Y>
inline float rms_norm(int64_t D, float eps, X x, W weight, Y y) {
  f32x16 squares = {};
  for (int64_t c = 0; c < D; c += LANES) {
    f32x16 v = x(c);
    squares = multiply_add(v, v, squares);
  }
  float r = 1.0f / std::sqrt(sum(squares) / D + eps);
  for (int64_t c = 0; c < D; c += LANES) y(c, x(c) * r * weight(c));
  return r;
}

// The same of contiguous floats; y may be x.
inline void rms_norm_row(const float* x, const float* weight, int64_t D, float eps, float* y) {
  rms_norm(
      D, eps, [=](int64_t c) { return load_part(x + c, D - c); }, [=](int64_t c) { return load_part(weight + c, D - c); },
      [=](int64_t c, f32x16 value) { store_part(y + c, D - c, value); });
}

// The same of rows that are padded with zeros to whole vectors, weights too; the padding stays zero.
inline void rms_norm_padded(const float* x, const float* weight, int64_t D, float eps, float* y) {
  rms_norm(
      D, eps, [=](int64_t c) { return load<f32x16>(x + c); }, [=](int64_t c) { return load<f32x16>(weight + c); },
      [=](int64_t c, f32x16 value) { store(y + c, value); });
}

}  // namespace fathom
