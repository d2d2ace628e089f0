// Causal attention of training, forward and backward, over rows of packed documents.
//
// Rows are short (hundreds of tokens) and many, so each task is one head of one row, computed in float32 from copies
// that fit into L2; the forward pass never holds all scores. Query t sees keys first[t] … t: keys before its document
// or after itself are not computed, up to whole tiles of 32 keys, where a mask would compute and then discard them.
//
// Threads are OpenMP's here, unlike in thread_pool.h: torch runs in between with its own OpenMP team, which this
// library shares (one runtime per process), and which spins on the very cores that threads of our own would need. Tasks
// do not depend on each other, so results do not depend on the number of threads.
//
//   B rows · T tokens a row · H query heads · G key/value heads · Dk, Dv key and value channels

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gemm.h"
#include "rows.h"
#include "scratch.h"

namespace fathom {
namespace {

constexpr int ROWS = 8;  // of a tile of results
constexpr int COLUMNS = 2 * LANES;
constexpr int MR = SUM_REGISTERS >= 2 * ROWS ? ROWS : 4;  // of it, what fits into registers
constexpr int NV = SUM_REGISTERS >= 2 * ROWS ? 2 : 1;

// c[ROWS][COLUMNS] = Σ_k a(m, k) · b[k][0 … COLUMNS), where a(m, k) is at a[m·am + k·ak] and rows of b are ldb apart;
// or c += that.
inline void tile_product(const float* a, int64_t am, int64_t ak, const float* b, int64_t ldb, int64_t K, float* c,
                         int64_t ldc, bool add) {
  for (int m0 = 0; m0 < ROWS; m0 += MR)
    for (int n0 = 0; n0 < COLUMNS; n0 += NV * LANES) {
      const float *from = a + m0 * am, *row = b + n0;
      float* to = c + m0 * ldc + n0;
      f32x16 acc[MR][NV];
      for (int m = 0; m < MR; ++m)
        for (int n = 0; n < NV; ++n) acc[m][n] = add ? load<f32x16>(to + m * ldc + n * LANES) : f32x16{};
      gemm::accumulate(
          acc, 0, K, [=](int m, int64_t k) { return from[m * am + k * ak]; },
          [=](int n, int64_t k) { return load<f32x16>(row + k * ldb + n * LANES); });
      for (int m = 0; m < MR; ++m)
        for (int n = 0; n < NV; ++n) store(to + m * ldc + n * LANES, acc[m][n]);
    }
}

// One head of one row of a tensor as float32: channel c of token t goes to to[t·ld + c].
void read(const Heads& x, int bf16, int64_t b, int64_t h, int64_t T, int64_t C, float* to, int64_t ld) {
  int64_t start = b * x.batch + h * x.head;
  for (int64_t t = 0; t < T; ++t) read_row(x.data, bf16, start + t * x.token, C, C, to + t * ld);
}

// Token t of one head: C numbers times `factor`, rounded to the tensor's type.
void write(const Heads& x, int bf16, int64_t b, int64_t h, int64_t t, int64_t C, const float* from, float factor) {
  int64_t start = b * x.batch + h * x.head + t * x.token;
  if (bf16) {
    uint16_t* to = (uint16_t*)x.data + start;
    for (int64_t c = 0; c < C; ++c) to[c] = narrow(from[c] * factor);
  } else {
    float* to = (float*)x.data + start;
    for (int64_t c = 0; c < C; ++c) to[c] = from[c] * factor;
  }
}

// (rows, C) with rows ld apart → (C, rows), rows of the result out_ld apart, in squares that stay in L1.
void transpose(const float* x, int64_t ld, int64_t rows, int64_t C, float* out, int64_t out_ld) {
  for (int64_t r0 = 0; r0 < rows; r0 += LANES)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t r = r0; r < std::min(rows, r0 + LANES); ++r) out[c * out_ld + r] = x[r * ld + c];
}

// Memory of one thread; everything is padded so that whole tiles may be read and written.
struct Workspace {
  int64_t keys, key_width, value_width;  // T, Dk and Dv, rounded up to COLUMNS
  float *q, *k, *v, *out, *k_t, *v_t;    // rows of tokens, and transposed
  float *p, *ds, *dk, *dv, *tile;

