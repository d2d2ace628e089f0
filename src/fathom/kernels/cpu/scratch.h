// A buffer that a thread keeps from call to call, so that decoding allocates no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace fathom {

class Scratch {
 public:
  ~Scratch() { std::free(data_); }
  template <class T>
  T* get(size_t count) {
    size_t bytes = (count * sizeof(T) + 4095) / 4096 * 4096;
    if (bytes > size_) {
      std::free(data_);
      data_ = std::aligned_alloc(4096, bytes);
      size_ = data_ ? bytes : 0;
      if (!data_) std::abort();
    }
    return (T*)data_;
  }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace fathom
