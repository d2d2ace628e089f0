#include "thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace fathom {
namespace {

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A job in one word, generation · count · next piece, so that taking a piece and identifying its job are one atomic
// step: a helper that wakes up late fails to exchange the word of a job that has ended.
constexpr int BITS = 20;
constexpr uint64_t FIELD = (1u << BITS) - 1;
inline uint64_t next_of(uint64_t word) { return word & FIELD; }
inline uint64_t count_of(uint64_t word) { return word >> BITS & FIELD; }

constexpr int SPINS_BEFORE_SLEEP = 20000;  // about 0.25 ms: longer than Python needs between two layers
constexpr int SPINS_BEFORE_YIELD = 2000;

class Pool {
 public:
  void run(int threads, int64_t count, void (*piece)(void*, int64_t), void* context) {
    grow(threads - 1);
    piece_ = piece;
    context_ = context;
    helpers_ = threads - 1;
    done_.store(0, std::memory_order_relaxed);
    uint64_t generation = (word_.load(std::memory_order_relaxed) >> 2 * BITS) + 1;
    word_.store(generation << 2 * BITS | (uint64_t)count << BITS);
    if (sleeping_.load() > 0) {
      std::lock_guard<std::mutex> hold(sleep_mutex_);
      wake_.notify_all();
    }
    work();
    for (int spins = 0; done_.load(std::memory_order_acquire) < count; ++spins)
      if (spins < SPINS_BEFORE_YIELD)
        pause();
      else
        std::this_thread::yield();
  }

  std::mutex busy;

 private:
  // Takes pieces while there are any. While a thread has a piece it may read the job, which ends after all pieces.
  bool work() {
    bool any = false;
    uint64_t word = word_.load(std::memory_order_acquire);
    while (next_of(word) < count_of(word)) {
      if (!word_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
      piece_(context_, (int64_t)next_of(word));
      done_.fetch_add(1, std::memory_order_acq_rel);
      any = true;
      word = word_.load(std::memory_order_acquire);
    }
    return any;
  }

  bool is_idle(int index) const {
    uint64_t word = word_.load();
    return next_of(word) >= count_of(word) || index >= helpers_.load(std::memory_order_relaxed);
  }

  void help(int index) {
    for (;;) {
      for (int spins = 0; spins < SPINS_BEFORE_SLEEP; ++spins) {
        if (!is_idle(index) && work()) spins = 0;
        pause();
      }
      std::unique_lock<std::mutex> hold(sleep_mutex_);
      sleeping_.fetch_add(1);
      wake_.wait(hold, [&] { return !is_idle(index); });
      sleeping_.fetch_sub(1);
    }
  }

  void grow(int helpers) {
    for (; started_ < helpers; ++started_) std::thread(&Pool::help, this, started_).detach();
  }

  void (*piece_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  int started_ = 0;
  std::atomic<int> helpers_{0}, sleeping_{0};
  alignas(64) std::atomic<uint64_t> word_{0};
  alignas(64) std::atomic<int64_t> done_{0};
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
};

// Never destroyed: helpers may wait in it until the process ends.
Pool& pool() {
  static Pool* only = new Pool;
  return *only;
}

}  // namespace

void run_pieces(int threads, int64_t count, void (*piece)(void*, int64_t), void* context) {
  std::unique_lock<std::mutex> turn;
  if (threads > 1 && count > 1) turn = std::unique_lock<std::mutex>(pool().busy, std::try_to_lock);
  if (!turn.owns_lock()) {
    for (int64_t i = 0; i < count; ++i) piece(context, i);
    return;
  }
  struct Slice {
    void (*piece)(void*, int64_t);
    void* context;
    int64_t begin;
  };
  for (int64_t begin = 0; begin < count; begin += (int64_t)FIELD) {
    Slice slice = {piece, context, begin};
    pool().run(
        threads, std::min(count - begin, (int64_t)FIELD),
        [](void* s, int64_t i) { ((Slice*)s)->piece(((Slice*)s)->context, ((Slice*)s)->begin + i); }, &slice);
  }
}

}  // namespace fathom
