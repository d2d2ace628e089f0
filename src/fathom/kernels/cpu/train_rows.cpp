// The row by row work of a training step, forward and backward: norms, gates, rotations, and rows that go to experts and
// come back. Each is one pass over memory where torch's operators make several.
//
// Arithmetic is float32 whatever rows are stored as. Results do not depend on the number of threads: rows are
// independent, and sums over rows go over pieces of a fixed size. Threads: see train_attention.cpp.
//
//   M rows · D channels of a row

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "scratch.h"
#include "simd.h"

namespace fathom {

// Rows of float32 or bfloat16, channels side by side.
struct Rows {
  void* data;
  int64_t stride;  // elements from row to row
  int64_t bf16;
};

namespace {

constexpr int64_t PIECE = 64;  // rows of which one partial sum is kept

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

inline f32x16 sigmoid(f32x16 x) { return 1.0f / (1.0f + exp(-x)); }

// Both halves of a turned pair at once: x·cos + partner(x)·sin, where sin carries the partner's sign.
void turn(float* x, const float* cos, const float* sin, int64_t R, bool interleaved, float sign) {
  for (int64_t i = 0; i < R / 2; ++i) {
    int64_t a = interleaved ? 2 * i : i, b = interleaved ? a + 1 : i + R / 2;
    float one = x[a], other = x[b];
    x[a] = one * cos[a] + sign * other * sin[a];
    x[b] = other * cos[b] + sign * one * sin[b];
  }
}

constexpr int64_t MAX_CHANNELS = 1024;  // rotary channels

void turn_row(const Rows& x, int64_t row, int64_t c, const Rows& y, int64_t to_row, int64_t to_c, int64_t R,
              const float* cos, const float* sin, bool interleaved, float sign) {
  float lane[MAX_CHANNELS + LANES];
  for (int64_t i = 0; i < R; i += LANES) store(lane + i, get(x, row, c + i, c + R));
  turn(lane, cos, sin, R, interleaved, sign);
  for (int64_t i = 0; i < R; i += LANES) put(y, to_row, to_c + i, to_c + R, load<f32x16>(lane + i));
}

void copy_row(const Rows& x, int64_t row, int64_t c, const Rows& y, int64_t to_row, int64_t to_c, int64_t D) {
  for (int64_t i = 0; i < D; i += LANES) put(y, to_row, to_c + i, to_c + D, get(x, row, c + i, c + D));
}

}  // namespace

// y = x · r · weight, r = 1 / sqrt(mean(x²) + eps), which is kept for the backward pass.
extern "C" FATHOM_EXPORT void fathom_norm(const Rows* x, const float* weight, const Rows* y, float* r, int64_t M, int64_t D,
                                          float eps, int threads) {
  Rows w = {(void*)weight, 0, 0};
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    f32x16 squares = {};
    for (int64_t c = 0; c < D; c += LANES) {
      f32x16 v = get(*x, m, c, D);
      squares += v * v;
    }
    r[m] = 1.0f / std::sqrt(sum(squares) / D + eps);
    for (int64_t c = 0; c < D; c += LANES) put(*y, m, c, D, get(*x, m, c, D) * r[m] * get(w, 0, c, D));
  }
}

// dx = r·(w·dy) - x·r³/D·Σ(w·dy·x); partial (pieces, D) holds Σ dy·x·r over PIECE rows each, to be summed for dw.
extern "C" FATHOM_EXPORT void fathom_norm_backward(const Rows* x, const float* weight, const float* r, const Rows* dy,
                                                   const Rows* dx, float* partial, int64_t M, int64_t D, int threads) {
  Rows w = {(void*)weight, 0, 0};
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t piece = 0; piece < (M + PIECE - 1) / PIECE; ++piece) {
    Rows dw = {partial + piece * D, 0, 0};
    std::fill(partial + piece * D, partial + (piece + 1) * D, 0.0f);
    for (int64_t m = piece * PIECE; m < std::min(M, (piece + 1) * PIECE); ++m) {
      f32x16 products = {};
      for (int64_t c = 0; c < D; c += LANES) products += get(*x, m, c, D) * get(*dy, m, c, D) * get(w, 0, c, D);
      float pull = sum(products) * r[m] * r[m] / D;
      for (int64_t c = 0; c < D; c += LANES) {
        f32x16 v = get(*x, m, c, D), g = get(*dy, m, c, D);
        put(dw, 0, c, D, get(dw, 0, c, D) + g * v * r[m]);
        put(*dx, m, c, D, (g * get(w, 0, c, D) - v * pull) * r[m]);
      }
    }
  }
}

