// Whole stretches of a layer in one call. At one token a layer is a dozen small operations, each quicker than the call
// that starts it; between attention and attention there is nothing the caller needs to see.

#include <algorithm>
#include <cmath>

#include "linear.h"
#include "pool.h"
#include "scratch.h"
#include "simd.h"

namespace fathom {

// A dense layer of the Llama and Qwen families. q_norm and k_norm may be null.
struct Layer {
  Weight qkv, out, gate_up, down;
  const float *attention_norm, *mlp_norm, *q_norm, *k_norm;
  int64_t heads, kv_heads, head_dim;
  float norm_eps, head_norm_eps;
};

namespace {

inline int64_t padded(int64_t n) { return blocks(n) * BLOCK; }

// count floats of row m, zero-padded to a whole block.
void read_row(const void* x, bool bf16, int64_t stride, int64_t m, int64_t count, float* to) {
  int64_t i = 0;
  if (bf16) {
    const uint16_t* from = (const uint16_t*)x + m * stride;
    for (; i + LANES <= count; i += LANES) store(to + i, widen(load<u16x16>(from + i)));
    for (; i < count; ++i) to[i] = widen(from[i]);
  } else {
    std::memcpy(to, (const float*)x + m * stride, count * sizeof(float));
    i = count;
  }
  for (; i < padded(count); ++i) to[i] = 0;
}

void write_row(void* y, bool bf16, int64_t stride, int64_t m, int64_t count, const float* from) {
  if (!bf16) {
    std::memcpy((float*)y + m * stride, from, count * sizeof(float));
    return;
  }
  uint16_t* to = (uint16_t*)y + m * stride;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, narrow(load<f32x16>(from + i)));
  for (; i < count; ++i) to[i] = narrow(from[i]);
}

// Root-mean-square norm of count floats (arXiv 1910.07467); `to` may be `x`.
void norm_row(const float* x, const float* weight, float eps, int64_t count, float* to) {
  f32x16 squares = {};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) squares += load<f32x16>(x + i) * load<f32x16>(x + i);
  float total = sum(squares);
  for (int64_t k = i; k < count; ++k) total += x[k] * x[k];
  float scale = 1.0f / std::sqrt(total / (float)count + eps);
  for (i = 0; i + LANES <= count; i += LANES) store(to + i, load<f32x16>(x + i) * scale * load<f32x16>(weight + i));
  for (; i < count; ++i) to[i] = x[i] * scale * weight[i];
}

// x · cos + partner(x) · sin, where sin carries the partner's sign.
void rotate(float* x, const float* cos, const float* sin, int64_t dim, bool interleaved) {
  int64_t half = dim / 2;
  for (int64_t i = 0; i < half; ++i) {
    int64_t a = interleaved ? 2 * i : i, b = interleaved ? a + 1 : i + half;
    float first = x[a], second = x[b];
    x[a] = first * cos[a] + second * sin[a];
    x[b] = second * cos[b] + first * sin[b];
  }
}

// silu(gate) · up over row of 2·count floats, in place at its beginning; zero-padded to a whole block.
void gate_row(float* row, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    f32x16 gate = load<f32x16>(row + i);
    store(row + i, gate / (exp(-gate) + 1.0f) * load<f32x16>(row + count + i));
  }
  for (; i < count; ++i) row[i] = row[i] / (1.0f + std::exp(-row[i])) * row[count + i];
}

// A row of the running thread's own.
float* own_row(int64_t size) {
  static thread_local Scratch scratch;
  return scratch.get<float>(size);
}

}  // namespace

// y (M, rows) = x (M, columns) Wᵀ + bias; strides in elements.
extern "C" FATHOM_EXPORT void fathom_linear(const Weight* w, const void* x, int x_bf16, int64_t x_stride, void* y, int y_bf16,
                              int64_t y_stride, int64_t M, int threads) {
  static thread_local Scratch scratch;
  Prepared input = prepare(scratch, *w, operand_for(*w, x_bf16, M), M);
  Output output = {y_bf16 ? nullptr : (float*)y, y_bf16 ? (uint16_t*)y : nullptr, y_stride};
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = own_row(input.stride);
    read_row(x, x_bf16, x_stride, m, w->columns, row);
    finish_row(input, m, row);
  });
  parallel_parts(threads, units(*w), [&](int part, int parts) {
    linear_part(*w, input.view(), M, output, part, parts);
  });
}

