// Products of float32 matrices of any strides, for training: C = A B, or C += A B.
//
// B is brought into panels (one tile wide, row by row) by all threads, as much of it as the last-level cache holds; then
// each takes blocks of A's rows against those panels. A tile of C lives in registers; a panel stays in the first cache
// while a block of A, which the second holds, passes over it. A's rows are read where they stand, its columns are copied
// side by side first. (The division of labour is that of Goto and van de Geijn, Anatomy of High-Performance Matrix
// Multiplication, ACM TOMS 34(3), 2008.)
//
// Every number of C is summed over k in order, DEEP of them at a time, whatever is beside it and whoever computes it: no
// result depends on the number of threads. Threads are OpenMP's, for the reason in train_attention.cpp.
//
//   A (M, K) · B (K, N) · C (M, N), which is fastest with its columns side by side

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "scratch.h"
#include "train_product.h"

namespace fathom {

namespace {

constexpr int ROWS = HELD >= 24 ? 12 : 6;  // of a tile
constexpr int VECTORS = HELD >= 24 ? 2 : 1;
constexpr int WIDE = VECTORS * LANES;
constexpr int64_t DEEP = 384;              // of k in one tile
constexpr int64_t HIGH = 16 * ROWS;        // most rows of A that a thread takes at once
constexpr int64_t SHARED = 1 << 20;        // numbers of B in panels at once
constexpr int64_t TASKS = 2;               // for each thread, so that none waits long for the last
constexpr int64_t GROUPS = 4;              // for each thread, from which on each takes whole groups

inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

// Rows of A that a thread takes at once: fewer where M is too small to give all threads work.
inline int64_t height(int64_t M, int threads) {
  return std::min(HIGH, parts(parts(M, TASKS * threads), ROWS) * ROWS);
}

// c[R][WIDE] = Σ_k a(r, k) · panel[k][WIDE], or c += that; a(r, k) stands at a[r·row + k·column].
template <int R>
inline void tile(const float* a, int64_t row, int64_t column, const float* panel, int64_t K, float* c, int64_t ldc,
                 bool add) {
  f32x16 acc[R][VECTORS];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < VECTORS; ++v) __builtin_prefetch(c + r * ldc + v * LANES, 1);
  for (int r = 0; r < R; ++r)  // not zeros, which GCC writes to memory first
    for (int v = 0; v < VECTORS; ++v) acc[r][v] = load<f32x16>(panel + v * LANES) * a[r * row];
  for (int64_t k = 1; k < K; ++k) {
    f32x16 right[VECTORS];
    for (int v = 0; v < VECTORS; ++v) right[v] = load<f32x16>(panel + k * WIDE + v * LANES);
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < VECTORS; ++v) acc[r][v] += right[v] * a[r * row + k * column];
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < VECTORS; ++v) {
      float* to = c + r * ldc + v * LANES;
      store(to, add ? load<f32x16>(to) + acc[r][v] : acc[r][v]);
    }
}

template <int R>
inline void tile_of(int64_t rows, const float* a, int64_t row, int64_t column, const float* panel, int64_t K, float* c,
                    int64_t ldc, bool add) {
  if (rows == R) return tile<R>(a, row, column, panel, K, c, ldc, add);
  if constexpr (R > 1) tile_of<R - 1>(rows, a, row, column, panel, K, c, ldc, add);
}

// K rows of `width` columns of B → WIDE columns, what is missing zero.
void fill_panel(const float* from, const Strided& b, int64_t K, int64_t width, float* to) {
  for (int64_t k = 0; k < K; ++k, from += b.row, to += WIDE) {
    if (b.column == 1 && width == WIDE) {
      for (int v = 0; v < VECTORS; ++v) store(to + v * LANES, load<f32x16>(from + v * LANES));
    } else {
      for (int64_t n = 0; n < WIDE; ++n) to[n] = n < width ? from[n * b.column] : 0.0f;
    }
  }
}

// K columns of A's rows, ROWS numbers of a column side by side, column after column; the last few rows likewise.
void fill_rows(const float* from, const Strided& a, int64_t rows, int64_t K, float* to) {
  int64_t whole = rows / ROWS * ROWS;
  for (int64_t k = 0; k < K; ++k, from += a.column) {
    for (int64_t m = 0; m < whole; m += ROWS) {
      float* group = to + m * K + k * ROWS;
      if (a.row == 1) std::memcpy(group, from + m, ROWS * sizeof(float));
      else for (int r = 0; r < ROWS; ++r) group[r] = from[(m + r) * a.row];
    }
    for (int64_t m = whole; m < rows; ++m) to[whole * K + k * ROWS + m - whole] = from[m * a.row];
  }
}

