// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/thread_pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "base/log.h"

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
constexpr int kMaxThreads = 64;

/// The pool in which this thread has a turn, and the place of its loops.
thread_local const void* poolOfTurn = nullptr;
thread_local size_t placeOfTurn = 0;

}  // namespace

struct ThreadPool::Shared {
  /// The caller takes indices from the front and its helpers from the back, so that in one loop after the
  /// other a core meets the same part of the data: it has it in its own cache.
  struct alignas(8) Range {
    uint32_t begin = 0, end = 0;
    bool isEmpty() const { return begin >= end; }
    Range withoutFirst() const { return {begin + 1, end}; }
    Range withoutLast() const { return {begin, end - 1}; }
  };

  /// A loop that runs, or a place for one. The caller fills it, then opens it; a helper counts itself in
  /// before it looks whether the loop is open, so that a closed loop without helpers is nobody's.
  struct alignas(64) Loop {
    void* context = nullptr;
    Thunk thunk = nullptr;
    std::atomic<Range> left{};  // indices that nobody has taken
    std::atomic<int> helpers{0};
    std::atomic<bool> isOpen{false};
    std::atomic<bool> hasFailed{false};
    std::exception_ptr failure;  // of who failed first; the caller's, once nobody helps

    bool hasWork() const {
      return isOpen.load(std::memory_order_acquire) && !left.load(std::memory_order_relaxed).isEmpty();
    }
    void work(int worker) noexcept try {
      Range range = left.load(std::memory_order_relaxed);
      while (!range.isEmpty()) {
        const Range rest = worker == 0 ? range.withoutFirst() : range.withoutLast();
        if (!left.compare_exchange_weak(range, rest, std::memory_order_relaxed)) continue;
        thunk(context, worker == 0 ? range.begin : rest.end, worker);
        range = left.load(std::memory_order_relaxed);
      }
    } catch (...) {
      if (!hasFailed.exchange(true)) failure = std::current_exception();
      left.store({}, std::memory_order_relaxed);
    }
    void help(int worker) {
      helpers.fetch_add(1, std::memory_order_seq_cst);
      if (isOpen.load(std::memory_order_seq_cst)) work(worker);
      helpers.fetch_sub(1, std::memory_order_release);
    }
  };

  explicit Shared(int count) : threads(count) {}

  int threads;                          // changed by the constructor alone
  std::array<Loop, kMaxThreads> loops;  // one for each caller at work

  std::mutex turnMutex;
  std::condition_variable turnChanged;
  uint64_t nextTicket = 0, servedTicket = 0;  // of callers; under turnMutex
  std::array<bool, kMaxThreads> taken{};      // of loops; under turnMutex
  std::atomic<int> callers{0};                // changed under turnMutex

  std::atomic<uint64_t> generation{0};  // raised when there may be work for a worker
  std::atomic<bool> stopping{false};
  std::mutex sleepMutex;
  std::condition_variable wake;
  int sleepers = 0;  // under sleepMutex

  void takeTurn() {
    std::unique_lock lock(turnMutex);
    const uint64_t ticket = nextTicket++;
    turnChanged.wait(lock, [&] { return servedTicket == ticket && callers.load() < threads; });
    ++servedTicket;
    callers.fetch_add(1);
    placeOfTurn = static_cast<size_t>(std::find(taken.begin(), taken.end(), false) - taken.begin());
    taken[placeOfTurn] = true;
    poolOfTurn = this;
    lock.unlock();
    turnChanged.notify_all();
  }
  void endTurn() {
    poolOfTurn = nullptr;
    bool others;
    {
      std::lock_guard lock(turnMutex);
      others = callers.fetch_sub(1) > 1;
      taken[placeOfTurn] = false;
    }
    turnChanged.notify_all();
    if (others) callWorkers();  // one more may help the callers that are left
  }
  bool isWanted() {
    std::lock_guard lock(turnMutex);
    return nextTicket != servedTicket;
  }

  int workersAllowed() const { return threads - callers.load(std::memory_order_acquire); }

  void callWorkers() {
    bool asleep;
    {
      std::lock_guard lock(sleepMutex);
      generation.fetch_add(1, std::memory_order_acq_rel);
      asleep = sleepers > 0;
    }
    if (asleep) wake.notify_all();
  }

  void runLoop(size_t count, void* context, Thunk thunk) {
    Loop& loop = loops[placeOfTurn];
    loop.context = context;
    loop.thunk = thunk;
    loop.left.store({0, static_cast<uint32_t>(count)}, std::memory_order_relaxed);
    loop.isOpen.store(true, std::memory_order_release);
    if (count > 1 && workersAllowed() > 0) callWorkers();
    loop.work(0);
    loop.isOpen.store(false, std::memory_order_seq_cst);
    for (int spin = 0; loop.helpers.load(std::memory_order_seq_cst) != 0; ++spin) {
      if (spin < kSpins * 4)
        pauseCpu();
      else
        std::this_thread::yield();
    }
    if (loop.hasFailed.exchange(false)) std::rethrow_exception(std::exchange(loop.failure, nullptr));
  }

  /// The loop with work that this worker may help; null where there is none.
  Loop* findWork(int worker) {
    if (worker > workersAllowed()) return nullptr;
    for (int i = 0; i < threads; ++i)
      if (Loop& loop = loops[static_cast<size_t>((worker + i) % threads)]; loop.hasWork()) return &loop;
    return nullptr;
  }
};

ThreadPool::Turn::Turn(ThreadPool& pool) : shared_(*pool.shared_), isOuter_(poolOfTurn != &shared_) {
  if (isOuter_) shared_.takeTurn();
}

ThreadPool::Turn::~Turn() {
  if (isOuter_) shared_.endTurn();
}

void ThreadPool::Turn::yield() {
  if (!shared_.isWanted()) return;
  shared_.endTurn();
  shared_.takeTurn();
}

ThreadPool::Break::Break(ThreadPool& pool) : shared_(*pool.shared_), hadTurn_(poolOfTurn == &shared_) {
  if (hadTurn_) shared_.endTurn();
}

ThreadPool::Break::~Break() {
  if (hadTurn_) shared_.takeTurn();
}

ThreadPool::ThreadPool(int threads) : shared_(std::make_unique<Shared>(std::clamp(threads, 1, kMaxThreads))) {
  workers_.reserve(static_cast<size_t>(shared_->threads) - 1);
  try {
    for (int i = 1; i < shared_->threads; ++i) workers_.emplace_back([this, i] { workerLoop(i); });
  } catch (const std::exception& reason) {  // std::system_error, std::bad_alloc
    logf(LogLevel::Warning, "only %d of %d threads can be started (%s): it will be slower", this->threads(),
         shared_->threads, reason.what());
    shared_->threads = this->threads();  // no worker reads it before the first loop
  }
}

ThreadPool::~ThreadPool() {
  shared_->stopping = true;
  shared_->callWorkers();
  for (std::thread& worker : workers_) worker.join();
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
    while (Shared::Loop* const loop = s.findWork(worker)) loop->help(worker);
  }
}

void ThreadPool::run(size_t count, void* context, Thunk thunk) {
  if (count == 0) return;
  const Turn turn(*this);
  shared_->runLoop(count, context, thunk);
}

}  // namespace npuspeech
