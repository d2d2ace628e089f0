#include "quantized_linear.h"

#include <algorithm>

#include "gemm.h"
#include "rows.h"
#include "thread_pool.h"

namespace fathom {
namespace {

// ---- dense weights: lanes run along the columns -------------------------------------------------

// Types of weights W and inputs X, and how STEP columns of each are loaded.
struct FloatByFloat {
  typedef float W;
  typedef float X;
  static constexpr int STEP = 16;
  static f32x16 weights(const W* w) { return load<f32x16>(w); }
  static f32x16 inputs(const X* x) { return load<f32x16>(x); }
};
struct Bfloat16ByFloat {
  typedef uint16_t W;
  typedef float X;
  static constexpr int STEP = 16;
  static f32x16 weights(const W* w) { return widen(load<u16x16>(w)); }
  static f32x16 inputs(const X* x) { return load<f32x16>(x); }
};
struct Bfloat16ByBfloat16 {
  typedef uint16_t W;
  typedef uint16_t X;
  static constexpr int STEP = 32;
  static u32x16 weights(const W* w) { return load<u32x16>(w); }
  static u32x16 inputs(const X* x) { return load<u32x16>(x); }
};

// R weight rows × C activation rows. x is padded with zeros; the last partial step of the weights is copied and padded.
template <class P, int R, int C>
void dense_tile(const typename P::W* w, int64_t K, const typename P::X* x, int64_t x_stride, float out[R][C]) {
  f32x16 acc[R][C] = {};
  int64_t whole = K / P::STEP * P::STEP;
  gemm::accumulate<P::STEP>(
      acc, 0, whole, [=](int r, int64_t k) { return P::weights(w + r * K + k); },
      [=](int c, int64_t k) { return P::inputs(x + c * x_stride + k); });
  if (whole < K) {
    typename P::W tail[R][P::STEP] = {};
    for (int r = 0; r < R; ++r) std::memcpy(tail[r], w + r * K + whole, (K - whole) * sizeof(typename P::W));
    gemm::update(
        acc, [&](int r) { return P::weights(tail[r]); }, [=](int c) { return P::inputs(x + c * x_stride + whole); });
  }
  if constexpr (R % 4 == 0)
    for (int c = 0; c < C; ++c)
      for (int r = 0; r < R; r += 4) {
        float four[4];
        sum4(acc[r][c], acc[r + 1][c], acc[r + 2][c], acc[r + 3][c], four);
        for (int i = 0; i < 4; ++i) out[r + i][c] = four[i];
      }
  else
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < C; ++c) out[r][c] = sum(acc[r][c]);
}

template <class P, int R, int C>
void dense_store(const typename P::W* w, int64_t row, int64_t K, const typename P::X* x, int64_t x_stride, int64_t m,
                 const Output& y, const float* bias) {
  float out[R][C];
  dense_tile<P, R, C>(w + row * K, K, x + m * x_stride, x_stride, out);
  for (int c = 0; c < C; ++c)
    for (int r = 0; r < R; ++r) put(y, bias, m + c, row + r, out[r][c]);
}

template <class P, int R>
void dense_rows(const typename P::W* w, int64_t row, int64_t K, const typename P::X* x, int64_t x_stride, int64_t m,
                int64_t end, const Output& y, const float* bias) {
  if constexpr (R * 4 <= SUM_REGISTERS)
    for (; m + 4 <= end; m += 4) dense_store<P, R, 4>(w, row, K, x, x_stride, m, y, bias);
  for (; m + 2 <= end; m += 2) dense_store<P, R, 2>(w, row, K, x, x_stride, m, y, bias);
  for (; m < end; ++m) dense_store<P, R, 1>(w, row, K, x, x_stride, m, y, bias);
}

constexpr int SINGLE = SUM_REGISTERS >= 8 ? 8 : 4;    // rows of weights in a tile with one row of activations
constexpr int SEVERAL = SUM_REGISTERS >= 16 ? 4 : 2;  // with several
constexpr int64_t MC = 48;                            // activation rows that stay in L2 while weights stream past

template <class P>
void dense(const typename P::W* w, int64_t begin, int64_t end, int64_t K, const typename P::X* x, int64_t x_stride,
           int64_t M, const Output& y, const float* bias) {
  for (int64_t m = 0; m < M; m += MC) {
    int64_t m_end = std::min(M, m + MC), row = begin;
    if (M == 1)
      for (; row + SINGLE <= end; row += SINGLE) dense_store<P, SINGLE, 1>(w, row, K, x, x_stride, 0, y, bias);
    for (; row + SEVERAL <= end; row += SEVERAL) dense_rows<P, SEVERAL>(w, row, K, x, x_stride, m, m_end, y, bias);
    for (; row < end; ++row) dense_rows<P, 1>(w, row, K, x, x_stride, m, m_end, y, bias);
  }
}

// ---- quantized weights: lanes run along the sixteen rows of a tile ------------------------------

// C activation rows × R tiles of 16 rows, one block of columns: t = Σ code · x.
template <int32_t FORMAT, int R, int C>
inline void block_dot(const uint8_t* const codes[R], const float* x, int64_t x_stride, f32x16 (&t)[C][R]) {
  if constexpr (FORMAT == Q8_0) {
    gemm::accumulate(
        t, 0, BLOCK, [=](int c, int64_t k) { return x[c * x_stride + k]; },
        [=](int r, int64_t k) { return widen(load<i8x16>(codes[r] + 16 * k)); });
  } else {
    for (int word = 0; word < 4; ++word) {
      i32x16 codes_of[R];
      for (int r = 0; r < R; ++r) codes_of[r] = load<i32x16>(codes[r] + 64 * word);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j)
        gemm::update(
            t, [=](int c) { return x[c * x_stride + 8 * word + j]; },
            [&](int r) {
              f32x16 w = nibble((i32x16)((u32x16)codes_of[r] >> (4 * j)));
              if constexpr (FORMAT == Q4_0) w -= 8.0f;
              return w;
            });
    }
  }
}