// y = silu(gate) · up
extern "C" FATHOM_EXPORT void fathom_gate(const Rows* gate, const Rows* up, const Rows* y, int64_t M, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t c = 0; c < D; c += LANES) {
      f32x16 g = get(*gate, m, c, D);
      put(*y, m, c, D, g * sigmoid(g) * get(*up, m, c, D));
    }
}

extern "C" FATHOM_EXPORT void fathom_gate_backward(const Rows* gate, const Rows* up, const Rows* dy, const Rows* d_gate,
                                                   const Rows* d_up, int64_t M, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t c = 0; c < D; c += LANES) {
      f32x16 g = get(*gate, m, c, D), s = sigmoid(g), d = get(*dy, m, c, D);
      put(*d_gate, m, c, D, d * get(*up, m, c, D) * s * (1.0f + g * (1.0f - s)));
      put(*d_up, m, c, D, d * g * s);
    }
}

// loss[m] = log Σ e^logits - logits[target]; lse keeps the first term for the backward pass.
extern "C" FATHOM_EXPORT void fathom_cross_entropy(const Rows* logits, const int64_t* targets, float* lse, float* loss,
                                                   int64_t M, int64_t V, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    int64_t whole = V / LANES * LANES;
    f32x16 high = splat(-INFINITY), sums = {};
    for (int64_t c = 0; c < whole; c += LANES) high = larger(high, get(*logits, m, c, V));
    float best = largest(high), rest = 0;
    for (int64_t c = whole; c < V; ++c) best = std::max(best, get(*logits, m, c, c + 1)[0]);
    for (int64_t c = 0; c < whole; c += LANES) sums += exp(get(*logits, m, c, V) - best);
    for (int64_t c = whole; c < V; ++c) rest += std::exp(get(*logits, m, c, c + 1)[0] - best);
    lse[m] = best + std::log(sum(sums) + rest);
    loss[m] = lse[m] - get(*logits, m, targets[m], targets[m] + 1)[0];
  }
}

// d_logits = (softmax - one at the target) · d_loss, the same factor for every row.
extern "C" FATHOM_EXPORT void fathom_cross_entropy_backward(const Rows* logits, const int64_t* targets, const float* lse,
                                                            const Rows* d_logits, float d_loss, int64_t M, int64_t V,
                                                            int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t c = 0; c < V; c += LANES) put(*d_logits, m, c, V, exp(get(*logits, m, c, V) - lse[m]) * d_loss);
    int64_t t = targets[m];
    f32x16 chance = exp(get(*logits, m, t, t + 1) - lse[m]);
    put(*d_logits, m, t, t + 1, (chance - 1.0f) * d_loss);
  }
}

// Logits become probabilities where they stand: x = softmax(x · factor) - less at the target. logprobs and entropies (M)
// are those of the softmax; entropies null: not wanted.
extern "C" FATHOM_EXPORT void fathom_softmax(const Rows* x, const int64_t* targets, float* logprobs, float* entropies,
                                             int64_t M, int64_t V, float factor, float less, int threads) {
#pragma omp parallel num_threads(threads)
  {
    static thread_local Scratch scratch;
    float* row = scratch.get<float>((V + LANES - 1) / LANES * LANES);
#pragma omp for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
      f32x16 high = splat(-INFINITY), sums = {}, falls = {};
      for (int64_t c = 0; c < V; c += LANES) {
        store(row + c, get(*x, m, c, V) * factor);
        for (int64_t i = V; i < c + LANES; ++i) row[i] = -INFINITY;
        high = larger(high, load<f32x16>(row + c));
      }
      float best = largest(high), target = row[targets[m]] - best;
      for (int64_t c = 0; c < V; c += LANES) {
        f32x16 fall = larger(load<f32x16>(row + c) - best, splat(-87.0f)), e = exp(fall);
        sums += e, falls += e * fall;
        store(row + c, e);
      }
      float total = sum(sums), inverse = 1.0f / total;
      logprobs[m] = target - std::log(total);
      if (entropies) entropies[m] = std::log(total) - sum(falls) * inverse;
      row[targets[m]] -= less * total;
      for (int64_t c = 0; c < V; c += LANES) put(*x, m, c, V, load<f32x16>(row + c) * inverse);
    }
  }
}

