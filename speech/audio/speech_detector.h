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

/// Speech probability of consecutive 32 ms frames of one stream. The network hears speech whose loudest
/// frames reach -45 dBFS, and is deaf below -60. Where the newest seconds stay below that, or where an
/// offset, hum or rumble is much louder than the rest, a second network listens to the same audio, raised and
/// without what is below 120 Hz; what that one finds is added, once it is surer than the first would have to
/// be. Elsewhere the answer is the first one's, bit by bit. No frame waits for a later one. Takes finite
/// samples. Not thread-safe; allocates in the constructor only.
class SpeechDetector {
 public:
  static constexpr int kFrame = SileroVad::kFrame;  // samples
  explicit SpeechDetector(std::shared_ptr<const SileroWeights> weights);

  /// A new stream.
  void reset();
  /// samples: a multiple of kFrame; probabilities: one for each frame.
  void run(std::span<const float> samples, std::span<float> probabilities);

 private:
  /// Writes the frame, raised and filtered, to raised_. False where the first network needs no help with it.
  bool raise(std::span<const float> frame);

  /// The second network has found what surely was speech.
  bool isTrusted() const;

  SileroVad plain_, helper_;
  std::array<HighPass, 2> filters_;
  HeldLevel level_, rumble_;
  float gain_ = 1;         // of the frame before
  bool isHelped_ = false;  // the frame before was
  float sureFrames_ = 0;   // of the second network, older ones count less
  AlignedVector<float> raised_;
};

}  // namespace npuspeech
