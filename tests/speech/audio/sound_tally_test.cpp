// SPDX-License-Identifier: LGPL-2.1-or-later
// Levels against their definitions, and which reason is given for which sound.
#include "speech/audio/sound_tally.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

namespace npuspeech::test {
namespace {

SoundTally tallyOf(const std::function<float(int)>& sample, int count = 32000) {
  std::vector<float> samples(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) samples[static_cast<size_t>(i)] = sample(i);
  SoundTally tally;
  tally.add(samples);
  return tally;
}

float sine(int i) {
  return std::sin(2 * std::numbers::pi_v<float> * 440 * static_cast<float>(i) / 16000);
}

TEST(SoundTally, MeasuresLengthAndLevels) {
  const SoundTally tally = tallyOf([](int i) { return 0.1f * sine(i); });
  EXPECT_EQ(tally.durationNs(), 2'000'000'000);
  EXPECT_NEAR(tally.loudnessDb(), -23.01, 0.01);
  EXPECT_NEAR(tally.peakDb(), -20, 0.01);
  EXPECT_NE(tally.text().find("2.0 s"), std::string::npos) << tally.text();
  EXPECT_NE(tally.text().find("-23 dBFS"), std::string::npos) << tally.text();
}

TEST(SoundTally, SaysItInOneSentence) {
  EXPECT_EQ(SoundTally().text(), "No words: no audio came.");
  EXPECT_EQ(
      tallyOf([](int) { return 0.0f; }).text(),
      "No words in 2.0 s of sound: it is digital silence: is the microphone muted, or is this the wrong "
      "track?");
  const std::string text = tallyOf([](int i) { return 0.1f * sine(i); }).text();
  EXPECT_EQ(text.substr(0, 55), "No words in 2.0 s of sound (-23 dBFS, peak -20 dBFS): n") << text;
  EXPECT_EQ(text.back(), '.');
}

TEST(SoundTally, PartsAddUp) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1.2f, 1.2f);
  std::vector<float> samples(10000);
  for (float& sample : samples) sample = uniform(random);
  samples[77] = std::numeric_limits<float>::quiet_NaN();
  SoundTally whole, parts;
  whole.add(samples);
  for (size_t at = 0; at < samples.size();) {
    const size_t count = std::min<size_t>(1 + random() % 700, samples.size() - at);
    SoundTally part;
    part.add({samples.data() + at, count});
    parts += part;
    at += count;
  }
  EXPECT_EQ(parts.samples, whole.samples);
  EXPECT_EQ(parts.notNumbers, 1);
  EXPECT_EQ(parts.atFullScale, whole.atFullScale);
  EXPECT_EQ(parts.peak, whole.peak);
  EXPECT_NEAR(parts.squares, whole.squares, 1e-9 * whole.squares);
  EXPECT_TRUE(std::isfinite(whole.sum));
}

TEST(SoundTally, NamesTheReason) {
  const auto reasonOf = [](const std::function<float(int)>& sample) {
    return std::string(nameOf(tallyOf(sample).reason()));
  };
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  EXPECT_STREQ(nameOf(SoundTally().reason()), "no-audio");
  EXPECT_EQ(reasonOf([](int) { return 0.0f; }), "silence");
  EXPECT_EQ(reasonOf([](int i) { return static_cast<float>(i % 3 - 1) / 32768; }), "silence") << "dither";
  EXPECT_EQ(reasonOf([](int i) { return 1e-4f * sine(i); }), "too-quiet");
  EXPECT_EQ(reasonOf([=](int i) { return i % 3 ? nan : sine(i); }), "not-a-number");
  EXPECT_EQ(reasonOf([=](int i) { return i % 3 ? -inf : sine(i); }), "not-a-number");
  EXPECT_EQ(reasonOf([](int) { return 1.0f; }), "offset");
  EXPECT_EQ(reasonOf([](int i) { return 0.2f + 0.001f * sine(i); }), "offset");
  EXPECT_EQ(reasonOf([](int i) { return 32768 * sine(i); }), "out-of-range");
  EXPECT_EQ(reasonOf([](int i) { return std::clamp(8 * sine(i), -1.0f, 1.0f); }), "clipped");
  EXPECT_EQ(reasonOf([](int i) { return 0.3f * sine(i); }), "no-speech");
  EXPECT_EQ(reasonOf([=](int i) { return i ? 0.3f * sine(i) : nan; }), "no-speech") << "one click";
  SoundTally spoken = tallyOf([](int i) { return 0.3f * sine(i); });
  spoken.speechWindows = 1;
  EXPECT_STREQ(nameOf(spoken.reason()), "not-understood");
}

}  // namespace
}  // namespace npuspeech::test
