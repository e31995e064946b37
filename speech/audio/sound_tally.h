// SPDX-License-Identifier: LGPL-2.1-or-later
// How much sound there was and how loud, and why nobody may have been understood.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace npuspeech {

/// The likeliest reason why sound held no words.
enum class Wordless {
  NoAudio,        // No sample came.
  NotANumber,     // Most samples were no numbers.
  Silence,        // The samples were zeros, or what dither makes of zeros.
  TooQuiet,       // The sound was softer than what can be understood.
  Offset,         // The sound was next to nothing but a constant voltage.
  OutOfRange,     // The samples were far beyond full scale.
  Clipped,        // The samples were at full scale most of the time.
  NoSpeech,       // Nothing like speech was found.
  NotUnderstood,  // Something like speech was found, and it gave no word.
};

/// Sums over mono samples at 16 kHz. The sums of two parts add up to those of the whole. Full scale is 1.
struct SoundTally {
  /// How many samples there were.
  int64_t samples = 0;
  /// How many of them were NaN or infinite. They count as zeros in the other sums.
  int64_t notNumbers = 0;
  /// How many of them were at full scale or beyond.
  int64_t atFullScale = 0;
  /// The sum of the samples.
  double sum = 0;
  /// The sum of their squares.
  double squares = 0;
  /// The largest magnitude of a sample.
  float peak = 0;
  /// How many stretches of speech the voice activity detector found in the sound.
  int64_t speechWindows = 0;

  /// Adds samples. `speechWindows` is for the caller to count.
  void add(std::span<const float> audio);
  SoundTally& operator+=(const SoundTally& other);

  int64_t durationNs() const;
  /// The loudness in dBFS, at least -200. A sine at full scale has -3.
  double loudnessDb() const;
  /// The peak in dBFS, at least -200. A sine at full scale has 0.
  double peakDb() const;
  /// Why no word may have come of this sound.
  Wordless reason() const;
  /// Says length, level and reason in a sentence for users.
  std::string text() const;
};

/// The name of a reason in lower case, as "too-quiet".
const char* nameOf(Wordless reason);

}  // namespace npuspeech
