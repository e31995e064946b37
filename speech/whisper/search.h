// SPDX-License-Identifier: LGPL-2.1-or-later
// One try at decoding a window by greedy search, beam search or sampling. It goes step by step, so that
// windows share steps.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"
#include "speech/whisper/hypothesis.h"
#include "speech/whisper/token_rules.h"

namespace npuspeech {

/// How a window is searched. Numbers of tokens include forced ones.
struct SearchOptions {
  /// The number of hypotheses that are followed at temperature 0; 1 is a greedy search.
  int beamSize = 1;
  /// The number of texts that are drawn at a temperature above 0; the likeliest is kept.
  int samples = 5;
  /// The temperature of sampling, from 0 (no sampling) to 1.
  float temperature = 0;
  /// The most tokens of the text, at least 1. With the prompt they must be fewer than the text context.
  int maxTokens = 224;
  /// The text does not end before it has this many tokens.
  int minTokens = 0;
  /// The tokens that the text begins with, whatever the model would choose.
  std::vector<Token> forced;
  /// The tokens that probably follow the forced ones. A greedy search checks the guess in its first step and
  /// goes on where it is wrong; the guess saves time and never changes the text.
  std::vector<Token> guess;
};

/// Decodes one window. Until done(): call addInputs(), run Decoder::step() for all searches together, call
/// consume(). For the decoder's thread.
class Search {
 public:
  /// `decoder`, `vocabulary` and `rules` must outlive this object.
  Search(Decoder& decoder, const Vocabulary& vocabulary, const TokenRules& rules,
         std::shared_ptr<const CrossAttentionCache> cross, Prompt prompt, const SearchOptions& options);

  /// Whether the search is over.
  bool done() const { return done_; }
  /// Whether the model computed values that are not numbers. The search is over then, and has no best().
  bool isLost() const { return isLost_; }
  /// Appends the inputs of the next step to `inputs`.
  void addInputs(std::vector<Decoder::Input>& inputs);
  /// Reads the logits of a step. `firstLogits` is the index of this search's first ones; returns the index
  /// after its last.
  size_t consume(Decoder& decoder, size_t firstLogits);

  /// The number of tokens that its sequences have together after the next step.
  size_t tokens() const;
  /// Puts off one of the texts that are drawn together: its sequence goes, and it is drawn again from its
  /// beginning once the others are done. The result stays the same. False where there is no other text.
  bool giveWay();

  /// The best hypothesis. Only once done() and not isLost().
  Hypothesis& best();
  const Prompt& prompt() const { return prompt_; }
  /// The probability of the no-speech token after start-of-transcript, by the softmax of the raw logits.
  /// Valid after the first step.
  float noSpeechProbability() const { return noSpeechProbability_; }
  /// The probability of musical note signs after the prompt, by the softmax of the raw logits: Whisper puts
  /// them around what is sung. Valid after the first step.
  float noteProbability() const { return noteProbability_; }

 private:
  LogSumExp weigh(std::span<float> logits, std::span<const Token> said);
  void draw(std::span<const float> logits, const LogSumExp& total, Hypothesis& hypothesis);
  void begin(Decoder& decoder);
  void drawFirst(Decoder& decoder, size_t index);
  void retireFinished(Decoder& decoder);
  void listen(Decoder& decoder, size_t startLogits, size_t promptLogits);
  void extendBeams(Decoder& decoder, size_t firstLogits);
  void settle(Hypothesis& hypothesis, Token token, float logProbability);
  Token chooseGreedily(Decoder& decoder, size_t logits, Hypothesis& hypothesis);
  size_t checkGuess(Decoder& decoder, size_t firstLogits);

  const Vocabulary& vocabulary_;
  const TokenRules& rules_;
  Prompt prompt_;
  SearchOptions options_;
  const std::shared_ptr<const CrossAttentionCache> cross_;
  std::vector<Hypothesis> active_, finished_;
  /// The samples that are not drawn yet.
  std::vector<int> waiting_;
  /// So many of them are drawn together next.
  size_t together_ = 1;
  float noSpeechProbability_ = 0, noteProbability_ = 0;
  bool prefilled_ = false, done_ = false, isLost_ = false;
};

}  // namespace npuspeech
