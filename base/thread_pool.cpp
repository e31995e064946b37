// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace npuspeech {
namespace {

inline void pauseCpu() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// About 20 to 50 microseconds: longer than the serial stretches between the loops of one layer, and short
// enough that a paused stream costs nothing that a user would see.
constexpr int kSpins = 800;

}  // namespace

struct ThreadPool::Shared {
  // Turns: a ticket lock, so that two streams alternate instead of one starving the other.
  std::mutex turnMutex;
  std::condition_variable turnChanged;
  uint64_t nextTicket = 0, servedTicket = 0;  // both under turnMutex

  // The loop that is running. Written by the caller before `generation` is raised, read by workers after they
  // saw it.
  void* context = nullptr;
  Thunk thunk = nullptr;
  size_t count = 0;
  std::atomic<size_t> nextIndex{0};
  std::atomic<int> busyWorkers{0};
  std::atomic<uint64_t> generation{0};
  std::atomic<bool> stopping{false};

  std::mutex sleepMutex;
  std::condition_variable wake;
  int sleepers = 0;  // under sleepMutex

  void work(int worker) {
    for (size_t i; (i = nextIndex.fetch_add(1, std::memory_order_relaxed)) < count;)
      thunk(context, i, worker);
  }
};

ThreadPool::ThreadPool(int threads) : shared_(new Shared) {
  for (int i = 1; i < std::clamp(threads, 1, 64); ++i) workers_.emplace_back([this, i] { workerLoop(i); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(shared_->sleepMutex);
    shared_->stopping = true;
    shared_->generation.fetch_add(1);
  }
  shared_->wake.notify_all();
  for (std::thread& worker : workers_) worker.join();
  delete shared_;
}

void ThreadPool::workerLoop(int worker) {
  Shared& s = *shared_;
  uint64_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && s.generation.load(std::memory_order_acquire) == seen; ++spin)
      pauseCpu();
    if (s.generation.load(std::memory_order_acquire) == seen) {
      std::unique_lock lock(s.sleepMutex);
      ++s.sleepers;
      s.wake.wait(lock, [&] { return s.generation.load(std::memory_order_acquire) != seen; });
      --s.sleepers;
    }
    seen = s.generation.load(std::memory_order_acquire);
    if (s.stopping) return;
    s.work(worker);
    s.busyWorkers.fetch_sub(1, std::memory_order_acq_rel);
  }
}

void ThreadPool::run(size_t count, void* context, Thunk thunk) {
  if (count == 0) return;
  Shared& s = *shared_;
  {
    std::unique_lock lock(s.turnMutex);
    const uint64_t ticket = s.nextTicket++;
    s.turnChanged.wait(lock, [&] { return s.servedTicket == ticket; });
  }
  s.context = context;
  s.thunk = thunk;
  s.count = count;
  s.nextIndex.store(0, std::memory_order_relaxed);
  if (!workers_.empty() && count > 1) {
    s.busyWorkers.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    bool asleep;
    {
      std::lock_guard lock(s.sleepMutex);
      s.generation.fetch_add(1, std::memory_order_acq_rel);
      asleep = s.sleepers > 0;
    }
    if (asleep) s.wake.notify_all();
  }
  s.work(0);
  for (int spin = 0; s.busyWorkers.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < kSpins * 4)
      pauseCpu();
    else
      std::this_thread::yield();
  }
  {
    std::lock_guard lock(s.turnMutex);
    ++s.servedTicket;
  }
  s.turnChanged.notify_all();
}

}  // namespace npuspeech
