// One decode step of a model with MLA (DeepSeek-V2 and V3): one new token of each sequence, all layers.
//
//   M rows of a batch, each the next token of a sequence · D hidden · H heads · L latent
//   N, R, V nope, rotary and value channels of a head · E experts · K experts per token · I inner width of an MLP
#pragma once

#include <cstdint>

#include "../gemm.h"
#include "../interface.h"
#include "../scratch.h"

namespace fathom {

// Rows that one thread computes, from the embedding to the logits.
struct RowBatch {
  int64_t first, rows;  // of the step
  int64_t width;        // padded D
  float *x, *normed;    // (M, width)
};

// Index in the cache of a token of a row's sequence.
inline int64_t slot(const DecodeModel& model, const DecodeStep& step, int64_t row, int64_t position) {
  int64_t page = step.tables[row * step.table_stride + position / model.page_size];
  return page * model.page_size + position % model.page_size;
}

// x += attention(normed)
void mla_attention(const DecodeModel& model, const DecodeLayer& layer, const DecodeStep& step, const RowBatch& batch);

// x += MLP or mixture of experts(normed)
void mlp(const DecodeModel& model, const DecodeLayer& layer, const DecodeStep& step, const RowBatch& batch);

// Samples one row's token below `vocab_limit`, and its log-probability.
void sample(const float* logits, int64_t vocab, int64_t vocab_limit, float temperature, double uniform, int64_t* id,
            float* logprob);

}  // namespace fathom
