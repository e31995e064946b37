// SPDX-License-Identifier: LGPL-2.1-or-later
// Fork-join over a fixed set of threads, shared by callers that take turns.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace npuspeech {

/// Runs loops over `threads` threads: the caller and threads - 1 workers. Callers on several threads take
/// turns, loop by loop and in the order of their arrival, so that one pool never runs more threads than it
/// has. Workers sleep between loops, after a spin of a few microseconds that bridges the gaps inside one
/// computation. The destructor joins the workers; no loop may be running then.
class ThreadPool {
 public:
  /// threads: 1 to 64, clamped.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(index, worker) once for every index in [0, count), on any of the threads, and returns when
  /// all calls have. `worker` is in [0, threads()): two calls with the same one never overlap, so it may
  /// index scratch memory. The body must not throw and must not call parallelFor. Does not allocate.
  template <class Body>
  void parallelFor(size_t count, Body&& body) {
    using Callable = std::remove_reference_t<Body>;
    run(count, const_cast<void*>(static_cast<const void*>(&body)),
        [](void* context, size_t index, int worker) { (*static_cast<Callable*>(context))(index, worker); });
  }

 private:
  using Thunk = void (*)(void* context, size_t index, int worker);
  struct Shared;

  void run(size_t count, void* context, Thunk thunk);
  void workerLoop(int worker);

  Shared* shared_;
  std::vector<std::thread> workers_;
};

}  // namespace npuspeech
