// SPDX-License-Identifier: LGPL-2.1-or-later
// Which live windows a translation reads, and what audio it still needs.
#include "speech/stream/translation_pacer.h"

#include <gtest/gtest.h>

namespace npuspeech {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

LiveWindow window(int64_t start, int64_t duration, bool isFinal = false, uint64_t utterance = 0) {
  return {start * kSecond, duration * kSecond, utterance, isFinal};
}

TEST(TranslationPacer, TakesPartialWindowsEveryThreeSecondsAndAllFinalOnes) {
  TranslationPacer pacer;
  EXPECT_FALSE(pacer.takes(window(10, 2)));
  EXPECT_TRUE(pacer.takes(window(10, 3)));
  EXPECT_FALSE(pacer.takes(window(10, 7))) << "one at a time";
  pacer.answered(0, 10 * kSecond);
  EXPECT_FALSE(pacer.takes(window(10, 5)));
  EXPECT_TRUE(pacer.takes(window(10, 6)));
  EXPECT_TRUE(pacer.takes({10 * kSecond, 6 * kSecond, 0, false, true})) << "nobody knows when more comes";
  EXPECT_TRUE(pacer.takes(window(10, 7, true))) << "final, whatever is being read";
}

TEST(TranslationPacer, KeepsAudioUntilItIsRead) {
  TranslationPacer pacer;
  EXPECT_EQ(pacer.neededFromNs(), INT64_MIN);
  ASSERT_TRUE(pacer.takes(window(0, 20)));
  pacer.answered(0, 8 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), 8 * kSecond);
  ASSERT_TRUE(pacer.takes(window(8, 16)));
  pacer.reset();
  pacer.answered(0, 15 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), INT64_MIN) << "of before the jump";
  EXPECT_TRUE(pacer.takes(window(0, 3)));
}

TEST(TranslationPacer, ALateAnswerIsNotTheNewAudios) {
  TranslationPacer pacer;
  ASSERT_TRUE(pacer.takes(window(100, 10, false, 4)));
  pacer.reset();  // a new segment, and utterance 5 is left out
  ASSERT_TRUE(pacer.takes(window(0, 4, false, 6)));
  pacer.answered(4, 108 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), INT64_MIN);
  EXPECT_FALSE(pacer.takes(window(0, 9, false, 6))) << "the new one is still being read";
  pacer.answered(6, 2 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), 2 * kSecond);
}

TEST(TranslationPacer, TimeThatGoesBackIsReadFromThere) {
  TranslationPacer pacer;
  ASSERT_TRUE(pacer.takes(window(100, 10, true, 4)));
  ASSERT_TRUE(pacer.takes(window(0, 4, false, 6))) << "before all that was read, behind a hole";
  pacer.answered(4, 110 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), INT64_MIN);
  pacer.answered(6, 1 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), 1 * kSecond);
  EXPECT_TRUE(pacer.takes(window(4, 4, false, 7))) << "the next utterance goes on";
  pacer.answered(7, 5 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), 5 * kSecond);
}

}  // namespace
}  // namespace npuspeech
