// SPDX-License-Identifier: LGPL-2.1-or-later
// The voice activity network against its reference outputs, and its files.
#include "speech/audio/silero_vad.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tests/support/npy.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

constexpr const char* kWeights = "silero-vad/silero_vad_16k.safetensors";
constexpr const char* kReference = "reference/diarization/ref_silero.npz";

std::vector<float> run(SileroVad& vad, const std::vector<float>& samples) {
  std::vector<float> probabilities(samples.size() / SileroVad::kFrame);
  vad.run({samples.data(), probabilities.size() * SileroVad::kFrame}, probabilities);
  return probabilities;
}

float worst(const std::vector<float>& a, const std::vector<float>& b) {
  float difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = std::max(difference, std::fabs(a[i] - b[i]));
  return difference;
}

class SileroVadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = modelFile(kWeights);
    NPUSPEECH_REQUIRE(path, kWeights);
    auto loaded = SileroWeights::load(*path);
    ASSERT_TRUE(loaded) << loaded.error().message;
    weights_ = *loaded;
  }

  static std::optional<std::vector<float>> clip(const std::string& name) {
    auto samples = readNpz(sharedFile(kReference), name + "_x");
    if (!samples) return {};
    for (float& sample : samples->values) sample /= 32768;
    return std::move(samples->values);
  }

  std::shared_ptr<const SileroWeights> weights_;
};

TEST_F(SileroVadTest, AgreesWithReference) {
  for (const std::string name : {"a", "b"}) {
    const auto samples = clip(name);
    NPUSPEECH_REQUIRE(samples, kReference);
    const auto expected = readNpz(sharedFile(kReference), name + "_prob_safetensors");
    SileroVad vad(weights_);
    const std::vector<float> ours = run(vad, *samples);
    ASSERT_EQ(ours.size(), expected->values.size());
    EXPECT_LT(worst(ours, expected->values), 1e-4f) << name;
  }
}

// Groups only change how much is computed at a time.
TEST_F(SileroVadTest, PortionsDoNotMatter) {
  const auto samples = clip("b");
  NPUSPEECH_REQUIRE(samples, kReference);
  SileroVad whole(weights_), portions(weights_);
  const std::vector<float> expected = run(whole, *samples);
  std::vector<float> ours(expected.size());
  std::mt19937 random(5);
  for (size_t at = 0; at < ours.size();) {
    const size_t count = std::min<size_t>(1 + random() % 40, ours.size() - at);
    portions.run({samples->data() + at * SileroVad::kFrame, count * SileroVad::kFrame},
                 {ours.data() + at, count});
    at += count;
  }
  EXPECT_LT(worst(ours, expected), 1e-5f);
}

TEST_F(SileroVadTest, ResetStartsAgain) {
  const auto samples = clip("a");
  NPUSPEECH_REQUIRE(samples, kReference);
  SileroVad vad(weights_);
  const std::vector<float> first = run(vad, *samples);
  vad.reset();
  EXPECT_EQ(run(vad, *samples), first);
}

TEST(SileroWeights, NamesTheFileThatIsMissing) {
  const auto result = SileroWeights::load("/nowhere/vad.safetensors");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::NotFound);
  EXPECT_NE(result.error().message.find("/nowhere/vad.safetensors"), std::string::npos);
}

}  // namespace
}  // namespace npuspeech::test
