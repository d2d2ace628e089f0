// Pieces that the products share: the byte layout of block formats, and writing results.
#pragma once

#include "linear.h"
#include "simd.h"

namespace fathom {

template <int32_t KIND>
struct Format {
  static constexpr int64_t SCALES = 32;                            // bytes
  static constexpr int64_t HEADER = KIND == Q4_1 ? 64 : 32;        // scales and minima
  static constexpr int64_t CODES = KIND == Q8_0 ? 512 : 256;
  static constexpr int64_t BYTES = HEADER + CODES;
};

inline void put(const Output& y, const float* bias, int64_t m, int64_t row, float value) {
  if (bias) value += bias[row];
  if (y.f)
    y.f[m * y.stride + row] = value;
  else
    y.b[m * y.stride + row] = narrow(value);
}

// Sixteen results of one activation row, of which the first `count` exist.
inline void put_tile(const Output& y, const float* bias, int64_t m, int64_t row, int64_t count, f32x16 value) {
  if (count == LANES) {
    if (bias) value += load<f32x16>(bias + row);
    if (y.f)
      store(y.f + m * y.stride + row, value);
    else
      store(y.b + m * y.stride + row, narrow(value));
    return;
  }
  float lane[LANES];
  store(lane, value);
  for (int i = 0; i < count; ++i) put(y, bias, m, row + i, lane[i]);
}

}  // namespace fathom
