// Absorbed multi-head latent attention of one token a sequence over the paged cache; model/mla.py is the specification.

#include <cmath>

#include "../norm.h"
#include "../rope.h"
#include "decode_step.h"

namespace fathom {
namespace {

constexpr float MASKED = -3.0e38f;  // finite, so that no NaN arises
constexpr int64_t PREFETCH = 16;    // keys ahead: pages are anywhere in memory
constexpr int HEADS = 4;            // of a register tile over the values
constexpr int NV = SUM_REGISTERS >= 4 * HEADS ? 4 : 1;

// scores[h][t] = q[h] · key[t], four keys at a time.
void dot_scores(const float* q, int64_t heads, const float* const* keys, int64_t count, int64_t dim, float* scores,
                int64_t ld) {
  for (int64_t t = 0; t < count; t += 4) {
    const float* k[4];
    for (int i = 0; i < 4; ++i) {
      k[i] = keys[std::min(t + i, count - 1)];
      if (t + PREFETCH + i < count)
        for (int64_t c = 0; c < dim; c += LANES) __builtin_prefetch(keys[t + PREFETCH + i] + c);
    }
    for (int64_t h = 0; h < heads; ++h) gemm::dot4(q + h * dim, k, dim, scores + h * ld + t);
  }
}

// exp of one head's scores, not yet divided by their sum, which is returned: NaN where a score is not finite.
float exp_scores(float* scores, int64_t count, float scale) {
  const i32x16 iota = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  f32x16 top = splat(MASKED), total = {}, bad = {};
  for (int64_t t = 0; t < count; t += LANES) {
    f32x16 x = select(iota + (int32_t)t < (int32_t)count, load<f32x16>(scores + t) * scale, splat(MASKED));
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
inline void weighted_sum(const float* weights, int64_t ld, const float* const* values, int64_t count, int64_t c,
                         const float* totals, float* out, int64_t out_ld) {
  f32x16 acc[H][W];
  gemm::clear(acc);
  gemm::accumulate(
      acc, 0, count, [=](int h, int64_t t) { return weights[h * ld + t]; },
      [=](int w, int64_t t) { return load<f32x16>(values[t] + c + w * LANES); });
  for (int h = 0; h < H; ++h)
    for (int w = 0; w < W; ++w) store(out + h * out_ld + c + w * LANES, acc[h][w] * (1.0f / totals[h]));
}

template <int H>
void weighted_sums(const float* weights, int64_t ld, const float* const* values, int64_t count, int64_t dim,
                   const float* totals, float* out, int64_t out_ld) {
  int64_t c = 0;
  for (; c + NV * LANES <= dim; c += NV * LANES)
    weighted_sum<H, NV>(weights, ld, values, count, c, totals, out, out_ld);
  for (; c < dim; c += LANES) weighted_sum<H, 1>(weights, ld, values, count, c, totals, out, out_ld);
}

struct Attention {
  const DecodeModel& model;
  const DecodeLayer& layer;
  const DecodeStep& step;
  int64_t key;  // channels of a token in the cache

  float* at(int64_t row, int64_t position) const { return layer.cache + slot(model, step, row, position) * key; }

  // q (H, padded key) of one row over its sequence → out (H, padded L).
  void row(int64_t row, const float* q, float* out) const {
    static thread_local Scratch pointers, copies, numbers;
    int64_t count = step.lengths[row], dim = padded(key), latent = padded(model.latent), ld = padded(count);
    const float** keys = pointers.get<const float*>(count);
    for (int64_t t = 0; t < count; ++t) keys[t] = at(row, t);
    if (dim != key) {  // loads of whole vectors would read beyond the last token
      float* copy = copies.get<float>(count * dim);
      for (int64_t t = 0; t < count; ++t) {
        std::copy(keys[t], keys[t] + key, copy + t * dim);
        std::fill(copy + t * dim + key, copy + (t + 1) * dim, 0.0f);
        keys[t] = copy + t * dim;
      }
    }
    float* scores = numbers.get<float>(model.heads * (ld + 1));
    float* totals = scores + model.heads * ld;
    dot_scores(q, model.heads, keys, count, dim, scores, ld);
    for (int64_t h = 0; h < model.heads; ++h) totals[h] = exp_scores(scores + h * ld, count, model.scale);
    int64_t h = 0;
    for (; h + HEADS <= model.heads; h += HEADS)
      weighted_sums<HEADS>(scores + h * ld, ld, keys, count, latent, totals + h, out + h * latent, latent);
    for (; h < model.heads; ++h)
      weighted_sums<1>(scores + h * ld, ld, keys, count, latent, totals + h, out + h * latent, latent);
  }
};

}  // namespace

void mla_attention(const DecodeModel& model, const DecodeLayer& layer, const DecodeStep& step, const RowBatch& batch) {
  static thread_local Scratch scratch;
  int64_t M = batch.rows, D = model.width, H = model.heads, L = model.latent, N = model.nope, R = model.rope;
  int64_t head = N + R, key = L + R, wide = padded(key), latent = padded(L);
  int64_t rank = padded(model.query_rank), queries = padded(H * head), values = padded(H * model.value) + LANES;
  float* low = scratch.get<float>(M * (rank + queries + wide + H * wide + H * latent + values));
  float *q = low + M * rank, *kv = q + M * queries, *absorbed = kv + M * wide, *mixed = absorbed + M * H * wide;
  float* attended = mixed + M * H * latent;

  if (layer.q_down) {
    panel_matmul(batch.normed, batch.width, M, layer.q_down, model.query_rank, D, low, rank);
    for (int64_t m = 0; m < M; ++m)
      rms_norm_padded(low + m * rank, layer.q_norm, model.query_rank, model.latent_eps, low + m * rank);
    panel_matmul(low, rank, M, layer.q_up, H * head, model.query_rank, q, queries);
  } else {
    panel_matmul(batch.normed, batch.width, M, layer.q_up, H * head, D, q, queries);
  }
  panel_matmul(batch.normed, batch.width, M, layer.kv_down, key, D, kv, wide);
  for (int64_t h = 0; h < H; ++h)
    panel_matmul(q + h * head, queries, M, layer.key_up + h * panels_size(L, N), L, N, absorbed + h * wide, H * wide);

  Attention attention{model, layer, step, key};
  for (int64_t m = 0; m < M; ++m) {
    int64_t row = batch.first + m;
    const float *cos = step.cos + row * R, *sin = step.sin + row * R;
    float *kv_row = kv + m * wide, *to = attention.at(row, step.lengths[row] - 1);
    rotate(kv_row + L, cos, sin, R, model.interleaved, to + L);
    std::fill(kv_row + L, kv_row + wide, 0.0f);
    rms_norm_padded(kv_row, layer.kv_norm, L, model.latent_eps, kv_row);
    std::copy(kv_row, kv_row + L, to);
    for (int64_t h = 0; h < H; ++h) {
      float* one = absorbed + (m * H + h) * wide;
      rotate(q + m * queries + h * head + N, cos, sin, R, model.interleaved, one + L);
      std::fill(one + key, one + wide, 0.0f);
    }
    attention.row(row, absorbed + m * H * wide, mixed + m * H * latent);
  }

  // Heads in order: whole vectors of one may extend into the next, which is written later.
  for (int64_t h = 0; h < H; ++h)
    panel_matmul(mixed + h * latent, H * latent, M, layer.value_up + h * panels_size(model.value, L), model.value, L,
                 attended + h * model.value, values);
  panel_matmul(attended, values, M, layer.out, D, H * model.value, batch.x, batch.width, true);
}

}  // namespace fathom
