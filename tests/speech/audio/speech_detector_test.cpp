// SPDX-License-Identifier: LGPL-2.1-or-later
// Speech is found however quiet it is, noise is not, and the network's own answer stands at usual levels.
#include "speech/audio/speech_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "speech/audio/speech_track.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

constexpr const char* kWeights = "silero-vad/silero_vad_16k.safetensors";
constexpr const char* kLoud = "librispeech/1688-142285-0001.flac";  // loud from its first frames on
constexpr size_t kFrame = SpeechDetector::kFrame;

float amplitudeOf(float decibels) {
  return std::pow(10.0f, decibels / 20);
}

std::vector<float> noise(size_t count, float decibels, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, amplitudeOf(decibels));
  std::vector<float> samples(count);
  for (float& sample : samples) sample = normal(random);
  return samples;
}

TEST(HeldLevel, IgnoresClicksAndHoldsForSeconds) {
  HeldLevel level;
  for (int i = 0; i < 10; ++i) level.push(1e-6f);
  EXPECT_EQ(level.push(0.1f), 1e-6f);
  EXPECT_EQ(level.push(0.1f), 1e-6f);
  EXPECT_EQ(level.push(0.1f), 0.1f) << "the third frame of a sound";
  for (int i = 0; i < 90; ++i) EXPECT_EQ(level.push(1e-6f), 0.1f);
  for (int i = 0; i < 120; ++i) level.push(1e-6f);
  EXPECT_EQ(level.push(1e-6f), 1e-6f);
}

TEST(HighPass, TakesAnOffsetAwayFromTheFirstSampleOn) {
  HighPass filter;
  for (int i = 0; i < 1000; ++i) ASSERT_NEAR(filter.run(1.0), 0, 1e-9);
}

TEST(HighPass, KeepsVoicesAndHalvesTheCutOff) {
  for (const auto& [hz, gain] : {std::pair{30.0, 0.062}, {120.0, 0.7071}, {1000.0, 1.0}}) {
    HighPass filter;
    double squares = 0;
    for (int i = 0; i < 32000; ++i) {
      const double out = filter.run(std::sin(2 * std::numbers::pi * hz * i / 16000));
      if (i >= 16000) squares += out * out;
    }
    EXPECT_NEAR(std::sqrt(squares / 8000), gain, 0.01) << hz;
  }
}

class SpeechDetectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = modelFile(kWeights);
    NPUSPEECH_REQUIRE(path, kWeights);
    auto loaded = SileroWeights::load(*path);
    ASSERT_TRUE(loaded) << loaded.error().message;
    weights_ = *loaded;
  }

  std::vector<float> run(const std::vector<float>& samples) const {
    SpeechDetector detector(weights_);
    std::vector<float> found(samples.size() / kFrame);
    detector.run({samples.data(), found.size() * kFrame}, found);
    return found;
  }
  /// What the network alone says.
  std::vector<float> plain(const std::vector<float>& samples) const {
    SileroVad vad(weights_, SileroVad::kForgetInPauses);
    std::vector<float> found(samples.size() / kFrame);
    vad.run({samples.data(), found.size() * kFrame}, found);
    return found;
  }
  /// How much of what the network finds in `loud` is found in `changed`, as windows are cut; the latter
  /// begins `lead` frames later.
  double share(const std::vector<float>& loud, const std::vector<float>& changed, size_t lead = 0) const {
    const auto expected = plain(loud), found = run(changed);
    SpeechTrack track(static_cast<int>(found.size()), 0.3f, 0.15f);
    for (const float probability : found) track.push(probability, 0);
    int all = 0, both = 0;
    for (size_t f = 0; f < expected.size(); ++f) {
      all += expected[f] >= 0.5f;
      both += expected[f] >= 0.5f && track[static_cast<int64_t>(lead + f)].speech;
    }
    return static_cast<double>(both) / all;
  }

  std::shared_ptr<const SileroWeights> weights_;
};

TEST_F(SpeechDetectorTest, SaysWhatTheNetworkSaysAtUsualLevels) {
  const auto speech = readRecording(kLoud);
  NPUSPEECH_REQUIRE(speech, kLoud);
  for (const float decibels : {0.0f, -10.0f}) {
    std::vector<float> samples = *speech;
    for (float& sample : samples) sample *= amplitudeOf(decibels);
    const auto expected = plain(samples), found = run(samples);
    // Before the first word the recording is quiet.
    const auto begin = std::find_if(expected.begin(), expected.end(), [](float p) { return p > 0.5f; });
    const auto first = begin - expected.begin();
    for (auto f = static_cast<size_t>(first); f < expected.size(); ++f) ASSERT_EQ(found[f], expected[f]) << f;
  }
}