template <int32_t FORMAT, int R, int C>
void block_tile(const uint8_t* data, int64_t tile_bytes, int64_t num_blocks, const float* x, int64_t x_stride,
                const float* sums, int64_t sum_stride, f32x16 acc[R][C]) {
  typedef BlockLayout<FORMAT> F;
  for (int64_t b = 0; b < num_blocks; ++b) {
    const uint8_t* codes[R];
    f32x16 t[C][R] = {};
    for (int r = 0; r < R; ++r) codes[r] = data + r * tile_bytes + b * F::BYTES + F::HEADER;
    block_dot<FORMAT, R, C>(codes, x + b * BLOCK, x_stride, t);
    for (int r = 0; r < R; ++r) {
      const uint8_t* header = codes[r] - F::HEADER;
      f32x16 d = widen_f16((const uint16_t*)header);
      for (int c = 0; c < C; ++c) acc[r][c] += d * t[c][r];
      if constexpr (FORMAT == Q4_1) {
        f32x16 minimum = widen_f16((const uint16_t*)(header + F::SCALES));
        for (int c = 0; c < C; ++c) acc[r][c] += minimum * sums[c * sum_stride + b];
      }
    }
  }
}

template <int32_t FORMAT, int R, int C>
void block_store(const Weight& w, int64_t tile, const Activations& x, int64_t m, const Output& y) {
  int64_t num_blocks = blocks(w.columns), tile_bytes = num_blocks * BlockLayout<FORMAT>::BYTES;
  f32x16 acc[R][C] = {};
  block_tile<FORMAT, R, C>((const uint8_t*)w.data + tile * tile_bytes, tile_bytes, num_blocks, x.f + m * x.stride,
                           x.stride, x.sums + m * x.sum_stride, x.sum_stride, acc);
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) {
      int64_t row = (tile + r) * LANES, count = std::min<int64_t>(LANES, w.rows - row);
      put_tile(y, w.bias, m + c, row, count, acc[r][c]);
    }
}

template <int32_t FORMAT>
void block_linear(const Weight& w, int64_t begin, int64_t end, const Activations& x, int64_t M, const Output& y) {
  int64_t tile = begin;
  if constexpr (SUM_REGISTERS >= 8)
    for (; M == 1 && tile + 4 <= end; tile += 4) block_store<FORMAT, 4, 1>(w, tile, x, 0, y);
  if (M <= 3)
    for (; tile + 2 <= end; tile += 2) {
      int64_t m = 0;
      for (; m + 2 <= M; m += 2) block_store<FORMAT, 2, 2>(w, tile, x, m, y);
      for (; m < M; ++m) block_store<FORMAT, 2, 1>(w, tile, x, m, y);
    }
  for (; tile < end; ++tile) {
    int64_t m = 0;
    if constexpr (SUM_REGISTERS >= 8)
      for (; m + 8 <= M; m += 8) block_store<FORMAT, 1, 8>(w, tile, x, m, y);
    for (; m + 4 <= M; m += 4) block_store<FORMAT, 1, 4>(w, tile, x, m, y);
    for (; m < M; ++m) block_store<FORMAT, 1, 1>(w, tile, x, m, y);
  }
}

}  // namespace

Operand operand_for(const Weight& w, bool x_bf16, int64_t M) {
  return x_bf16 && (w.format == BFLOAT16 || (is_quantized(w) && M >= PANEL_ROWS)) ? Operand::BFLOAT16
                                                                                  : Operand::FLOAT32;
}

Prepared prepare(Scratch& scratch, const Weight& w, Operand operand, int64_t M) {
  int64_t sum_stride = blocks(w.columns), stride = sum_stride * BLOCK;
  float* f = scratch.get<float>(M * (stride + sum_stride) + M * stride / 2);
  float* sums = f + M * stride;
  return {operand, stride, sum_stride, f, (uint16_t*)(sums + M * sum_stride), sums};
}

