// Products of matrices of any strides: C = A B, or C += A B; float32, or bfloat16 summed in float32.
//
// All threads copy B into panels NR columns wide, as much of it as the last-level cache holds; then each thread takes
// MC rows of A against those panels, KC of k at a time. A tile of C stays in registers, a panel in L1, and the rows of
// A in L2 (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008). A is read
// in place where its rows are contiguous, and copied first where they are not.
//
// The unit of k is a word of 32 bits: one float32, or two bfloat16 that follow each other in k.
//
// Every number of C is summed over k in order, KC words at a time, whatever is beside it: no result depends on the
// number of threads. Threads are OpenMP's, for the reason in causal_attention.cpp.
//
//   A (M, K) · B (K, N) · C (M, N), which is fastest with contiguous rows

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "gemm.h"
#include "interface.h"
#include "scratch.h"

namespace fathom {

namespace {

using gemm::MR;
constexpr int NV = SUM_REGISTERS >= 24 ? 2 : 1;
constexpr int NR = NV * LANES;
constexpr int64_t KC = 384;                 // words of k in one tile
constexpr int64_t MC = 16 * MR;             // most rows of A that a thread takes at once
constexpr int64_t B_PANELS_SIZE = 1 << 20;  // words of B in panels at once: KC · NC at most
constexpr int64_t TASKS_PER_THREAD = 2;     // so that no thread waits long for the last
constexpr int64_t GROUPS_PER_THREAD = 4;    // from which on each thread takes whole groups

// Rows of A that a thread takes at once: fewer where M is too small to give all threads work.
inline int64_t rows_per_task(int64_t M, int threads) {
  return std::min(MC, round_up(ceil_div(M, TASKS_PER_THREAD * threads), MR));
}

// A matrix of T, which is float or, for bfloat16, uint16_t.
template <class T>
struct Matrix {
  T* data;
  int64_t row, column;

  explicit Matrix(const Strided& x) : data((T*)x.data), row(x.row), column(x.column) {}
};

// Words are stored as floats, but only their bits count.
template <class T>
constexpr int64_t PER_WORD = sizeof(float) / sizeof(T);

// A word of A for all lanes, and a vector of words of B.
inline float broadcast(const float* from) { return *from; }
inline u32x16 broadcast(const uint16_t* from) { return u32x16{} + load<uint32_t>(from); }
inline f32x16 words(const float* from, float) { return load<f32x16>(from); }
inline u32x16 words(const float* from, uint16_t) { return load<u32x16>(from); }

// The word of k and, of bfloat16, k + 1, `step` apart; zero beyond the last k.
inline float word_of(const float* from, int64_t, int64_t) { return *from; }
inline float word_of(const uint16_t* from, int64_t step, int64_t left) {
  uint32_t bits = from[0] | (left > 1 ? (uint32_t)from[step] << 16 : 0);
  float word;
  std::memcpy(&word, &bits, sizeof bits);
  return word;
}

// Sixteen words of adjacent columns.
inline f32x16 words_of(const float* from, int64_t, int64_t) { return load<f32x16>(from); }
inline f32x16 words_of(const uint16_t* from, int64_t step, int64_t left) {
  u32x16 low = extend(load<u16x16>(from));
  return (f32x16)(left > 1 ? low | (extend(load<u16x16>(from + step)) << 16) : low);
}

inline void put(float* to, f32x16 values, bool add) { store(to, add ? load<f32x16>(to) + values : values); }
inline void put(uint16_t* to, f32x16 values, bool) { store(to, narrow(values)); }
inline void put(float* to, float value, bool add) { *to = value + (add ? *to : 0.0f); }
inline void put(uint16_t* to, float value, bool) { *to = narrow(value); }

// c[R][NR] = Σ_k a(r, k) · panel[k][NR], or c += that, where the word a(r, k) is at a[r·row + k·column]. K words.
template <int R, class T, class U>
FATHOM_NOINLINE void tile(const T* a, int64_t row, int64_t column, const float* panel, int64_t K, U* c, int64_t ldc,
                          bool add) {
  f32x16 acc[R][NV];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < NV; ++v) __builtin_prefetch(c + r * ldc + v * LANES, 1);
  auto left = [=](int r, int64_t k) { return broadcast(a + r * row + k * column); };
  auto right = [=](int v, int64_t k) { return words(panel + k * NR + v * LANES, T{}); };
  gemm::start(acc, [=](int r) { return left(r, 0); }, [=](int v) { return right(v, 0); });
  gemm::accumulate(acc, 1, K, left, right);
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < NV; ++v) put(c + r * ldc + v * LANES, acc[r][v], add);
}

