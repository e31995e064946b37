// SPDX-License-Identifier: LGPL-2.1-or-later
// Which live windows a translation reads, and what audio it still needs.
#include "speech/stream/translation_pacer.h"

#include <gtest/gtest.h>

namespace npuspeech {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

LiveWindow window(int64_t start, int64_t duration, bool isFinal = false) {
  return {start * kSecond, duration * kSecond, 0, isFinal};
}

TEST(TranslationPacer, TakesPartialWindowsEveryThreeSecondsAndAllFinalOnes) {
  TranslationPacer pacer;
  EXPECT_FALSE(pacer.takes(window(10, 2)));
  EXPECT_TRUE(pacer.takes(window(10, 3)));
  EXPECT_FALSE(pacer.takes(window(10, 7))) << "one at a time";
  pacer.answered(10 * kSecond);
  EXPECT_FALSE(pacer.takes(window(10, 5)));
  EXPECT_TRUE(pacer.takes(window(10, 6)));
  EXPECT_TRUE(pacer.takes(window(10, 7, true))) << "final, whatever is being read";
}

TEST(TranslationPacer, KeepsAudioUntilItIsRead) {
  TranslationPacer pacer;
  EXPECT_EQ(pacer.neededFromNs(), INT64_MIN);
  ASSERT_TRUE(pacer.takes(window(0, 20)));
  pacer.answered(8 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), 8 * kSecond);
  ASSERT_TRUE(pacer.takes(window(8, 16)));
  pacer.reset();
  pacer.answered(15 * kSecond);
  EXPECT_EQ(pacer.neededFromNs(), INT64_MIN) << "of before the jump";
  EXPECT_TRUE(pacer.takes(window(0, 3)));
}

}  // namespace
}  // namespace npuspeech