void finish_row(const Prepared& to, int64_t m, const float* x) {
  float* f = to.f + m * to.stride;
  for (int64_t k = 0; k < to.stride; k += LANES) {
    f32x16 v = load<f32x16>(x + k);
    if (to.operand == Operand::BFLOAT16)
      store(to.b + m * to.stride + k, narrow(v));
    else if (x != f)
      store(f + k, v);
  }
  if (to.operand == Operand::FLOAT32)
    for (int64_t b = 0; b < to.sum_stride; ++b)
      to.sums[m * to.sum_stride + b] = sum(load<f32x16>(x + b * BLOCK) + load<f32x16>(x + b * BLOCK + LANES));
}

void linear_part(const Weight& w, const Activations& x, int64_t M, const Output& y, int part, int parts) {
  if (x.b && M >= PANEL_ROWS) return linear_part_bf16(w, x, M, y, part, parts);
  int64_t row = units(w) * part / parts * unit_rows(w);
  int64_t row_end = std::min(units(w) * (part + 1) / parts * unit_rows(w), w.rows);
  int64_t begin = row / LANES, end = (row_end + LANES - 1) / LANES;  // tiles
  switch (w.format) {
    case FLOAT32:
      return dense<FloatByFloat>((const float*)w.data, row, row_end, w.columns, x.f, x.stride, M, y, w.bias);
    case BFLOAT16:
      if (x.b)
        return dense<Bfloat16ByBfloat16>((const uint16_t*)w.data, row, row_end, w.columns, x.b, x.stride, M, y, w.bias);
      return dense<Bfloat16ByFloat>((const uint16_t*)w.data, row, row_end, w.columns, x.f, x.stride, M, y, w.bias);
    case Q8_0:
      return block_linear<Q8_0>(w, begin, end, x, M, y);
    case Q4_0:
      return block_linear<Q4_0>(w, begin, end, x, M, y);
    case Q4_1:
      return block_linear<Q4_1>(w, begin, end, x, M, y);
  }
}

namespace {

template <int32_t FORMAT>
void block_row(const Weight& w, int64_t index, float* out) {
  typedef BlockLayout<FORMAT> F;
  int64_t num_blocks = blocks(w.columns), lane = index % LANES;
  const uint8_t* data = (const uint8_t*)w.data + index / LANES * num_blocks * F::BYTES;
  for (int64_t b = 0; b < num_blocks; ++b, data += F::BYTES) {
    float d[LANES], minimum[LANES] = {};
    store(d, widen_f16((const uint16_t*)data));
    if constexpr (FORMAT == Q4_1) store(minimum, widen_f16((const uint16_t*)(data + F::SCALES)));
    const uint8_t* codes = data + F::HEADER;
    for (int64_t k = 0; k < std::min(BLOCK, w.columns - b * BLOCK); ++k) {
      int code = FORMAT == Q8_0
                     ? ((const int8_t*)codes)[16 * k + lane]
                     : (codes[k / 8 * 64 + lane * 4 + k % 8 / 2] >> (k % 2 * 4) & 15) - (FORMAT == Q4_0 ? 8 : 0);
      out[b * BLOCK + k] = d[lane] * (float)code + minimum[lane];
    }
  }
}

// Row `index` of W as floats.
void weight_row(const Weight& w, int64_t index, float* out) {
  switch (w.format) {
    case FLOAT32:
      std::memcpy(out, (const float*)w.data + index * w.columns, w.columns * sizeof(float));
      return;
    case BFLOAT16:
      for (int64_t k = 0; k < w.columns; ++k) out[k] = widen(((const uint16_t*)w.data)[index * w.columns + k]);
      return;
    case Q8_0:
      return block_row<Q8_0>(w, index, out);
    case Q4_0:
      return block_row<Q4_0>(w, index, out);
    case Q4_1:
      return block_row<Q4_1>(w, index, out);
  }
}

}  // namespace

float* own_row(int64_t size) {
  static thread_local Scratch scratch;
  return scratch.get<float>(size);
}

void fathom_quantized_linear(const Weight* w, const void* x, int x_bf16, int64_t x_stride, void* y, int y_bf16,
                             int64_t y_stride, int64_t M, int threads) {
  static thread_local Scratch scratch;
  Prepared input = prepare(scratch, *w, operand_for(*w, x_bf16, M), M);
  Output output = {y_bf16 ? nullptr : (float*)y, y_bf16 ? (uint16_t*)y : nullptr, y_stride};
  parallel_rows(threads, M, [&](int64_t m) {
    float* row = own_row(input.stride);
    read_row(x, x_bf16, m * x_stride, w->columns, input.stride, row);
    finish_row(input, m, row);
  });
  parallel_parts(threads, units(*w),
                 [&](int part, int parts) { linear_part(*w, input.view(), M, output, part, parts); });
}

int64_t fathom_embedding(const Weight* w, const int64_t* ids, void* y, int y_bf16, int64_t M) {
  int64_t outside = 0;
  for (int64_t m = 0; m < M; ++m) {
    if (ids[m] < 0 || ids[m] >= w->rows) {
      ++outside;
      continue;
    }
    float* row = own_row(round_up(w->columns, BLOCK));
    weight_row(*w, ids[m], row);
    write_row(y, y_bf16, m * w->columns, w->columns, row);
  }
  return outside;
}

}  // namespace fathom
