// SPDX-License-Identifier: LGPL-2.1-or-later
// One word of a transcript.
#pragma once

#include <cstdint>
#include <string>

namespace npuspeech {

/// A word and when it was said. What the times count from is said where words are given: from the beginning
/// of the word's window, or from the beginning of the stream.
struct Word {
  /// When the word begins, in nanoseconds.
  int64_t startNs = 0;
  /// When the word ends, in nanoseconds.
  int64_t endNs = 0;
  /// The word with its punctuation, in UTF-8, with no space around it.
  std::string text;
  /// How sure the model is of the word, from 0 to 1.
  float probability = 0;
  /// Whether a space stands between this word and the one before it. There is none in scripts that are
  /// written without spaces, and before what continues a word.
  bool spaceBefore = true;
};

}  // namespace npuspeech
