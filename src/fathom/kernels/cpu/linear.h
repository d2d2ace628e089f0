// y = x Wᵀ over weights in their storage format. Every output is summed in one fixed order that depends on K and the
// format alone: a row's result is the same whatever rows stand beside it and however many threads share the work.
#pragma once

#include <cstdint>

#include "scratch.h"

namespace fathom {

enum Kind : int32_t { F32 = 0, BF16 = 1, Q8_0 = 2, Q4_0 = 3, Q4_1 = 4 };

// A weight matrix (rows = outputs, columns = inputs). Dense kinds are row-major. Block kinds are repacked: tiles of 16
// rows, each a run of blocks of 32 columns; a block holds 16 float16 scales, for Q4_1 16 float16 minima, then codes:
//   Q8_0       32 × 16 int8, column by column
//   Q4_0, Q4_1  4 × 16 little-endian words, word w of a row holding its columns 8w … 8w+7, four bits each
// Rows beyond the last are zero.
struct Weight {
  int32_t kind;
  int32_t reserved;
  int64_t rows;
  int64_t columns;
  const void* data;
  const float* bias;  // (rows) or null
};

// Rows of activations: f or b, whichever the arithmetic reads, `stride` apart and zero-padded to whole blocks.
struct Activations {
  const float* f;
  const uint16_t* b;
  const float* sums;  // of each block of 32, (M, sum_stride); only for Q4_1
  int64_t stride;
  int64_t sum_stride;
};

// Where results go: f or b.
struct Output {
  float* f;
  uint16_t* b;
  int64_t stride;
};

constexpr int64_t BLOCK = 32;
inline int64_t blocks(int64_t n) { return (n + BLOCK - 1) / BLOCK; }
inline bool is_quantized(const Weight& w) { return w.kind >= Q8_0; }

// Rows of W that the widest inner loop takes at once, and how many such units there are to share out.
inline int64_t unit_rows(const Weight& w) { return is_quantized(w) ? 64 : 8; }
inline int64_t units(const Weight& w) { return (w.rows + unit_rows(w) - 1) / unit_rows(w); }

// From this many rows of bfloat16 activations on, weights are rearranged for the purpose, a few tiles at a time.
constexpr int64_t PANEL_ROWS = 24;

// Rows [part·rows/parts, …) of W against x[0..M).
void linear_part(const Weight& w, const Activations& x, int64_t M, const Output& y, int part, int parts);

// The same in bfloat16 for many rows.
void panel_part(const Weight& w, const Activations& x, int64_t M, const Output& y, int part, int parts);

// What the arithmetic of `w` reads: floats; or bfloat16, where the caller's activations are of that type and either the
// weights are too, or there are enough rows to be worth expanding quantized weights to bfloat16.
enum class Operand { FLOAT, BFLOAT };
Operand operand_for(const Weight& w, bool x_bf16, int64_t M);

// Shared buffers for M prepared rows of `w`'s width, and the view on them that linear_part reads.
struct Prepared {
  Operand operand;
  int64_t stride, sum_stride;
  float* f;
  uint16_t* b;
  float* sums;

  Activations view() const { return {operand == Operand::FLOAT ? f : nullptr, operand == Operand::BFLOAT ? b : nullptr, sums, stride, sum_stride}; }
};


Prepared prepare(Scratch& scratch, const Weight& w, Operand operand, int64_t M);

// Completes row m: `x` holds its floats, zero-padded to `stride`; it may be the row's own place in `to.f`.
void finish_row(const Prepared& to, int64_t m, const float* x);

// Row `index` of W as floats.
void weight_row(const Weight& w, int64_t index, float* out);

}  // namespace fathom
