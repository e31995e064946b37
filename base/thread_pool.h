// SPDX-License-Identifier: LGPL-2.1-or-later
// Fork-join over a fixed set of threads, shared by the callers that compute at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace npuspeech {

/// Runs loops on at most `threads` threads: the calling threads themselves, and threads - 1 workers that help
/// them. Each caller at work leaves one worker idle, and callers beyond `threads` wait. So two callers of a
/// pool of two have one thread each and hand nothing over, and a single caller has both. Workers spin for a
/// few microseconds after a loop, which bridges the gaps inside a computation, then sleep. The destructor
/// joins the workers; no loop may be running then.
class ThreadPool {
  struct Shared;

 public:
  /// `threads` is clamped to 1 to 64. Where the system starts fewer, the pool works with those, and logs it.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Makes the calling thread a caller at work while this lives, in loops and between them. Where `threads`
  /// callers are at work already, it waits in order of arrival. Inside another Turn it does nothing.
  class Turn {
   public:
    explicit Turn(ThreadPool& pool);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// Takes a new turn behind the callers that are waiting, if there are any.
    void yield();

   private:
    Shared& shared_;
    const bool isOuter_;
  };
  /// Suspends the calling thread's Turn, if it has one, while this lives: for waiting for other callers.
  class Break {
   public:
    explicit Break(ThreadPool& pool);
    ~Break();
    Break(const Break&) = delete;
    Break& operator=(const Break&) = delete;

   private:
    Shared& shared_;
    const bool hadTurn_;
  };

  /// Calls body(index, worker) once for every index in [0, count), on any of the threads, and returns when
  /// all calls have returned. `worker` is in [0, threads()), and calls of one loop with the same `worker`
  /// never overlap, so that it may index scratch memory. Where a body throws, no further calls begin, and the
  /// exception leaves here once the running ones are over. The body must not call parallelFor(). Does not
  /// allocate. Without a Turn, takes one for the loop.
  template <class Body>
  void parallelFor(size_t count, Body&& body) {
    using Callable = std::remove_reference_t<Body>;
    run(count, const_cast<void*>(static_cast<const void*>(&body)),
        [](void* context, size_t index, int worker) { (*static_cast<Callable*>(context))(index, worker); });
  }

 private:
  using Thunk = void (*)(void* context, size_t index, int worker);

  void run(size_t count, void* context, Thunk thunk);
  void workerLoop(int worker);

  const std::unique_ptr<Shared> shared_;
  std::vector<std::thread> workers_;
};

}  // namespace npuspeech
