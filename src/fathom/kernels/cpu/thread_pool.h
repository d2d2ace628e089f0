// A few threads that share out the pieces of one job after another.
//
// OpenMP was refused here. Its barrier waits for every thread of the team, so when another process holds a core (a
// browser that draws the answer, say) each of the hundred barriers of a token waits for the scheduler, and decoding
// becomes dozens of times slower. Here the caller waits only for pieces that somebody has taken: a helper that does not
// get to run costs its share of the speed and nothing else.
#pragma once

#include <algorithm>
#include <cstdint>

namespace fathom {

// Calls piece(context, i) for each 0 ≤ i < count, on the calling thread and up to threads - 1 helpers; returns when all
// are done. Pieces must not depend on each other. A call while another thread's job runs stays on its own thread.
void share(int threads, int64_t count, void (*piece)(void*, int64_t), void* context);

template <class F>
void parallel(int threads, int64_t count, F&& f) {
  share(threads, count, [](void* context, int64_t i) { (*(F*)context)(i); }, &f);
}

// As many pieces per thread, so that one that falls behind leaves its share to the others.
constexpr int PIECES = 4;

// Calls f(part, parts) for the parts of a job whose pieces may be cut anywhere.
template <class F>
void parallel_parts(int threads, int64_t units, F&& f) {
  int parts = threads == 1 ? 1 : (int)std::min<int64_t>(units, (int64_t)threads * PIECES);
  parallel(threads, parts, [&](int64_t part) { f((int)part, parts); });
}

// Calls f(m) for 0 ≤ m < M, rows of little work each.
template <class F>
void parallel_rows(int threads, int64_t M, F&& f) {
  parallel_parts(threads, M, [&](int part, int parts) {
    for (int64_t m = M * part / parts; m < M * (part + 1) / parts; ++m) f(m);
  });
}

}  // namespace fathom
