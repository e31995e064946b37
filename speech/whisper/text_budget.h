// SPDX-License-Identifier: LGPL-2.1-or-later
// How the tokens of a model's text context are shared out.
#pragma once

#include <algorithm>
#include <cstddef>

namespace npuspeech {

/// Prompt, forced and chosen tokens of one window together never pass `context`, of any size from 8 on. In
/// brackets: for Whisper's 448, where the shares are openai/whisper's but for what is forced.
struct TextBudget {
  size_t context = 0;

  /// Committed tokens that are forced on a window (150).
  size_t forced() const { return context / 3 + 1; }
  /// Tokens of what was said before, behind `forced` ones (223).
  size_t previous(size_t forced) const {
    constexpr size_t kMarks = 5;  // start of previous, start of transcript, language, task, no timestamps
    const size_t taken = kMarks + forced + context / 8;  // some text is to come, too
    return std::min(context / 2 - 1, context - std::min(context, taken));
  }
  /// Tokens of text, forced ones among them, behind `prompt` tokens (224, or what is left).
  size_t text(size_t prompt) const {
    return std::max<size_t>(1, std::min(context / 2, context - std::min(context, prompt + 1)));
  }
};

}  // namespace npuspeech
