// SPDX-License-Identifier: LGPL-2.1-or-later
// The tokens that openai/whisper never says, for models whose files do not list them.
#pragma once

#include <vector>

#include "speech/model/vocabulary.h"

namespace npuspeech {

/// Tokens of what is written but not spoken (brackets, music signs, a dash before a word), and the special
/// ones that are no answer. Ordered.
std::vector<Token> unspokenTokens(const Vocabulary& vocabulary);

/// What a text does not begin with: a blank, and its end.
std::vector<Token> unspokenFirstTokens(const Vocabulary& vocabulary);

}  // namespace npuspeech
