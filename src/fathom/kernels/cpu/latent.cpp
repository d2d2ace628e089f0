// One token more for every sequence: embedding, layers, head, draw.
//
// Rows do not meet each other: a new token attends over its own sequence alone. So a thread carries a block of rows from
// the embedding to the draw, and nobody waits in between. Only a large vocabulary is shared out otherwise, by pieces of
// the head, since each block of rows would read it as a whole. Threads: see train_attention.cpp.

#include <algorithm>

#include "latent.h"

namespace fathom {

// Matrices (rows, columns), `count` of them, `apart` elements from each other, into panels one after another.
struct Packing {
  const float* from;
  float* to;
  int64_t count, rows, columns, apart, row, column;  // strides in elements
};

namespace {

constexpr int64_t BLOCK = 128;         // rows at most that a thread carries
constexpr int64_t PIECE = 64 * LANES;  // tokens of the vocabulary in a task of the head
constexpr int64_t LARGE = 1 << 20;     // numbers of a head that is shared out by pieces

void pack_panel(const Packing& job, int64_t panel) {
  int64_t per_matrix = padded(job.rows) / LANES, first = panel % per_matrix * LANES;
  int64_t rows = std::min<int64_t>(LANES, job.rows - first);
  const float* from = job.from + panel / per_matrix * job.apart + first * job.row;
  float* to = job.to + panel * job.columns * LANES;
  if (rows < LANES) std::fill(to, to + job.columns * LANES, 0.0f);
  for (int64_t k0 = 0; k0 < job.columns; k0 += LANES)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t k = k0; k < std::min(job.columns, k0 + LANES); ++k) to[k * LANES + r] = from[r * job.row + k * job.column];
}

// Rows [first, first + rows) from the embedding to the final norm.
void carry(const LatentModel& model, const LatentStep& step, int64_t first, int64_t rows) {
  static thread_local Scratch scratch;
  int64_t D = model.width, width = padded(D);
  float *x = scratch.get<float>(2 * rows * width), *normed = x + rows * width;
  LatentBlock block{first, rows, width, x, normed};
  for (int64_t m = 0; m < rows; ++m) {
    const float* from = model.embed + step.tokens[first + m] * D;
    std::copy(from, from + D, x + m * width);
    std::fill(x + m * width + D, x + (m + 1) * width, 0.0f);
  }
  auto norm = [&](const float* weight, float* to) {
    for (int64_t m = 0; m < rows; ++m) normalize(x + m * width, weight, D, model.eps, to + m * width);
  };
  for (int64_t i = 0; i < model.num_layers; ++i) {
    const LatentLayer& layer = model.layers[i];
    norm(layer.attention_norm, normed);
    latent_attention(model, layer, step, block);
    norm(layer.mlp_norm, normed);
    latent_network(model, layer, step, block);
  }
  norm(model.norm, step.hidden + first * width);
}

// Logits of these rows for the tokens from `token` on; all rows' logits are padded vocabularies apart.
void head(const LatentModel& model, const LatentStep& step, int64_t first, int64_t rows, int64_t token, int64_t tokens,
          float* logits) {
  int64_t width = padded(model.width);
  panel_matmul(step.hidden + first * width, width, rows, model.head + token * model.width, tokens, model.width,
           logits + token, padded(model.vocab));
}

void choose(const LatentModel& model, const LatentStep& step, int64_t row, const float* logits) {
  draw(logits, model.vocab, step.known, step.temperatures[row], step.numbers[row], step.ids + row, step.logprobs + row);
}

}  // namespace

extern "C" FATHOM_EXPORT void fathom_latent_pack(const Packing* jobs, int64_t count, int threads) {
#pragma omp parallel num_threads(threads)
  for (int64_t i = 0; i < count; ++i) {
#pragma omp for schedule(static) nowait
    for (int64_t panel = 0; panel < jobs[i].count * (padded(jobs[i].rows) / LANES); ++panel) pack_panel(jobs[i], panel);
  }
}

extern "C" FATHOM_EXPORT void fathom_latent_step(const LatentModel* pointer, const LatentStep* call, int threads) {
  const LatentModel& model = *pointer;
  const LatentStep& step = *call;
  int64_t vocab = padded(model.vocab), pieces = (vocab + PIECE - 1) / PIECE;
  int64_t rounds = (step.rows + threads * BLOCK - 1) / (threads * BLOCK), size = step.rows / (threads * rounds) + 1;
  int64_t blocks = (step.rows + size - 1) / size;
  bool apart = threads > 1 && model.vocab * model.width > LARGE;
  static thread_local Scratch shared;
  float* all = apart ? shared.get<float>(step.rows * vocab) : nullptr;
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(dynamic)
    for (int64_t b = 0; b < blocks; ++b) {
      static thread_local Scratch own;
      int64_t first = b * size, rows = std::min(size, step.rows - first);
      carry(model, step, first, rows);
      if (apart) continue;
      float* logits = own.get<float>(rows * vocab);
      head(model, step, first, rows, 0, model.vocab, logits);
      for (int64_t m = 0; m < rows; ++m) choose(model, step, first + m, logits + m * vocab);
    }
    if (apart) {
#pragma omp for schedule(dynamic)
      for (int64_t piece = 0; piece < pieces; ++piece) {
        int64_t token = piece * PIECE, tokens = std::min(PIECE, vocab - token);
        for (int64_t first = 0; first < step.rows; first += BLOCK)
          head(model, step, first, std::min(BLOCK, step.rows - first), token, tokens, all + first * vocab);
      }
#pragma omp for schedule(dynamic)
      for (int64_t row = 0; row < step.rows; ++row) choose(model, step, row, all + row * vocab);
    }
  }
}

}  // namespace fathom
