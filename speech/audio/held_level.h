// SPDX-License-Identifier: LGPL-2.1-or-later
// How loud the newest seconds of a stream are, and a filter against what is too low to be speech.
#pragma once

#include <algorithm>
#include <array>

namespace npuspeech {

/// The mean square of the loudest sound of the newest seconds. It rises with sound that lasts for three
/// frames, so that clicks do not count. When no sound has been as loud for 3 s, it falls by 15 dB a second.
/// Not thread-safe.
class HeldLevel {
 public:
  /// The level of silence.
  static constexpr float kSmallest = 1e-20f;

  /// Takes the mean square of the next frame of 32 ms, a finite number. Returns the level with that frame.
  float push(float meanSquare) {
    newest_[at_] = meanSquare;
    at_ = (at_ + 1) % newest_.size();
    const float lasting = *std::min_element(newest_.begin(), newest_.end());
    if (lasting >= held_) {
      held_ = lasting;
      framesBelow_ = 0;
    } else if (++framesBelow_ > kHoldFrames) {
      held_ = std::max({lasting, held_ * kFallPerFrame, kSmallest});
    }
    return held_;
  }

 private:
  static constexpr int kHoldFrames = 94;
  static constexpr float kFallPerFrame = 0.895f;
  std::array<float, 3> newest_{};
  size_t at_ = 0;
  float held_ = kSmallest;
  int framesBelow_ = 0;
};

/// A high-pass filter for audio at 16 kHz: Butterworth, second order, 120 Hz. It starts as if its first
/// sample had come for ever, so that a constant offset makes no step. Not thread-safe.
class HighPass {
 public:
  /// Takes the next sample, and returns it filtered.
  double run(double sample) {
    if (!isSettled_) {
      first_ = -kB0 * sample;
      second_ = kB0 * sample;
      isSettled_ = true;
    }
    const double out = kB0 * sample + first_;
    first_ = -2 * kB0 * sample - kA1 * out + second_;
    second_ = kB0 * sample - kA2 * out;
    return out;
  }

 private:
  // b0 (1 - z^-1)^2 / (1 + a1 z^-1 + a2 z^-2)
  static constexpr double kB0 = 0.9672272827, kA1 = -1.9333802259, kA2 = 0.9355289050;
  bool isSettled_ = false;
  double first_ = 0, second_ = 0;
};

}  // namespace npuspeech
