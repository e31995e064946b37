// SPDX-License-Identifier: LGPL-2.1-or-later
// Log-mel and speech probability of a stream of audio, each computed once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "speech/audio/log_mel.h"
#include "speech/audio/speech_detector.h"
#include "speech/audio/speech_track.h"
#include "speech/audio/window_limits.h"

namespace npuspeech {

/// Keeps audio until it is asked to analyse it, and then what is known of the newest audio. Positions are
/// samples of a part of the stream that nothing interrupts. Not thread-safe. Memory grows with the largest
/// push only.
class SoundAnalysis {
 public:
  /// `vad`: null gives all audio the speech probability 1.
  SoundAnalysis(const Windower::Options& options, const WindowLimits& limits,
                std::shared_ptr<const SileroWeights> vad);

  /// Begins a new part with the audio that waits.
  void beginPart();
  /// Drops the audio that waits.
  void dropWaiting();
  /// Adds audio to what waits. Samples that are no sound are taken for clicks.
  void push(std::span<const float> samples);
  /// How many samples wait.
  int64_t waiting() const { return static_cast<int64_t>(input_.size() - inputBegin_); }
  /// Takes so many samples that wait: whole frames, at most WindowLimits::kLargestGroup of them.
  void analyse(int64_t samples);
  /// Takes the samples that wait, of which there are no more than that, as the last ones of the part.
  void finishPart();

  /// How many samples of the part are analysed.
  int64_t analysed() const { return analysed_; }
  /// The end of the audio whose log-mel is there.
  int64_t melEnd() const;
  const LogMel& mel() const { return mel_; }
  const SpeechTrack& track() const { return track_; }
  /// Samples that were no sound, since the beginning.
  uint64_t clicks() const { return clicks_; }

 private:
  LogMel mel_;
  std::optional<SpeechDetector> vad_;
  SpeechTrack track_;
  std::array<float, WindowLimits::kLargestGroup> probabilities_{};
  std::vector<float> input_;  // the audio that waits, from inputBegin_ on
  size_t inputBegin_ = 0;
  int64_t analysed_ = 0;
  uint64_t clicks_ = 0;
};

}  // namespace npuspeech