// K rows of `width` columns of B → words in NR columns, zero beyond the last.
template <class T>
void fill_b_panel(const T* from, const Matrix<T>& b, int64_t K, int64_t width, float* to) {
  for (int64_t k = 0; k < K; k += PER_WORD<T>, from += PER_WORD<T> * b.row, to += NR) {
    if (b.column == 1 && width == NR) {
      for (int v = 0; v < NV; ++v) store(to + v * LANES, words_of(from + v * LANES, b.row, K - k));
    } else {
      for (int64_t n = 0; n < NR; ++n) to[n] = n < width ? word_of(from + n * b.column, b.row, K - k) : 0.0f;
    }
  }
}

// K columns of A's rows as words: for each MR rows, and the last few, column after column.
template <class T>
void fill_a_rows(const T* from, const Matrix<T>& a, int64_t rows, int64_t K, float* to) {
  int64_t whole = rows / MR * MR, words = ceil_div(K, PER_WORD<T>);
  for (int64_t k = 0; k < words; ++k, from += PER_WORD<T> * a.column) {
    int64_t left = K - k * PER_WORD<T>;
    for (int64_t m = 0; m < whole; m += MR) {
      const T* first = from + m * a.row;
      float* group = to + m * words + k * MR;
      if (a.row == 1)
        for (int64_t r = 0; r < MR; ++r) group[r] = word_of(first + r, a.column, left);
      else
        for (int64_t r = 0; r < MR; ++r) group[r] = word_of(first + r * a.row, a.column, left);
    }
    for (int64_t m = whole; m < rows; ++m)
      to[whole * words + k * MR + m - whole] = word_of(from + m * a.row, a.column, left);
  }
}

// Rows of A times panels first … last of B, into C from `to` on, which has `columns` columns.
template <class T, class U>
void multiply_rows(const T* from, const Matrix<T>& a, int64_t rows, int64_t K, const float* panels, int64_t first,
                   int64_t last, U* to, const Matrix<U>& c, int64_t columns, bool add) {
  static thread_local Scratch scratch;
  float* copied = scratch.get<float>(MC * KC + MR * NR);
  float* edge = copied + MC * KC;
  int64_t words = ceil_div(K, PER_WORD<T>);
  bool copy = a.column != 1 || K % PER_WORD<T>;
  if (copy) fill_a_rows(from, a, rows, K, copied);
  for (int64_t p = first; p < last; ++p) {
    const float* panel = panels + p * words * NR;
    int64_t width = std::min<int64_t>(NR, columns - p * NR);
    for (int64_t m = 0; m < rows; m += MR) {
      int64_t here = std::min<int64_t>(MR, rows - m);
      const T* left = copy ? (const T*)(copied + m * words) : from + m * a.row;
      int64_t row = copy ? PER_WORD<T> : a.row, column = PER_WORD<T> * (copy ? MR : 1);
      U* corner = to + m * c.row + p * NR * c.column;
      if (width == NR && c.column == 1) {
        gemm::with_height<MR>(here,
                              [&](auto R) { tile<R.value>(left, row, column, panel, words, corner, c.row, add); });
        continue;
      }
      gemm::with_height<MR>(here, [&](auto R) { tile<R.value>(left, row, column, panel, words, edge, NR, false); });
      for (int64_t n = 0; n < width; ++n)
        for (int64_t r = 0; r < here; ++r) put(corner + r * c.row + n * c.column, edge[r * NR + n], add);
    }
  }
}

template <class T>
void clear(const Matrix<T>& c, int64_t M, int64_t N) {
  for (int64_t m = 0; m < M; ++m)
    for (int64_t n = 0; n < N; ++n) c.data[m * c.row + n * c.column] = 0;
}

