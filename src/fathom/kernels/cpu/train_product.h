// See train_product.cpp.
#pragma once

#include <cstdint>

#include "simd.h"

namespace fathom {

struct Strided {
  float* data;
  int64_t row, column;  // from one to the next, in elements
};

}  // namespace fathom

extern "C" FATHOM_EXPORT void fathom_train_product(const fathom::Strided* left, const fathom::Strided* right,
                                                   const fathom::Strided* result, int64_t M, int64_t K, int64_t N, int add,
                                                   int threads);
