// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <new>
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

TEST(ThreadPool, WhatABodyThrowsComesOutOnceItsHelpersAreDone) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (size_t failing = 0; failing < 64; ++failing) {
      std::atomic<int> running{0}, calls{0};
      const auto body = [&](size_t i, int) {
        running.fetch_add(1);
        std::this_thread::yield();
        running.fetch_sub(1);
        if (i == failing) throw std::bad_alloc();
        calls.fetch_add(1);
      };
      EXPECT_THROW(pool.parallelFor(64, body), std::bad_alloc);
      EXPECT_EQ(running.load(), 0);
      EXPECT_LT(calls.load(), 64);
      calls = 0;
      pool.parallelFor(64, [&](size_t, int) { calls.fetch_add(1); });
      EXPECT_EQ(calls.load(), 64);
    }
  }
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

// Between the loops of a turn, too, no more callers are at work than there are threads.
TEST(ThreadPool, TurnsAreAsManyAsThreads) {
  for (int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    std::atomic<int> inside{0}, most{0}, calls{0};
    auto caller = [&] {
      for (int i = 0; i < 100; ++i) {
        ThreadPool::Turn turn(pool);
        const int now = inside.fetch_add(1) + 1;
        for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        for (int loop = 0; loop < 3; ++loop) pool.parallelFor(5, [&](size_t, int) { calls.fetch_add(1); });
        std::this_thread::yield();
        inside.fetch_sub(1);
        const ThreadPool::Break pause(pool);
      }
    };
    std::vector<std::thread> callers;
    for (int i = 0; i < 5; ++i) callers.emplace_back(caller);
    for (std::thread& thread : callers) thread.join();
    EXPECT_EQ(calls.load(), 5 * 100 * 3 * 5);
    EXPECT_LE(most.load(), threads);
  }
}

TEST(ThreadPool, ABreakLetsAnotherHaveItsTurn) {
  ThreadPool pool(1);
  const ThreadPool::Turn turn(pool);
  const ThreadPool::Break pause(pool);
  std::thread([&] {
    const ThreadPool::Turn other(pool);
    pool.parallelFor(3, [](size_t, int) {});
  }).join();  // or the test hangs
}

TEST(ThreadPool, HelpsTheCallerThatIsLeft) {
  ThreadPool pool(2);
  std::atomic<bool> helped{false};
  std::atomic<int> started{0};
  std::thread other([&] {
    const ThreadPool::Turn turn(pool);
    while (started.load() == 0) std::this_thread::yield();
  });
  const ThreadPool::Turn turn(pool);
  for (int round = 0; round < 1000 && !helped; ++round)
    pool.parallelFor(64, [&](size_t, int worker) {
      started.fetch_add(1);
      if (worker == 1) helped = true;
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    });
  EXPECT_TRUE(helped);
  other.join();
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
