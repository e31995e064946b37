// SPDX-License-Identifier: LGPL-2.1-or-later
// Log-mel against reference files, against its definition, and against itself in other portions.
#include "speech/audio/log_mel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

#include "tests/support/long_run.h"
#include "tests/support/npy.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

std::vector<float> noise(size_t count, float amplitude = 0.3f) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-amplitude, amplitude);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = uniform(random);
  return samples;
}

/// All frames of a finished stream, [frames][bins].
std::vector<float> normalised(const LogMel& mel, int64_t first = 0) {
  const auto count = static_cast<int>(mel.frames() - first);
  std::vector<float> out(static_cast<size_t>(count * mel.bins()));
  mel.normalised(first, count, out.data());
  return out;
}

class LogMelReference : public ::testing::TestWithParam<const char*> {};

TEST_P(LogMelReference, AgreesWithin1e4) {
  const std::string name = GetParam();
  std::string flat = name;
  flat.replace(flat.find('/'), 1, "__");
  const auto samples = readRecording(name + ".flac");
  NPUSPEECH_REQUIRE(samples, name);
  const auto reference = readNpy(sharedFile("reference/whisper-base/" + flat + ".mel.npy"));
  NPUSPEECH_REQUIRE(reference, flat + ".mel.npy");

  LogMel mel(80, 3000);
  mel.push(*samples);
  mel.finish();
  const auto frames = static_cast<size_t>(mel.frames());
  ASSERT_EQ(reference->dims, (std::vector<int64_t>{80, mel.frames()}));
  const std::vector<float> ours = normalised(mel);
  double worst = 0;
  for (size_t f = 0; f < frames; ++f)
    for (size_t b = 0; b < 80; ++b)
      worst = std::max<double>(worst, std::fabs(ours[f * 80 + b] - reference->values[b * frames + f]));
  EXPECT_LT(worst, 1e-4);
  RecordProperty("worst", std::to_string(worst));
}

INSTANTIATE_TEST_SUITE_P(Clips, LogMelReference,
                         ::testing::Values("librispeech/1688-142285-0000", "librispeech/1688-142285-0002",
                                           "fleurs/fleurs-de-003"));

// Only what lies below Whisper's floor of 1e-10 is told apart from before; the rest of a quiet window is
// moved.
TEST(LogMel, RaisesQuietAudioToWhereSpeechIs) {
  const std::vector<float> loud = noise(16000, 0.004f);
  std::vector<float> quiet = loud;
  for (float& sample : quiet) sample /= 1024;
  LogMel one(80, 200), other(80, 200);
  one.push(loud);
  other.push(quiet);
  std::vector<float> a(90 * 80), b(a.size());
  const float shift = one.normalised(0, 90, a.data()) - other.normalised(0, 90, b.data());
  EXPECT_NEAR(shift, 2 * std::log10(1024), 1e-4);
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4);
}

// The definition in doubles: a plain discrete Fourier transform and triangles drawn from Slaney's mel scale.
TEST(LogMel, FollowsItsDefinitionAt128Bins) {
  const std::vector<float> samples = noise(800);
  LogMel mel(128, 100);
  mel.push(samples);
  ASSERT_EQ(mel.frames(), 4);  // frame 3 is centred on sample 480 and ends before 680; frame 4 needs 840
  std::vector<float> ours(128);
  mel.normalised(3, 1, ours.data());

  const auto hz = [](double m) {
    return m < 15 ? m * 200 / 3 : 1000 * std::exp(std::log(6.4) / 27 * (m - 15));
  };
  const double top = 15 + 27 * std::log(8.0) / std::log(6.4);
  std::vector<double> expected(128);
  for (int b = 0; b < 128; ++b) {
    const double low = hz(top * b / 129), centre = hz(top * (b + 1) / 129), high = hz(top * (b + 2) / 129);
    double energy = 0;
    for (int k = 0; k <= 200; ++k) {
      const double f = 40.0 * k;
      const double weight =
          std::max(0.0, f < centre ? (f - low) / (centre - low) : (high - f) / (high - centre));
      std::complex<double> sum = 0;
      for (int i = 0; weight > 0 && i < 400; ++i)
        sum += samples[static_cast<size_t>(280 + i)] *
               (0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / 400)) *
               std::polar(1.0, -2 * std::numbers::pi * i * k / 400);
      energy += weight * 2 / (high - low) * std::norm(sum);
    }
    expected[b] = std::log10(std::max(energy, 1e-10));
  }
  const double largest = *std::max_element(expected.begin(), expected.end());
  for (int b = 0; b < 128; ++b)
    EXPECT_NEAR(ours[b], (std::max(expected[b], largest - 8) + 4) / 4, 1e-5) << "bin " << b;
}

