// SPDX-License-Identifier: LGPL-2.1-or-later
// Where people speak, however quiet the recording.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "base/aligned.h"
#include "speech/audio/held_level.h"
#include "speech/audio/silero_vad.h"

namespace npuspeech {

/// Finds the speech probability of each frame of 32 ms of one stream, however quiet it is. The network of
/// SileroVad hears speech whose loudest frames reach -45 dBFS, and hears nothing below -60. While the newest
/// seconds stay below that, or while an offset, hum or rumble is much louder than the rest, a second network
/// listens to the same audio made louder and without what is below 120 Hz. Its findings are added where it is
/// surer than the first one would have to be. All other answers are exactly those of the first network. No
/// frame waits for a later one. Samples must be finite. Not thread-safe. Allocates in the constructor only.
class SpeechDetector {
 public:
  /// Samples of a frame.
  static constexpr int kFrame = SileroVad::kFrame;
  explicit SpeechDetector(std::shared_ptr<const SileroWeights> weights);

  /// Begins a new stream.
  void reset();
  /// Writes a probability for each frame of `samples`, of which there is a multiple of kFrame.
  void run(std::span<const float> samples, std::span<float> probabilities);

 private:
  /// Writes the frame, made louder and filtered, to raised_. Returns false where the first network needs no
  /// help with it.
  bool raise(std::span<const float> frame);

  /// Whether the second network has lately found what surely was speech.
  bool isTrusted() const;

  SileroVad plain_;                  // the first network
  SileroVad helper_;                 // the second network
  std::array<HighPass, 2> filters_;  // one behind the other
  HeldLevel level_;                  // of what the filters leave
  HeldLevel rumble_;                 // of what they take away
  float gain_ = 1;                   // by which the frame before was made louder
  bool isHelped_ = false;            // whether the second network heard the frame before
  float sureFrames_ = 0;             // in which the second network was sure; older ones count less
  AlignedVector<float> raised_;
};

}  // namespace npuspeech
