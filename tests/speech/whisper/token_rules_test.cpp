// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/token_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "speech/model/ctranslate2_vocabulary.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

class TokenRulesTest : public testing::Test {
 protected:
  void SetUp() override {
    test::writeTinyModel(folder_.path());
    const int size = static_cast<int>(test::tinyVocabulary(true).size());
    auto loaded = loadCTranslate2Vocabulary(folder_.path(), size);
    ASSERT_TRUE(loaded) << loaded.error().message;
    vocabulary_.emplace(std::move(*loaded));
  }

  // What may follow `said`, all tokens being equally likely but for `favoured`.
  std::vector<Token> allowed(std::vector<Token> said, bool timestamps, Token favoured = -1) {
    std::vector<float> logits(static_cast<size_t>(vocabulary_->size()), 0.0f);
    if (favoured >= 0) logits[static_cast<size_t>(favoured)] = 50.0f;
    TokenRules(*vocabulary_, timestamps).apply(logits, said);
    std::vector<Token> tokens;
    for (size_t i = 0; i < logits.size(); ++i)
      if (std::isfinite(logits[i])) tokens.push_back(static_cast<Token>(i));
    return tokens;
  }
  static bool has(const std::vector<Token>& tokens, Token token) {
    return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
  }
  Token at(double seconds) const {
    return vocabulary_->firstTimestamp() + static_cast<Token>(std::lround(seconds / 0.02));
  }

  test::TempFolder folder_;
  std::optional<Vocabulary> vocabulary_;
  static constexpr Token kText = 65;
};

TEST_F(TokenRulesTest, NeverSaysPromptTokens) {
  for (const std::vector<Token>& said : {std::vector<Token>{}, {kText}, {kText, kText}})
    for (bool timestamps : {false, true}) {
      const std::vector<Token> tokens = allowed(said, timestamps, kText);
      for (Token token :
           {vocabulary_->startOfTranscript(), vocabulary_->startOfPrevious(), vocabulary_->startOfLm(),
            vocabulary_->noSpeech(), vocabulary_->translate(), vocabulary_->transcribe()})
        EXPECT_FALSE(has(tokens, token)) << token;
      for (Token token : vocabulary_->suppressed()) EXPECT_FALSE(has(tokens, token)) << token;
    }
}

TEST_F(TokenRulesTest, DoesNotStartWithTheEnd) {
  EXPECT_FALSE(has(allowed({}, false), vocabulary_->endOfText()));
  EXPECT_TRUE(has(allowed({kText}, false), vocabulary_->endOfText()));
}

TEST_F(TokenRulesTest, StartsWithATimestampWithinTheFirstSecond) {
  const std::vector<Token> tokens = allowed({}, true, kText);
  EXPECT_EQ(tokens.front(), at(0));
  EXPECT_EQ(tokens.back(), at(1.0));
}

TEST_F(TokenRulesTest, TextFollowsASegmentsStart) {
  const std::vector<Token> tokens = allowed({at(0.2)}, true);
  EXPECT_LT(tokens.back(), vocabulary_->firstTimestamp());
  EXPECT_TRUE(has(tokens, kText));
}

TEST_F(TokenRulesTest, AnEndIsFollowedByAStartOrTheEndOfText) {
  const std::vector<Token> tokens = allowed({at(0), kText, at(2)}, true, vocabulary_->endOfText());
  EXPECT_FALSE(has(tokens, kText));
  EXPECT_TRUE(has(tokens, vocabulary_->endOfText()));
  EXPECT_FALSE(has(tokens, at(1.98)));
  EXPECT_TRUE(has(tokens, at(2)));  // the next segment may start where this one ends
}

TEST_F(TokenRulesTest, SegmentsAreNotEmpty) {
  const std::vector<Token> tokens = allowed({at(1), kText}, true, kText);
  EXPECT_FALSE(has(tokens, at(1)));
  EXPECT_TRUE(has(tokens, at(1.02)));
}

TEST_F(TokenRulesTest, ATimestampIsForcedWhereTimestampsTogetherAreLikelier) {
  // 1500 timestamps of logit 0 against single text tokens of logit 0: log 1500 > 0.
  const std::vector<Token> tokens = allowed({at(0), kText}, true);
  EXPECT_GE(tokens.front(), vocabulary_->firstTimestamp());
}

TEST_F(TokenRulesTest, APromptBeginsWithWhatCameBefore) {
  std::vector<Token> previous(223);
  for (size_t i = 0; i < previous.size(); ++i) previous[i] = static_cast<Token>(i % 200);
  const Token language = vocabulary_->startOfTranscript() + 1;
  const Prompt prompt = makePrompt(*vocabulary_, previous, language, Task::Transcribe, false);
  ASSERT_EQ(prompt.startOfTranscript, 224u);
  EXPECT_EQ(prompt.tokens.front(), vocabulary_->startOfPrevious());
  EXPECT_EQ(prompt.tokens[223], previous.back());
  EXPECT_EQ(std::vector<Token>(prompt.tokens.begin() + 224, prompt.tokens.end()),
            (std::vector<Token>{vocabulary_->startOfTranscript(), language, vocabulary_->transcribe(),
                                vocabulary_->noTimestamps()}));
}

}  // namespace
}  // namespace npuspeech
