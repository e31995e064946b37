// SPDX-License-Identifier: LGPL-2.1-or-later
// Channels of opposite sign are told from all others, before the first of them is mixed.
#include "speech/audio/phase_watch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace npuspeech::test {
namespace {

/// Stereo made of two unlike noises a and b.
using Mix = std::function<std::pair<float, float>(float a, float b)>;

class Stereo {
 public:
  /// What is said of each of `parts` parts of 20 ms.
  std::vector<bool> push(const Mix& mix, int parts = 10, float amplitude = 0.1f) {
    std::vector<bool> said;
    for (int p = 0; p < parts; ++p) {
      std::vector<float> frames;
      for (int i = 0; i < 960; ++i) {
        const auto [left, right] = mix(amplitude * noise_(random_), amplitude * noise_(random_));
        frames.push_back(left);
        frames.push_back(right);
      }
      said.push_back(watch_.push(frames.data(), frames.data() + 1, 2, 960));
    }
    return said;
  }

 private:
  PhaseWatch watch_{48000};
  std::mt19937 random_{4};
  std::normal_distribution<float> noise_;
};

const Mix kSame = [](float a, float) { return std::pair(a, a); };
const Mix kOpposite = [](float a, float) { return std::pair(a, -a); };
const Mix kUnlike = [](float a, float b) { return std::pair(a, b); };
const Mix kDead = [](float a, float) { return std::pair(a, 0.0f); };

TEST(PhaseWatch, KnowsOppositeChannelsFromTheFirstPartOn) {
  for (const float gain : {1.0f, 0.8f, 0.7f}) {
    Stereo stereo;
    const auto said = stereo.push([=](float a, float b) { return std::pair(a, -gain * a + 0.1f * b); });
    EXPECT_EQ(said, std::vector<bool>(10, true)) << gain;
  }
  Stereo stereo;
  EXPECT_EQ(stereo.push(kUnlike, 20, 1e-4f), std::vector<bool>(20, false)) << "noise before it";
  EXPECT_EQ(stereo.push(kOpposite), std::vector<bool>(10, true));
  EXPECT_EQ(stereo.push(kUnlike, 50, 1e-4f).back(), true) << "a pause";
}

TEST(PhaseWatch, LeavesOtherStereoAlone) {
  const Mix wide = [](float a, float b) { return std::pair(a + b, a - b); };
  const Mix effect = [](float a, float b) { return std::pair(0.5f * a + b, 0.5f * a - b); };
  for (const Mix& mix : {kSame, kUnlike, kDead, wide, effect}) {
    Stereo stereo;
    EXPECT_EQ(stereo.push(mix), std::vector<bool>(10, false));
  }
}

TEST(PhaseWatch, GoesBack) {
  Stereo stereo;
  EXPECT_TRUE(stereo.push(kOpposite).back());
  EXPECT_FALSE(stereo.push(kSame).back());
  EXPECT_TRUE(stereo.push(kOpposite, 40).back());
  EXPECT_FALSE(stereo.push(kUnlike, 20).back());
}

TEST(PhaseWatch, TakesWholeNumbersPlanesAndNotANumber) {
  PhaseWatch watch(16000);
  std::vector<int32_t> left(1600), right(1600);
  for (int i = 0; i < 1600; ++i)
    right[static_cast<size_t>(i)] = -(left[static_cast<size_t>(i)] = i * i % 977 << 16);
  EXPECT_TRUE(watch.push(left.data(), right.data(), 1, 1600));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(watch.push(&nan, &nan, 1, 1));
  EXPECT_TRUE(watch.push(left.data(), right.data(), 1, 1600));
  EXPECT_FALSE(PhaseWatch(16000).push(&nan, &nan, 1, 0)) << "nothing";
}

}  // namespace
}  // namespace npuspeech::test
