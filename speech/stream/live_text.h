// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a growing utterance is certain enough to be shown for good.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "speech/model/vocabulary.h"
#include "speech/stream/live_options.h"
#include "speech/text/word.h"

namespace npuspeech {

/// A window of a live stream. Windows of one utterance grow at their end, and lose their beginning when text
/// is committed. They may begin in an earlier utterance. Utterances count up; where a number is left out,
/// audio is missing between two.
struct LiveWindow {
  int64_t startNs = 0, durationNs = 0;  // in the stream
  uint64_t utterance = 0;
  bool isFinal = true;
  bool isStalled = false;  // nobody knows when the utterance goes on
};

/// A word as the decoder read it in one window. Rows are those of the encoder, 20 ms each.
struct LiveWord {
  Word word;  // times from the window's start
  std::vector<Token> tokens;
  int firstRow = 0, lastRow = 0;  // of those that its tokens looked at most, the first and the last
};

/// Everything that one window says, from its start.
struct LiveReading {
  std::vector<LiveWord> words;  // those of the forced tokens first
  size_t forcedWords = 0;
  int audioRows = 0;
  bool isCertain = true;  // false: it loops, nobody speaks, or it is unlikely
};

/// Commits words by the AlignAtt rule (Papi et al., Interspeech 2023; Simul-Whisper, Interspeech 2024): a
/// word stays once all its tokens look at audio that is not the newest, and the word behind it has begun.
/// What was committed is forced on every later window that still holds its audio, and becomes context once
/// its audio is gone: it never changes. Knows neither GStreamer nor the decoder's arithmetic. Not
/// thread-safe.
class LiveText {
 public:
  /// maxForced: more committed tokens in one window would leave the decoder too little room: its older audio
  /// is taken for gone (TextBudget).
  explicit LiveText(const LiveOptions& options = {}, size_t maxForced = 150)
      : options_(options), maxForced_(maxForced) {}

  /// What the decoder begins with.
  struct Start {
    std::vector<Token> context;  // of text before the window
    std::vector<Token> forced;   // committed text that the window holds
    std::vector<Token> guess;    // what may follow: the last window's text
  };
  Start begin(const LiveWindow& window);

  struct Update {
    std::vector<Word> committed, interim;  // times from the window's start
    int64_t neededFromNs = 0;              // audio of the window before this can go, in stream time
  };
  /// `reading`: of the window that begin() was called with last.
  Update take(const LiveWindow& window, LiveReading reading);

  void reset();

 private:
  struct Committed {
    int64_t startNs = 0, endNs = 0;  // stream time
    std::vector<Token> tokens;
    float pauseWeight = 0;  // how well text ends behind it
  };

  size_t certainWords(const LiveReading& reading) const;
  size_t wholeWords(const LiveReading& reading) const;
  bool agrees(const LiveReading& reading, size_t word) const;
  void commit(const LiveWindow& window, LiveWord& word);
  int64_t neededFrom(const LiveWindow& window) const;
  void scroll(size_t words);

  LiveOptions options_;
  size_t maxForced_;
  uint64_t utterance_ = 0;
  std::vector<Committed> words_;  // committed, and still in the window
  std::vector<Token> context_;    // committed before that
  std::vector<Token> guess_;
  std::vector<std::string> lastInterim_;
  int64_t committedUntilNs_ = INT64_MIN;  // stream time
};

}  // namespace npuspeech
