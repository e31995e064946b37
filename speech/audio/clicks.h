// SPDX-License-Identifier: LGPL-2.1-or-later
// Samples that are no sound.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace npuspeech {

/// Full scale is 1. Converters and filters overshoot, and float audio may be louder by design, but not by
/// this much.
inline constexpr float kLoudestSample = 8;

/// A sample that is no number becomes silence, and one beyond kLoudestSample a click of full scale: a single
/// one would stay in the voice detector's memory for good, or drown the speech of its whole window. Returns
/// how many there were.
inline size_t muteClicks(std::span<float> samples) {
  size_t count = 0;
  for (float& sample : samples) {
    if (std::abs(sample) <= kLoudestSample) continue;
    sample = std::isnan(sample) ? 0.0f : std::copysign(1.0f, sample);
    ++count;
  }
  return count;
}

}  // namespace npuspeech
