// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds when each word was said, by dynamic time warping over the attention of the alignment heads.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "speech/text/word.h"
#include "speech/whisper/hypothesis.h"

namespace npuspeech {

/// A word, with the tokens and the encoder rows that it comes from.
struct ReadWord {
  Word word;
  /// Its tokens in the hypothesis. Timestamps, and blanks between words, belong to no word.
  size_t firstToken = 0, tokenCount = 0;
  /// The first and the last of the rows that each of its tokens attended to most.
  int firstRow = 0, lastRow = 0;
};

/// Returns the words of a hypothesis with their times, found as in openai/whisper's timing.py (commit
/// c0d2f62): each head's attention is normalised over the tokens, a median filter of width 7 runs over the
/// frames, the heads are averaged, and the warping path of least cost is taken. Then leavePauses() is
/// applied, and words at sentence ends that are too long are shortened. Times lie within [0, durationNs] and
/// do not go back, and no word has zero duration. `promptLength` is the number of tokens before the
/// hypothesis, and `startOfTranscript` an index among them.
std::vector<ReadWord> readWords(const Vocabulary& vocabulary, const Hypothesis& hypothesis,
                                size_t promptLength, size_t startOfTranscript, size_t heads,
                                std::string_view language, int64_t durationNs);

/// Finds the path of least cost through cost[rows][columns] from corner to corner. Returns for each row the
/// first column that it visits.
std::vector<int> warp(std::span<const float> cost, int rows, int columns);

/// Takes pauses out of the words after them. The warping path has no pauses: one inside a sentence is added
/// to the next word, which then begins up to a second too early. The tokens of a word attend to the word, not
/// to the pause before it. So a word that begins more than 0.4 s before its first row in `read` is moved to
/// 0.3 s before that row.
void leavePauses(std::vector<Word>& words, std::span<const ReadWord> read);

/// A word as a run of tokens.
struct TokenWord {
  /// The text, with its leading space.
  std::string text;
  size_t firstToken = 0, tokenCount = 0;
};
/// Splits tokens into words at spaces, or at each character in scripts that are written without spaces.
std::vector<TokenWord> splitWords(const Vocabulary& vocabulary, std::span<const Token> tokens,
                                  std::string_view language);

}  // namespace npuspeech