TEST(LogMel, PortionsDoNotMatter) {
  const std::vector<float> samples = noise(20000);
  LogMel whole(80, 200), single(80, 200), odd(80, 200);
  whole.push(samples);
  for (const float& sample : samples) single.push({&sample, 1});
  std::mt19937 random(3);
  for (size_t at = 0; at < samples.size();) {
    const size_t count = std::min<size_t>(random() % 1500, samples.size() - at);
    odd.push({samples.data() + at, count});
    at += count;
  }
  for (LogMel* mel : {&whole, &single, &odd}) mel->finish();
  ASSERT_EQ(whole.frames(), 126);
  EXPECT_EQ(normalised(whole), normalised(single));
  EXPECT_EQ(normalised(whole), normalised(odd));
}

// Streams shorter than a frame are mirrored more than once; whatever their length, n samples make n / 160 + 1
// frames.
TEST(LogMel, ShortStreamsFinish) {
  LogMel mel(80, 10);
  mel.finish();
  EXPECT_EQ(mel.frames(), 0);
  for (size_t count = 1; count < 900; ++count) {
    mel.reset();
    mel.push(noise(count));
    mel.finish();
    ASSERT_EQ(mel.frames(), static_cast<int64_t>(count / 160 + 1));
    for (const float x : normalised(mel)) ASSERT_TRUE(std::isfinite(x)) << count;
  }
}

TEST(LogMel, MirrorsBothEnds) {
  const std::vector<float> samples = noise(640);
  LogMel mel(80, 10);
  mel.push(samples);
  mel.finish();
  // The stream with its mirrored start and end written out: the same frames, two and a half hops later.
  std::vector<float> padded(samples.rend() - 201, samples.rend() - 1);
  padded.insert(padded.end(), samples.begin(), samples.end());
  padded.insert(padded.end(), 160, 0.0f);
  for (int i = 1; i <= 200; ++i) padded.push_back(padded[200 + 800 - 1 - static_cast<size_t>(i)]);
  padded.insert(padded.begin(), 120, 0.0f);
  LogMel explicitly(80, 20);
  explicitly.push(padded);
  ASSERT_EQ(mel.frames(), 5);
  std::vector<float> expected(5 * 80);
  explicitly.normalised(2, 5, expected.data());
  EXPECT_EQ(normalised(mel), expected);
}

// Eight hours: the frame index stays exact and the newest frames depend on nothing but their samples.
TEST(LogMel, RunsForHours) {
  constexpr int64_t kPeriod = 16000;
  const std::vector<float> second = noise(kPeriod);
  LogMel mel(80, 300);
  std::vector<float> early(200 * 80), late(200 * 80);
  for (int64_t s = 0; s < kLongRunSeconds; ++s) {
    mel.push(second);
    ASSERT_EQ(mel.frames(), ((s + 1) * kPeriod - 200) / 160 + 1);
    if (s == 3) mel.normalised(100, 200, early.data());
  }
  mel.normalised((kLongRunSeconds - 3) * 100, 200, late.data());
  EXPECT_EQ(early, late);
}

}  // namespace
}  // namespace npuspeech::test
