// Ragged causal attention over a paged cache, in float32 with an online softmax (arXiv 1805.02867; FlashAttention,
// arXiv 2205.14135). Keys are taken in chunks that begin at fixed positions, and a chunk wholly in a query's future
// changes nothing, so a query's result does not depend on how its prompt was divided.

#include <algorithm>
#include <cmath>
#include <vector>

#include "gemm.h"
#include "rows.h"
#include "scratch.h"
#include "thread_pool.h"

namespace fathom {

namespace {

constexpr int KEYS = 128;      // of a chunk
constexpr int MAX_ROWS = 192;  // (query, head) pairs of a task

struct Task {
  int64_t sequence, kv_head;
  int64_t query, queries;      // of the sequence's new tokens
  int64_t key_begin, key_end;  // chunks to visit
  int64_t partial;             // slot in the partial results, or -1 where the task finishes its rows itself
};

const void* token(const PagedAttention& call, const Pages& pages, const Task& task, int64_t position) {
  int64_t page = call.tables[task.sequence * call.table_stride + position / call.page_size];
  int64_t offset =
      page * pages.page_stride + position % call.page_size * pages.token_stride + task.kv_head * pages.head_stride;
  return (const char*)pages.data + offset * (call.cache_bf16 ? 2 : 4);
}

// Rows of keys or values as padded floats: pointers into the cache where it holds them so, else copies.
void gather(const PagedAttention& call, const Pages& pages, const Task& task, int64_t begin, int64_t end, int64_t dim,
            float* copies, const float** rows) {
  bool direct = !call.cache_bf16 && dim % LANES == 0;
  for (int64_t i = begin; i < end; ++i) {
    const void* from = token(call, pages, task, i);
    float* copy = copies + (i - begin) * padded(dim);
    if (!direct) read_row(from, call.cache_bf16, 0, dim, padded(dim), copy);
    rows[i - begin] = direct ? (const float*)from : copy;
  }
}

struct Buffers {
  Scratch queries, keys, values, transposed, scores, results, state;
};

Buffers& own_buffers() {
  static thread_local Buffers buffers;
  return buffers;
}

// scores[row][key] = q · k, four keys at a time, lanes along the channels.
void scores_by_dot(const float* q, int64_t rows, const float* const* k, int64_t keys, int64_t dim, float* scores) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t key = 0; key < keys; key += 4) {
      const float* four[4];
      for (int i = 0; i < 4; ++i) four[i] = key + i < keys ? k[key + i] : k[key];
      gemm::dot4(q + row * dim, four, dim, scores + row * KEYS + key);
    }
}

// out[r][0..V·16) += Σ_k a[r][k] · b[k], for R rows and V vectors.
template <int R, int V, class Row>
inline void add_outer(const float* a, int64_t a_stride, Row b, int64_t count, float* out, int64_t out_stride) {
  f32x16 acc[R][V];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) acc[r][v] = load<f32x16>(out + r * out_stride + v * LANES);
  gemm::accumulate(
      acc, 0, count, [=](int r, int64_t k) { return a[r * a_stride + k]; },
      [=](int v, int64_t k) { return load<f32x16>(b(k) + v * LANES); });
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) store(out + r * out_stride + v * LANES, acc[r][v]);
}

template <int V, class Row>
void add_outer_rows(const float* a, int64_t a_stride, int64_t rows, Row b, int64_t count, float* out,
                    int64_t out_stride) {
  int64_t r = 0;
  constexpr int NV = 4 * V <= SUM_REGISTERS ? V : 1;
  for (; r + 4 <= rows; r += 4)
    for (int v = 0; v < V; v += NV)
      add_outer<4, NV>(
          a + r * a_stride, a_stride, [=](int64_t k) { return b(k) + v * LANES; }, count,
          out + r * out_stride + v * LANES, out_stride);
  for (; r < rows; ++r) add_outer<1, V>(a + r * a_stride, a_stride, b, count, out + r * out_stride, out_stride);
}

void scores_by_transpose(const float* q, int64_t rows, const float* const* k, int64_t keys, int64_t dim,
                         float* transposed, float* scores) {
  for (int64_t key = 0; key < KEYS; ++key)
    for (int64_t d = 0; d < dim; ++d) transposed[d * KEYS + key] = key < keys ? k[key][d] : 0;
  std::fill(scores, scores + rows * KEYS, 0.0f);
  for (int64_t key = 0; key < KEYS; key += 4 * LANES)
    add_outer_rows<4>(q, dim, rows, [=](int64_t d) { return transposed + d * KEYS + key; }, dim, scores + key, KEYS);
}

