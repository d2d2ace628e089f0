// The feed-forward network of a block of rows, dense or a mixture of experts: see model/moe.py and model/router.py.

#include <cmath>
#include <cstdlib>

#include "latent.h"

namespace fathom {
namespace {

inline f32x16 sigmoid(f32x16 x) { return 1.0f / (1.0f + exp(-x)); }

// y (M, padded D) = down(silu(gate(x)) · up(x)), or y += that.
void gated(const float* x, int64_t ldx, int64_t M, const float* gate, const float* up, const float* down, int64_t D,
           int64_t I, float* y, int64_t ldy, bool add) {
  static thread_local Scratch scratch;
  int64_t inner = padded(I);
  float *g = scratch.get<float>(2 * M * inner), *u = g + M * inner;
  panel_matmul(x, ldx, M, gate, I, D, g, inner);
  panel_matmul(x, ldx, M, up, I, D, u, inner);
  for (int64_t i = 0; i < M * inner; i += LANES) {
    f32x16 v = load<f32x16>(g + i);
    store(g + i, v * sigmoid(v) * load<f32x16>(u + i));
  }
  panel_matmul(g, inner, M, down, D, I, y, ldy, add);
}

// The place of the largest of those not yet taken, the first of equals; whatever the numbers are, one is found.
int64_t best(const float* choice, const uint8_t* taken, int64_t count) {
  int64_t found = -1;
  for (int64_t i = 0; i < count; ++i)
    if (!taken[i] && (found < 0 || choice[i] > choice[found])) found = i;
  return found;
}

// Which groups stay: those whose `group_best` strongest experts are the strongest together.
void keep_groups(const LatentModel& model, const float* choice, float* strength, uint8_t* lost, uint8_t* kept) {
  int64_t size = model.experts / model.groups;
  for (int64_t g = 0; g < model.groups; ++g) {
    kept[g] = 0, strength[g] = 0;
    for (int64_t i = 0; i < std::min(model.group_best, size); ++i) {
      int64_t e = best(choice + g * size, lost + g * size, size);
      strength[g] += choice[g * size + e];
      lost[g * size + e] = 1;
    }
  }
  for (int64_t i = 0; i < model.kept_groups; ++i) kept[best(strength, kept, model.groups)] = 1;
  for (int64_t e = 0; e < model.experts; ++e) lost[e] = !kept[e / size];
}

// Router logits (E) of a row, which become its scores → K experts and their weights.
void route(const LatentModel& model, const float* bias, float* scores, int32_t* experts, float* weights) {
  static thread_local Scratch scratch;
  float *choice = scratch.get<float>(4 * model.experts), *strength = choice + model.experts;
  uint8_t *lost = (uint8_t*)(strength + model.experts), *kept = lost + model.experts;
  for (int64_t e = 0; e < model.experts; ++e) {
    scores[e] = 1.0f / (1.0f + std::exp(-scores[e]));  // not the vectors' exp, which makes a number of NaN
    choice[e] = scores[e] + bias[e];
    lost[e] = 0;
  }
  if (model.group_best && model.groups > 1) keep_groups(model, choice, strength, lost, kept);
  float total = 0;
  for (int64_t k = 0; k < model.per_token; ++k) {
    int64_t e = best(choice, lost, model.experts);
    lost[e] = 1;
    experts[k] = (int32_t)e, weights[k] = scores[e];
    total += scores[e];
  }
  for (int64_t k = 0; k < model.per_token; ++k)
    weights[k] = (model.normalize ? weights[k] / (total + 1e-20f) : weights[k]) * model.factor;
}

// Σ weight · expert(x) of each row, experts in order of their number → total (M, width).
void routed(const LatentModel& model, const LatentLayer& layer, const LatentStep& step, const LatentBlock& block,
            float* total) {
  static thread_local Scratch floats, integers;
  int64_t M = block.rows, D = model.width, E = model.experts, K = model.per_token, width = block.width, I = model.expert_width;
  int64_t many = padded(E), into = panels_size(I, D), back = panels_size(D, I);
  float *scores = floats.get<float>(M * (many + K + 2 * width)), *weights = scores + M * many;
  float *gathered = weights + M * K, *results = gathered + M * width;
  int32_t *experts = integers.get<int32_t>(M * K + M), *places = experts + M * K;

  panel_matmul(block.normed, width, M, layer.router, E, D, scores, many);
  for (int64_t m = 0; m < M; ++m) route(model, layer.bias, scores + m * many, experts + m * K, weights + m * K);
  if (layer.chosen)
    for (int64_t m = 0; m < M; ++m) {
      int64_t row = block.first + m;
      std::copy(experts + m * K, experts + (m + 1) * K, layer.chosen + slot(model, step, row, step.lengths[row] - 1) * K);
    }
  for (int64_t e = 0; e < E; ++e) {
    int64_t count = 0;
    for (int64_t i = 0; i < M * K; ++i)
      if (experts[i] == e) places[count++] = (int32_t)i;
    if (!count) continue;
    for (int64_t i = 0; i < count; ++i) {
      const float* from = block.normed + places[i] / K * width;
      std::copy(from, from + width, gathered + i * width);
    }
    gated(gathered, width, count, layer.expert_gate + e * into, layer.expert_up + e * into, layer.expert_down + e * back, D,
          I, results, width, false);
    for (int64_t i = 0; i < count; ++i) {
      float* to = total + places[i] / K * width;
      for (int64_t c = 0; c < width; c += LANES)
        store(to + c, load<f32x16>(to + c) + load<f32x16>(results + i * width + c) * weights[places[i]]);
    }
  }
}

}  // namespace

void latent_network(const LatentModel& model, const LatentLayer& layer, const LatentStep& step, const LatentBlock& block) {
  static thread_local Scratch scratch;
  int64_t M = block.rows, width = block.width;
  if (!layer.router)
    return gated(block.normed, width, M, layer.gate, layer.up, layer.down, model.width, layer.inner, block.x, width, true);
  float* total = scratch.get<float>(M * width);
  std::fill(total, total + M * width, 0.0f);
  routed(model, layer, step, block, total);
  if (layer.gate)
    gated(block.normed, width, M, layer.gate, layer.up, layer.down, model.width, layer.inner, total, width, true);
  for (int64_t i = 0; i < M * width; i += LANES) store(block.x + i, load<f32x16>(block.x + i) + load<f32x16>(total + i));
}

}  // namespace fathom
