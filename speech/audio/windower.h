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

/// A stretch of audio to be transcribed. The first window of an utterance has number 0. Utterances count up;
/// where audio is missing between two, at least one number is left out.
struct AudioWindow {
  int64_t startNs = 0;  // stream time of its first sample
  int64_t durationNs = 0;
  uint64_t utterance = 0;
  uint32_t number = 0;
  bool isFinal = false;    // no more audio will come for this utterance
  bool isStalled = false;  // or nobody knows when
  int frames = 0;          // log-mel frames, 10 ms each, at most 3000
};

/// Stream time in which nobody speaks.
struct AudioGap {
  int64_t startNs = 0;
  int64_t durationNs = 0;
};

/// Feeds on mono float audio at 16 kHz, in [-1, 1], and gives windows and gaps in the order of time. Not
/// live: final windows only, at most maxWindowMs long, cut at pauses; windows and gaps follow each other
/// without hole or overlap. Live: a window [anchor, now] of the utterance every stepMs of audio, and a final
/// one when it ends; the utterances and the gaps follow each other without hole or overlap, but an utterance
/// that follows another within 2 s has the audio before it too that commit() asked for: words in short
/// windows are misheard. What comes out does not depend on the sizes of the pushes. Not thread-safe; memory
/// grows with the largest push only.
class Windower {
 public:
  /// Times are rounded to frames of the voice activity detector (32 ms). Out of range: clamped.
  struct Options {
    int melBins = 80;  // or 128
    bool live = false;
    /// Speech probability that starts and ends speech. A window must also reach vadOn + 0.2 once. Lower than
    /// the detector's usual 0.5 and 0.35, which miss soft words in meetings.
    float vadOn = 0.3f, vadOff = 0.15f;
    int preRollMs = 300;          // audio kept before speech starts
    int postRollMs = 300;         // audio kept after speech ends
    int minSpeechMs = 200;        // windows with less speech than this between their pauses are dropped
    int splitMs = 2000;           // not live: silence that ends a window,
    int targetMs = 13000;         // and from this length on
    int targetSplitMs = 300;      // so much: longer windows cost more a second, and read no better
    int hangoverMs = 600;         // live: silence that ends an utterance, at least postRollMs
    int maxWindowMs = 30000;      // 2000 to 30000
    int stepMs = 400;             // live: audio between partial windows
    uint64_t firstUtterance = 0;  // what the first utterance counts as
  };

  /// `vad`: null treats all audio as speech.
  Windower(const Options& options, std::shared_ptr<const SileroWeights> vad);
  ~Windower();

  /// Starts again at `startNs`, dropping what is pending.
  void reset(int64_t startNs);
  /// What is no number, or far louder than sound can be, is taken for a click.
  void push(std::span<const float> samples);
  /// The stream ends, or a part of it is missing: what is pending comes out as final windows and gaps. Audio
  /// pushed after that goes on in time, as a stream of its own.
  void drain();

  /// Live: nobody knows when more audio comes. What is being said comes out so far, and may go on.
  void stall();

  /// The next window or gap, in order; nothing when more audio is needed. Call until empty after each push
  /// and drain.
  std::optional<std::variant<AudioWindow, AudioGap>> next();
  /// Log-mel of the window that next() gave last, [frames][melBins], normalised as Whisper does with the
  /// maximum over this window; live: over all that has come out of the utterance, so that the level of what a
  /// window shares with the one before does not jump. Frame f covers samples around f * 160 of the window.
  /// Valid until the next call of next() or reset().
  void logMel(float* out);

  /// Live: audio before this stream time is not needed again; later windows of the utterance start there.
  /// Earlier times than the present anchor change nothing. Between two utterances: where the next one starts
  /// if it follows within 2 s; where nobody asks for more it is the end of the last.
  void commit(int64_t untilNs);
  /// Whether the utterance began in the present stretch of audio: what an answer says of one before audio was
  /// missing is too late for commit().
  bool isCurrent(uint64_t utterance) const;
  /// No utterance has had this number or a later one.
  uint64_t nextUtterance() const;

  /// How much of the newest audio that has been analysed nobody speaks in, at most a second; and that no
  /// utterance is open there.
  int64_t quietNs() const;
  /// Whether there is no better place to cut within the 5 s before, for who cannot wait for a pause.
  bool isLull() const;
  bool isBetweenUtterances() const;
  /// The next pauses between utterances are to be so much longer, or shorter as far as they are long: what
  /// follows stands so much later, and has no audio from before it. Replaces what was asked for before.
  void stretchPauses(int64_t ns);
  /// How much of that has been done since the last call.
  int64_t takeStretched();
  /// Samples that were no sound, since the beginning.
  uint64_t clicks() const;

  /// Live: while true, no partial window comes out; the next one after that has all audio until then.
  void holdPartial(bool held);

  /// How much audio can follow a word, at most, before the first window with all of it comes out; for
  /// LATENCY.
  static int64_t latencyNs(const Options& options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace npuspeech
