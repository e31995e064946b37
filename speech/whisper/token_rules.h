// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules for the tokens that Whisper may write next, and the form of a prompt.
#pragma once

#include <span>
#include <vector>

#include "speech/model/vocabulary.h"
#include "speech/whisper/engine.h"

namespace npuspeech {

/// The logit filters of openai/whisper's decoding.py (commit c0d2f62), in its order. Immutable; thread-safe.
class TokenRules {
 public:
  /// With `timestamps`, the text has timestamp tokens around each segment. Without, the prompt ends in the
  /// no-timestamps token.
  TokenRules(const Vocabulary& vocabulary, bool timestamps);

  /// Sets the logits of forbidden tokens to -infinity. `said` are the tokens after the prompt.
  void apply(std::span<float> logits, std::span<const Token> said) const;
  /// The forbidden tokens that are musical note signs.
  const std::vector<Token>& noteSigns() const { return noteSigns_; }

 private:
  void applyTimestampRules(std::span<float> logits, std::span<const Token> said) const;

  const Vocabulary& vocabulary_;
  bool timestamps_;
  std::vector<Token> forbidden_, forbiddenFirst_, noteSigns_;
};

/// The tokens before the text: [start of previous, previous tokens,] start of transcript, language, task [,
/// no timestamps]. English-only models take neither language nor task.
struct Prompt {
  std::vector<Token> tokens;
  /// The index of start-of-transcript.
  size_t startOfTranscript = 0;
};
/// Builds a prompt. `previous` may be empty.
Prompt makePrompt(const Vocabulary& vocabulary, std::span<const Token> previous, Token language, Task task,
                  bool timestamps);

}  // namespace npuspeech
