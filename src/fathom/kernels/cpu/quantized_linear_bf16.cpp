// Weights in their storage format times many rows of bfloat16 activations. Two tiles of weights at a time are
// rearranged for the instruction that multiplies pairs of bfloat16: sixteen rows in the lanes, columns in twos.
// Quantized weights are expanded in passing (rounded to bfloat16, as the activations are), which costs little when
// hundreds of rows share it.

#include <algorithm>

#include "gemm.h"
#include "quantized_linear.h"

namespace fathom {
namespace {

constexpr int NV = SUM_REGISTERS >= 24 ? 2 : 1;   // tiles of weights
constexpr int MR = SUM_REGISTERS >= 24 ? 12 : 4;  // activation rows of a register tile

// Two columns of sixteen rows as one vector of pairs.
inline u32x16 pair(f32x16 even, f32x16 odd) { return narrow_bits(even) >> 16 | (narrow_bits(odd) & 0xffff0000u); }

template <int32_t FORMAT>
void expand(const uint8_t* data, int64_t num_blocks, u32x16* out) {
  typedef BlockLayout<FORMAT> F;
  for (int64_t b = 0; b < num_blocks; ++b, data += F::BYTES) {
    f32x16 d = widen_f16((const uint16_t*)data), minimum = {};
    if constexpr (FORMAT == Q4_1) minimum = widen_f16((const uint16_t*)(data + F::SCALES));
    if constexpr (FORMAT == Q4_0) minimum = d * -8.0f;
    const uint8_t* codes = data + F::HEADER;
    for (int k = 0; k < BLOCK; k += 2) {
      f32x16 w[2];
      for (int i = 0; i < 2; ++i)
        w[i] = FORMAT == Q8_0 ? widen(load<i8x16>(codes + 16 * (k + i)))
                              : nibble((i32x16)(load<u32x16>(codes + k / 8 * 64) >> ((k + i) % 8 * 4)));
      *out++ = pair(d * w[0] + minimum, d * w[1] + minimum);
    }
  }
}

// Rows row … row + 15 of a row-major matrix; beyond its last row, zeros.
void rearrange(const Weight& w, int64_t row, int64_t pairs, u32x16* out) {
  uint16_t* to = (uint16_t*)out;
  std::fill(to, to + pairs * 2 * LANES, 0);
  for (int64_t lane = 0; lane < std::min<int64_t>(LANES, w.rows - row); ++lane) {
    const uint16_t* from = (const uint16_t*)w.data + (row + lane) * w.columns;
    for (int64_t k = 0; k < w.columns; ++k) to[(k / 2 * LANES + lane) * 2 + k % 2] = from[k];
  }
}

void fill(const Weight& w, int64_t tile, int64_t num_blocks, u32x16* out) {
  const uint8_t* data = (const uint8_t*)w.data;
  switch (w.format) {
    case BFLOAT16:
      return rearrange(w, tile * LANES, num_blocks * BLOCK / 2, out);
    case Q8_0:
      return expand<Q8_0>(data + tile * num_blocks * BlockLayout<Q8_0>::BYTES, num_blocks, out);
    case Q4_0:
      return expand<Q4_0>(data + tile * num_blocks * BlockLayout<Q4_0>::BYTES, num_blocks, out);
    case Q4_1:
      return expand<Q4_1>(data + tile * num_blocks * BlockLayout<Q4_1>::BYTES, num_blocks, out);
  }
}

// MR activation rows from m on × `tiles` tiles of weights from `tile` on, of NV in the panel.
template <int MR>
void panel_tile(const Weight& w, int64_t tile, int64_t tiles, int64_t pairs, const u32x16* panel, const Activations& x,
                int64_t m, const Output& y) {
  const uint16_t* rows = x.b + m * x.stride;
  int64_t stride = x.stride;
  f32x16 acc[MR][NV] = {};
  gemm::accumulate(
      acc, 0, pairs, [=](int r, int64_t k) { return u32x16{} + load<uint32_t>(rows + r * stride + 2 * k); },
      [=](int v, int64_t k) { return panel[v * pairs + k]; });
  for (int64_t v = 0; v < tiles; ++v) {
    int64_t row = (tile + v) * LANES, count = std::min<int64_t>(LANES, w.rows - row);
    for (int r = 0; r < MR; ++r) put_tile(y, w.bias, m + r, row, count, acc[r][v]);
  }
}

}  // namespace

void linear_part_bf16(const Weight& w, const Activations& x, int64_t M, const Output& y, int part, int parts) {
  static thread_local Scratch scratch;
  int64_t num_blocks = blocks(w.columns), pairs = num_blocks * BLOCK / 2;
  int64_t all = ceil_div(w.rows, LANES), end = all * (part + 1) / parts;
  u32x16* panel = scratch.get<u32x16>(NV * pairs);
  for (int64_t tile = all * part / parts; tile < end; tile += NV) {
    int64_t tiles = std::min<int64_t>(NV, end - tile), m = 0;
    for (int64_t i = 0; i < tiles; ++i) fill(w, tile + i, num_blocks, panel + i * pairs);
    if (tiles < NV) std::fill(panel + pairs, panel + NV * pairs, u32x16{});
    for (; m + MR <= M; m += MR) panel_tile<MR>(w, tile, tiles, pairs, panel, x, m, y);
    for (; m + 4 <= M; m += 4) panel_tile<4>(w, tile, tiles, pairs, panel, x, m, y);
    for (; m < M; ++m) panel_tile<1>(w, tile, tiles, pairs, panel, x, m, y);
  }
}

}  // namespace fathom
