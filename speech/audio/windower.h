// SPDX-License-Identifier: LGPL-2.1-or-later
// Cuts a stream of audio into windows of speech and computes their log-mel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "base/result.h"

namespace npuspeech {

class SileroWeights;

/// A stretch of audio to be transcribed.
struct AudioWindow {
  /// The stream time of its first sample.
  int64_t startNs = 0;
  int64_t durationNs = 0;
  /// The utterance that it belongs to. Utterances count up; where audio is missing between two of them, at
  /// least one number is left out.
  uint64_t utterance = 0;
  /// How many windows of the utterance came before it.
  uint32_t number = 0;
  /// Whether it is the last window of its utterance.
  bool isFinal = false;
  /// Whether the source has stalled: more audio may come for the utterance, but nobody knows when.
  bool isStalled = false;
  /// How many frames of log-mel it has, 10 ms each; at most 3000.
  int frames = 0;
};

/// A stretch of the stream in which nobody speaks, in stream time.
struct AudioGap {
  int64_t startNs = 0;
  int64_t durationNs = 0;
};

/// Takes mono audio at 16 kHz in [-1, 1], and gives windows and gaps in the order of time. What comes out
/// does not depend on how many samples are pushed at a time.
///
/// Not live: windows are cut at pauses, and all of them are final. Windows and gaps follow each other without
/// hole or overlap.
///
/// Live: while somebody speaks, a partial window comes with each `stepMs` of new audio, and a final one when
/// the utterance ends. Each window begins where the utterance does, or where commit() said. Utterances and
/// gaps follow each other without hole or overlap, with one exception: words in short windows are misheard,
/// so an utterance that follows another within 2 s also has that audio of the one before which commit() asked
/// to keep.
///
/// Not thread-safe. Memory grows with the largest push only.
class Windower {
 public:
  /// Lengths are rounded to frames of the voice activity detector (32 ms). What is out of range is brought
  /// into it.
  struct Options {
    /// Values of a frame of log-mel: 80 or 128.
    int melBins = 80;
    bool live = false;
    /// The speech probability with which speech starts. A window must also reach 0.2 more than this once. The
    /// detector's usual value of 0.5 misses soft words in meetings.
    float vadOn = 0.3f;
    /// Speech ends where the probability falls below this. The detector's usual value is 0.35.
    float vadOff = 0.15f;
    /// How much audio before the start of speech belongs to a window.
    int preRollMs = 300;
    /// How much audio behind the end of speech belongs to a window.
    int postRollMs = 300;
    /// A window with less speech than this comes to nothing.
    int minSpeechMs = 200;
    /// Not live: this much silence ends a window.
    int splitMs = 2000;
    /// Not live: from this length on, `targetSplitMs` of silence end a window. Longer windows cost more time
    /// a second, and are read no better.
    int targetMs = 13000;
    int targetSplitMs = 300;
    /// Live: this much silence ends an utterance; at least `postRollMs`.
    int hangoverMs = 600;
    /// The longest window, from 2000 to 30000.
    int maxWindowMs = 30000;
    /// Live: how much new audio there is between two partial windows.
    int stepMs = 400;
    /// The number of the first utterance.
    uint64_t firstUtterance = 0;
  };

  /// `vad`: the weights of the voice activity detector; null treats all audio as speech.
  Windower(const Options& options, std::shared_ptr<const SileroWeights> vad);
  ~Windower();

  /// Drops everything, and starts again: the next sample stands at `startNs`.
  void reset(int64_t startNs);
  /// Takes audio. A sample that is no number, or is far louder than sound can be, is taken for a click.
  void push(std::span<const float> samples);
  /// Says that the stream ends here, or that audio is missing: what is pending comes out as final windows and
  /// gaps. Audio that is pushed after that goes on in time, as a stream of its own.
  void drain();
  /// Live: says that nobody knows when more audio comes. What is being said comes out as a partial window.
  void stall();

  /// The next window or gap, in order; nothing when more audio is needed. To be called until there is
  /// nothing, after each push(), drain() and stall().
  std::optional<std::variant<AudioWindow, AudioGap>> next();
  /// Writes the log-mel of the window that next() gave last, [frames][melBins], normalised as Whisper does.
  /// Frame f is centred on sample f * 160 of the window. Not live, the largest value of this window is the
  /// measure; live, the largest of all windows of the utterance so far, so that what two windows share has
  /// the same level in both. Can be called until the next call of next() or reset().
  void logMel(float* out);

  /// Live: says that audio before this stream time is not needed again. Later windows of the utterance start
  /// there, if that is later than where they start now. Between two utterances it says where the audio begins
  /// that the next one may have of the last; without a call there is none.
  void commit(int64_t untilNs);
  /// Whether this utterance began after the last drain() or reset(). If not, commit() must not be called for
  /// it.
  bool isCurrent(uint64_t utterance) const;
  /// A number that is larger than that of each utterance so far.
  uint64_t nextUtterance() const;

  /// For how long nobody has spoken at the end of the audio that has been analysed; at most a second.
  int64_t quietNs() const;
  /// Whether the end of that audio is the best place to cut of the last 5 s, for those who cannot wait for a
  /// pause.
  bool isLull() const;
  /// Whether no utterance goes on at the end of that audio.
  bool isBetweenUtterances() const;
  /// Asks for the next pauses between utterances to become longer by `ns`, or shorter as far as they are
  /// long. What follows then stands later by as much, and has no audio from before the pause. Replaces what
  /// was asked for before.
  void stretchPauses(int64_t ns);
  /// By how much pauses have become longer since the last call.
  int64_t takeStretched();
  /// How many samples were no sound, since the beginning.
  uint64_t clicks() const;

  /// Live: while true, no partial window comes out. The next one after that has all audio until then.
  void holdPartial(bool held);

  /// How much audio can follow a word, at most, before the first window with all of the word comes out.
  static int64_t latencyNs(const Options& options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace npuspeech
