// SPDX-License-Identifier: LGPL-2.1-or-later
// Samples that are no sound.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace npuspeech {

/// No sound has larger samples than this, where full scale is 1. Converters and filters overshoot a little,
/// and audio in float may be louder on purpose, but not by this much.
inline constexpr float kLoudestSample = 8;

/// Repairs samples that are no sound: what is no number becomes 0, and what is beyond kLoudestSample becomes
/// 1 or -1. A single such sample would stay in the memory of the voice activity detector for good, or hide
/// the speech of its whole window. Returns how many samples were repaired.
inline size_t muteClicks(std::span<float> samples) {
  size_t count = 0;
  for (float& sample : samples) {
    if (std::abs(sample) <= kLoudestSample) continue;
    sample = std::isnan(sample) ? 0.0f : std::copysign(1.0f, sample);
    ++count;
  }
  return count;
}

/// Repairs samples [frames][channels] before they are mixed: in a frame in which another channel has a
/// number, what is no number or infinite becomes 0. Frames without any number stay as they are, so that who
/// hears the mix knows them. Returns how many samples were repaired.
template <class Sample>
size_t muteBadChannels(Sample* samples, size_t channels, size_t frames) {
  size_t count = 0;
  for (Sample* frame = samples; frame < samples + frames * channels; frame += channels) {
    size_t bad = 0;
    for (size_t c = 0; c < channels; ++c) bad += !std::isfinite(frame[c]);
    if (bad == 0 || bad == channels) continue;
    count += bad;
    for (size_t c = 0; c < channels; ++c)
      if (!std::isfinite(frame[c])) frame[c] = 0;
  }
  return count;
}

}  // namespace npuspeech