// Norm, query/key/value product, head norms, rotation: what stands before attention.
//   x (M, D); cos, sin (M, head_dim) → q (M, H, C), k (M, G, C), v (M, G, C), all contiguous, in x's type
extern "C" FATHOM_EXPORT void fathom_before_attention(const Layer* layer, const void* x, int bf16, int64_t M, const float* cos,
                                        const float* sin, int interleaved, void* q, void* k, void* v, int threads) {
  static thread_local Scratch input_scratch, result_scratch;
  const Weight& w = layer->qkv;
  int64_t dim = layer->head_dim, heads = layer->heads, kv_heads = layer->kv_heads;
  Prepared input = prepare(input_scratch, w, operand_for(w, bf16, M), M);
  float* result = result_scratch.get<float>(M * w.rows);
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = own_row(input.stride);
    read_row(x, bf16, w.columns, m, w.columns, row);
    norm_row(row, layer->attention_norm, layer->norm_eps, w.columns, row);
    finish_row(input, m, row);
  });
  parallel_parts(threads, units(w), [&](int part, int parts) {
    linear_part(w, input.view(), M, {result, nullptr, w.rows}, part, parts);
  });
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = result + m * w.rows;
    for (int64_t h = 0; h < heads + kv_heads; ++h) {
      const float* norm = h < heads ? layer->q_norm : layer->k_norm;
      if (norm) norm_row(row + h * dim, norm, layer->head_norm_eps, dim, row + h * dim);
      rotate(row + h * dim, cos + m * dim, sin + m * dim, dim, interleaved);
    }
    write_row(q, bf16, heads * dim, m, heads * dim, row);
    write_row(k, bf16, kv_heads * dim, m, kv_heads * dim, row + heads * dim);
    write_row(v, bf16, kv_heads * dim, m, kv_heads * dim, row + (heads + kv_heads) * dim);
  });
}

// Output product, residual, norm, gated network, residual: what stands after attention.
//   attended (M, H·C), x (M, D) → y (M, D), all contiguous and of one type
extern "C" FATHOM_EXPORT void fathom_after_attention(const Layer* layer, const void* attended, const void* x, void* y, int bf16,
                                       int64_t M, int threads) {
  static thread_local Scratch scratch[6];
  const Weight &out = layer->out, &gate_up = layer->gate_up, &down = layer->down;
  int64_t D = out.rows, I = down.columns, stride = padded(D);
  Prepared heads = prepare(scratch[0], out, operand_for(out, bf16, M), M);
  Prepared normed = prepare(scratch[1], gate_up, operand_for(gate_up, bf16, M), M);
  Prepared gated = prepare(scratch[2], down, operand_for(down, bf16, M), M);
  float* residual = scratch[3].get<float>(M * stride);
  float* product = scratch[4].get<float>(M * stride);
  float* wide = scratch[5].get<float>(M * (2 * I + BLOCK));
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = own_row(heads.stride);
    read_row(attended, bf16, out.columns, m, out.columns, row);
    finish_row(heads, m, row);
  });
  parallel_parts(threads, units(out), [&](int part, int parts) {
    linear_part(out, heads.view(), M, {product, nullptr, stride}, part, parts);
  });
  parallel_rows(threads, M, [&](int64_t m) {
    float *sum_row = residual + m * stride, *row = own_row(stride);
    read_row(x, bf16, D, m, D, sum_row);
    for (int64_t d = 0; d < D; ++d) sum_row[d] += product[m * stride + d];
    std::fill(row + D, row + stride, 0.0f);
    norm_row(sum_row, layer->mlp_norm, layer->norm_eps, D, row);
    finish_row(normed, m, row);
  });
  parallel_parts(threads, units(gate_up), [&](int part, int parts) {
    linear_part(gate_up, normed.view(), M, {wide, nullptr, 2 * I + BLOCK}, part, parts);
  });
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = wide + m * (2 * I + BLOCK);
    gate_row(row, I);
    std::fill(row + I, row + padded(I), 0.0f);
    finish_row(gated, m, row);
  });
  parallel_parts(threads, units(down), [&](int part, int parts) {
    linear_part(down, gated.view(), M, {product, nullptr, stride}, part, parts);
  });
  parallel_rows(threads, M, [&](int64_t m) {
    float* sum_row = residual + m * stride;
    for (int64_t d = 0; d < D; ++d) sum_row[d] += product[m * stride + d];
    write_row(y, bf16, D, m, D, sum_row);
  });
}

// y (M, columns) = row indices[m] of W: the embedding. Returns how many indices name no row; those rows stay as they are.
extern "C" FATHOM_EXPORT int64_t fathom_rows(const Weight* w, const int64_t* indices, void* y, int y_bf16, int64_t M) {
  int64_t strangers = 0;
  for (int64_t m = 0; m < M; ++m) {
    if (indices[m] < 0 || indices[m] >= w->rows) {
      ++strangers;
      continue;
    }
    float* row = own_row(padded(w->columns));
    weight_row(*w, indices[m], row);
    write_row(y, y_bf16, w->columns, m, w->columns, row);
  }
  return strangers;
}

}  // namespace fathom
