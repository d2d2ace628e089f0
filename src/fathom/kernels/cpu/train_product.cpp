// Products of matrices of any strides, for training: C = A B, or C += A B; float32, or bfloat16 summed in float32.
//
// B is brought into panels (one tile wide, row by row) by all threads, as much of it as the last-level cache holds; then
// each takes blocks of A's rows against those panels. A tile of C lives in registers; a panel stays in L1
// while a block of A, which the second holds, passes over it. A's rows are read where they stand, its columns are copied
// side by side first. (The division of labour is that of Goto and van de Geijn, Anatomy of High-Performance Matrix
// Multiplication, ACM TOMS 34(3), 2008.)
//
// What is multiplied at once is a word of 32 bits: a number of float32, or two of bfloat16 that follow each other in k.
//
// Every number of C is summed over k in order, KC words at a time, whatever is beside it and whoever computes it: no
// result depends on the number of threads. Threads are OpenMP's, for the reason in train_attention.cpp.
//
//   A (M, K) · B (K, N) · C (M, N), which is fastest with its columns side by side

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "gemm.h"
#include "scratch.h"
#include "train_product.h"

namespace fathom {

namespace {

using gemm::MR;
constexpr int VECTORS = SUM_REGISTERS >= 24 ? 2 : 1;
constexpr int NR = VECTORS * LANES;
constexpr int64_t KC = 384;              // words of k in one tile
constexpr int64_t MC = 16 * MR;        // most rows of A that a thread takes at once
constexpr int64_t SHARED = 1 << 20;        // words of B in panels at once
constexpr int64_t TASKS = 2;               // for each thread, so that none waits long for the last
constexpr int64_t GROUPS = 4;              // for each thread, from which on each takes whole groups

inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

// Rows of A that a thread takes at once: fewer where M is too small to give all threads work.
inline int64_t height(int64_t M, int threads) {
  return std::min(MC, parts(parts(M, TASKS * threads), MR) * MR);
}

// A matrix of T, which is float or, for bfloat16, uint16_t.
template <class T>
struct Table {
  T* data;
  int64_t row, column;

  explicit Table(const Strided& x) : data((T*)x.data), row(x.row), column(x.column) {}
};

// Words are carried as floats, whose bits nobody looks at.
template <class T>
constexpr int64_t IN_WORD = sizeof(float) / sizeof(T);

// A word of A for all lanes, and a vector of words of B.
inline float broadcast(const float* from) { return *from; }
inline u32x16 broadcast(const uint16_t* from) { return u32x16{} + load<uint32_t>(from); }
inline f32x16 words(const float* from, float) { return load<f32x16>(from); }
inline u32x16 words(const float* from, uint16_t) { return load<u32x16>(from); }

// The word of k and, of bfloat16, k + 1, `step` apart; what is missing is zero.
inline float word_of(const float* from, int64_t, int64_t) { return *from; }
inline float word_of(const uint16_t* from, int64_t step, int64_t left) {
  uint32_t bits = from[0] | (left > 1 ? (uint32_t)from[step] << 16 : 0);
  float found;
  std::memcpy(&found, &bits, sizeof bits);
  return found;
}

// Sixteen words side by side, of k and k + `step`.
inline f32x16 words_of(const float* from, int64_t, int64_t) { return load<f32x16>(from); }
inline f32x16 words_of(const uint16_t* from, int64_t step, int64_t left) {
  u32x16 low = extend(load<u16x16>(from));
  return (f32x16)(left > 1 ? low | (extend(load<u16x16>(from + step)) << 16) : low);
}

inline void put(float* to, f32x16 values, bool add) { store(to, add ? load<f32x16>(to) + values : values); }
inline void put(uint16_t* to, f32x16 values, bool) { store(to, narrow(values)); }
inline void put(float* to, float value, bool add) { *to = value + (add ? *to : 0.0f); }
inline void put(uint16_t* to, float value, bool) { *to = narrow(value); }

// c[R][NR] = Σ_k a(r, k) · panel[k][NR], or c += that; the word a(r, k) stands at a[r·row + k·column]. K words.
template <int R, class T, class U>
FATHOM_NOINLINE void tile(const T* a, int64_t row, int64_t column, const float* panel, int64_t K, U* c, int64_t ldc,
                          bool add) {
  f32x16 acc[R][VECTORS];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < VECTORS; ++v) __builtin_prefetch(c + r * ldc + v * LANES, 1);
  auto left = [=](int r, int64_t k) { return broadcast(a + r * row + k * column); };
  auto right = [=](int v, int64_t k) { return words(panel + k * NR + v * LANES, T{}); };
  gemm::start(acc, [=](int r) { return left(r, 0); }, [=](int v) { return right(v, 0); });
  gemm::accumulate(acc, 1, K, left, right);
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < VECTORS; ++v) put(c + r * ldc + v * LANES, acc[r][v], add);
}

