// The MLP of a batch of rows, dense or a mixture of experts; model/moe.py and model/router.py are the specification.

#include <cmath>
#include <cstdlib>

#include "decode_step.h"

namespace fathom {
namespace {

// y (M, padded D) = down(silu(gate(x)) · up(x)), or y += that.
void gated_mlp(const float* x, int64_t ldx, int64_t M, const float* gate, const float* up, const float* down, int64_t D,
               int64_t I, float* y, int64_t ldy, bool add) {
  static thread_local Scratch scratch;
  int64_t inner = padded(I);
  float *g = scratch.get<float>(2 * M * inner), *u = g + M * inner;
  panel_matmul(x, ldx, M, gate, I, D, g, inner);
  panel_matmul(x, ldx, M, up, I, D, u, inner);
  for (int64_t i = 0; i < M * inner; i += LANES) {
    store(g + i, silu(load<f32x16>(g + i)) * load<f32x16>(u + i));
  }
  panel_matmul(g, inner, M, down, D, I, y, ldy, add);
}

// Index of the largest score not yet taken, the first of equals; some index even where scores are NaN.
int64_t argmax(const float* choice, const uint8_t* taken, int64_t count) {
  int64_t index = -1;
  for (int64_t i = 0; i < count; ++i)
    if (!taken[i] && (index < 0 || choice[i] > choice[index])) index = i;
  return index;
}

// Excludes the experts of all groups but the `topk_groups` best. A group's score is the sum of its best experts'.
void exclude_groups(const DecodeModel& model, const float* choice, float* group_scores, uint8_t* excluded,
                    uint8_t* selected) {
  int64_t size = model.experts / model.groups;
  for (int64_t g = 0; g < model.groups; ++g) {
    selected[g] = 0, group_scores[g] = 0;
    for (int64_t i = 0; i < std::min(model.group_score_experts, size); ++i) {
      int64_t e = argmax(choice + g * size, excluded + g * size, size);
      group_scores[g] += choice[g * size + e];
      excluded[g * size + e] = 1;
    }
  }
  for (int64_t i = 0; i < model.topk_groups; ++i) selected[argmax(group_scores, selected, model.groups)] = 1;
  for (int64_t e = 0; e < model.experts; ++e) excluded[e] = !selected[e / size];
}

// Router logits (E) of a row, which become scores in place → K experts and their weights.
void route(const DecodeModel& model, const float* bias, float* scores, int32_t* experts, float* weights) {
  static thread_local Scratch scratch;
  float *choice = scratch.get<float>(4 * model.experts), *group_scores = choice + model.experts;
  uint8_t *excluded = (uint8_t*)(group_scores + model.experts), *selected = excluded + model.experts;
  for (int64_t e = 0; e < model.experts; ++e) {
    scores[e] = 1.0f / (1.0f + std::exp(-scores[e]));  // std::exp keeps NaN, the vectors' exp does not
    choice[e] = scores[e] + bias[e];
    excluded[e] = 0;
  }
  if (model.group_score_experts && model.groups > 1) exclude_groups(model, choice, group_scores, excluded, selected);
  float total = 0;
  for (int64_t k = 0; k < model.per_token; ++k) {
    int64_t e = argmax(choice, excluded, model.experts);
    excluded[e] = 1;
    experts[k] = (int32_t)e, weights[k] = scores[e];
    total += scores[e];
  }
  for (int64_t k = 0; k < model.per_token; ++k)
    weights[k] = (model.normalize ? weights[k] / (total + 1e-20f) : weights[k]) * model.routed_scale;
}

// Σ weight · expert(x) of each row, experts in order of their number → total (M, width).
void routed_experts(const DecodeModel& model, const DecodeLayer& layer, const DecodeStep& step, const RowBatch& batch,
                    float* total) {
  static thread_local Scratch floats, integers;
  int64_t M = batch.rows, D = model.width, E = model.experts, K = model.per_token, width = batch.width,
          I = model.expert_width;
  int64_t logits = padded(E), up_size = panels_size(I, D), down_size = panels_size(D, I);
  float *scores = floats.get<float>(M * (logits + K + 2 * width)), *weights = scores + M * logits;
  float *gathered = weights + M * K, *results = gathered + M * width;
  int32_t *experts = integers.get<int32_t>(M * K + M), *places = experts + M * K;

  panel_matmul(batch.normed, width, M, layer.router, E, D, scores, logits);
  for (int64_t m = 0; m < M; ++m) route(model, layer.bias, scores + m * logits, experts + m * K, weights + m * K);
  if (layer.expert_trace)
    for (int64_t m = 0; m < M; ++m) {
      int64_t row = batch.first + m;
      std::copy(experts + m * K, experts + (m + 1) * K,
                layer.expert_trace + slot(model, step, row, step.lengths[row] - 1) * K);
    }
  for (int64_t e = 0; e < E; ++e) {
    int64_t count = 0;
    for (int64_t i = 0; i < M * K; ++i)
      if (experts[i] == e) places[count++] = (int32_t)i;
    if (!count) continue;
    for (int64_t i = 0; i < count; ++i) {
      const float* from = batch.normed + places[i] / K * width;
      std::copy(from, from + width, gathered + i * width);
    }
    gated_mlp(gathered, width, count, layer.expert_gate + e * up_size, layer.expert_up + e * up_size,
              layer.expert_down + e * down_size, D, I, results, width, false);
    for (int64_t i = 0; i < count; ++i) {
      float* to = total + places[i] / K * width;
      for (int64_t c = 0; c < width; c += LANES)
        store(to + c, load<f32x16>(to + c) + load<f32x16>(results + i * width + c) * weights[places[i]]);
    }
  }
}

}  // namespace

void mlp(const DecodeModel& model, const DecodeLayer& layer, const DecodeStep& step, const RowBatch& batch) {
  static thread_local Scratch scratch;
  int64_t M = batch.rows, width = batch.width;
  if (!layer.router)
    return gated_mlp(batch.normed, width, M, layer.gate, layer.up, layer.down, model.width, layer.inner, batch.x, width,
                     true);
  float* total = scratch.get<float>(M * width);
  std::fill(total, total + M * width, 0.0f);
  routed_experts(model, layer, step, batch, total);
  if (layer.gate)
    gated_mlp(batch.normed, width, M, layer.gate, layer.up, layer.down, model.width, layer.inner, total, width, true);
  for (int64_t i = 0; i < M * width; i += LANES)
    store(batch.x + i, load<f32x16>(batch.x + i) + load<f32x16>(total + i));
}

}  // namespace fathom