// C of U = A B, both of T, or C += A B where U is float.
template <class T, class U>
void matmul(const Matrix<T>& a, const Matrix<T>& b, const Matrix<U>& c, int64_t M, int64_t K, int64_t N, bool add,
            int threads) {
  if (K == 0 && !add) clear(c, M, N);
  if (M == 0 || K == 0 || N == 0) return;
  constexpr int64_t DEPTH = KC * PER_WORD<T>;  // KC in numbers
  static thread_local Scratch scratch, sums;
  if (sizeof(U) < sizeof(float) && K > DEPTH) {  // sums of several tiles are rounded once, at the end
    Strided wide = {sums.get<float>(M * N), N, 1};
    matmul<T, float>(a, b, Matrix<float>(wide), M, K, N, false, threads);
    for (int64_t m = 0; m < M; ++m)
      for (int64_t n = 0; n < N; ++n) put(c.data + m * c.row + n * c.column, ((float*)wide.data)[m * N + n], false);
    return;
  }
  int64_t panel = std::min(ceil_div(K, PER_WORD<T>), KC) * NR;                             // words
  int64_t nc = std::min(ceil_div(N, NR), std::max<int64_t>(1, B_PANELS_SIZE / panel));     // panels at once
  int64_t kc = std::min(K, std::max<int64_t>(1, B_PANELS_SIZE / (nc * NR) / KC) * DEPTH);  // numbers
  float* b_panels = scratch.get<float>(nc * NR * ceil_div(kc, PER_WORD<T>));
  int64_t mc = rows_per_task(M, threads), row_tasks = ceil_div(M, mc);
#pragma omp parallel num_threads(threads)
  for (int64_t n = 0; n < N; n += nc * NR)
    for (int64_t k = 0; k < K; k += kc) {
      int64_t depth = std::min(kc, K - k), columns = std::min(nc * NR, N - n), panels = ceil_div(columns, NR);
      auto panels_at = [&](int64_t at) { return b_panels + at / PER_WORD<T> * panels * NR; };
#pragma omp for schedule(static)
      for (int64_t p = 0; p < panels; ++p)
        for (int64_t at = 0; at < depth; at += DEPTH) {
          int64_t here = std::min(DEPTH, depth - at);
          fill_b_panel(b.data + (k + at) * b.row + (n + p * NR) * b.column, b, here,
                       std::min<int64_t>(NR, columns - p * NR), panels_at(at) + p * ceil_div(here, PER_WORD<T>) * NR);
        }
      int64_t panel_tasks = std::min(panels, ceil_div(TASKS_PER_THREAD * threads, row_tasks));  // for each rows' task
#pragma omp for schedule(dynamic)
      for (int64_t task = 0; task < row_tasks * panel_tasks; ++task) {
        int64_t m = task / panel_tasks * mc, part = task % panel_tasks;
        for (int64_t at = 0; at < depth; at += DEPTH)
          multiply_rows(a.data + m * a.row + (k + at) * a.column, a, std::min(mc, M - m), std::min(DEPTH, depth - at),
                        panels_at(at), panels * part / panel_tasks, panels * (part + 1) / panel_tasks,
                        c.data + m * c.row + n * c.column, c, columns, add || k + at > 0);
      }
    }
}

// The matrix of group e, whose tokens begin with `first`.
template <class T>
Matrix<T> matrix_of(const Grouped& x, int64_t e, int64_t first) {
  Matrix<T> matrix(x.matrix);
  matrix.data += e * x.group + first * x.token;
  return matrix;
}

template <class T, class U>
void grouped_matmul(const Grouped& a, const Grouped& b, const Grouped& c, const int64_t* counts, int64_t groups,
                    int64_t M, int64_t K, int64_t N, int threads) {
  static thread_local Scratch scratch;
  int64_t* first = scratch.get<int64_t>(groups);
  for (int64_t e = 0, token = 0; e < groups; token += counts[e++]) first[e] = token;
  auto multiply_group = [&](int64_t e, int group_threads) {
    auto size = [&](int64_t fixed) { return fixed < 0 ? counts[e] : fixed; };
    matmul<T, U>(matrix_of<T>(a, e, first[e]), matrix_of<T>(b, e, first[e]), matrix_of<U>(c, e, first[e]), size(M),
                 size(K), size(N), false, group_threads);
  };
  if (groups < GROUPS_PER_THREAD * threads) {
    for (int64_t e = 0; e < groups; ++e) multiply_group(e, threads);
    return;
  }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t e = 0; e < groups; ++e) multiply_group(e, 1);
}

}  // namespace

void fathom_matmul(const Strided* a, const Strided* b, const Strided* c, int64_t M, int64_t K, int64_t N, int add,
                   int threads) {
  matmul<float, float>(Matrix<float>(*a), Matrix<float>(*b), Matrix<float>(*c), M, K, N, add, threads);
}

void fathom_grouped_matmul(const Grouped* a, const Grouped* b, const Grouped* c, const int64_t* counts, int64_t groups,
                           int64_t M, int64_t K, int64_t N, int threads) {
  auto run = !a->bf16  ? grouped_matmul<float, float>
             : c->bf16 ? grouped_matmul<uint16_t, uint16_t>
                       : grouped_matmul<uint16_t, float>;
  run(*a, *b, *c, counts, groups, M, K, N, threads);
}

}  // namespace fathom