  Workspace(const CausalAttention& a, Scratch& scratch, bool backward) {
    keys = round_up(a.T, COLUMNS), key_width = round_up(a.Dk, COLUMNS), value_width = round_up(a.Dv, COLUMNS);
    int64_t key_rows = keys * key_width, value_rows = keys * value_width, widest = std::max(key_width, value_width);
    int64_t scores = backward ? keys * keys : ROWS * keys;
    int64_t size = 4 * key_rows + 4 * value_rows + 2 * scores + ROWS * widest;
    float* at = scratch.get<float>(size);
    std::fill(at, at + size, 0.0f);
    auto take = [&](int64_t count) { return at += count, at - count; };
    q = take(key_rows), k = take(key_rows), k_t = take(key_rows), dk = take(key_rows);
    v = take(value_rows), v_t = take(value_rows), out = take(value_rows), dv = take(value_rows);
    p = take(scores), ds = take(scores), tile = take(ROWS * widest);
  }
};

struct Range {
  int64_t low, high;  // keys that ROWS queries compute, whole tiles of COLUMNS
};

inline int64_t first_key(const CausalAttention& a, int64_t b, int64_t t) { return a.first ? a.first[b * a.T + t] : 0; }

inline Range range(const CausalAttention& a, int64_t b, int64_t i) {
  int64_t last = std::min(a.T, i + ROWS);
  return {first_key(a, b, i) / COLUMNS * COLUMNS, round_up(last, COLUMNS)};
}

// Scores of ROWS queries from i on, unscaled.
void scores(const CausalAttention& a, const Workspace& ws, int64_t i, Range r, float* s) {
  for (int64_t j = r.low; j < r.high; j += COLUMNS)
    tile_product(ws.q + i * ws.key_width, ws.key_width, 1, ws.k_t + j, ws.keys, a.Dk, s + j, ws.keys, false);
}

void fill_outside(float* row, int64_t low, int64_t begin, int64_t end, int64_t high, float value) {
  std::fill(row + low, row + begin, value);
  std::fill(row + end, row + high, value);
}

void forward_head(const CausalAttention& a, Workspace& ws, int64_t b, int64_t h) {
  read(a.q, a.bf16, b, h, a.T, a.Dk, ws.q, ws.key_width);
  for (int64_t i = 0; i < a.T; i += ROWS) {
    Range r = range(a, b, i);
    float total[ROWS];
    scores(a, ws, i, r, ws.p);
    int64_t rows = std::min<int64_t>(ROWS, a.T - i);
    for (int64_t m = 0; m < rows; ++m) {
      float* row = ws.p + m * ws.keys;
      int64_t begin = first_key(a, b, i + m), end = i + m + 1;
      fill_outside(row, r.low, begin, end, r.high, -INFINITY);
      f32x16 high = splat(-INFINITY), sums = {};
      for (int64_t j = r.low; j < r.high; j += LANES) high = larger(high, load<f32x16>(row + j));
      float best = largest(high) * a.scale;
      for (int64_t j = r.low; j < r.high; j += LANES) store(row + j, exp(load<f32x16>(row + j) * a.scale - best));
      fill_outside(row, r.low, begin, end, r.high, 0.0f);  // exp(-inf) is not 0 here
      for (int64_t j = r.low; j < r.high; j += LANES) sums += load<f32x16>(row + j);
      total[m] = sum(sums);
      a.lse[(b * a.H + h) * a.T + i + m] = best + std::log(total[m]);
    }
    int64_t count = std::min(r.high, a.T) - r.low;
    for (int64_t c = 0; c < a.Dv; c += COLUMNS)
      tile_product(ws.p + r.low, ws.keys, 1, ws.v + r.low * ws.value_width + c, ws.value_width, count, ws.tile + c,
                   ws.value_width, false);
    for (int64_t m = 0; m < rows; ++m)
      write(a.out, a.bf16, b, h, i + m, a.Dv, ws.tile + m * ws.value_width, 1.0f / total[m]);
  }
}

// P and dS of all queries into the workspace, and dQ.
void backward_queries(const CausalAttention& a, Workspace& ws, int64_t b, int64_t h) {
  static thread_local Scratch results;
  float* out = results.get<float>(ws.value_width);
  for (int64_t i = 0; i < a.T; i += ROWS) {
    Range r = range(a, b, i);
    float *p = ws.p + i * ws.keys, *ds = ws.ds + i * ws.keys;
    scores(a, ws, i, r, p);
    for (int64_t j = r.low; j < r.high; j += COLUMNS)
      tile_product(ws.out + i * ws.value_width, ws.value_width, 1, ws.v_t + j, ws.keys, a.Dv, ds + j, ws.keys,
                   false);  // dP
    for (int64_t m = 0; m < ROWS; ++m) {
      float *p_row = p + m * ws.keys, *ds_row = ds + m * ws.keys;
      if (i + m >= a.T) {
        fill_outside(p_row, r.low, r.low, r.low, r.high, 0.0f);
        fill_outside(ds_row, r.low, r.low, r.low, r.high, 0.0f);
        continue;
      }
      int64_t begin = first_key(a, b, i + m), end = i + m + 1;
      float lse = a.lse[(b * a.H + h) * a.T + i + m], delta = 0;
      read_row(a.out.data, a.bf16, b * a.out.batch + h * a.out.head + (i + m) * a.out.token, a.Dv, a.Dv, out);
      for (int64_t c = 0; c < a.Dv; ++c) delta += out[c] * ws.out[(i + m) * ws.value_width + c];
      fill_outside(p_row, r.low, begin, end, r.high, -INFINITY);
      for (int64_t j = r.low; j < r.high; j += LANES) {
        f32x16 weight = exp(load<f32x16>(p_row + j) * a.scale - lse);
        store(p_row + j, weight);
        store(ds_row + j, weight * (load<f32x16>(ds_row + j) - delta) * a.scale);
      }
      fill_outside(p_row, r.low, begin, end, r.high, 0.0f);
      fill_outside(ds_row, r.low, begin, end, r.high, 0.0f);
    }
    int64_t count = std::min(r.high, a.T) - r.low;
    for (int64_t c = 0; c < a.Dk; c += COLUMNS)
      tile_product(ds + r.low, ws.keys, 1, ws.k + r.low * ws.key_width + c, ws.key_width, count, ws.tile + c,
                   ws.key_width, false);
    for (int64_t m = 0; m < std::min<int64_t>(ROWS, a.T - i); ++m)
      write(a.d_q, a.bf16, b, h, i + m, a.Dk, ws.tile + m * ws.key_width, 1.0f);
  }
}

// dK and dV of one query head, added to those of the other heads of its group.
void backward_keys(const CausalAttention& a, Workspace& ws, int64_t b) {
  int64_t stop = 0;
  for (int64_t j = 0; j < a.T; j += ROWS) {
    stop = std::max(stop, std::min(a.T, j + ROWS));
    while (stop < a.T && first_key(a, b, stop) < j + ROWS) ++stop;
    const float *p = ws.p + j * ws.keys + j, *ds = ws.ds + j * ws.keys + j;
    for (int64_t c = 0; c < a.Dk; c += COLUMNS)
      tile_product(ds, 1, ws.keys, ws.q + j * ws.key_width + c, ws.key_width, stop - j, ws.dk + j * ws.key_width + c,
                   ws.key_width, true);
    for (int64_t c = 0; c < a.Dv; c += COLUMNS)
      tile_product(p, 1, ws.keys, ws.out + j * ws.value_width + c, ws.value_width, stop - j,
                   ws.dv + j * ws.value_width + c, ws.value_width, true);
  }
}

void backward_group(const CausalAttention& a, Workspace& ws, int64_t b, int64_t g) {
  read(a.k, a.bf16, b, g, a.T, a.Dk, ws.k, ws.key_width);
  read(a.v, a.bf16, b, g, a.T, a.Dv, ws.v, ws.value_width);
  transpose(ws.k, ws.key_width, a.T, a.Dk, ws.k_t, ws.keys);
  transpose(ws.v, ws.value_width, a.T, a.Dv, ws.v_t, ws.keys);
  std::fill(ws.dk, ws.dk + ws.keys * ws.key_width, 0.0f);
  std::fill(ws.dv, ws.dv + ws.keys * ws.value_width, 0.0f);
  for (int64_t h = g * (a.H / a.G); h < (g + 1) * (a.H / a.G); ++h) {
    read(a.q, a.bf16, b, h, a.T, a.Dk, ws.q, ws.key_width);
    read(a.d_out, a.bf16, b, h, a.T, a.Dv, ws.out, ws.value_width);
    backward_queries(a, ws, b, h);
    backward_keys(a, ws, b);
  }
  for (int64_t t = 0; t < a.T; ++t) {
    write(a.d_k, a.bf16, b, g, t, a.Dk, ws.dk + t * ws.key_width, 1.0f);
    write(a.d_v, a.bf16, b, g, t, a.Dv, ws.dv + t * ws.value_width, 1.0f);
  }
}

}  // namespace

