// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/probability16.h"

#include <gtest/gtest.h>

#include <cmath>

namespace npuspeech {
namespace {

TEST(Probability16, KeepsTwelveBitsOfEveryProbability) {
  for (float value = 1; value > 0x1p-31f; value *= 0.9997f)
    ASSERT_NEAR(Probability16(value), value, value * 0x1p-12f) << value;
}

TEST(Probability16, ItsEndsAreExact) {
  static_assert(sizeof(Probability16) == 2);
  EXPECT_EQ(float(Probability16(1)), 1);
  EXPECT_EQ(float(Probability16(0.5f)), 0.5f);
  for (float tiny : {0.0f, 1e-30f, 0x1p-31f}) EXPECT_EQ(float(Probability16(tiny)), 0x1p-31f);
}

}  // namespace
}  // namespace npuspeech
