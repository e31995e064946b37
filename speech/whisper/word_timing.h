// SPDX-License-Identifier: LGPL-2.1-or-later
// When each word was said: dynamic time warping over what the alignment heads looked at.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "speech/text/word.h"
#include "speech/whisper/hypothesis.h"

namespace npuspeech {

/// A word, and where it comes from.
struct ReadWord {
  Word word;
  size_t firstToken = 0,
         tokenCount = 0;          // in the hypothesis; timestamps and blanks between words are nobody's
  int firstRow = 0, lastRow = 0;  // of the rows that its tokens looked at most, the first and the last
};

/// Word times as openai/whisper's timing.py finds them (commit c0d2f62): each head's attention normalised
/// over the tokens, median filter of width 7 over frames, mean over heads, warping path of least cost; then
/// pauses leave the words behind them, and words that are too long at sentence ends are shortened. Times lie
/// within [0, durationNs], do not go back, and no word has zero duration. promptLength: tokens before the
/// hypothesis; startOfTranscript: index in it.
std::vector<ReadWord> readWords(const Vocabulary& vocabulary, const Hypothesis& hypothesis,
                                size_t promptLength, size_t startOfTranscript, size_t heads,
                                std::string_view language, int64_t durationNs);

/// The path of least cost through cost[rows][columns] from corner to corner; for each row the first column it
/// visits.
std::vector<int> warp(std::span<const float> cost, int rows, int columns);

/// The path has no pauses: one in the middle of a sentence goes to the word behind it, which begins up to a
/// second too early. But a word's tokens look at it, not at what is before it: from where `read` says that
/// they look, a word begins 0.3 s before at the earliest, where it began more than 0.4 s before.
void leavePauses(std::vector<Word>& words, std::span<const ReadWord> read);

/// The tokens of each word: at spaces, or at each character in scripts written without them.
struct TokenWord {
  std::string text;  // with its leading space
  size_t firstToken = 0, tokenCount = 0;
};
std::vector<TokenWord> splitWords(const Vocabulary& vocabulary, std::span<const Token> tokens,
                                  std::string_view language);

}  // namespace npuspeech
