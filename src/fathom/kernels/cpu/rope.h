// Rotary position embedding (Su et al., arXiv 2104.09864).
#pragma once

#include <cstdint>

namespace fathom {

// y = x · cos + partner(x) · sin over R channels, where sin carries the partner's sign; sign -1 rotates back. The
// partner is the neighbor where `interleaved`, else the channel R/2 further. y may be x.
inline void rotate(const float* x, const float* cos, const float* sin, int64_t R, bool interleaved, float* y,
                   float sign = 1.0f) {
  for (int64_t i = 0; i < R / 2; ++i) {
    int64_t a = interleaved ? 2 * i : i, b = interleaved ? a + 1 : i + R / 2;
    float one = x[a], other = x[b];
    y[a] = one * cos[a] + sign * other * sin[a];
    y[b] = other * cos[b] + sign * one * sin[b];
  }
}

}  // namespace fathom
