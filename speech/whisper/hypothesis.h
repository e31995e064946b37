// SPDX-License-Identifier: LGPL-2.1-or-later
// A hypothesis: what a window may say, as far as it has been decoded, and how likely that is.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "speech/model/vocabulary.h"
#include "speech/whisper/decoder.h"

namespace npuspeech {

/// The text of a window so far.
struct Hypothesis {
  /// The decoder's sequence, which holds the prompt and the tokens.
  std::unique_ptr<Sequence> sequence;
  /// The tokens after the prompt, without the end of text.
  std::vector<Token> tokens;
  /// The natural logarithm of each token's probability; 0 for forced tokens.
  std::vector<float> logProbabilities;
  /// The sum of the logarithms, with that of the end of text.
  float sumLogProbability = 0;
  /// The number of tokens at the beginning that were given and not chosen by the model.
  size_t forced = 0;
  /// Which of a window's texts it is, where several are drawn.
  int sample = 0;
  /// True: the text has ended.
  bool finished = false;
  /// True: the text was ended because it repeats itself.
  bool looped = false;

  void append(Token token, float logProbability);
  /// The tokens after the forced ones.
  std::span<const Token> chosen() const { return std::span(tokens).subspan(forced); }
  /// The mean of the logarithms over the tokens and the end of text, as openai/whisper's avg_logprob.
  float averageLogProbability() const;
};

/// Whether `a` is likelier than `b`: by the mean logarithm of the probabilities of the tokens that the model
/// chose; of equals the first sample.
bool isBetter(const Hypothesis& a, const Hypothesis& b);

/// Returns the same text, to go on by itself.
Hypothesis forkOf(Decoder& decoder, const Hypothesis& from);

/// Whether the last tokens repeat one phrase more often and for longer than people do.
bool endsInLoop(std::span<const Token> tokens);

/// Returns the size of the text in bytes over its size when zlib has compressed it. It is high for text that
/// repeats itself.
float compressionRatio(const Vocabulary& vocabulary, std::span<const Token> tokens);

}  // namespace npuspeech
