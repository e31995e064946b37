// SPDX-License-Identifier: LGPL-2.1-or-later
// What a window may have said, as far as it has been decoded, and how good that looks.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "speech/model/vocabulary.h"
#include "speech/whisper/decoder.h"

namespace npuspeech {

struct Hypothesis {
  std::unique_ptr<Sequence> sequence;
  std::vector<Token> tokens;            // after the prompt, without the end of text
  std::vector<float> logProbabilities;  // of each token
  float sumLogProbability = 0;          // with the end of text's, without those of the forced tokens
  size_t forced = 0;                    // so many of the tokens were given, not chosen
  bool finished = false, looped = false;

  void append(Token token, float logProbability);
  /// The tokens behind the forced ones.
  std::span<const Token> chosen() const { return std::span(tokens).subspan(forced); }
  /// Mean over the tokens and the end of text, as openai/whisper's avg_logprob.
  float averageLogProbability() const;
};

/// True when the newest tokens are one phrase over and over: more often and for longer than people repeat
/// themselves.
bool endsInLoop(std::span<const Token> tokens);

/// Bytes of the text over its bytes after zlib's: high for text that repeats itself.
float compressionRatio(const Vocabulary& vocabulary, std::span<const Token> tokens);

}  // namespace npuspeech
