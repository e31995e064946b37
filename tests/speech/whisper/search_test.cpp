// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <stdexcept>

#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"
#include "speech/whisper/cpu/cpu_decoder.h"
#include "speech/whisper/cpu/cpu_encoder.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

using Tokens = std::vector<Token>;

struct Found {
  Hypothesis best;
  float noSpeech = 0;
  int steps = 0;
  size_t mostTokens = 0;  // of all sequences together
};

// A model and a window that it reads: of noise.
class Reader {
 public:
  explicit Reader(const test::TinyModelOptions& options) {
    test::writeTinyModel(folder_.path(), options);
    auto loaded = CpuWeights::load(folder_.path(), Precision::Float32, nullptr, {});
    if (!loaded) throw std::runtime_error(loaded.error().message);
    weights_ = *loaded;
    decoder_.emplace(weights_, pool_);
    rules_.emplace(vocabulary(), false);
    prompt_ = makePrompt(vocabulary(), {}, vocabulary().startOfTranscript() + 1, Task::Transcribe, false);

    const WindowShape shape{200, weights_->audioContext, {}};
    std::mt19937 random(7);
    AlignedVector<float> mel(static_cast<size_t>(shape.frames * weights_->melBins));
    for (float& value : mel) value = static_cast<float>(random() % 1000) * 1e-3f;
    AlignedVector<float> states(static_cast<size_t>(shape.rows() * weights_->width));
    if (!CpuEncoder(weights_, pool_).encode(mel.data(), shape, states.data(), {}))
      throw std::runtime_error("the encoder failed");
    cross_ = decoder_->prepare(states.data(), shape);
  }

  const Vocabulary& vocabulary() const { return *weights_->vocabulary; }

  // Texts give way where they would have more than `room` tokens together.
  Found search(const SearchOptions& options, size_t room = SIZE_MAX) {
    Search search(*decoder_, vocabulary(), *rules_, cross_, prompt_, options);
    Found found;
    std::vector<Decoder::Input> inputs;
    for (; !search.done(); ++found.steps) {
      while (search.tokens() > room && search.giveWay()) {
      }
      found.mostTokens = std::max(found.mostTokens, search.tokens());
      inputs.clear();
      search.addInputs(inputs);
      decoder_->step(inputs);
      const auto wanted =
          std::count_if(inputs.begin(), inputs.end(), [](const auto& input) { return input.wantLogits; });
      EXPECT_EQ(search.consume(*decoder_, 0), static_cast<size_t>(wanted));
    }
    found.noSpeech = search.noSpeechProbability();
    found.best = std::move(search.best());
    return found;
  }

  // Log-probabilities of `tokens` behind the prompt, a token at a time.
  std::vector<float> scored(const Tokens& tokens) {
    const std::unique_ptr<Sequence> sequence = decoder_->start(cross_);
    std::vector<Decoder::Input> inputs;
    for (Token token : prompt_.tokens) inputs.push_back({sequence.get(), token, false});
    inputs.back().wantLogits = true;
    std::vector<float> scores;
    Tokens said;
    for (Token token : tokens) {
      decoder_->step(inputs);
      const std::span<float> logits = decoder_->logits(0);
      rules_->apply(logits, said);
      scores.push_back(logits[static_cast<size_t>(token)] -
                       logSumExpF32(logits.data(), static_cast<int>(logits.size())).logSum);
      said.push_back(token);
      inputs = {{sequence.get(), token, true}};
    }
    return scores;
  }

 private:
  test::TempFolder folder_;
  std::shared_ptr<ThreadPool> pool_ = std::make_shared<ThreadPool>(1);
  std::shared_ptr<const CpuWeights> weights_;
  std::optional<CpuDecoder> decoder_;
  std::optional<TokenRules> rules_;
  std::shared_ptr<const CrossAttentionCache> cross_;
  Prompt prompt_;
};

SearchOptions optionsOf(int beams, Tokens forced = {}, Tokens guess = {}) {
  SearchOptions options;
  options.beamSize = beams;
  options.maxTokens = 16;
  options.forced = std::move(forced);
  options.guess = std::move(guess);
  return options;
}

constexpr Token kWord = 65, kOther = 70;  // two of the bytes that every vocabulary has

test::TinyModelOptions sayingWords() {
  test::TinyModelOptions options;
  options.says.assign(test::tinyWords().begin(), test::tinyWords().begin() + 5);
  return options;
}

TEST(Search, ForcedTokensComeFirstAndTheTextGoesOnBehindThem) {
  Reader reader(sayingWords());
  const Tokens free = reader.search(optionsOf(1)).best.tokens;
  ASSERT_EQ(free.size(), 5u);
  const Tokens expected{kWord, kOther, free[2], free[3], free[4]};
  for (int beams : {1, 2, 5}) {
    const Hypothesis best = reader.search(optionsOf(beams, {kWord, kOther})).best;
    EXPECT_EQ(best.tokens, expected) << beams;
    EXPECT_EQ(best.forced, 2u) << beams;
  }
}