// Keys of a chunk that a row sees: those from begin to end.
struct Visible {
  int32_t begin, end;
};

f32x16 softcapped(f32x16 x, float cap) { return cap == 0 ? x : cap * (2.0f * sigmoid(x * (2.0f / cap)) - 1.0f); }

// One chunk of keys for all rows: the softmax so far is in state (maximum, sum) and results.
void accumulate(float* scores, int64_t rows, const Visible* visible, int64_t keys, float scale, float softcap,
                const float* const* v, int64_t value_dim, float* state, float* results) {
  const i32x16 iota = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  int64_t width = padded(value_dim);
  for (int64_t row = 0; row < rows; ++row) {
    float* s = scores + row * KEYS;
    auto [first, last] = visible[row];
    f32x16 top = splat(-INFINITY), total = {};
    for (int k = 0; k < KEYS; k += LANES) {
      i32x16 seen = (iota + k > first - 1) & (iota + k < last);
      f32x16 x = select(seen, softcapped(load<f32x16>(s + k) * scale, softcap), splat(-INFINITY));
      store(s + k, x);
      top = larger(top, x);
    }
    float before = state[2 * row], now = std::max(before, largest(top));
    if (first >= last) {
      std::fill(s, s + KEYS, 0.0f);
      continue;
    }
    for (int k = 0; k < KEYS; k += LANES) {
      i32x16 seen = (iota + k > first - 1) & (iota + k < last);
      f32x16 p = select(seen, exp(load<f32x16>(s + k) - now), f32x16{});
      store(s + k, p);
      total += p;
    }
    float shrink = before == -INFINITY ? 0.0f : std::exp(before - now);
    state[2 * row] = now;
    state[2 * row + 1] = state[2 * row + 1] * shrink + sum(total);
    if (shrink != 1.0f)
      for (int64_t d = 0; d < width; d += LANES) {
        float* r = results + row * width + d;
        store(r, load<f32x16>(r) * shrink);
      }
  }
  int64_t d = 0;
  for (; d + 4 * LANES <= width; d += 4 * LANES)
    add_outer_rows<4>(scores, KEYS, rows, [=](int64_t k) { return v[k] + d; }, keys, results + d, width);
  for (; d < width; d += LANES)
    add_outer_rows<1>(scores, KEYS, rows, [=](int64_t k) { return v[k] + d; }, keys, results + d, width);
}

void write_result(const PagedAttention& call, int64_t n, int64_t head, const float* result, float total) {
  int64_t begin = (n * call.heads + head) * call.value_dim;
  for (int64_t d = 0; d < call.value_dim; ++d) {
    float x = result[d] / total;
    if (call.q_bf16)
      ((uint16_t*)call.out)[begin + d] = narrow(x);
    else
      ((float*)call.out)[begin + d] = x;
  }
}

// The first key that the token at a position sees.
int64_t first_seen(const PagedAttention& call, int64_t position) {
  return call.window ? std::max<int64_t>(0, position - call.window + 1) : 0;
}

