// SPDX-License-Identifier: LGPL-2.1-or-later
// How often windows are let out, by scripted costs.
#include "speech/stream/step_pacer.h"

#include <gtest/gtest.h>

namespace npuspeech {
namespace {

constexpr int64_t kMs = 1'000'000;

TEST(StepPacer, WaitsForNobodyWhoNeverAnswers) {
  StepPacer pacer;
  for (int64_t now = 0; now < 10; ++now) {
    EXPECT_TRUE(pacer.mayPush(now));
    pacer.pushed(now);
  }
}

TEST(StepPacer, LetsTheNextOutOnceTheLastIsThrough) {
  StepPacer pacer(0.5);
  pacer.pushed(1000 * kMs);
  pacer.answered(1100 * kMs);
  EXPECT_FALSE(pacer.mayPush(1150 * kMs)) << "half of the time is for others";
  EXPECT_TRUE(pacer.mayPush(1200 * kMs));
  pacer.pushed(1200 * kMs);
  EXPECT_FALSE(pacer.mayPush(1700 * kMs));
  pacer.answered(1700 * kMs);
  EXPECT_FALSE(pacer.mayPush(1500 * kMs));
}

// A machine whose windows take longer and longer than their step keeps its share, and no window waits.
TEST(StepPacer, AdaptsToTheCost) {
  StepPacer pacer(0.5);
  int64_t now = 0, busyUntil = -1, busy = 0;
  for (int64_t cost : {50, 100, 400, 1600, 1600, 1600, 200, 50, 50, 50, 50, 50, 50, 50}) {
    while (!pacer.mayPush(now)) {
      now += kMs;
      if (busyUntil >= 0 && now >= busyUntil) pacer.answered(busyUntil), busyUntil = -1;
    }
    EXPECT_EQ(busyUntil, -1) << "the last one is through";
    pacer.pushed(now);
    busyUntil = now + cost * kMs;
    busy += cost * kMs;
    if (!pacer.costNs()) pacer.answered(now = busyUntil), busyUntil = -1;
  }
  EXPECT_LE(busy, now * 7 / 10);
  EXPECT_LE(pacer.costNs(), 400 * kMs);
}

TEST(StepPacer, GivesUpOnAnAnswerThatNeverComes) {
  StepPacer pacer;
  pacer.pushed(0);
  pacer.answered(10 * kMs);
  pacer.pushed(100 * kMs);
  EXPECT_FALSE(pacer.mayPush(4000 * kMs));
  EXPECT_TRUE(pacer.mayPush(5100 * kMs));
}

}  // namespace
}  // namespace npuspeech
