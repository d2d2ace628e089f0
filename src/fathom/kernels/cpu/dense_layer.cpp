// A dense decoder layer of the Llama and Qwen families in two calls: everything before its attention, and everything
// after it. At one token a layer is a dozen small operations, each quicker than the call that starts it.

#include <algorithm>
#include <cmath>

#include "norm.h"
#include "quantized_linear.h"
#include "rope.h"
#include "rows.h"
#include "thread_pool.h"

namespace fathom {
namespace {

// silu(gate) · up over a row of 2·count floats, in place at its beginning. One division less than x · sigmoid(x).
void swiglu_row(float* row, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    f32x16 gate = load<f32x16>(row + i);
    store(row + i, gate / (exp(-gate) + 1.0f) * load<f32x16>(row + count + i));
  }
  for (; i < count; ++i) row[i] = row[i] / (1.0f + std::exp(-row[i])) * row[count + i];
}

}  // namespace

void fathom_before_attention(const DenseLayer* layer, const void* x, int bf16, int64_t M, const float* cos,
                             const float* sin, int interleaved, void* q, void* k, void* v, int threads) {
  static thread_local Scratch input_scratch, result_scratch;
  const Weight& w = layer->qkv;
  int64_t dim = layer->head_dim, heads = layer->heads, kv_heads = layer->kv_heads;
  Prepared input = prepare(input_scratch, w, operand_for(w, bf16, M), M);
  float* result = result_scratch.get<float>(M * w.rows);
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = own_row(input.stride);
    read_row(x, bf16, m * w.columns, w.columns, input.stride, row);
    rms_norm_row(row, layer->attention_norm, w.columns, layer->norm_eps, row);
    finish_row(input, m, row);
  });
  parallel_parts(threads, units(w),
                 [&](int part, int parts) { linear_part(w, input.view(), M, {result, nullptr, w.rows}, part, parts); });
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = result + m * w.rows;
    for (int64_t h = 0; h < heads + kv_heads; ++h) {
      const float* norm = h < heads ? layer->q_norm : layer->k_norm;
      float* head = row + h * dim;
      if (norm) rms_norm_row(head, norm, dim, layer->head_norm_eps, head);
      rotate(head, cos + m * dim, sin + m * dim, dim, interleaved, head);
    }
    write_row(q, bf16, m * heads * dim, heads * dim, row);
    write_row(k, bf16, m * kv_heads * dim, kv_heads * dim, row + heads * dim);
    write_row(v, bf16, m * kv_heads * dim, kv_heads * dim, row + (heads + kv_heads) * dim);
  });
}

void fathom_after_attention(const DenseLayer* layer, const void* attended, const void* x, void* y, int bf16, int64_t M,
                            int threads) {
  static thread_local Scratch scratch[6];
  const Weight &out = layer->out, &gate_up = layer->gate_up, &down = layer->down;
  int64_t D = out.rows, I = down.columns, stride = round_up(D, BLOCK);
  Prepared heads = prepare(scratch[0], out, operand_for(out, bf16, M), M);
  Prepared normed = prepare(scratch[1], gate_up, operand_for(gate_up, bf16, M), M);
  Prepared gated = prepare(scratch[2], down, operand_for(down, bf16, M), M);
  float* residual = scratch[3].get<float>(M * stride);
  float* product = scratch[4].get<float>(M * stride);
  float* wide = scratch[5].get<float>(M * (2 * I + BLOCK));
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = own_row(heads.stride);
    read_row(attended, bf16, m * out.columns, out.columns, heads.stride, row);
    finish_row(heads, m, row);
  });
  parallel_parts(threads, units(out), [&](int part, int parts) {
    linear_part(out, heads.view(), M, {product, nullptr, stride}, part, parts);
  });
  parallel_rows(threads, M, [&](int64_t m) {
    float *sum_row = residual + m * stride, *row = own_row(stride);
    read_row(x, bf16, m * D, D, stride, sum_row);
    for (int64_t d = 0; d < D; ++d) sum_row[d] += product[m * stride + d];
    std::fill(row + D, row + stride, 0.0f);
    rms_norm_row(sum_row, layer->mlp_norm, D, layer->norm_eps, row);
    finish_row(normed, m, row);
  });
  parallel_parts(threads, units(gate_up), [&](int part, int parts) {
    linear_part(gate_up, normed.view(), M, {wide, nullptr, 2 * I + BLOCK}, part, parts);
  });
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = wide + m * (2 * I + BLOCK);
    swiglu_row(row, I);
    std::fill(row + I, row + round_up(I, BLOCK), 0.0f);
    finish_row(gated, m, row);
  });
  parallel_parts(threads, units(down), [&](int part, int parts) {
    linear_part(down, gated.view(), M, {product, nullptr, stride}, part, parts);
  });
  parallel_rows(threads, M, [&](int64_t m) {
    float* sum_row = residual + m * stride;
    for (int64_t d = 0; d < D; ++d) sum_row[d] += product[m * stride + d];
    write_row(y, bf16, m * D, D, sum_row);
  });
}

}  // namespace fathom
