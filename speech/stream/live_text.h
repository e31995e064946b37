// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides which words of a growing utterance are certain.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "speech/model/vocabulary.h"
#include "speech/stream/live_options.h"
#include "speech/text/word.h"

namespace npuspeech {

/// A window of a live stream. The windows of an utterance grow at their end, and lose audio at their
/// beginning when its words are committed. A window may begin in an earlier utterance.
struct LiveWindow {
  /// The stream time of its first sample.
  int64_t startNs = 0;
  int64_t durationNs = 0;
  /// The utterance that it belongs to. Utterances count up; where a number is left out, audio is missing
  /// between two.
  uint64_t utterance = 0;
  /// Whether it is the last window of its utterance.
  bool isFinal = true;
  /// Whether the source has stalled: nobody knows when the utterance goes on.
  bool isStalled = false;
};

/// A word as the decoder read it in one window. Rows are those of the encoder, 20 ms each.
struct LiveWord {
  /// The word; its times count from the window's start.
  Word word;
  /// The tokens that the word is made of.
  std::vector<Token> tokens;
  /// For each of its tokens there is a row that the decoder looked at most. This is the first of these rows.
  int firstRow = 0;
  /// This is the last of these rows.
  int lastRow = 0;
};

/// Everything that the decoder read in one window.
struct LiveReading {
  /// All words from the window's start, those that were committed before among them.
  std::vector<LiveWord> words;
  /// How many words at the beginning were committed before.
  size_t forcedWords = 0;
  /// How many rows of the encoder hold the window's audio.
  int audioRows = 0;
  /// False if the text loops or is unlikely, or if nobody seems to speak.
  bool isCertain = true;
};

/// Commits words: says which are certain, so that they are given out for good. It follows the AlignAtt rule
/// (Papi et al., Interspeech 2023; Simul-Whisper, Interspeech 2024). A word is certain once the decoder
/// looked for all of its tokens at audio that is not the newest, and the word behind it has begun. The
/// decoder is made to begin each later window with the committed words whose audio is still there, and is
/// told the older ones as context. So nothing that was committed changes. Knows nothing of the decoder's
/// arithmetic. Not thread-safe.
class LiveText {
 public:
  /// `maxForced`: at most so many committed tokens are forced on one window, because more would leave the
  /// decoder too little room (TextBudget). Older ones become context as if their audio were gone.
  explicit LiveText(const LiveOptions& options = {}, size_t maxForced = 150)
      : options_(options), maxForced_(maxForced) {}

  /// What the decoder begins a window with.
  struct Start {
    /// The committed text before the window's audio.
    std::vector<Token> context;
    /// The committed text of the window's audio. The decoder must begin with it.
    std::vector<Token> forced;
    /// What may follow: the text of the window before that was not certain. It saves the decoder steps.
    std::vector<Token> guess;
  };
  /// Begins to read a window.
  Start begin(const LiveWindow& window);

  /// What has become of a window's words. Their times count from the window's start.
  struct Update {
    /// The words that are committed now.
    std::vector<Word> committed;
    /// The words behind them, which may still change.
    std::vector<Word> interim;
    /// Audio of the window before this stream time is not needed again.
    int64_t neededFromNs = 0;
  };
  /// Takes what was read in the window that begin() was called with last.
  Update take(const LiveWindow& window, LiveReading reading);

  /// Forgets what was said.
  void reset();

 private:
  /// A committed word. Its times are those of the stream.
  struct Committed {
    int64_t startNs = 0;
    int64_t endNs = 0;
    std::vector<Token> tokens;
    float pauseWeight = 0;  // how good a place the end of the word is to cut, in seconds of pause
  };

  /// How many words at the beginning of a reading are certain.
  size_t certainWords(const LiveReading& reading) const;
  /// How many words at the beginning of a reading the end of its audio cannot have cut.
  size_t wholeWords(const LiveReading& reading) const;
  /// Whether the window before had this word too, at the same place.
  bool agrees(const LiveReading& reading, size_t word) const;
  /// Commits a word, and corrects its times so that time does not go back.
  void commit(const LiveWindow& window, LiveWord& word);
  /// Where later windows may begin.
  int64_t neededFrom(const LiveWindow& window) const;
  /// Makes the first `words` committed words context.
  void scroll(size_t words);

  LiveOptions options_;
  size_t maxForced_;
  uint64_t utterance_ = 0;
  std::vector<Committed> words_;          // whose audio later windows have
  std::vector<Token> context_;            // of older committed words
  std::vector<Token> guess_;              // of the last window's interim words
  std::vector<std::string> lastInterim_;  // these words as text
  int64_t committedUntilNs_ = INT64_MIN;  // stream time
};

}  // namespace npuspeech
