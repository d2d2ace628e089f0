// A decode step: embedding, layers, output head, sampling.
//
// Rows are independent: a new token attends over its own sequence alone. So each thread takes a batch of rows from the
// embedding to the sampled token, without barriers in between. Only the head of a large vocabulary is divided by its
// outputs instead, since each batch of rows would read all of it. Threads: see causal_attention.cpp.

#include <algorithm>

#include "../norm.h"
#include "decode_step.h"

namespace fathom {

namespace {

constexpr int64_t MAX_BATCH = 128;           // rows that a thread takes at once
constexpr int64_t HEAD_TOKENS = 64 * LANES;  // of the vocabulary in a task of the head
constexpr int64_t LARGE_HEAD = 1 << 20;      // weights of a head from which on it is divided into tasks

void fill_panel(const PanelJob& job, int64_t panel) {
  int64_t per_matrix = padded(job.rows) / LANES, first = panel % per_matrix * LANES;
  int64_t rows = std::min<int64_t>(LANES, job.rows - first);
  const float* from = job.matrix + panel / per_matrix * job.matrix_stride + first * job.row_stride;
  float* to = job.panels + panel * job.columns * LANES;
  if (rows < LANES) std::fill(to, to + job.columns * LANES, 0.0f);
  for (int64_t k0 = 0; k0 < job.columns; k0 += LANES)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t k = k0; k < std::min(job.columns, k0 + LANES); ++k)
        to[k * LANES + r] = from[r * job.row_stride + k * job.column_stride];
}

// Rows [first, first + rows) from the embedding to the final norm.
void run_layers(const DecodeModel& model, const DecodeStep& step, int64_t first, int64_t rows) {
  static thread_local Scratch scratch;
  int64_t D = model.width, width = padded(D);
  float *x = scratch.get<float>(2 * rows * width), *normed = x + rows * width;
  RowBatch batch{first, rows, width, x, normed};
  for (int64_t m = 0; m < rows; ++m) {
    const float* from = model.embed + step.tokens[first + m] * D;
    std::copy(from, from + D, x + m * width);
    std::fill(x + m * width + D, x + (m + 1) * width, 0.0f);
  }
  auto norm = [&](const float* weight, float* to) {
    for (int64_t m = 0; m < rows; ++m) rms_norm_padded(x + m * width, weight, D, model.eps, to + m * width);
  };
  for (int64_t i = 0; i < model.num_layers; ++i) {
    const DecodeLayer& layer = model.layers[i];
    norm(layer.attention_norm, normed);
    mla_attention(model, layer, step, batch);
    norm(layer.mlp_norm, normed);
    mlp(model, layer, step, batch);
  }
  norm(model.norm, step.hidden + first * width);
}

// Logits of these rows for `tokens` tokens from `token` on; rows of logits are a padded vocabulary apart.
void head(const DecodeModel& model, const DecodeStep& step, int64_t first, int64_t rows, int64_t token, int64_t tokens,
          float* logits) {
  int64_t width = padded(model.width);
  panel_matmul(step.hidden + first * width, width, rows, model.head + token * model.width, tokens, model.width,
               logits + token, padded(model.vocab));
}

void sample_row(const DecodeModel& model, const DecodeStep& step, int64_t row, const float* logits) {
  sample(logits, model.vocab, step.vocab_limit, step.temperatures[row], step.uniforms[row], step.ids + row,
         step.logprobs + row);
}

}  // namespace

void fathom_fill_panels(const PanelJob* jobs, int64_t count, int threads) {
#pragma omp parallel num_threads(threads)
  for (int64_t i = 0; i < count; ++i) {
#pragma omp for schedule(static) nowait
    for (int64_t panel = 0; panel < jobs[i].count * (padded(jobs[i].rows) / LANES); ++panel) fill_panel(jobs[i], panel);
  }
}

void fathom_decode_step(const DecodeModel* model_pointer, const DecodeStep* step_pointer, int threads) {
  const DecodeModel& model = *model_pointer;
  const DecodeStep& step = *step_pointer;
  int64_t vocab = padded(model.vocab), head_tasks = ceil_div(vocab, HEAD_TOKENS);
  int64_t rounds = ceil_div(step.rows, threads * MAX_BATCH), size = step.rows / (threads * rounds) + 1;
  int64_t batches = ceil_div(step.rows, size);
  bool divide_head = threads > 1 && model.vocab * model.width > LARGE_HEAD;
  static thread_local Scratch shared;
  float* all_logits = divide_head ? shared.get<float>(step.rows * vocab) : nullptr;
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(dynamic)
    for (int64_t b = 0; b < batches; ++b) {
      static thread_local Scratch own;
      int64_t first = b * size, rows = std::min(size, step.rows - first);
      run_layers(model, step, first, rows);
      if (divide_head) continue;
      float* logits = own.get<float>(rows * vocab);
      head(model, step, first, rows, 0, model.vocab, logits);
      for (int64_t m = 0; m < rows; ++m) sample_row(model, step, first + m, logits + m * vocab);
    }
    if (divide_head) {
#pragma omp for schedule(dynamic)
      for (int64_t task = 0; task < head_tasks; ++task) {
        int64_t token = task * HEAD_TOKENS, tokens = std::min(HEAD_TOKENS, vocab - token);
        for (int64_t first = 0; first < step.rows; first += MAX_BATCH)
          head(model, step, first, std::min(MAX_BATCH, step.rows - first), token, tokens, all_logits + first * vocab);
      }
#pragma omp for schedule(dynamic)
      for (int64_t row = 0; row < step.rows; ++row) sample_row(model, step, row, all_logits + row * vocab);
    }
  }
}

}  // namespace fathom
