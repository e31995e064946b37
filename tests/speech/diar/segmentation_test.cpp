// SPDX-License-Identifier: LGPL-2.1-or-later
// The segmentation network against its reference outputs, and its files.
#include "speech/diar/segmentation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "speech/diar/sinc_filters.h"
#include "speech/model/tensor_file.h"
#include "tests/support/npy.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

constexpr const char* kWeights = "diarization/speaker-segmentation.safetensors";
constexpr const char* kReference = "reference/diarization/ref_seg.npz";

float worst(const std::vector<float>& a, const std::vector<float>& b) {
  float difference = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference = std::isfinite(a[i]) ? std::max(difference, std::fabs(a[i] - b[i])) : INFINITY;
  return difference;
}

std::vector<float> run(Segmentation& network, std::span<const float> samples) {
  std::vector<float> activities(static_cast<size_t>(diar::activityFrames(static_cast<int>(samples.size()))) *
                                Segmentation::kSpeakers);
  network.run(samples, activities);
  return activities;
}

class SegmentationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = modelFile(kWeights);
    NPUSPEECH_REQUIRE(path, kWeights);
    auto loaded = SegmentationWeights::load(*path);
    ASSERT_TRUE(loaded) << loaded.error().message;
    weights_ = *loaded;
  }

  /// A window of the reference, in [-1, 1]; empty where there is none.
  static std::vector<float> clip(const std::string& name) {
    const auto samples = readNpz(sharedFile(kReference), name + "_x");
    std::vector<float> result = samples ? samples->values : std::vector<float>();
    for (float& sample : result) sample /= 32768;
    return result;
  }

  /// Noise whose level changes.
  static std::vector<float> noise(size_t count) {
    std::vector<float> samples(count);
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (size_t i = 0; i < count; ++i)
      samples[i] = 0.05f * normal(random) * (1 + std::sin(static_cast<float>(i) * 1e-3f));
    return samples;
  }

  std::shared_ptr<const SegmentationWeights> weights_;
};

TEST_F(SegmentationTest, AgreesWithReference) {
  for (const std::string name : {"a", "b"}) {
    const std::vector<float> samples = clip(name);
    NPUSPEECH_REQUIRE(!samples.empty(), kReference);
    Segmentation network(weights_);
    EXPECT_LT(worst(run(network, samples), readNpz(sharedFile(kReference), name + "_y")->values), 1e-3f)
        << name;
  }
}

TEST_F(SegmentationTest, FiltersAgreeWithReference) {
  const auto expected = readNpz(sharedFile(kReference), "sinc_filters");
  NPUSPEECH_REQUIRE(expected, kReference);
  const auto file = TensorFile::openSafetensors(*modelFile(kWeights));
  const auto read = [&](const std::string& name) {
    const TensorView* view = file->find("sincnet.conv1d.0.filterbank." + name);
    return *file->readFloat("sincnet.conv1d.0.filterbank." + name, view->dims);
  };
  const auto low = read("low_hz_"), band = read("band_hz_"), window = read("window_"), times = read("n_");
  const AlignedVector<float> filters = makeSincFilters({low, band, window, times});
  EXPECT_LT(worst({filters.begin(), filters.end()}, expected->values), 1e-5f);
}

// A window after another one is what it is alone: whether it goes on from that, grows, shrinks or is another.
TEST_F(SegmentationTest, WindowsBeforeDoNotMatter) {
  const std::vector<float> samples = noise(400000);
  struct Window {
    size_t from, count;
  };
  std::vector<Window> windows;
  for (size_t count = 8000; count <= 80000; count += 8000) windows.push_back({0, count});
  for (size_t from = 8000; from <= 96000; from += 8000) windows.push_back({from, 80000});
  for (const Window window : {Window{104000, 30011},
                              {104000, 30011},
                              {112000, 22011},
                              {200000, 80000},
                              {208000, 991},
                              {208000, 1300},
                              {216000, 80000},
                              {224010, 80000},
                              {232010, 79999}})
    windows.push_back(window);
  Segmentation network(weights_);
  for (const auto& [from, count] : windows) {
    const std::span<const float> window(samples.data() + from, count);
    Segmentation alone(weights_);
    EXPECT_LT(worst(run(network, window), run(alone, window)), 1e-4f) << from << ", " << count;
  }
}

TEST_F(SegmentationTest, SilenceAndStrangeSoundsStayInRange) {
  std::vector<float> samples(80000, 0.0f);
  Segmentation network(weights_);
  for (const float activity : run(network, samples)) EXPECT_LT(activity, 0.01f);
  const auto check = [&](const char* what) {
    for (const float activity : run(network, samples)) ASSERT_TRUE(activity >= 0 && activity <= 1) << what;
  };
  std::fill(samples.begin(), samples.end(), 0.7f);
  check("a constant");
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = i % 2 ? 1e6f : -1e6f;
  check("far too loud");
  std::fill(samples.begin(), samples.end(), 0.0f);
  samples[40000] = 1;
  check("a click");
  for (float& sample : samples) sample = 1e-30f;
  check("hardly anything");
}

// The level of a constant below the sound is taken out by the norm.
TEST_F(SegmentationTest, AnOffsetDoesNotMatter) {
  const std::vector<float> samples = noise(80000);
  std::vector<float> moved = samples;
  for (float& sample : moved) sample += 0.25f;
  Segmentation network(weights_);
  const std::vector<float> expected = run(network, samples);
  EXPECT_LT(worst(run(network, moved), expected), 1e-3f);
}

TEST(SegmentationFrames, AreCounted) {
  EXPECT_EQ(diar::activityFrames(80000), 293);
  EXPECT_EQ(diar::activityFrames(Segmentation::kLeastSamples), 1);
  EXPECT_EQ(diar::activityFrames(Segmentation::kLeastSamples - 1), 0);
}

TEST(SegmentationWeights, NamesTheFileThatIsMissing) {
  const auto result = SegmentationWeights::load("/nowhere/segmentation.safetensors");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::NotFound);
  EXPECT_NE(result.error().message.find("/nowhere/segmentation.safetensors"), std::string::npos);
}

}  // namespace
}  // namespace npuspeech::test