// Heads of a token as rows: x (M·H, N + R) → y, the last R channels turned by the token's angles. `angles` tokens have
// angles (angles, R), repeated. sign -1 turns back.
extern "C" FATHOM_EXPORT void fathom_turn(const Rows* x, const Rows* y, const float* cos, const float* sin, int64_t angles,
                                          int64_t M, int64_t H, int64_t N, int64_t R, int interleaved, float sign,
                                          int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    const float *c = cos + m % angles * R, *s = sin + m % angles * R;
    for (int64_t row = m * H; row < (m + 1) * H; ++row) {
      copy_row(*x, row, 0, *y, row, 0, N);
      turn_row(*x, row, N, *y, row, N, R, c, s, interleaved, sign);
    }
  }
}

// What MLA's heads attend over: expanded (M·H, N + V), rope (M, R) → k (M·H, N + R), v (M·H, V).
extern "C" FATHOM_EXPORT void fathom_keys(const Rows* expanded, const Rows* rope, const Rows* k, const Rows* v,
                                          const float* cos, const float* sin, int64_t angles, int64_t M, int64_t H,
                                          int64_t N, int64_t R, int64_t V, int interleaved, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    const float *c = cos + m % angles * R, *s = sin + m % angles * R;
    for (int64_t row = m * H; row < (m + 1) * H; ++row) {
      copy_row(*expanded, row, 0, *k, row, 0, N);
      copy_row(*expanded, row, N, *v, row, 0, V);
      turn_row(*rope, m, 0, *k, row, N, R, c, s, interleaved, 1.0f);
    }
  }
}

// The way back; the rope's gradient is the sum over heads.
extern "C" FATHOM_EXPORT void fathom_keys_backward(const Rows* dk, const Rows* dv, const Rows* d_expanded, const Rows* d_rope,
                                                   const float* cos, const float* sin, int64_t angles, int64_t M, int64_t H,
                                                   int64_t N, int64_t R, int64_t V, int interleaved, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m) {
    const float *c = cos + m % angles * R, *s = sin + m % angles * R;
    float total[MAX_CHANNELS + LANES] = {};
    for (int64_t row = m * H; row < (m + 1) * H; ++row) {
      copy_row(*dk, row, 0, *d_expanded, row, 0, N);
      copy_row(*dv, row, 0, *d_expanded, row, N, V);
      for (int64_t i = 0; i < R; i += LANES) store(total + i, load<f32x16>(total + i) + get(*dk, row, N + i, N + R));
    }
    turn(total, c, s, R, interleaved, -1.0f);
    for (int64_t i = 0; i < R; i += LANES) put(*d_rope, m, i, R, load<f32x16>(total + i));
  }
}

// Each token to its K places: y[places[m·K + k]] = x[m].
extern "C" FATHOM_EXPORT void fathom_spread(const Rows* x, const int64_t* places, const Rows* y, int64_t M, int64_t K,
                                            int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t k = 0; k < K; ++k) copy_row(*x, m, 0, *y, places[m * K + k], 0, D);
}

// And back: y[m] = Σ_k weights[m·K + k] · x[places[m·K + k]]; weights null: 1.
extern "C" FATHOM_EXPORT void fathom_combine(const Rows* x, const int64_t* places, const float* weights, const Rows* y,
                                             int64_t M, int64_t K, int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t c = 0; c < D; c += LANES) {
      f32x16 total = {};
      for (int64_t i = m * K; i < (m + 1) * K; ++i) total += get(*x, places[i], c, D) * (weights ? weights[i] : 1.0f);
      put(*y, m, c, D, total);
    }
}

extern "C" FATHOM_EXPORT void fathom_combine_backward(const Rows* x, const int64_t* places, const float* weights,
                                                      const Rows* dy, const Rows* dx, float* d_weights, int64_t M, int64_t K,
                                                      int64_t D, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t m = 0; m < M; ++m)
    for (int64_t i = m * K; i < (m + 1) * K; ++i) {
      f32x16 product = {};
      for (int64_t c = 0; c < D; c += LANES) {
        f32x16 g = get(*dy, m, c, D);
        product += g * get(*x, places[i], c, D);
        put(*dx, places[i], c, D, g * weights[i]);
      }
      d_weights[i] = sum(product);
    }
}

}  // namespace fathom