// A block of A's rows against panels first … last, which hold columns of C from `c` on, `columns` of them in all.
void block(const float* from, const Strided& a, int64_t rows, int64_t K, const float* panels, int64_t first, int64_t last,
           float* to, const Strided& c, int64_t columns, bool add) {
  static thread_local Scratch scratch;
  float* copied = scratch.get<float>(HIGH * DEEP + ROWS * WIDE);
  float* edge = copied + HIGH * DEEP;
  bool copy = a.column != 1;
  if (copy) fill_rows(from, a, rows, K, copied);
  for (int64_t p = first; p < last; ++p) {
    const float* panel = panels + p * K * WIDE;
    int64_t width = std::min<int64_t>(WIDE, columns - p * WIDE);
    for (int64_t m = 0; m < rows; m += ROWS) {
      int64_t here = std::min<int64_t>(ROWS, rows - m);
      const float* left = copy ? copied + m * K : from + m * a.row;
      int64_t row = copy ? 1 : a.row, column = copy ? ROWS : 1;
      float* corner = to + m * c.row + p * WIDE * c.column;
      if (width == WIDE && c.column == 1) {
        tile_of<ROWS>(here, left, row, column, panel, K, corner, c.row, add);
        continue;
      }
      tile_of<ROWS>(here, left, row, column, panel, K, edge, WIDE, false);
      for (int64_t n = 0; n < width; ++n)
        for (int64_t r = 0; r < here; ++r) {
          float* one = corner + r * c.row + n * c.column;
          *one = edge[r * WIDE + n] + (add ? *one : 0.0f);
        }
    }
  }
}

}  // namespace

extern "C" FATHOM_EXPORT void fathom_train_product(const Strided* left, const Strided* right, const Strided* result,
                                                   int64_t M, int64_t K, int64_t N, int add, int threads) {
  const Strided &a = *left, &b = *right, &c = *result;
  if (K == 0 && !add)
    for (int64_t m = 0; m < M; ++m)
      for (int64_t n = 0; n < N; ++n) c.data[m * c.row + n * c.column] = 0.0f;
  if (M == 0 || K == 0 || N == 0) return;
  static thread_local Scratch scratch;
  int64_t wide = std::min(parts(N, WIDE), std::max<int64_t>(1, SHARED / std::min(K, DEEP) / WIDE));  // panels at once
  int64_t deep = std::min(K, std::max<int64_t>(1, SHARED / (wide * WIDE) / DEEP) * DEEP);
  float* packed = scratch.get<float>(wide * WIDE * deep);
  int64_t high = height(M, threads), blocks = parts(M, high);
#pragma omp parallel num_threads(threads)
  for (int64_t n = 0; n < N; n += wide * WIDE)
    for (int64_t k = 0; k < K; k += deep) {
      int64_t depth = std::min(deep, K - k), columns = std::min(wide * WIDE, N - n), panels = parts(columns, WIDE);
#pragma omp for schedule(static)
      for (int64_t p = 0; p < panels; ++p)
        for (int64_t at = 0; at < depth; at += DEEP) {
          int64_t here = std::min(DEEP, depth - at);
          fill_panel(b.data + (k + at) * b.row + (n + p * WIDE) * b.column, b, here,
                     std::min<int64_t>(WIDE, columns - p * WIDE), packed + at * panels * WIDE + p * here * WIDE);
        }
      int64_t shares = std::min(panels, parts(TASKS * threads, blocks));  // of the panels, where blocks are few
#pragma omp for schedule(dynamic)
      for (int64_t task = 0; task < blocks * shares; ++task) {
        int64_t m = task / shares * high, share = task % shares;
        for (int64_t at = 0; at < depth; at += DEEP)
          block(a.data + m * a.row + (k + at) * a.column, a, std::min(high, M - m), std::min(DEEP, depth - at),
                packed + at * panels * WIDE, panels * share / shares, panels * (share + 1) / shares,
                c.data + m * c.row + n * c.column, c, columns, add || k + at > 0);
      }
    }
}

extern "C" FATHOM_EXPORT void fathom_train_grouped(const Grouped* left, const Grouped* right, const Grouped* result,
                                                   const int64_t* counts, int64_t groups, int64_t M, int64_t K, int64_t N,
                                                   int threads) {
  static thread_local Scratch scratch;
  int64_t* first = scratch.get<int64_t>(groups);
  for (int64_t e = 0, token = 0; e < groups; token += counts[e++]) first[e] = token;
  auto one = [&](int64_t e, int alone) {
    auto of = [&](const Grouped& x) {
      return Strided{x.matrix.data + e * x.group + first[e] * x.token, x.matrix.row, x.matrix.column};
    };
    auto size = [&](int64_t fixed) { return fixed < 0 ? counts[e] : fixed; };
    Strided a = of(*left), b = of(*right), c = of(*result);
    fathom_train_product(&a, &b, &c, size(M), size(K), size(N), 0, alone);
  };
  if (groups < GROUPS * threads) {
    for (int64_t e = 0; e < groups; ++e) one(e, threads);
    return;
  }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t e = 0; e < groups; ++e) one(e, 1);
}

}  // namespace fathom
