// Absorbed latent attention of single tokens over the paged cache: see model/mla.py, which says what is right.

#include <cmath>

#include "latent.h"

namespace fathom {
namespace {

constexpr float NEVER = -3.0e38f;
constexpr int64_t AHEAD = 16;                         // keys that are called for before they are needed: pages lie anywhere
constexpr int HEADS = 4;                             // that share a pass over the values
constexpr int AT_ONCE = SUM_REGISTERS >= 4 * HEADS ? 4 : 1;  // vectors of their results in registers

// x·cos + partner(x)·sin, where sin carries the partner's sign.
void turn(const float* x, const float* cos, const float* sin, int64_t R, bool interleaved, float* y) {
  for (int64_t i = 0; i < R / 2; ++i) {
    int64_t a = interleaved ? 2 * i : i, b = interleaved ? a + 1 : i + R / 2;
    float one = x[a], other = x[b];
    y[a] = one * cos[a] + other * sin[a];
    y[b] = other * cos[b] + one * sin[b];
  }
}

// scores[h][t] = q[h] · key[t], four keys at a time.
void scores_of(const float* q, int64_t heads, const float* const* keys, int64_t count, int64_t dim, float* scores,
               int64_t ld) {
  for (int64_t t = 0; t < count; t += 4) {
    const float* k[4];
    for (int i = 0; i < 4; ++i) {
      k[i] = keys[std::min(t + i, count - 1)];
      if (t + AHEAD + i < count)
        for (int64_t c = 0; c < dim; c += LANES) __builtin_prefetch(keys[t + AHEAD + i] + c);
    }
    for (int64_t h = 0; h < heads; ++h) gemm::dot4(q + h * dim, k, dim, scores + h * ld + t);
  }
}

// Scores of one head to weights, not yet divided by the sum that is returned. What is not finite makes the sum NaN.
float soften(float* scores, int64_t count, float scale) {
  const i32x16 iota = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  f32x16 top = splat(NEVER), total = {}, bad = {};
  for (int64_t t = 0; t < count; t += LANES) {
    f32x16 x = select(iota + (int32_t)t < (int32_t)count, load<f32x16>(scores + t) * scale, splat(NEVER));
    store(scores + t, x);
    top = larger(top, x);
    bad += x * 0.0f;
  }
  float high = largest(top);
  for (int64_t t = 0; t < count; t += LANES) {
    f32x16 x = exp(load<f32x16>(scores + t) - high);
    x = select(iota + (int32_t)t < (int32_t)count, x, f32x16{});
    store(scores + t, x);
    total += x;
  }
  return sum(total + bad);
}

// out[h] = Σ_t weights[h][t] · values[t] / totals[h], over W vectors from channel c on.
template <int H, int W>
inline void mix(const float* weights, int64_t ld, const float* const* values, int64_t count, int64_t c, const float* totals,
                float* out, int64_t out_ld) {
  f32x16 acc[H][W];
  gemm::clear(acc);
  gemm::accumulate(
      acc, 0, count, [=](int h, int64_t t) { return weights[h * ld + t]; },
      [=](int w, int64_t t) { return load<f32x16>(values[t] + c + w * LANES); });
  for (int h = 0; h < H; ++h)
    for (int w = 0; w < W; ++w) store(out + h * out_ld + c + w * LANES, acc[h][w] * (1.0f / totals[h]));
}

template <int H>
void mix_heads(const float* weights, int64_t ld, const float* const* values, int64_t count, int64_t dim,
               const float* totals, float* out, int64_t out_ld) {
  int64_t c = 0;
  for (; c + AT_ONCE * LANES <= dim; c += AT_ONCE * LANES)
    mix<H, AT_ONCE>(weights, ld, values, count, c, totals, out, out_ld);
  for (; c < dim; c += LANES) mix<H, 1>(weights, ld, values, count, c, totals, out, out_ld);
}

struct Attention {
  const LatentModel& model;
  const LatentLayer& layer;
  const LatentStep& step;
  int64_t key;  // channels of a token in the cache

  float* at(int64_t row, int64_t position) const { return layer.cache + slot(model, step, row, position) * key; }

