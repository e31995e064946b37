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

/// Runs loops over `threads` threads: the callers themselves, and threads - 1 workers who help them. However
/// many call, no more than `threads` compute: each caller that is at work leaves one worker idle, and callers
/// beyond that number wait their turn. Two callers on two threads thus have one each and no hand-over between
/// them; one caller alone has both. Workers sleep between loops, after a spin of a few microseconds that
/// bridges the gaps inside one computation. The destructor joins the workers; no loop may be running then.
class ThreadPool {
  struct Shared;

 public:
  /// threads: 1 to 64, clamped. Where the system starts fewer, those compute, and a line of the log says so.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// The calling thread is at work, in loops and between them, while this lives. Waits where `threads`
  /// callers are at work already, in the order of arrival. Inside another turn of the thread it does nothing.
  class Turn {
   public:
    explicit Turn(ThreadPool& pool);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// Lets callers that wait for a turn have theirs first.
    void yield();

   private:
    Shared& shared_;
    const bool isOuter_;
  };
  /// The calling thread's turn, if it has one, ends for as long as this lives: for waiting on other callers.
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
  /// all calls have. `worker` is in [0, threads()): two calls of one loop with the same one never overlap, so
  /// it may index scratch memory. What a body throws comes out of here when all calls that had begun are
  /// over, and no others begin. The body must not call parallelFor. Does not allocate. Without a Turn, takes
  /// one for the loop.
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