void fathom_causal_attention(const CausalAttention* call, int threads) {
  const CausalAttention& a = *call;
#pragma omp parallel num_threads(threads)
  {
    static thread_local Scratch scratch;
    Workspace ws(a, scratch, false);
#pragma omp for schedule(static)
    for (int64_t task = 0; task < a.B * a.G; ++task) {
      int64_t b = task / a.G, g = task % a.G;
      read(a.k, a.bf16, b, g, a.T, a.Dk, ws.k, ws.key_width);
      read(a.v, a.bf16, b, g, a.T, a.Dv, ws.v, ws.value_width);
      transpose(ws.k, ws.key_width, a.T, a.Dk, ws.k_t, ws.keys);
      for (int64_t h = g * (a.H / a.G); h < (g + 1) * (a.H / a.G); ++h) forward_head(a, ws, b, h);
    }
  }
}

void fathom_causal_attention_backward(const CausalAttention* call, int threads) {
  const CausalAttention& a = *call;
#pragma omp parallel num_threads(threads)
  {
    static thread_local Scratch scratch;
    Workspace ws(a, scratch, true);
#pragma omp for schedule(static)
    for (int64_t task = 0; task < a.B * a.G; ++task) backward_group(a, ws, task / a.G, task % a.G);
  }
}

}  // namespace fathom
