// SPDX-License-Identifier: LGPL-2.1-or-later
// One try at decoding a window: greedy, beam search, or sampling, a step at a time so that windows share
// steps.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"
#include "speech/whisper/hypothesis.h"
#include "speech/whisper/token_rules.h"

namespace npuspeech {

struct SearchOptions {
  int beamSize = 1;  // at temperature 0
  int samples = 5;   // at higher temperatures: so many are drawn, the likeliest is kept
  float temperature = 0;
  int maxTokens = 224;  // at least 1; with the prompt less than the text context; forced ones count
  int minTokens = 0;    // the text does not end before; forced ones count
  /// What the text begins with, whatever the model would choose.
  std::vector<Token> forced;
  /// What a greedy search may say behind that: a guess that makes it faster, and changes nothing. Checked in
  /// the first step; the search goes on where the guess is wrong.
  std::vector<Token> guess;
};

/// Add the inputs of a step, run it together with those of other searches, consume its logits; until done().
class Search {
 public:
  Search(Decoder& decoder, const Vocabulary& vocabulary, const TokenRules& rules,
         std::shared_ptr<const CrossAttentionCache> cross, Prompt prompt, const SearchOptions& options);

  bool done() const { return done_; }
  /// What the model computes is no number; done(), without a best().
  bool isLost() const { return isLost_; }
  void addInputs(std::vector<Decoder::Input>& inputs);
  /// firstLogits: index of this search's first input that wanted logits; returns the index after its last.
  size_t consume(Decoder& decoder, size_t firstLogits);

  /// The best hypothesis; once done(), if not isLost().
  Hypothesis& best();
  const Prompt& prompt() const { return prompt_; }
  /// Softmax of the raw logits behind start-of-transcript, at the no-speech token; after the first step.
  float noSpeechProbability() const { return noSpeechProbability_; }
  /// Softmax of the raw logits behind the prompt, at the note signs: Whisper frames what is sung by them.
  float noteProbability() const { return noteProbability_; }

 private:
  LogSumExp weigh(std::span<float> logits, std::span<const Token> said);
  void draw(std::span<const float> logits, const LogSumExp& total, Hypothesis& hypothesis);
  void retireFinished();
  void listen(Decoder& decoder, size_t startLogits, size_t promptLogits);
  void extendBeams(Decoder& decoder, size_t firstLogits);
  void settle(Hypothesis& hypothesis, Token token, float logProbability);
  Token chooseGreedily(Decoder& decoder, size_t logits, Hypothesis& hypothesis);
  size_t checkGuess(Decoder& decoder, size_t firstLogits);

  const Vocabulary& vocabulary_;
  const TokenRules& rules_;
  Prompt prompt_;
  SearchOptions options_;
  std::vector<Hypothesis> active_, finished_;
  std::mt19937 random_{20220921};  // the same text for the same audio
  float noSpeechProbability_ = 0, noteProbability_ = 0;
  bool prefilled_ = false, done_ = false, isLost_ = false;
};

}  // namespace npuspeech
