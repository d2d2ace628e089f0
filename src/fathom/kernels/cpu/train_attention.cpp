// Causal attention of training, forward and backward, over rows of packed documents.
//
// Rows are short (hundreds of tokens) and many, so each task is one head of one row, worked through in float32 from
// copies that fit the L2; scores are never written to memory as a whole in the forward pass. Query t
// sees keys first[t] … t: what lies before its document or after itself is not computed, up to blocks of 32 keys, where
// a mask would compute and then discard it.
//
// Threads are OpenMP's here, unlike in pool.h: torch runs in between with its own OpenMP team, which this library
// shares (one runtime per process), and which spins on the very cores that threads of ours would need. Tasks do not
// depend on each other, so results do not depend on the number of threads.
//
//   B rows · T tokens a row · H query heads · G key/value heads · Dk, Dv key and value channels

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gemm.h"
#include "scratch.h"

namespace fathom {
namespace {

constexpr int ROWS = 8;              // of a tile of results held in registers
constexpr int COLUMNS = 2 * LANES;

inline int64_t up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

}  // namespace

// A tensor (B, T, heads, channels), channels side by side; strides in elements.
struct Heads {
  void* data;
  int64_t batch, token, head;
};

struct TrainAttention {
  Heads q, k, v, out;
  Heads d_out, d_q, d_k, d_v;  // backward only
  float* lse;                  // (B, H, T) log of the softmax's denominator
  const int32_t* first;        // (B, T) first key that each query sees, never decreasing in a row; null: 0
  int64_t B, T, H, G, Dk, Dv;
  float scale;
  int32_t bf16;                // else float32
};

namespace {

constexpr int TILE_ROWS = SUM_REGISTERS >= 2 * ROWS ? ROWS : 4;  // of which the sums fit into registers
constexpr int TILE_VECTORS = SUM_REGISTERS >= 2 * ROWS ? 2 : 1;

// C[ROWS][COLUMNS] += Σ_k a(m, k) · b[k][0 … COLUMNS), where a(m, k) stands at a[m·am + k·ak] and rows of b are ldb apart.
inline void multiply(const float* a, int64_t am, int64_t ak, const float* b, int64_t ldb, int64_t K, float* c,
                     int64_t ldc, bool add) {
  for (int m0 = 0; m0 < ROWS; m0 += TILE_ROWS)
    for (int n0 = 0; n0 < COLUMNS; n0 += TILE_VECTORS * LANES) {
      const float *from = a + m0 * am, *row = b + n0;
      float* to = c + m0 * ldc + n0;
      f32x16 acc[TILE_ROWS][TILE_VECTORS];
      for (int m = 0; m < TILE_ROWS; ++m)
        for (int n = 0; n < TILE_VECTORS; ++n) acc[m][n] = add ? load<f32x16>(to + m * ldc + n * LANES) : f32x16{};
      gemm::accumulate(
          acc, 0, K, [=](int m, int64_t k) { return from[m * am + k * ak]; },
          [=](int n, int64_t k) { return load<f32x16>(row + k * ldb + n * LANES); });
      for (int m = 0; m < TILE_ROWS; ++m)
        for (int n = 0; n < TILE_VECTORS; ++n) store(to + m * ldc + n * LANES, acc[m][n]);
    }
}

// One head of one row of a tensor as float32: channel c of token t goes to to[t·ld + c].
void read(const Heads& x, int bf16, int64_t b, int64_t h, int64_t T, int64_t C, float* to, int64_t ld) {
  int64_t start = b * x.batch + h * x.head;
  for (int64_t t = 0; t < T; ++t) {
    if (bf16) {
      const uint16_t* from = (const uint16_t*)x.data + start + t * x.token;
      for (int64_t c = 0; c < C; ++c) to[t * ld + c] = widen(from[c]);
    } else {
      std::memcpy(to + t * ld, (const float*)x.data + start + t * x.token, C * sizeof(float));
    }
  }
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

// What one thread works in; everything padded so that whole tiles may be read and written.
struct Workspace {
  int64_t keys, key_width, value_width;  // T, Dk and Dv, rounded up to COLUMNS
  float *q, *k, *v, *out, *k_t, *v_t;    // rows of tokens, and transposed
  float *p, *ds, *dk, *dv, *tile;

  Workspace(const TrainAttention& a, Scratch& scratch, bool backward) {
    keys = up(a.T, COLUMNS), key_width = up(a.Dk, COLUMNS), value_width = up(a.Dv, COLUMNS);
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
  int64_t low, high;  // keys that a block of queries computes, whole blocks of COLUMNS
};

inline int64_t first_of(const TrainAttention& a, int64_t b, int64_t t) { return a.first ? a.first[b * a.T + t] : 0; }

inline Range range(const TrainAttention& a, int64_t b, int64_t i) {
  int64_t last = std::min(a.T, i + ROWS);
  return {first_of(a, b, i) / COLUMNS * COLUMNS, up(last, COLUMNS)};
}

// The block's scores, unscaled: rows ld apart.
void scores(const TrainAttention& a, const Workspace& desk, int64_t i, Range r, float* s) {
  for (int64_t j = r.low; j < r.high; j += COLUMNS)
    multiply(desk.q + i * desk.key_width, desk.key_width, 1, desk.k_t + j, desk.keys, a.Dk, s + j, desk.keys, false);
}

void outside(float* row, int64_t low, int64_t begin, int64_t end, int64_t high, float value) {
  std::fill(row + low, row + begin, value);
  std::fill(row + end, row + high, value);
}

void forward_head(const TrainAttention& a, Workspace& desk, int64_t b, int64_t h) {
  read(a.q, a.bf16, b, h, a.T, a.Dk, desk.q, desk.key_width);
  for (int64_t i = 0; i < a.T; i += ROWS) {
    Range r = range(a, b, i);
    float total[ROWS];
    scores(a, desk, i, r, desk.p);
    int64_t rows = std::min<int64_t>(ROWS, a.T - i);
    for (int64_t m = 0; m < rows; ++m) {
      float* row = desk.p + m * desk.keys;
      int64_t begin = first_of(a, b, i + m), end = i + m + 1;
      outside(row, r.low, begin, end, r.high, -INFINITY);
      f32x16 high = splat(-INFINITY), sums = {};
      for (int64_t j = r.low; j < r.high; j += LANES) high = larger(high, load<f32x16>(row + j));
      float best = largest(high) * a.scale;
      for (int64_t j = r.low; j < r.high; j += LANES) store(row + j, exp(load<f32x16>(row + j) * a.scale - best));
      outside(row, r.low, begin, end, r.high, 0.0f);  // e^-inf is a tiny number here
      for (int64_t j = r.low; j < r.high; j += LANES) sums += load<f32x16>(row + j);
      total[m] = sum(sums);
      a.lse[(b * a.H + h) * a.T + i + m] = best + std::log(total[m]);
    }
    int64_t count = std::min(r.high, a.T) - r.low;
    for (int64_t c = 0; c < a.Dv; c += COLUMNS)
      multiply(desk.p + r.low, desk.keys, 1, desk.v + r.low * desk.value_width + c, desk.value_width, count,
               desk.tile + c, desk.value_width, false);
    for (int64_t m = 0; m < rows; ++m)
      write(a.out, a.bf16, b, h, i + m, a.Dv, desk.tile + m * desk.value_width, 1.0f / total[m]);
  }
}

// P and dS of all queries into the desk, and dQ.
void backward_queries(const TrainAttention& a, Workspace& desk, int64_t b, int64_t h) {
  static thread_local Scratch results;
  float* out = results.get<float>(desk.value_width);
  for (int64_t i = 0; i < a.T; i += ROWS) {
    Range r = range(a, b, i);
    float *p = desk.p + i * desk.keys, *ds = desk.ds + i * desk.keys;
    scores(a, desk, i, r, p);
    for (int64_t j = r.low; j < r.high; j += COLUMNS)
      multiply(desk.out + i * desk.value_width, desk.value_width, 1, desk.v_t + j, desk.keys, a.Dv, ds + j, desk.keys,
               false);  // dP
    for (int64_t m = 0; m < ROWS; ++m) {
      float *p_row = p + m * desk.keys, *ds_row = ds + m * desk.keys;
      if (i + m >= a.T) {
        outside(p_row, r.low, r.low, r.low, r.high, 0.0f);
        outside(ds_row, r.low, r.low, r.low, r.high, 0.0f);
        continue;
      }
      int64_t begin = first_of(a, b, i + m), end = i + m + 1;
      float lse = a.lse[(b * a.H + h) * a.T + i + m], delta = 0;
      Heads one = a.out;
      one.data = (char*)one.data + (i + m) * one.token * (a.bf16 ? 2 : 4);
      read(one, a.bf16, b, h, 1, a.Dv, out, desk.value_width);
      for (int64_t c = 0; c < a.Dv; ++c) delta += out[c] * desk.out[(i + m) * desk.value_width + c];
      outside(p_row, r.low, begin, end, r.high, -INFINITY);
      for (int64_t j = r.low; j < r.high; j += LANES) {
        f32x16 weight = exp(load<f32x16>(p_row + j) * a.scale - lse);
        store(p_row + j, weight);
        store(ds_row + j, weight * (load<f32x16>(ds_row + j) - delta) * a.scale);
      }
      outside(p_row, r.low, begin, end, r.high, 0.0f);
      outside(ds_row, r.low, begin, end, r.high, 0.0f);
    }
    int64_t count = std::min(r.high, a.T) - r.low;
    for (int64_t c = 0; c < a.Dk; c += COLUMNS)
      multiply(ds + r.low, desk.keys, 1, desk.k + r.low * desk.key_width + c, desk.key_width, count, desk.tile + c,
               desk.key_width, false);
    for (int64_t m = 0; m < std::min<int64_t>(ROWS, a.T - i); ++m)
      write(a.d_q, a.bf16, b, h, i + m, a.Dk, desk.tile + m * desk.key_width, 1.0f);
  }
}

// dK and dV of one query head, added to those of the other heads of its group.
void backward_keys(const TrainAttention& a, Workspace& desk, int64_t b) {
  int64_t stop = 0;
  for (int64_t j = 0; j < a.T; j += ROWS) {
    stop = std::max(stop, std::min(a.T, j + ROWS));
    while (stop < a.T && first_of(a, b, stop) < j + ROWS) ++stop;
    const float *p = desk.p + j * desk.keys + j, *ds = desk.ds + j * desk.keys + j;
    for (int64_t c = 0; c < a.Dk; c += COLUMNS)
      multiply(ds, 1, desk.keys, desk.q + j * desk.key_width + c, desk.key_width, stop - j,
               desk.dk + j * desk.key_width + c, desk.key_width, true);
    for (int64_t c = 0; c < a.Dv; c += COLUMNS)
      multiply(p, 1, desk.keys, desk.out + j * desk.value_width + c, desk.value_width, stop - j,
               desk.dv + j * desk.value_width + c, desk.value_width, true);
  }
}

void backward_group(const TrainAttention& a, Workspace& desk, int64_t b, int64_t g) {
  read(a.k, a.bf16, b, g, a.T, a.Dk, desk.k, desk.key_width);
  read(a.v, a.bf16, b, g, a.T, a.Dv, desk.v, desk.value_width);
  transpose(desk.k, desk.key_width, a.T, a.Dk, desk.k_t, desk.keys);
  transpose(desk.v, desk.value_width, a.T, a.Dv, desk.v_t, desk.keys);
  std::fill(desk.dk, desk.dk + desk.keys * desk.key_width, 0.0f);
  std::fill(desk.dv, desk.dv + desk.keys * desk.value_width, 0.0f);
  for (int64_t h = g * (a.H / a.G); h < (g + 1) * (a.H / a.G); ++h) {
    read(a.q, a.bf16, b, h, a.T, a.Dk, desk.q, desk.key_width);
    read(a.d_out, a.bf16, b, h, a.T, a.Dv, desk.out, desk.value_width);
    backward_queries(a, desk, b, h);
    backward_keys(a, desk, b);
  }
  for (int64_t t = 0; t < a.T; ++t) {
    write(a.d_k, a.bf16, b, g, t, a.Dk, desk.dk + t * desk.key_width, 1.0f);
    write(a.d_v, a.bf16, b, g, t, a.Dv, desk.dv + t * desk.value_width, 1.0f);
  }
}

}  // namespace

extern "C" FATHOM_EXPORT void fathom_train_attention(const TrainAttention* call, int threads) {
  const TrainAttention& a = *call;
#pragma omp parallel num_threads(threads)
  {
    static thread_local Scratch scratch;
    Workspace desk(a, scratch, false);
#pragma omp for schedule(static)
    for (int64_t task = 0; task < a.B * a.G; ++task) {
      int64_t b = task / a.G, g = task % a.G;
      read(a.k, a.bf16, b, g, a.T, a.Dk, desk.k, desk.key_width);
      read(a.v, a.bf16, b, g, a.T, a.Dv, desk.v, desk.value_width);
      transpose(desk.k, desk.key_width, a.T, a.Dk, desk.k_t, desk.keys);
      for (int64_t h = g * (a.H / a.G); h < (g + 1) * (a.H / a.G); ++h) forward_head(a, desk, b, h);
    }
  }
}

extern "C" FATHOM_EXPORT void fathom_train_attention_backward(const TrainAttention* call, int threads) {
  const TrainAttention& a = *call;
#pragma omp parallel num_threads(threads)
  {
    static thread_local Scratch scratch;
    Workspace desk(a, scratch, true);
#pragma omp for schedule(static)
    for (int64_t task = 0; task < a.B * a.G; ++task) backward_group(a, desk, task / a.G, task % a.G);
  }
}

}  // namespace fathom
