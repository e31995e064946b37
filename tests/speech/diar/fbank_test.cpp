// SPDX-License-Identifier: LGPL-2.1-or-later
// The filter bank against reference values, against its definition, and against itself in pieces.
#include "speech/diar/fbank.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "tests/support/npy.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

constexpr const char* kReference = "reference/diarization/ref_campplus.npz";

std::vector<float> noise(size_t count, float amplitude) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-amplitude, amplitude);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = uniform(random);
  return samples;
}

std::vector<float> framesOf(std::span<const float> samples) {
  std::vector<float> frames(
      static_cast<size_t>(Fbank::framesOf(static_cast<int64_t>(samples.size())) * Fbank::kBins));
  Fbank().run(samples, frames.data());
  return frames;
}

/// The definition, in double: the transform as a sum, filters from their formula.
std::vector<double> definition(const float* samples) {
  std::vector<double> x(samples, samples + 400), y(400);
  double mean = 0;
  for (const double sample : x) mean += sample / 400;
  for (double& sample : x) sample -= mean;
  for (size_t i = 0; i < 400; ++i) {
    const double window =
        std::pow(0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / 399), 0.85);
    y[i] = (x[i] - 0.97 * x[i == 0 ? 0 : i - 1]) * window;
  }
  const auto mel = [](double hz) { return 1127 * std::log(1 + hz / 700); };
  std::vector<double> energies(80, 0.0);
  for (size_t k = 0; k < 256; ++k) {
    std::complex<double> sum = 0;
    for (size_t i = 0; i < 400; ++i)
      sum += std::polar(y[i], -2 * std::numbers::pi * static_cast<double>(k * i) / 512);
    for (size_t b = 0; b < 80; ++b) {
      const auto edge = [&](size_t e) {
        return mel(20) + (mel(8000) - mel(20)) * static_cast<double>(e) / 81;
      };
      const double low = edge(b), centre = edge(b + 1), high = edge(b + 2),
                   at = mel(31.25 * static_cast<double>(k));
      energies[b] += std::norm(sum) *
                     std::max(0.0, std::min((at - low) / (centre - low), (high - at) / (high - centre)));
    }
  }
  for (double& energy : energies) energy = std::log(std::max(energy, 1.1920929e-07));
  return energies;
}

TEST(Fbank, AgreesWithReference) {
  for (const std::string clip : {"a", "b", "c"}) {
    const auto x = readNpz(sharedFile(kReference), clip + "_x");
    NPUSPEECH_REQUIRE(x, kReference);
    const auto first = readNpz(sharedFile(kReference), clip + "_fbank_first200");
    const auto mean = readNpz(sharedFile(kReference), clip + "_fbank_mean");
    ASSERT_TRUE(first && mean);
    std::vector<float> samples = x->values;
    for (float& sample : samples) sample /= 32768;
    const std::vector<float> frames = framesOf(samples);
    double worst = 0;
    for (size_t i = 0; i < first->values.size(); ++i)
      worst = std::max(worst, static_cast<double>(std::fabs(frames[i] - first->values[i])));
    EXPECT_LT(worst, 1e-3) << clip;
    for (size_t b = 0; b < Fbank::kBins; ++b) {
      double sum = 0;
      for (size_t i = b; i < frames.size(); i += Fbank::kBins) sum += static_cast<double>(frames[i]);
      EXPECT_NEAR(sum / static_cast<double>(frames.size() / Fbank::kBins),
                  static_cast<double>(mean->values[b]), 1e-4);
    }
  }
}

TEST(Fbank, MeetsItsDefinition) {
  for (const float amplitude : {1.0f, 1e-2f, 1e-4f}) {
    const std::vector<float> samples = noise(400 + 160, amplitude), frames = framesOf(samples);
    ASSERT_EQ(frames.size(), 2u * Fbank::kBins);
    for (size_t j = 0; j < 2; ++j) {
      const std::vector<double> expected = definition(samples.data() + j * Fbank::kHop);
      for (size_t b = 0; b < Fbank::kBins; ++b)
        ASSERT_NEAR(static_cast<double>(frames[j * Fbank::kBins + b]), expected[b], 1e-4)
            << "bin " << b << " at amplitude " << amplitude;
    }
  }
}

TEST(Fbank, SilenceAndOffsetsAreTheFloor) {
  for (const float level : {0.0f, 0.25f, -1.0f})
    for (const float value : framesOf(std::vector<float>(4000, level)))
      ASSERT_EQ(value, std::log(1.1920929e-07f));
}

TEST(Fbank, PiecesGiveTheSameFrames) {
  const std::vector<float> samples = noise(16000, 0.3f), whole = framesOf(samples);
  for (const size_t first : {size_t{1}, size_t{13}, size_t{70}}) {
    const std::vector<float> piece = framesOf(std::span(samples).subspan(first * Fbank::kHop));
    EXPECT_TRUE(
        std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<ptrdiff_t>(first * Fbank::kBins)));
  }
}

TEST(Fbank, CountsWholeWindows) {
  EXPECT_EQ(Fbank::framesOf(0), 0);
  EXPECT_EQ(Fbank::framesOf(399), 0);
  EXPECT_EQ(Fbank::framesOf(400), 1);
  EXPECT_EQ(Fbank::framesOf(559), 1);
  EXPECT_EQ(Fbank::framesOf(560), 2);
  EXPECT_EQ(Fbank::framesOf(80000), 498);
}

}  // namespace
}  // namespace npuspeech::test
