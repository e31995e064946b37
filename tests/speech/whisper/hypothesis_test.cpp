// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/hypothesis.h"

#include <gtest/gtest.h>

#include <random>

namespace npuspeech {
namespace {

std::vector<Token> repeated(std::vector<Token> phrase, int times, std::vector<Token> before = {}) {
  for (int i = 0; i < times; ++i) before.insert(before.end(), phrase.begin(), phrase.end());
  return before;
}

TEST(EndsInLoop, FindsPhrasesOfEveryPeriod) {
  for (int period = 1; period <= 30; ++period) {
    std::vector<Token> phrase;
    for (int i = 0; i < period; ++i) phrase.push_back(100 + i);
    EXPECT_TRUE(endsInLoop(repeated(phrase, 24 / period + 4, {1, 2, 3}))) << period;
  }
}

TEST(EndsInLoop, AllowsWhatPeopleSay) {
  EXPECT_FALSE(endsInLoop(std::vector<Token>{}));
  EXPECT_FALSE(endsInLoop(repeated({7, 8}, 6)));           // "no, no, no, no, no, no,"
  EXPECT_FALSE(endsInLoop(repeated({1, 2, 3, 4, 5}, 3)));  // a refrain
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::vector<Token> tokens;
    for (int k = 0; k < 200; ++k) tokens.push_back(static_cast<Token>(random() % 50));
    EXPECT_FALSE(endsInLoop(tokens));
  }
}

TEST(Hypothesis, AveragesOverTokensAndTheEndOfText) {
  Hypothesis hypothesis;
  hypothesis.append(1, -1.0f);
  hypothesis.append(2, -2.0f);
  hypothesis.sumLogProbability += -3.0f;
  EXPECT_FLOAT_EQ(hypothesis.averageLogProbability(), -2.0f);
}

}  // namespace
}  // namespace npuspeech
