// SPDX-License-Identifier: LGPL-2.1-or-later
// How a window's tokens share the model's text context.
#pragma once

#include <algorithm>
#include <cstddef>

namespace npuspeech {

/// Limits the tokens of a window, so that prompt, forced and chosen tokens together never exceed the text
/// context, which may have any size from 8 on. Numbers in brackets are the limits for Whisper's context of
/// 448: those of openai/whisper, which has no forced tokens.
struct TextBudget {
  /// The number of tokens in the model's text context.
  size_t context = 0;

  /// The most committed tokens that are forced on a window (150).
  size_t forced() const { return context / 3 + 1; }
  /// The most tokens of earlier text in the prompt of a window with `forced` forced tokens (223).
  size_t previous(size_t forced) const {
    constexpr size_t kMarks = 5;  // start of previous, start of transcript, language, task, no timestamps
    const size_t taken = kMarks + forced + context / 8;  // some text is to come, too
    return std::min(context / 2 - 1, context - std::min(context, taken));
  }
  /// The most tokens of text, forced ones included, after `prompt` tokens (224, or what is left).
  size_t text(size_t prompt) const {
    return std::max<size_t>(1, std::min(context / 2, context - std::min(context, prompt + 1)));
  }
};

}  // namespace npuspeech
