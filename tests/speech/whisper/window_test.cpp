// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/window.h"

#include <gtest/gtest.h>

namespace npuspeech {
namespace {

TEST(PaddingBlocks, StandForEveryRowBehindTheAudioOnce) {
  for (PaddingPolicy policy :
       {PaddingPolicy{}, kFullContext, PaddingPolicy{10, 64}, PaddingPolicy{0, 32}, PaddingPolicy{300, 8}})
    for (int frames : {1, 2, 3, 799, 800, 2989, 2998, 2999, 3000}) {
      const WindowShape shape{frames, 1500, policy};
      int at = shape.audioRows();
      for (const PaddingBlock& block : paddingBlocks(shape)) {
        EXPECT_EQ(block.position, at + block.count / 2);
        EXPECT_GE(block.count, 1);
        EXPECT_LE(block.count, policy.maxBlock);
        at += block.count;
      }
      EXPECT_EQ(at, 1500) << frames;
    }
}

TEST(PaddingBlocks, FullContextComputesEveryRow) {
  EXPECT_EQ((WindowShape{800, 1500, kFullContext}.rows()), 1500);
  EXPECT_EQ((WindowShape{3000, 1500, kFullContext}.rows()), 1500);
}

TEST(PaddingBlocks, EightSecondsTakeLessThanAThirdOfTheContext) {
  const WindowShape shape{800, 1500, {}};
  EXPECT_EQ(shape.audioRows(), 400);
  EXPECT_LT(shape.rows(), 460);
}

}  // namespace
}  // namespace npuspeech
