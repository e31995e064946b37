// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

namespace npuspeech {
namespace {

TEST(ThreadPool, CallsEveryIndexOnce) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (size_t count : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<std::atomic<int>> calls(count);
      pool.parallelFor(count, [&](size_t i, int) { calls[i].fetch_add(1); });
      for (auto& c : calls) EXPECT_EQ(c.load(), 1);
    }
  }
}

TEST(ThreadPool, NeverOverlapsOneWorkersCalls) {
  ThreadPool pool(4);
  std::vector<std::atomic<bool>> busy(4);
  std::atomic<int> overlaps{0};
  for (int round = 0; round < 200; ++round)
    pool.parallelFor(32, [&](size_t, int worker) {
      if (busy[static_cast<size_t>(worker)].exchange(true)) overlaps.fetch_add(1);
      std::this_thread::yield();
      busy[static_cast<size_t>(worker)] = false;
    });
  EXPECT_EQ(overlaps.load(), 0);
}

TEST(ThreadPool, CallersTakeTurns) {
  ThreadPool pool(2);
  std::atomic<int> inside{0}, most{0};
  auto caller = [&] {
    for (int i = 0; i < 300; ++i)
      pool.parallelFor(4, [&](size_t, int) {
        const int now = inside.fetch_add(1) + 1;
        for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        inside.fetch_sub(1);
      });
  };
  std::thread a(caller), b(caller), c(caller);
  a.join(), b.join(), c.join();
  EXPECT_LE(most.load(), 2);
}

TEST(ThreadPool, SleepsWhileIdle) {
  ThreadPool pool(4);
  pool.parallelFor(8, [](size_t, int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 50);
}

}  // namespace
}  // namespace npuspeech