  // q (H, padded key) of one row over its sequence → out (H, padded L).
  void row(int64_t row, const float* q, float* out) const {
    static thread_local Scratch pointers, copies, numbers;
    int64_t count = step.lengths[row], dim = padded(key), latent = padded(model.latent), ld = padded(count);
    const float** keys = pointers.get<const float*>(count);
    for (int64_t t = 0; t < count; ++t) keys[t] = at(row, t);
    if (dim != key) {  // whole vectors would read beyond the last token
      float* copy = copies.get<float>(count * dim);
      for (int64_t t = 0; t < count; ++t) {
        std::copy(keys[t], keys[t] + key, copy + t * dim);
        std::fill(copy + t * dim + key, copy + (t + 1) * dim, 0.0f);
        keys[t] = copy + t * dim;
      }
    }
    float* scores = numbers.get<float>(model.heads * (ld + 1));
    float* totals = scores + model.heads * ld;
    scores_of(q, model.heads, keys, count, dim, scores, ld);
    for (int64_t h = 0; h < model.heads; ++h) totals[h] = soften(scores + h * ld, count, model.scale);
    int64_t h = 0;
    for (; h + HEADS <= model.heads; h += HEADS)
      mix_heads<HEADS>(scores + h * ld, ld, keys, count, latent, totals + h, out + h * latent, latent);
    for (; h < model.heads; ++h)
      mix_heads<1>(scores + h * ld, ld, keys, count, latent, totals + h, out + h * latent, latent);
  }
};

}  // namespace

void latent_attention(const LatentModel& model, const LatentLayer& layer, const LatentStep& step,
                      const LatentBlock& block) {
  static thread_local Scratch scratch;
  int64_t M = block.rows, D = model.width, H = model.heads, L = model.latent, N = model.nope, R = model.rope;
  int64_t head = N + R, key = L + R, wide = padded(key), latent = padded(L);
  int64_t rank = padded(model.query_rank), queries = padded(H * head), values = padded(H * model.value) + LANES;
  float* low = scratch.get<float>(M * (rank + queries + wide + H * wide + H * latent + values));
  float *q = low + M * rank, *kv = q + M * queries, *absorbed = kv + M * wide, *mixed = absorbed + M * H * wide;
  float* attended = mixed + M * H * latent;

  if (layer.q_down) {
    panel_matmul(block.normed, block.width, M, layer.q_down, model.query_rank, D, low, rank);
    for (int64_t m = 0; m < M; ++m)
      normalize(low + m * rank, layer.q_norm, model.query_rank, model.latent_eps, low + m * rank);
    panel_matmul(low, rank, M, layer.q_up, H * head, model.query_rank, q, queries);
  } else {
    panel_matmul(block.normed, block.width, M, layer.q_up, H * head, D, q, queries);
  }
  panel_matmul(block.normed, block.width, M, layer.kv_down, key, D, kv, wide);
  for (int64_t h = 0; h < H; ++h)
    panel_matmul(q + h * head, queries, M, layer.key_up + h * panels_size(L, N), L, N, absorbed + h * wide, H * wide);

  Attention attention{model, layer, step, key};
  for (int64_t m = 0; m < M; ++m) {
    int64_t row = block.first + m;
    const float *cos = step.cos + row * R, *sin = step.sin + row * R;
    float *kv_row = kv + m * wide, *to = attention.at(row, step.lengths[row] - 1);
    turn(kv_row + L, cos, sin, R, model.interleaved, to + L);
    std::fill(kv_row + L, kv_row + wide, 0.0f);
    normalize(kv_row, layer.kv_norm, L, model.latent_eps, kv_row);
    std::copy(kv_row, kv_row + L, to);
    for (int64_t h = 0; h < H; ++h) {
      float* one = absorbed + (m * H + h) * wide;
      turn(q + m * queries + h * head + N, cos, sin, R, model.interleaved, one + L);
      std::fill(one + key, one + wide, 0.0f);
    }
    attention.row(row, absorbed + m * H * wide, mixed + m * H * latent);
  }

  // Heads in order: the whole vectors that one writes may reach into the next, which comes later.
  for (int64_t h = 0; h < H; ++h)
    panel_matmul(mixed + h * latent, H * latent, M, layer.value_up + h * panels_size(model.value, L), model.value, L,
             attended + h * model.value, values);
  panel_matmul(attended, values, M, layer.out, D, H * model.value, block.x, block.width, true);
}

}  // namespace fathom