TEST_F(SpeechDetectorTest, HearsQuietSpeech) {
  for (const char* name : {kLoud, "librispeech/3080-5032-0007.flac", "misc_en/jfk.flac"}) {
    const auto speech = readRecording(name);
    NPUSPEECH_REQUIRE(speech, name);
    for (const float decibels : {-30.0f, -40.0f, -50.0f, -60.0f}) {
      std::vector<float> quiet = *speech, ofSixteenBits = *speech;
      for (float& sample : quiet) sample *= amplitudeOf(decibels);
      for (float& sample : ofSixteenBits) sample = std::round(sample * amplitudeOf(decibels) * 32768) / 32768;
      EXPECT_GT(share(*speech, quiet), 0.7) << name << " at " << decibels;
      EXPECT_GT(share(*speech, ofSixteenBits), 0.7) << name << " at " << decibels << ", 16 bits";
    }
  }
}

TEST_F(SpeechDetectorTest, HearsSpeechOverAnOffsetAndHum) {
  const auto speech = readRecording(kLoud);
  NPUSPEECH_REQUIRE(speech, kLoud);
  for (const float decibels : {0.0f, -50.0f}) {
    std::vector<float> offset = *speech, hum = *speech;
    for (size_t i = 0; i < speech->size(); ++i) {
      offset[i] = 1 + offset[i] * amplitudeOf(decibels);
      hum[i] = amplitudeOf(decibels) *
               (hum[i] + 0.1f * std::sin(2 * std::numbers::pi_v<float> * 50 * static_cast<float>(i) / 16000));
    }
    EXPECT_GT(share(*speech, offset), 0.85) << decibels;
    EXPECT_GT(share(*speech, hum), 0.85) << decibels;
  }
}

TEST_F(SpeechDetectorTest, HearsASoftVoiceBehindALoudOne) {
  const auto speech = readRecording(kLoud);
  NPUSPEECH_REQUIRE(speech, kLoud);
  std::vector<float> both = *speech;
  both.resize((both.size() + 8 * 16000) / kFrame * kFrame);
  const size_t lead = both.size() / kFrame;
  for (const float sample : *speech) both.push_back(sample * amplitudeOf(-50));
  EXPECT_GT(share(*speech, both, lead), 0.8);
}

TEST_F(SpeechDetectorTest, HearsNothingInNoiseOfAnyLevel) {
  for (const float decibels : {-10.0f, -30.0f, -50.0f, -70.0f, -80.0f, -96.0f}) {
    std::vector<float> samples = noise(20 * 16000, decibels);
    for (const float probability : run(samples)) ASSERT_LT(probability, 0.15f) << decibels;
    for (float& sample : samples) sample = std::round(sample * 32768) / 32768;
    for (const float probability : run(samples)) ASSERT_LT(probability, 0.15f) << decibels << ", 16 bits";
  }
  for (const float probability : run(std::vector<float>(20 * 16000))) ASSERT_LT(probability, 0.15f);
}

TEST_F(SpeechDetectorTest, PortionsDoNotMatter) {
  const auto speech = readRecording(kLoud);
  NPUSPEECH_REQUIRE(speech, kLoud);
  std::vector<float> samples = *speech;
  for (size_t i = 0; i < samples.size(); ++i) samples[i] *= i % 96000 < 48000 ? 1 : 0.001f;
  const auto expected = run(samples);
  SpeechDetector detector(weights_);
  std::vector<float> found(expected.size());
  std::mt19937 random(5);
  for (size_t at = 0; at < found.size();) {
    const size_t count = std::min<size_t>(1 + random() % 40, found.size() - at);
    detector.run({samples.data() + at * kFrame, count * kFrame}, {found.data() + at, count});
    at += count;
  }
  for (size_t f = 0; f < found.size(); ++f) ASSERT_NEAR(found[f], expected[f], 1e-5f);
  detector.reset();
  detector.run({samples.data(), found.size() * kFrame}, found);
  EXPECT_EQ(found, expected) << "reset() starts again";
}

}  // namespace
}  // namespace npuspeech::test
