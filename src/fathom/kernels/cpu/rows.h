// Rows of float32 or bfloat16, read and written as vectors of float32.
#pragma once

#include <algorithm>
#include <cstdint>

#include "interface.h"
#include "vector_math.h"

namespace fathom {

// Channels c … c + 15 of a row that ends before channel D; lanes beyond it are zero.
inline f32x16 get(const Rows& x, int64_t row, int64_t c, int64_t D) {
  int64_t at = row * x.stride + c, count = std::min<int64_t>(LANES, D - c);
  if (x.bf16) {
    const uint16_t* from = (const uint16_t*)x.data + at;
    if (count == LANES) return widen(load<u16x16>(from));
    uint16_t lane[LANES] = {};
    std::copy(from, from + count, lane);
    return widen(load<u16x16>(lane));
  }
  const float* from = (const float*)x.data + at;
  if (count == LANES) return load<f32x16>(from);
  float lane[LANES] = {};
  std::copy(from, from + count, lane);
  return load<f32x16>(lane);
}

inline void put(const Rows& x, int64_t row, int64_t c, int64_t D, f32x16 value) {
  int64_t at = row * x.stride + c, count = std::min<int64_t>(LANES, D - c);
  if (x.bf16) {
    uint16_t* to = (uint16_t*)x.data + at;
    if (count == LANES) return store(to, narrow(value));
    uint16_t lane[LANES];
    store(lane, narrow(value));
    std::copy(lane, lane + count, to);
  } else {
    float* to = (float*)x.data + at;
    if (count == LANES) return store(to, value);
    float lane[LANES];
    store(lane, value);
    std::copy(lane, lane + count, to);
  }
}

// D channels of a row of x from c on, to those of y from to_c on.
inline void copy_channels(const Rows& x, int64_t row, int64_t c, const Rows& y, int64_t to_row, int64_t to_c,
                          int64_t D) {
  for (int64_t i = 0; i < D; i += LANES) put(y, to_row, to_c + i, to_c + D, get(x, row, c + i, c + D));
}

// `count` numbers from element `offset` on as float32, followed by zeros up to `size`, whole vectors.
inline void read_row(const void* x, bool bf16, int64_t offset, int64_t count, int64_t size, float* to) {
  int64_t whole = count / LANES * LANES, i = 0;
  if (bf16) {
    const uint16_t* from = (const uint16_t*)x + offset;
    for (; i < whole; i += LANES) store(to + i, widen(load<u16x16>(from + i)));
    for (; i < count; ++i) to[i] = widen(from[i]);
  } else {
    std::memcpy(to, (const float*)x + offset, count * sizeof(float));
  }
  std::fill(to + count, to + size, 0.0f);
}

inline void write_row(void* y, bool bf16, int64_t offset, int64_t count, const float* from) {
  if (!bf16) {
    std::memcpy((float*)y + offset, from, count * sizeof(float));
    return;
  }
  uint16_t* to = (uint16_t*)y + offset;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, narrow(load<f32x16>(from + i)));
  for (; i < count; ++i) to[i] = narrow(from[i]);
}

}  // namespace fathom
