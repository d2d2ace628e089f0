// The C interface of the library: the structures that Python fills in and the functions that it calls.
//
// interface.py reads this file and makes ctypes structures, signatures and constants of it, so each is described once.
// It understands what is used here: constants of one number, one enum, structs of numbers, pointers and other structs,
// and declarations of functions.
//
// Strides are in elements. Matrices are (rows, columns); a pointer that "may be null" says what null means.
#pragma once

#include <cstdint>

#define FATHOM_EXPORT __attribute__((visibility("default")))

namespace fathom {

constexpr int LANES = 16;             // of a vector
constexpr int64_t PARTIAL_ROWS = 64;  // rows that share one partial sum of a norm's weight gradient
constexpr int64_t MAX_ROTARY = 1024;  // rotary channels of a head

// ---- weights in a storage format ----------------------------------------------------------------

// Storage formats, lower-case in Python. Q formats are those of GGUF, with the numbers of a block in another order.
enum Format : int32_t { FLOAT32 = 0, BFLOAT16 = 1, Q8_0 = 2, Q4_0 = 3, Q4_1 = 4 };

// A weight matrix: rows are outputs, columns inputs. FLOAT32 and BFLOAT16 are row-major. The others are tiles of 16
// rows, each a run of blocks of 32 columns; a block holds 16 float16 scales, for Q4_1 16 float16 minima, then codes:
//   Q8_0        32 × 16 int8, column by column
//   Q4_0, Q4_1   4 × 16 little-endian words, word w of a row holding its columns 8w … 8w+7, four bits each
// Rows beyond the last are zero.
struct Weight {
  int32_t format;
  int64_t rows;
  int64_t columns;
  const void* data;
  const float* bias;  // (rows); null: none
};

// A dense decoder layer of the Llama and Qwen families.
struct DenseLayer {
  Weight qkv, out, gate_up, down;
  const float *attention_norm, *mlp_norm;
  const float *q_norm, *k_norm;  // (head_dim) each; null: none
  int64_t heads, kv_heads, head_dim;
  float norm_eps, head_norm_eps;
};

// ---- tensors with strides -----------------------------------------------------------------------

// Rows of float32 or bfloat16, channels contiguous.
struct Rows {
  void* data;
  int64_t stride;  // from row to row
  int64_t bf16;
};

struct Strided {
  void* data;
  int64_t row, column;  // from one to the next
};

// A matrix for each group. That of group e begins at data + e·group + first(e)·token: groups of tokens follow each
// other, and that of e begins with token first(e).
struct Grouped {
  Strided matrix;
  int64_t group, token;
  int64_t bf16;  // else float32
};

// (B, T, heads, channels), channels contiguous.
struct Heads {
  void* data;
  int64_t batch, token, head;
};

// ---- attention ----------------------------------------------------------------------------------

struct Pages {
  const void* data;
  int64_t page_stride, token_stride, head_stride;
};

struct PagedAttention {
  const void* q;
  void* out;   // (N, H, Dv), contiguous
  Pages k, v;  // v.data null: the value is the first value_dim channels of the key
  const int32_t *tables, *query_starts, *lengths;
  int64_t q_row_stride, q_head_stride, table_stride;
  int64_t sequences, heads, kv_heads, page_size, key_dim, value_dim;
  int64_t window;  // tokens that each sees, itself included; 0: all
  float scale;
  float softcap;  // a score x becomes softcap · tanh(x / softcap); 0: stays
  int32_t q_bf16, cache_bf16;
};

struct CausalAttention {
  Heads q, k, v, out;
  Heads d_out, d_q, d_k, d_v;  // backward only
  float* lse;                  // (B, H, T) log of the softmax's denominator
  const int32_t* first;        // (B, T) first key that each query sees, never decreasing in a row; null: 0
  int64_t B, T, H, G, Dk, Dv;
  float scale;
  int32_t bf16;  // else float32
};

// ---- a decode step of a model with MLA ----------------------------------------------------------

// Matrices are in panels (gemm.h), vectors padded with zeros to whole vectors of lanes.
//   D hidden · H heads · L latent · N, R, V nope, rotary and value channels of a head · E experts · K experts per token
struct DecodeLayer {
  const float *q_down, *q_up;      // q_down null: q_up is the whole projection
  const float* kv_down;            // (L + R, D)
  const float *key_up, *value_up;  // of each head (L, N) and (V, L)
  const float* out;                // (D, H·V)
  const float *gate, *up, *down;   // of the dense MLP, or of the shared experts; null: none
  const float* router;             // (E, D); null: no experts
  const float *expert_gate, *expert_up, *expert_down;
  const float *attention_norm, *mlp_norm, *q_norm, *kv_norm;
  const float* bias;      // (E) added to the router's scores for the choice
  float* cache;           // (slots, L + R)
  int16_t* expert_trace;  // (slots, K) experts of each token, written; null: not wanted
  int64_t inner;          // width of the dense MLP, or of the shared experts
};

struct DecodeModel {
  const DecodeLayer* layers;
  const float* embed;  // (vocab, D) row-major, the model's own
  const float *norm, *head;
  int64_t num_layers, width, heads;
  int64_t query_rank;  // 0: queries are projected at once
  int64_t latent, nope, rope, value, page_size, vocab;
  int64_t experts, per_token;  // experts 0: no layer has any
  int64_t groups, topk_groups;
  int64_t group_score_experts;  // best experts that a group is scored by; 0: no groups
  int64_t expert_width;
  int32_t interleaved, normalize;
  float eps, latent_eps, scale, routed_scale;
};

// One new token of each sequence.
struct DecodeStep {
  int64_t rows, table_stride;
  int64_t vocab_limit;  // only tokens below it are sampled
  const int64_t* tokens;
  const int32_t *lengths, *tables;  // lengths count the new token
  const float *cos, *sin;           // (rows, R)
  const float* temperatures;        // 0: the most likely token
  const double* uniforms;           // in [0, 1)
  float* hidden;                    // (rows, padded D), after the final norm
  int64_t* ids;
  float* logprobs;  // at temperature 1; NaN where a logit is not finite
};

// `count` matrices (rows, columns), `matrix_stride` apart, to be written as panels one after another.
struct PanelJob {
  const float* matrix;
  float* panels;
  int64_t count, rows, columns, matrix_stride, row_stride, column_stride;
};

// ---- functions ----------------------------------------------------------------------------------

extern "C" {

// y (M, rows) = x (M, columns) Wᵀ + bias.
FATHOM_EXPORT void fathom_quantized_linear(const Weight* w, const void* x, int x_bf16, int64_t x_stride, void* y,
                                           int y_bf16, int64_t y_stride, int64_t M, int threads);

// y (M, columns) = row ids[m] of W. Returns how many ids are outside the matrix; their rows of y are left as they are.
FATHOM_EXPORT int64_t fathom_embedding(const Weight* w, const int64_t* ids, void* y, int y_bf16, int64_t M);

// Norm, query/key/value product, norms of heads, rotation: everything before attention.
//   x (M, D); cos, sin (M, C) → q (M, H, C), k (M, G, C), v (M, G, C), all contiguous, in x's type
FATHOM_EXPORT void fathom_before_attention(const DenseLayer* layer, const void* x, int bf16, int64_t M,
                                           const float* cos, const float* sin, int interleaved, void* q, void* k,
                                           void* v, int threads);

// Output product, residual, norm, gated MLP, residual: everything after attention.
//   attended (M, H·C), x (M, D) → y (M, D), all contiguous and of one type
FATHOM_EXPORT void fathom_after_attention(const DenseLayer* layer, const void* attended, const void* x, void* y,
                                          int bf16, int64_t M, int threads);

FATHOM_EXPORT void fathom_paged_attention(const PagedAttention* call, int threads);
FATHOM_EXPORT void fathom_causal_attention(const CausalAttention* call, int threads);
FATHOM_EXPORT void fathom_causal_attention_backward(const CausalAttention* call, int threads);

// C (M, N) = A (M, K) B (K, N), or C += that; all float32.
FATHOM_EXPORT void fathom_matmul(const Strided* a, const Strided* b, const Strided* c, int64_t M, int64_t K, int64_t N,
                                 int add, int threads);

// A product for each group. A size below 0 is the group's count of tokens. A and B are of one type; C may be bfloat16
// where they are.
FATHOM_EXPORT void fathom_grouped_matmul(const Grouped* a, const Grouped* b, const Grouped* c, const int64_t* counts,
                                         int64_t groups, int64_t M, int64_t K, int64_t N, int threads);

// x ← a·x + (b·g + c·g²)·x with g = x xᵀ, `iterations` times; x (n, O, I) contiguous, O ≤ I.
FATHOM_EXPORT void fathom_newton_schulz(float* x, int64_t n, int64_t O, int64_t I, int iterations, float a, float b,
                                        float c, int threads);

// y = x · r · weight, r = 1 / sqrt(mean(x²) + eps), which is kept for the backward pass.
FATHOM_EXPORT void fathom_rms_norm(const Rows* x, const float* weight, const Rows* y, float* r, int64_t M, int64_t D,
                                   float eps, int threads);

// dx = r·(w·dy) - x·r³/D·Σ(w·dy·x); partial (⌈M / PARTIAL_ROWS⌉, D) holds Σ dy·x·r over rows, to be summed for dw.
FATHOM_EXPORT void fathom_rms_norm_backward(const Rows* x, const float* weight, const float* r, const Rows* dy,
                                            const Rows* dx, float* partial, int64_t M, int64_t D, int threads);

// y = silu(gate) · up
FATHOM_EXPORT void fathom_swiglu(const Rows* gate, const Rows* up, const Rows* y, int64_t M, int64_t D, int threads);
FATHOM_EXPORT void fathom_swiglu_backward(const Rows* gate, const Rows* up, const Rows* dy, const Rows* d_gate,
                                          const Rows* d_up, int64_t M, int64_t D, int threads);

// loss[m] = log Σ e^logits - logits[target]; lse keeps the first term for the backward pass.
FATHOM_EXPORT void fathom_cross_entropy(const Rows* logits, const int64_t* targets, float* lse, float* loss, int64_t M,
                                        int64_t V, int threads);

// d_logits = (softmax - one at the target) · d_loss, the same factor for every row.
FATHOM_EXPORT void fathom_cross_entropy_backward(const Rows* logits, const int64_t* targets, const float* lse,
                                                 const Rows* d_logits, float d_loss, int64_t M, int64_t V, int threads);

// In place x = softmax(x · factor) - less at the target. logprobs and entropies (M) are those of the softmax; entropies
// may be null: not wanted.
FATHOM_EXPORT void fathom_softmax(const Rows* x, const int64_t* targets, float* logprobs, float* entropies, int64_t M,
                                  int64_t V, float factor, float less, int threads);

// Heads of a token as rows: x (M·H, N + R) → y, the last R channels rotated by the token's angles. `angles` tokens have
// angles (angles, R), repeated. sign -1 rotates back.
FATHOM_EXPORT void fathom_rotate(const Rows* x, const Rows* y, const float* cos, const float* sin, int64_t angles,
                                 int64_t M, int64_t H, int64_t N, int64_t R, int interleaved, float sign, int threads);

// Keys and values of MLA's heads: expanded (M·H, N + V), rope (M, R) → k (M·H, N + R), v (M·H, V).
FATHOM_EXPORT void fathom_mla_keys(const Rows* expanded, const Rows* rope, const Rows* k, const Rows* v,
                                   const float* cos, const float* sin, int64_t angles, int64_t M, int64_t H, int64_t N,
                                   int64_t R, int64_t V, int interleaved, int threads);

// The rope's gradient is the sum over heads.
FATHOM_EXPORT void fathom_mla_keys_backward(const Rows* dk, const Rows* dv, const Rows* d_expanded, const Rows* d_rope,
                                            const float* cos, const float* sin, int64_t angles, int64_t M, int64_t H,
                                            int64_t N, int64_t R, int64_t V, int interleaved, int threads);

// Each token to its K places: y[places[m·K + k]] = x[m].
FATHOM_EXPORT void fathom_scatter_rows(const Rows* x, const int64_t* places, const Rows* y, int64_t M, int64_t K,
                                       int64_t D, int threads);

// y[m] = Σ_k weights[m·K + k] · x[places[m·K + k]]; weights may be null: 1.
FATHOM_EXPORT void fathom_combine_rows(const Rows* x, const int64_t* places, const float* weights, const Rows* y,
                                       int64_t M, int64_t K, int64_t D, int threads);
FATHOM_EXPORT void fathom_combine_rows_backward(const Rows* x, const int64_t* places, const float* weights,
                                                const Rows* dy, const Rows* dx, float* d_weights, int64_t M, int64_t K,
                                                int64_t D, int threads);

FATHOM_EXPORT void fathom_fill_panels(const PanelJob* jobs, int64_t count, int threads);
FATHOM_EXPORT void fathom_decode_step(const DecodeModel* model, const DecodeStep* step, int threads);

}  // extern "C"

}  // namespace fathom