// K rows of `width` columns of B → words, NR columns, what is missing zero.
template <class T>
void fill_panel(const T* from, const Table<T>& b, int64_t K, int64_t width, float* to) {
  for (int64_t k = 0; k < K; k += IN_WORD<T>, from += IN_WORD<T> * b.row, to += NR) {
    if (b.column == 1 && width == NR) {
      for (int v = 0; v < VECTORS; ++v) store(to + v * LANES, words_of(from + v * LANES, b.row, K - k));
    } else {
      for (int64_t n = 0; n < NR; ++n) to[n] = n < width ? word_of(from + n * b.column, b.row, K - k) : 0.0f;
    }
  }
}

// K columns of A's rows as words, MR of a column side by side, column after column; the last few rows likewise.
template <class T>
void fill_rows(const T* from, const Table<T>& a, int64_t rows, int64_t K, float* to) {
  int64_t whole = rows / MR * MR, words = parts(K, IN_WORD<T>);
  for (int64_t k = 0; k < words; ++k, from += IN_WORD<T> * a.column) {
    int64_t left = K - k * IN_WORD<T>;
    for (int64_t m = 0; m < whole; m += MR) {
      const T* first = from + m * a.row;
      float* group = to + m * words + k * MR;
      if (a.row == 1) for (int64_t r = 0; r < MR; ++r) group[r] = word_of(first + r, a.column, left);
      else for (int64_t r = 0; r < MR; ++r) group[r] = word_of(first + r * a.row, a.column, left);
    }
    for (int64_t m = whole; m < rows; ++m)
      to[whole * words + k * MR + m - whole] = word_of(from + m * a.row, a.column, left);
  }
}

// A block of A's rows against panels first … last, which hold columns of C from `to` on, `columns` of them in all.
template <class T, class U>
void block(const T* from, const Table<T>& a, int64_t rows, int64_t K, const float* panels, int64_t first, int64_t last,
           U* to, const Table<U>& c, int64_t columns, bool add) {
  static thread_local Scratch scratch;
  float* copied = scratch.get<float>(MC * KC + MR * NR);
  float* edge = copied + MC * KC;
  int64_t words = parts(K, IN_WORD<T>);
  bool copy = a.column != 1 || K % IN_WORD<T>;
  if (copy) fill_rows(from, a, rows, K, copied);
  for (int64_t p = first; p < last; ++p) {
    const float* panel = panels + p * words * NR;
    int64_t width = std::min<int64_t>(NR, columns - p * NR);
    for (int64_t m = 0; m < rows; m += MR) {
      int64_t here = std::min<int64_t>(MR, rows - m);
      const T* left = copy ? (const T*)(copied + m * words) : from + m * a.row;
      int64_t row = copy ? IN_WORD<T> : a.row, column = IN_WORD<T> * (copy ? MR : 1);
      U* corner = to + m * c.row + p * NR * c.column;
      if (width == NR && c.column == 1) {
        gemm::with_height<MR>(here, [&](auto R) { tile<R.value>(left, row, column, panel, words, corner, c.row, add); });
        continue;
      }
      gemm::with_height<MR>(here, [&](auto R) { tile<R.value>(left, row, column, panel, words, edge, NR, false); });
      for (int64_t n = 0; n < width; ++n)
        for (int64_t r = 0; r < here; ++r) put(corner + r * c.row + n * c.column, edge[r * NR + n], add);
    }
  }
}

template <class T>
void clear(const Table<T>& c, int64_t M, int64_t N) {
  for (int64_t m = 0; m < M; ++m)
    for (int64_t n = 0; n < N; ++n) c.data[m * c.row + n * c.column] = 0;
}

