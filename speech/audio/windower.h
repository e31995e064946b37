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

/// A stretch of audio to be transcribed. The first window of an utterance has number 0.
struct AudioWindow {
  int64_t startNs = 0;     // stream time of its first sample
  int64_t durationNs = 0;
  uint64_t utterance = 0;
  uint32_t number = 0;
  bool isFinal = false;    // no more audio will come for this utterance
  int frames = 0;          // log-mel frames, 10 ms each, at most 3000
};

/// Stream time in which nobody speaks.
struct AudioGap {
  int64_t startNs = 0;
  int64_t durationNs = 0;
};

/// Feeds on mono float audio at 16 kHz, in [-1, 1], and gives windows and gaps in the order of time. Not live: final
/// windows only, at most maxWindowMs long, cut at pauses, covering all speech once. Live: a window [start, now] of the
/// utterance every stepMs of audio, and a final one when it ends. Not thread-safe.
class Windower {
 public:
  struct Options {
    int melBins = 80;
    bool live = false;
    float vadOn = 0.5f, vadOff = 0.35f;  // speech probability that starts and ends speech (Silero's defaults)
    int preRollMs = 300;                 // audio kept before speech starts
    int hangoverMs = 600;                // silence that ends an utterance, live
    int minSpeechMs = 100;               // shorter bursts are not speech
    int maxWindowMs = 30000;
    int stepMs = 250;                    // live: audio between partial windows
  };

  /// `vad`: null treats all audio as speech.
  Windower(const Options& options, std::shared_ptr<const SileroWeights> vad);
  ~Windower();

  /// Starts again at `startNs`, dropping what is pending. Utterance numbers go on.
  void reset(int64_t startNs);
  void push(std::span<const float> samples);
  /// The stream ends, or a part of it is missing: what is pending comes out as final windows and gaps.
  void drain();

  /// The next window or gap, in order; nothing when more audio is needed. Call until empty after each push and drain.
  std::optional<std::variant<AudioWindow, AudioGap>> next();
  /// Log-mel of the window that next() gave last, [frames][melBins], normalised as Whisper does with the maximum over
  /// this window. Frame f covers samples around f * 160 of the window.
  void logMel(float* out) const;

  /// Live: text up to this stream time is committed; later windows may start there (they keep a little before it).
  void commit(int64_t untilNs);

  /// The most audio that a window may trail behind the newest sample before it comes out, for LATENCY.
  int64_t latencyNs() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace npuspeech
