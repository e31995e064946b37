// SPDX-License-Identifier: LGPL-2.1-or-later
// How much sound there was and how loud, and why nobody may have been understood.
#include "speech/audio/sound_tally.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace npuspeech {
namespace {

constexpr int64_t kNsPerSample = 62500;
constexpr double kQuietestDb = -200;
constexpr double kSilenceDb = -88;    // of the peak: one step of 16 bits and a little
constexpr double kTooQuietDb = -75;   // of the peak
constexpr double kFarTooLoudDb = 20;  // of the peak
constexpr float kFullScale = 0.999f;
constexpr double kOffsetShare = 0.999;              // of the energy
constexpr double kMost = 0.5, kClippedShare = 0.2;  // of the samples

double decibels(double meanSquare) {
  return std::max(10 * std::log10(std::max(meanSquare, 1e-30)), kQuietestDb);
}

const char* explain(Wordless reason) {
  switch (reason) {
    case Wordless::NoAudio:
      return "no audio came";
    case Wordless::NotANumber:
      return "its samples are not numbers (NaN): whatever made them is at fault";
    case Wordless::Silence:
      return "it is digital silence: is the microphone muted, or is this the wrong track?";
    case Wordless::TooQuiet:
      return "it is too quiet: is the right microphone connected and turned up?";
    case Wordless::Offset:
      return "it is a constant voltage with next to nothing else: is the microphone connected?";
    case Wordless::OutOfRange:
      return "its samples are far beyond full scale: is their format declared right?";
    case Wordless::Clipped:
      return "it is at full scale most of the time: turn the source down, or check the sample format";
    case Wordless::NoSpeech:
      return "no speech was found in it; music and noise give no words, nor does a wrong sample rate";
    case Wordless::NotUnderstood:
      return "something in it resembles speech, but no word was understood";
  }
  return "";
}

}  // namespace

void SoundTally::add(std::span<const float> audio) {
  for (const float raw : audio) {
    const bool isNumber = std::isfinite(raw);
    const float sample = isNumber ? raw : 0, magnitude = std::fabs(sample);
    notNumbers += !isNumber;
    atFullScale += magnitude >= kFullScale;
    sum += sample;
    squares += static_cast<double>(sample) * sample;
    peak = std::max(peak, magnitude);
  }
  samples += static_cast<int64_t>(audio.size());
}

SoundTally& SoundTally::operator+=(const SoundTally& other) {
  samples += other.samples;
  notNumbers += other.notNumbers;
  atFullScale += other.atFullScale;
  sum += other.sum;
  squares += other.squares;
  peak = std::max(peak, other.peak);
  speechWindows += other.speechWindows;
  return *this;
}

int64_t SoundTally::durationNs() const {
  return samples * kNsPerSample;
}

double SoundTally::loudnessDb() const {
  return decibels(samples > 0 ? squares / static_cast<double>(samples) : 0);
}

double SoundTally::peakDb() const {
  return decibels(static_cast<double>(peak) * peak);
}

Wordless SoundTally::reason() const {
  const auto count = static_cast<double>(samples);
  if (samples == 0) return Wordless::NoAudio;
  if (static_cast<double>(notNumbers) > kMost * count) return Wordless::NotANumber;
  if (peakDb() < kSilenceDb) return Wordless::Silence;
  if (sum * sum > kOffsetShare * count * squares) return Wordless::Offset;
  if (peakDb() < kTooQuietDb) return Wordless::TooQuiet;
  if (peakDb() > kFarTooLoudDb) return Wordless::OutOfRange;
  if (static_cast<double>(atFullScale) > kClippedShare * count) return Wordless::Clipped;
  return speechWindows > 0 ? Wordless::NotUnderstood : Wordless::NoSpeech;
}

std::string SoundTally::text() const {
  if (samples == 0) return "No words: no audio came.";
  char level[80] = "", head[160];
  if (peak > 0) std::snprintf(level, sizeof level, " (%.0f dBFS, peak %.0f dBFS)", loudnessDb(), peakDb());
  std::snprintf(head, sizeof head,
                "No words in %.1f s of sound%s: ", static_cast<double>(durationNs()) * 1e-9, level);
  const std::string why = explain(reason());
  return head + why + (why.back() == '?' ? "" : ".");
}

const char* nameOf(Wordless reason) {
  switch (reason) {
    case Wordless::NoAudio:
      return "no-audio";
    case Wordless::NotANumber:
      return "not-a-number";
    case Wordless::Silence:
      return "silence";
    case Wordless::TooQuiet:
      return "too-quiet";
    case Wordless::Offset:
      return "offset";
    case Wordless::OutOfRange:
      return "out-of-range";
    case Wordless::Clipped:
      return "clipped";
    case Wordless::NoSpeech:
      return "no-speech";
    case Wordless::NotUnderstood:
      return "not-understood";
  }
  return "";
}

}  // namespace npuspeech
