// SPDX-License-Identifier: LGPL-2.1-or-later
// How much sound there was and how loud, and why nobody may have been understood.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace npuspeech {

/// The likeliest reason why sound held no words.
enum class Wordless {
  NoAudio,        // there was no sample
  NotANumber,     // most samples were none
  Silence,        // nothing but zeros, or what dither makes of them
  TooQuiet,       // below what can be understood
  Offset,         // next to nothing but a constant voltage
  OutOfRange,     // far beyond full scale
  Clipped,        // at full scale most of the time
  NoSpeech,       // nothing like speech was found
  NotUnderstood,  // something like speech was found, and it gave no word
};

/// Sums over 16 kHz mono samples. Sums of parts add up to those of the whole.
struct SoundTally {
  int64_t samples = 0;
  int64_t notNumbers = 0;  // NaN or infinite; they count as zeros in what follows
  int64_t atFullScale = 0;
  double sum = 0, squares = 0;
  float peak = 0;             // magnitude
  int64_t speechWindows = 0;  // that the voice activity detector found

  void add(std::span<const float> audio);
  SoundTally& operator+=(const SoundTally& other);

  int64_t durationNs() const;
  /// dBFS, a sine at full scale has -3 and 0; at least -200.
  double loudnessDb() const;
  double peakDb() const;
  Wordless reason() const;
  /// Length, level and reason as a sentence.
  std::string text() const;
};

/// The reason in kebab case, as in "too-quiet".
const char* nameOf(Wordless reason);

}  // namespace npuspeech
