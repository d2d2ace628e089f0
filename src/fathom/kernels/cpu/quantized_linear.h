// y = x Wᵀ over weights in their storage format. Every output is summed in one fixed order that depends on K and the
// format alone: a row's result depends neither on the other rows nor on the number of threads.
#pragma once

#include <cstdint>

#include "interface.h"
#include "scratch.h"
#include "vector_math.h"

namespace fathom {

// Rows of activations as float32 (f) or bfloat16 (b), `stride` apart and zero-padded to whole blocks; the other is
// null.
struct Activations {
  const float* f;
  const uint16_t* b;
  const float* sums;  // of each block of 32, (M, sum_stride); only for Q4_1
  int64_t stride;
  int64_t sum_stride;
};

// Where results are written: f or b, the other null.
struct Output {
  float* f;
  uint16_t* b;
  int64_t stride;
};

constexpr int64_t BLOCK = 32;
inline int64_t blocks(int64_t n) { return ceil_div(n, BLOCK); }
inline bool is_quantized(const Weight& w) { return w.format >= Q8_0; }

// Rows of W that the widest tile takes, and how many such units there are to divide between threads.
inline int64_t unit_rows(const Weight& w) { return is_quantized(w) ? 64 : 8; }
inline int64_t units(const Weight& w) { return ceil_div(w.rows, unit_rows(w)); }

// Rows of bfloat16 activations from which on weights are rearranged into panels first, a few tiles at a time.
constexpr int64_t PANEL_ROWS = 24;

// Rows [part·rows/parts, …) of W against x[0..M).
void linear_part(const Weight& w, const Activations& x, int64_t M, const Output& y, int part, int parts);

// The same for at least PANEL_ROWS rows of bfloat16.
void linear_part_bf16(const Weight& w, const Activations& x, int64_t M, const Output& y, int part, int parts);

// The type in which activations are multiplied: float32; or bfloat16, where the caller's are of that type and either
// the weights are too, or there are enough rows to be worth expanding quantized weights to bfloat16.
enum class Operand { FLOAT32, BFLOAT16 };
Operand operand_for(const Weight& w, bool x_bf16, int64_t M);

// Buffers for M rows of activations as linear_part reads them.
struct Prepared {
  Operand operand;
  int64_t stride, sum_stride;
  float* f;
  uint16_t* b;
  float* sums;

  Activations view() const {
    bool wide = operand == Operand::FLOAT32;
    return {wide ? f : nullptr, wide ? nullptr : b, sums, stride, sum_stride};
  }
};

Prepared prepare(Scratch& scratch, const Weight& w, Operand operand, int64_t M);

// Writes row m: `x` holds its floats, zero-padded to `stride`; it may be the row's own memory in `to.f`.
void finish_row(const Prepared& to, int64_t m, const float* x);

// A row of floats of the calling thread's own.
float* own_row(int64_t size);

// ---- for the implementations --------------------------------------------------------------------

// Bytes of a block of 32 columns of a tile of 16 rows.
template <int32_t FORMAT>
struct BlockLayout {
  static constexpr int64_t SCALES = 32;
  static constexpr int64_t HEADER = FORMAT == Q4_1 ? 64 : 32;  // scales and minima
  static constexpr int64_t CODES = FORMAT == Q8_0 ? 512 : 256;
  static constexpr int64_t BYTES = HEADER + CODES;
};

inline void put(const Output& y, const float* bias, int64_t m, int64_t row, float value) {
  if (bias) value += bias[row];
  if (y.f)
    y.f[m * y.stride + row] = value;
  else
    y.b[m * y.stride + row] = narrow(value);
}

// Sixteen results of one activation row, of which the first `count` exist.
inline void put_tile(const Output& y, const float* bias, int64_t m, int64_t row, int64_t count, f32x16 value) {
  if (count == LANES) {
    if (bias) value += load<f32x16>(bias + row);
    if (y.f)
      store(y.f + m * y.stride + row, value);
    else
      store(y.b + m * y.stride + row, narrow(value));
    return;
  }
  float lane[LANES];
  store(lane, value);
  for (int i = 0; i < count; ++i) put(y, bias, m, row + i, lane[i]);
}

}  // namespace fathom
