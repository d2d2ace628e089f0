// See train_product.cpp.
#pragma once

#include <cstdint>

#include "simd.h"

namespace fathom {

struct Strided {
  void* data;
  int64_t row, column;  // from one to the next, in numbers
};

// One matrix a group: that of group e begins at data + e·group + first(e)·token, where groups of tokens lie one behind
// the other and that of e begins with token first(e).
struct Grouped {
  Strided matrix;
  int64_t group, token;
  int64_t bf16;  // else float32
};

}  // namespace fathom

// All three matrices are float32.
extern "C" FATHOM_EXPORT void fathom_train_product(const fathom::Strided* left, const fathom::Strided* right,
                                                   const fathom::Strided* result, int64_t M, int64_t K, int64_t N, int add,
                                                   int threads);

// A product for each group. A size below 0 is the group's count of tokens. The factors are of one type; the result may be
// bfloat16 where they are.
extern "C" FATHOM_EXPORT void fathom_train_grouped(const fathom::Grouped* left, const fathom::Grouped* right,
                                                   const fathom::Grouped* result, const int64_t* counts, int64_t groups,
                                                   int64_t M, int64_t K, int64_t N, int threads);