void run(const PagedAttention& call, const Task& task, float* partials, Buffers& buffers) {
  int64_t group = call.heads / call.kv_heads, rows = task.queries * group;
  int64_t dim = padded(call.key_dim), width = padded(call.value_dim);
  int64_t length = call.lengths[task.sequence], first_row = call.query_starts[task.sequence];
  int64_t count = call.query_starts[task.sequence + 1] - first_row;
  float* q = buffers.queries.get<float>(rows * dim);
  float* keys = buffers.keys.get<float>(KEYS * dim);
  float* values = buffers.values.get<float>(KEYS * width);
  float* scores = buffers.scores.get<float>(rows * KEYS);
  float* state = task.partial < 0 ? buffers.state.get<float>(2 * rows) : partials + task.partial * group * (width + 2);
  float* results = task.partial < 0 ? buffers.results.get<float>(rows * width) : state + 2 * group;
  std::vector<Visible> visible(rows);
  const float *k_rows[KEYS], *v_rows[KEYS];

  for (int64_t row = 0; row < rows; ++row) {
    int64_t n = first_row + task.query + row / group, head = task.kv_head * group + row % group;
    int64_t offset = n * call.q_row_stride + head * call.q_head_stride;
    read_row(call.q, call.q_bf16, offset, call.key_dim, dim, q + row * dim);
    state[2 * row] = -INFINITY, state[2 * row + 1] = 0;
  }
  std::fill(results, results + rows * width, 0.0f);

  for (int64_t begin = task.key_begin; begin < task.key_end; begin += KEYS) {
    int64_t end = std::min(begin + KEYS, task.key_end), here = end - begin;
    gather(call, call.k, task, begin, end, call.key_dim, keys, k_rows);
    if (call.v.data)
      gather(call, call.v, task, begin, end, call.value_dim, values, v_rows);
    else
      std::copy(k_rows, k_rows + here, v_rows);
    for (int64_t row = 0; row < rows; ++row) {
      int64_t position = length - count + task.query + row / group;
      visible[row].begin = (int32_t)std::clamp<int64_t>(first_seen(call, position) - begin, 0, here);
      visible[row].end = (int32_t)std::clamp<int64_t>(position + 1 - begin, 0, here);
    }
    if (count == 1)
      scores_by_dot(q, rows, k_rows, here, dim, scores);
    else
      scores_by_transpose(q, rows, k_rows, here, dim, buffers.transposed.get<float>(dim * KEYS), scores);
    accumulate(scores, rows, visible.data(), here, call.scale, call.softcap, v_rows, call.value_dim, state, results);
  }
  if (task.partial < 0)
    for (int64_t row = 0; row < rows; ++row)
      write_result(call, first_row + task.query + row / group, task.kv_head * group + row % group,
                   results + row * width, state[2 * row + 1]);
}

// Joins the partial results of a single query, whose chunks of keys are different tasks, in order.
void merge(const PagedAttention& call, const Task& first, int64_t parts, const float* partials, Buffers& buffers) {
  int64_t group = call.heads / call.kv_heads, width = padded(call.value_dim), size = group * (width + 2);
  const float* base = partials + first.partial * size;
  float* joined = buffers.results.get<float>(width);
  for (int64_t row = 0; row < group; ++row) {
    float top = -INFINITY, total = 0;
    for (int64_t i = 0; i < parts; ++i) top = std::max(top, base[i * size + 2 * row]);
    std::fill(joined, joined + width, 0.0f);
    for (int64_t i = 0; i < parts; ++i) {
      const float* part = base + i * size;
      float weight = std::exp(part[2 * row] - top);
      total += part[2 * row + 1] * weight;
      for (int64_t d = 0; d < width; ++d) joined[d] += part[2 * group + row * width + d] * weight;
    }
    write_result(call, call.query_starts[first.sequence], first.kv_head * group + row, joined, total);
  }
}

}  // namespace

void fathom_paged_attention(const PagedAttention* pointer, int threads) {
  const PagedAttention& call = *pointer;
  int64_t group = call.heads / call.kv_heads, tile = std::max<int64_t>(1, MAX_ROWS / group), slots = 0;
  std::vector<Task> tasks, firsts;
  for (int64_t b = 0; b < call.sequences; ++b) {
    int64_t count = call.query_starts[b + 1] - call.query_starts[b], length = call.lengths[b];
    for (int64_t g = 0; g < call.kv_heads; ++g)
      if (count == 1) {
        int64_t skipped = first_seen(call, length - 1) / KEYS, chunks = (length + KEYS - 1) / KEYS;
        bool divided = chunks - skipped > 1;
        if (divided) firsts.push_back({b, g, 0, 1, 0, chunks - skipped, slots});
        for (int64_t i = skipped; i < chunks; ++i)
          tasks.push_back({b, g, 0, 1, i * KEYS, std::min((i + 1) * KEYS, length), divided ? slots++ : -1});
      } else {
        for (int64_t query = (count - 1) / tile * tile; query >= 0 && count; query -= tile) {  // the longest first
          int64_t queries = std::min(tile, count - query);
          int64_t position = length - count + query, skipped = first_seen(call, position) / KEYS;
          tasks.push_back({b, g, query, queries, skipped * KEYS, position + queries, -1});
        }
      }
  }
  static thread_local Scratch shared;
  float* partials = shared.get<float>(slots * group * (padded(call.value_dim) + 2));
  parallel(threads, tasks.size(), [&](int64_t i) { run(call, tasks[i], partials, own_buffers()); });
  parallel(threads, firsts.size(),
           [&](int64_t i) { merge(call, firsts[i], firsts[i].key_end, partials, own_buffers()); });
}

}  // namespace fathom