// Beams that share a beginning, or whose caches were mixed up, would have other probabilities.
TEST(Search, ScoresWhatEachBeamSaysButNotWhatWasForced) {
  Reader reader({});
  const Tokens forced{kWord, kOther, kWord};
  for (int beams : {1, 2, 5}) {
    const Hypothesis best = reader.search(optionsOf(beams, forced)).best;
    ASSERT_GT(best.tokens.size(), forced.size());
    ASSERT_EQ(best.logProbabilities.size(), best.tokens.size());
    EXPECT_TRUE(std::equal(forced.begin(), forced.end(), best.tokens.begin()));
    EXPECT_LE(best.tokens.size(), 16u);
    const std::vector<float> scores = reader.scored(best.tokens);
    float sum = 0;
    for (size_t i = 0; i < best.tokens.size(); ++i) {
      EXPECT_NEAR(best.logProbabilities[i], i < forced.size() ? 0 : scores[i], 1e-3) << beams << ", " << i;
      sum += best.logProbabilities[i];
    }
    if (!best.looped && best.tokens.size() < 16) {
      Tokens ended = best.tokens;
      ended.push_back(reader.vocabulary().endOfText());
      sum += reader.scored(ended).back();
    }
    EXPECT_NEAR(best.sumLogProbability, sum, 1e-3) << beams;
  }
}

TEST(Search, ForcingItsOwnWordsChangesNothing) {
  Reader reader({});
  const Hypothesis free = reader.search(optionsOf(1)).best;
  for (size_t count : {1, 4, 9}) {
    const Tokens forced(free.tokens.begin(), free.tokens.begin() + static_cast<std::ptrdiff_t>(count));
    EXPECT_EQ(reader.search(optionsOf(1, forced)).best.tokens, free.tokens) << count;
  }
}

// Right, wrong from some token on, too long, and not of this text at all.
std::vector<Tokens> guessesOf(const Tokens& text) {
  std::vector<Tokens> guesses{text, Tokens(text.begin(), text.begin() + 2), text, text, {kOther, kWord}};
  guesses[2][2] = guesses[2][2] == kOther ? kWord : kOther;
  guesses[3].insert(guesses[3].end(), 20, kWord);
  return guesses;
}

TEST(Search, AGuessLeavesTheTextUnchanged) {
  for (const test::TinyModelOptions& model : {test::TinyModelOptions{}, sayingWords()}) {
    Reader reader(model);
    for (const Tokens& forced : {Tokens{}, Tokens{kOther}}) {
      const Found plain = reader.search(optionsOf(1, forced));
      const auto begin = plain.best.tokens.begin() + static_cast<std::ptrdiff_t>(forced.size());
      for (const Tokens& guess : guessesOf({begin, plain.best.tokens.end()})) {
        const Found guessed = reader.search(optionsOf(1, forced, guess));
        EXPECT_EQ(guessed.best.tokens, plain.best.tokens);
        EXPECT_NEAR(guessed.best.sumLogProbability, plain.best.sumLogProbability, 1e-3);
        EXPECT_NEAR(guessed.noSpeech, plain.noSpeech, 1e-5);
        EXPECT_LE(guessed.steps, plain.steps);
      }
    }
  }
}

TEST(Search, ARightGuessTakesOneStep) {
  Reader reader(sayingWords());
  const Tokens text = reader.search(optionsOf(1)).best.tokens;
  EXPECT_EQ(reader.search(optionsOf(1)).steps, 6);
  EXPECT_EQ(reader.search(optionsOf(1, {}, text)).steps, 1);
}

TEST(Search, BeamsDoNotFollowAGuess) {
  Reader reader({});
  const Found plain = reader.search(optionsOf(3, {kWord}));
  for (const Tokens& guess : guessesOf(plain.best.tokens)) {
    const Found guessed = reader.search(optionsOf(3, {kWord}, guess));
    EXPECT_EQ(guessed.best.tokens, plain.best.tokens);
    EXPECT_EQ(guessed.steps, plain.steps);
  }
}

// A draw depends on its sample and its place alone.
TEST(Search, SamplesAreTheSameHoweverManyAreDrawnTogether) {
  for (const Tokens& forced : {Tokens{}, Tokens{kWord, kOther}}) {
    Reader reader({});
    SearchOptions options = optionsOf(1, forced);
    options.temperature = 0.8f;
    const Found together = reader.search(options);
    EXPECT_EQ(together.best.tokens.size(), 16u);
    const size_t one = static_cast<size_t>(together.best.sequence->length()) + 1;
    EXPECT_GT(together.mostTokens, 4 * one);
    for (size_t room : {size_t{0}, 2 * one, 3 * one, 4 * one}) {
      const Found grouped = reader.search(options, room);
      EXPECT_EQ(grouped.best.tokens, together.best.tokens) << room;
      EXPECT_EQ(grouped.best.sample, together.best.sample) << room;
      EXPECT_NEAR(grouped.best.sumLogProbability, together.best.sumLogProbability, 1e-3) << room;
      EXPECT_GT(grouped.steps, together.steps) << room;
      EXPECT_LE(grouped.mostTokens, std::max(room, 2 * one)) << room;  // the best so far, and the next
    }
  }
}

TEST(Search, OneTextGivesNoWay) {
  Reader reader({});
  for (int beams : {1, 3}) {
    const Found free = reader.search(optionsOf(beams)), tight = reader.search(optionsOf(beams), 0);
    EXPECT_EQ(tight.best.tokens, free.best.tokens) << beams;
    EXPECT_EQ(tight.steps, free.steps) << beams;
  }
}

}  // namespace
}  // namespace npuspeech
