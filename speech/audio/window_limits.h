// SPDX-License-Identifier: LGPL-2.1-or-later
// The lengths by which audio is cut, in samples at 16 kHz.
#pragma once

#include <cstdint>

#include "speech/audio/log_mel.h"
#include "speech/audio/speech_detector.h"
#include "speech/audio/windower.h"

namespace npuspeech {

/// Samples of a frame of the voice activity detector. Audio is judged frame by frame.
inline constexpr int64_t kVadFrame = SpeechDetector::kFrame;
/// Samples between two frames of log-mel. Windows begin and end at multiples of it.
inline constexpr int64_t kMelHop = LogMel::kHop;
inline constexpr int64_t kNsPerSample = LogMel::kNsPerSample;

/// The last place at or before `sample` where a window may begin.
constexpr int64_t roundDown(int64_t sample) {
  return sample / kMelHop * kMelHop;
}
/// The first place at or behind `sample` where a window may end.
constexpr int64_t roundUp(int64_t sample) {
  return roundDown(sample + kMelHop - 1);
}

/// Windower::Options brought into their ranges. Lengths are in samples.
struct WindowLimits {
  /// The most frames that are analysed at a time.
  static constexpr int64_t kLargestGroup = 16;

  /// `hasVad`: false where all audio counts as speech.
  WindowLimits(const Windower::Options& options, bool hasVad);

  /// How many frames of log-mel have to stay readable.
  int melCapacity() const;
  /// How many frames of the detector have to stay readable.
  int trackCapacity() const;
  /// How much audio can follow a word, at most, before the first window with all of it comes out.
  int64_t latency() const;

  bool live;
  /// The speech probability that a window must reach once to come out.
  float surePeak;
  /// Audio that a window has before its speech.
  int64_t preRoll;
  /// Audio that a window has behind its speech.
  int64_t postRoll;
  /// The least speech of a window that comes out.
  int64_t minSpeech;
  /// Silence that ends a window.
  int64_t silence;
  /// From this length on, less silence ends a window.
  int64_t target;
  /// Silence that ends a window of that length.
  int64_t targetSilence;
  /// The longest window.
  int64_t maxWindow;
  /// Live: audio between two partial windows.
  int64_t step;
  /// Frames of the detector that are analysed at a time. Many are faster than one, but live nobody waits.
  int64_t group;
  /// Silence that is made a gap at a time.
  int64_t gapStep;
};

}  // namespace npuspeech
