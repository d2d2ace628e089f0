// A pool of threads that execute the pieces of one job after another, for decoding.
//
// OpenMP was refused here. Its barrier waits for every thread of the team, so when another process holds a core (a
// browser that renders the answer, for example) each of the hundred barriers of a token waits for the scheduler, and
// decoding becomes dozens of times slower. Here the caller waits only for pieces that a thread has started: a helper
// that is not scheduled costs its part of the speed and nothing else.
#pragma once

#include <algorithm>
#include <cstdint>

namespace fathom {

// Calls piece(context, i) for each 0 ≤ i < count, on the calling thread and up to threads - 1 helpers; returns when all
// are done. Pieces must not depend on each other. A call while another caller's job runs uses its own thread only.
void run_pieces(int threads, int64_t count, void (*piece)(void*, int64_t), void* context);

template <class F>
void parallel(int threads, int64_t count, F&& f) {
  run_pieces(threads, count, [](void* context, int64_t i) { (*(F*)context)(i); }, &f);
}

// More than one, so that the others take over from a thread that falls behind.
constexpr int PARTS_PER_THREAD = 4;

// Calls f(part, parts) for the parts of a job of `units`, which each part divides by itself.
template <class F>
void parallel_parts(int threads, int64_t units, F&& f) {
  int parts = threads == 1 ? 1 : (int)std::min<int64_t>(units, (int64_t)threads * PARTS_PER_THREAD);
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