// C of U = A B, both of T, or C += A B where U is float.
template <class T, class U>
void product(const Table<T>& a, const Table<T>& b, const Table<U>& c, int64_t M, int64_t K, int64_t N, bool add,
             int threads) {
  if (K == 0 && !add) clear(c, M, N);
  if (M == 0 || K == 0 || N == 0) return;
  constexpr int64_t DEPTH = KC * IN_WORD<T>;  // numbers of k in one tile
  static thread_local Scratch scratch, whole;
  if (sizeof(U) < sizeof(float) && K > DEPTH) {  // sums of many tiles are narrowed at their end
    Strided wide = {whole.get<float>(M * N), N, 1};
    product<T, float>(a, b, Table<float>(wide), M, K, N, false, threads);
    for (int64_t m = 0; m < M; ++m)
      for (int64_t n = 0; n < N; ++n) put(c.data + m * c.row + n * c.column, ((float*)wide.data)[m * N + n], false);
    return;
  }
  int64_t panel = std::min(parts(K, IN_WORD<T>), KC) * NR;                             // words
  int64_t nc = std::min(parts(N, NR), std::max<int64_t>(1, SHARED / panel));           // panels at once
  int64_t kc = std::min(K, std::max<int64_t>(1, SHARED / (nc * NR) / KC) * DEPTH);  // numbers
  float* packed = scratch.get<float>(nc * NR * parts(kc, IN_WORD<T>));
  int64_t high = height(M, threads), blocks = parts(M, high);
#pragma omp parallel num_threads(threads)
  for (int64_t n = 0; n < N; n += nc * NR)
    for (int64_t k = 0; k < K; k += kc) {
      int64_t depth = std::min(kc, K - k), columns = std::min(nc * NR, N - n), panels = parts(columns, NR);
      auto panels_from = [&](int64_t at) { return packed + at / IN_WORD<T> * panels * NR; };
#pragma omp for schedule(static)
      for (int64_t p = 0; p < panels; ++p)
        for (int64_t at = 0; at < depth; at += DEPTH) {
          int64_t here = std::min(DEPTH, depth - at);
          fill_panel(b.data + (k + at) * b.row + (n + p * NR) * b.column, b, here,
                     std::min<int64_t>(NR, columns - p * NR), panels_from(at) + p * parts(here, IN_WORD<T>) * NR);
        }
      int64_t shares = std::min(panels, parts(TASKS * threads, blocks));  // of the panels, where blocks are few
#pragma omp for schedule(dynamic)
      for (int64_t task = 0; task < blocks * shares; ++task) {
        int64_t m = task / shares * high, share = task % shares;
        for (int64_t at = 0; at < depth; at += DEPTH)
          block(a.data + m * a.row + (k + at) * a.column, a, std::min(high, M - m), std::min(DEPTH, depth - at),
                panels_from(at), panels * share / shares, panels * (share + 1) / shares,
                c.data + m * c.row + n * c.column, c, columns, add || k + at > 0);
      }
    }
}

// That of group e of x, whose tokens begin with `first`.
template <class T>
Table<T> of(const Grouped& x, int64_t e, int64_t first) {
  Table<T> found(x.matrix);
  found.data += e * x.group + first * x.token;
  return found;
}

template <class T, class U>
void grouped(const Grouped& left, const Grouped& right, const Grouped& result, const int64_t* counts, int64_t groups,
             int64_t M, int64_t K, int64_t N, int threads) {
  static thread_local Scratch scratch;
  int64_t* first = scratch.get<int64_t>(groups);
  for (int64_t e = 0, token = 0; e < groups; token += counts[e++]) first[e] = token;
  auto one = [&](int64_t e, int alone) {
    auto size = [&](int64_t fixed) { return fixed < 0 ? counts[e] : fixed; };
    product<T, U>(of<T>(left, e, first[e]), of<T>(right, e, first[e]), of<U>(result, e, first[e]), size(M), size(K), size(N),
                  false, alone);
  };
  if (groups < GROUPS * threads) {
    for (int64_t e = 0; e < groups; ++e) one(e, threads);
    return;
  }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t e = 0; e < groups; ++e) one(e, 1);
}

}  // namespace

extern "C" FATHOM_EXPORT void fathom_train_product(const Strided* left, const Strided* right, const Strided* result,
                                                   int64_t M, int64_t K, int64_t N, int add, int threads) {
  product<float, float>(Table<float>(*left), Table<float>(*right), Table<float>(*result), M, K, N, add, threads);
}

extern "C" FATHOM_EXPORT void fathom_train_grouped(const Grouped* left, const Grouped* right, const Grouped* result,
                                                   const int64_t* counts, int64_t groups, int64_t M, int64_t K, int64_t N,
                                                   int threads) {
  auto serve = !left->bf16 ? grouped<float, float> : result->bf16 ? grouped<uint16_t, uint16_t> : grouped<uint16_t, float>;
  serve(*left, *right, *result, counts, groups, M, K, N, threads);
}

}  // namespace fathom
