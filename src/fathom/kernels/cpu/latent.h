// A model of DeepSeek's family that decodes: one new token of each sequence, all layers. Structures as kernels/latent.py
// has them, field by field; every matrix is in panels (gemm.h), vectors are padded with zeros to whole vectors.
//
//   M rows of a block, each the next token of a sequence · D hidden · H heads · L latent
//   N, R, V nope, rotary and value channels of a head · E experts · K experts per token · I width of a network
#pragma once

#include <cstdint>

#include "gemm.h"
#include "scratch.h"

namespace fathom {

struct LatentLayer {
  const float *q_down, *q_up;        // q_down null: q_up is the whole projection
  const float *kv_down;              // (L + R, D)
  const float *key_up, *value_up;    // of each head (L, N) and (V, L)
  const float *out;                  // (D, H·V)
  const float *gate, *up, *down;     // of the dense network, or of the shared experts; null: none
  const float *router;               // (E, D); null: no experts
  const float *expert_gate, *expert_up, *expert_down;
  const float *attention_norm, *mlp_norm, *q_norm, *kv_norm, *bias;
  float* cache;                      // (slots, L + R)
  int16_t* chosen;                   // (slots, K): where experts of every token are noted; null: nowhere
  int64_t inner;                     // width of the dense network, or of the shared experts
};

struct LatentModel {
  const LatentLayer* layers;
  const float *embed, *norm, *head;  // embed is as the model has it: (vocab, D)
  int64_t num_layers, width, heads, query_rank, latent, nope, rope, value, page_size, vocab;
  int64_t experts, per_token, groups, kept_groups, group_best, expert_width;  // group_best 0: groups do not matter
  int32_t interleaved, normalize;
  float eps, latent_eps, scale, factor;
};

struct LatentStep {
  int64_t rows, table_stride, known;  // only tokens below `known` are drawn
  const int64_t* tokens;
  const int32_t *lengths, *tables;    // lengths count the new token
  const float *cos, *sin;             // (rows, R)
  const float* temperatures;          // 0: the best
  const double* numbers;              // uniform in [0, 1)
  float* hidden;                      // (rows, padded D), after the final norm
  int64_t* ids;
  float* logprobs;                    // at temperature 1; NaN where a logit is not finite
};

// What a thread works on: a block of rows on their way through the layers.
struct LatentBlock {
  int64_t first, rows;  // of the step
  int64_t width;        // padded D
  float *x, *normed;    // (M, width)
};

// Where in the cache a token of a row's sequence lies.
inline int64_t slot(const LatentModel& model, const LatentStep& step, int64_t row, int64_t position) {
  int64_t page = step.tables[row * step.table_stride + position / model.page_size];
  return page * model.page_size + position % model.page_size;
}

// y = x / rms(x) · weight over D channels; padding stays zero.
inline void normalize(const float* x, const float* weight, int64_t D, float eps, float* y) {
  f32x16 squares = {};
  for (int64_t c = 0; c < D; c += LANES) {
    f32x16 v = load<f32x16>(x + c);
    squares += v * v;
  }
  float r = 1.0f / __builtin_sqrtf(sum(squares) / D + eps);
  for (int64_t c = 0; c < D; c += LANES) store(y + c, load<f32x16>(x + c) * r * load<f32x16>(weight + c));
}

// x += attention(normed)
void latent_attention(const LatentModel& model, const LatentLayer& layer, const LatentStep& step, const LatentBlock& block);

// x += feed-forward(normed)
void latent_network(const LatentModel& model, const LatentLayer& layer, const LatentStep& step, const LatentBlock& block);

// One row's token and its log-probability.
void draw(const float* logits, int64_t vocab, int64_t known, float temperature, double number, int64_t* id, float* logprob);

}  // namespace fathom
