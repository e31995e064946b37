// SPDX-License-Identifier: LGPL-2.1-or-later
// CAM++ against its definition on random weights, and with the published ones against reference values.
#include "speech/diar/speaker_embedding.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "speech/diar/fbank.h"
#include "speech/diar/moments.h"
#include "tests/speech/diar/plain_embedding.h"
#include "tests/support/npy.h"
#include "tests/support/recordings.h"
#include "tests/support/temp_folder.h"

namespace npuspeech::test {
namespace {

constexpr const char* kWeights = "diarization/speaker-embedding.safetensors";
constexpr const char* kReference = "reference/diarization/ref_campplus.npz";
constexpr int kBins = SpeakerEmbedding::kBins, kLeast = SpeakerEmbedding::kLeastFrames;

using Embedding = std::vector<float>;

double cosineDistance(std::span<const float> a, std::span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return 1 - ab / std::sqrt(aa * bb);
}

Embedding embed(SpeakerEmbedding& network, std::span<const float> frames) {
  Embedding embedding(SpeakerEmbedding::kSize);
  network.run(frames, std::span<float, SpeakerEmbedding::kSize>(embedding));
  return embedding;
}

/// Frames like those of speech in level and spread, which change slowly.
std::vector<float> randomFrames(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> frames(static_cast<size_t>(count * kBins));
  for (size_t i = 0; i < frames.size(); ++i)
    frames[i] = (i < kBins ? -8 : 0.8f * frames[i - kBins] - 1.6f) + 1.5f * normal(random);
  return frames;
}

class SpeakerEmbeddingTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    weights = new PlainWeights(randomEmbeddingWeights());
    TempFolder folder;
    writeFile(folder.file("weights"), safetensorsFile(embeddingTensors(*weights)));
    for (const Precision precision : {Precision::Float32, Precision::Int8})
      packed[static_cast<size_t>(precision)] =
          *SpeakerEmbeddingWeights::load(folder.file("weights"), precision);
  }
  static void TearDownTestSuite() {
    delete weights;
    packed = {};
  }
  static SpeakerEmbedding network(Precision precision) {
    return SpeakerEmbedding(packed[static_cast<size_t>(precision)]);
  }

  static inline PlainWeights* weights = nullptr;
  static inline std::array<std::shared_ptr<const SpeakerEmbeddingWeights>, 2> packed;
};

// Even and odd lengths from the least on, whole segments of 100 rows, and one with three rows behind it. The
// bound of Int8 is wide because the batch norms of random weights tell nothing of what they read.
TEST_F(SpeakerEmbeddingTest, EveryLengthMeetsTheDefinition) {
  SpeakerEmbedding exact = network(Precision::Float32), rounded = network(Precision::Int8);
  for (const int count : {kLeast, 31, 33, 64, 200, 205}) {
    const std::vector<float> frames = randomFrames(count, static_cast<unsigned>(count));
    const Embedding expected = plainEmbedding(*weights, frames), ours = embed(exact, frames);
    EXPECT_LT(cosineDistance(ours, expected), 1e-8) << count << " frames";
    EXPECT_LT(cosineDistance(embed(rounded, frames), expected), 0.1) << count << " frames";
    double largest = 0, worst = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
      worst = std::max(worst, std::fabs(static_cast<double>(ours[i] - expected[i])));
    }
    EXPECT_LT(worst, 1e-4 * largest) << count << " frames";
  }
}

TEST_F(SpeakerEmbeddingTest, WhatWasReadBeforeChangesNothing) {
  for (const Precision precision : {Precision::Float32, Precision::Int8}) {
    SpeakerEmbedding used = network(precision);
    embed(used, randomFrames(333, 1));
    for (const int count : {61, kLeast, 150}) {
      SpeakerEmbedding fresh = network(precision);
      const std::vector<float> frames = randomFrames(count, 2);
      EXPECT_EQ(embed(used, frames), embed(fresh, frames)) << count << " frames";
    }
  }
}

TEST_F(SpeakerEmbeddingTest, SilenceAndExtremesAreNumbers) {
  for (const Precision precision : {Precision::Float32, Precision::Int8}) {
    SpeakerEmbedding used = network(precision);
    std::vector<float> silence(kLeast * kBins, -15.94f), alternating = silence, spike = silence;
    for (size_t i = 0; i < alternating.size(); i += 3) alternating[i] = 20;
    spike[kBins] = 20;
    const Embedding ofSilence = embed(used, silence);
    for (const std::vector<float>& frames : {silence, alternating, spike})
      for (const float value : embed(used, frames)) ASSERT_TRUE(std::isfinite(value));
    for (float& value : silence) value = 3;  // the mean is subtracted
    EXPECT_LT(cosineDistance(embed(used, silence), ofSilence), 1e-6);
  }
}

TEST_F(SpeakerEmbeddingTest, RefusesWhatIsNoSuchFile) {
  TempFolder folder;
  const auto refused = [&](const std::string& name, const std::string& part) {
    const auto result = SpeakerEmbeddingWeights::load(folder.file(name));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  };
  refused("missing", "missing");
  writeFile(folder.file("other"), safetensorsFile({floatTensor("x", {1}, {1})}));
  refused("other", "head.bn1.running_var");
  PlainWeights changed = *weights;
  std::vector<NamedTensor> tensors = embeddingTensors(changed);
  for (NamedTensor& tensor : tensors)
    if (tensor.name == "xvector.block2.tdnnd7.linear1.weight") tensor.dims = {448, 128, 1};
  writeFile(folder.file("shape"), safetensorsFile(tensors));
  refused("shape", "xvector.block2.tdnnd7.linear1.weight");
}

TEST(Moments, OfARectifierAreThoseOfSamples) {
  std::mt19937 random(5);
  for (const float mean : {-1.5f, 0.0f, 0.7f, 4.0f})
    for (const float deviation : {0.0f, 0.5f, 2.0f}) {
      const Moments result = rectified({{mean}, {deviation * deviation}});
      double sum = 0, squares = 0;
      std::normal_distribution<double> normal(static_cast<double>(mean),
                                              static_cast<double>(deviation) + 1e-9);
      constexpr int kCount = 100000;
      for (int i = 0; i < kCount; ++i) {
        const double x = std::max(normal(random), 0.0);
        sum += x / kCount;
        squares += x * x / kCount;
      }
      EXPECT_NEAR(static_cast<double>(result.mean[0]), sum, 0.03);
      EXPECT_NEAR(static_cast<double>(result.variance[0]), squares - sum * sum, 0.06);
    }
}

// Rounded weights read what they expect as exact ones would.
TEST(TapProduct, RoundingMovesNoMean) {
  constexpr int kOutputs = 32, kDepth = 96;
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> weights(2 * kOutputs * kDepth), expected(32);
  for (float& weight : weights) weight = normal(random);
  for (float& value : expected) value = 2;
  const std::vector<uint8_t> row(kDepth, 200);
  const RowScale scale{0.01f, 0};
  const TapRows taps[] = {{nullptr, row.data(), &scale, kDepth}, {nullptr, row.data(), &scale, kDepth}};
  std::vector<float> out(kOutputs), uncorrected(kOutputs);
  TapProduct(weights, {}, 2, kOutputs, kDepth, Precision::Int8, expected)
      .run(taps, 1, {out.data(), kOutputs});
  TapProduct(weights, {}, 2, kOutputs, kDepth, Precision::Int8).run(taps, 1, {uncorrected.data(), kOutputs});
  double worst = 0;
  for (size_t o = 0; o < kOutputs; ++o) {
    double exact = 0;
    for (size_t t = 0; t < 2; ++t)
      for (size_t d = 0; d < kDepth; ++d)
        exact += 2 * static_cast<double>(weights[(t * kOutputs + o) * kDepth + d]);
    EXPECT_NEAR(static_cast<double>(out[o]), exact, 2e-4);
    worst = std::max(worst, std::fabs(static_cast<double>(uncorrected[o]) - exact));
  }
  EXPECT_GT(worst, 0.05);
}

class SpeakerEmbeddingReference : public ::testing::TestWithParam<const char*> {
 protected:
  static std::optional<Npy> array(const std::string& name) {
    return readNpz(sharedFile(kReference), std::string(GetParam()) + name);
  }
  static std::vector<float> framesOf(std::vector<float> samples) {
    for (float& sample : samples) sample /= 32768;
    std::vector<float> frames(
        static_cast<size_t>(Fbank::framesOf(static_cast<int64_t>(samples.size())) * kBins));
    Fbank().run(samples, frames.data());
    return frames;
  }
};

TEST_P(SpeakerEmbeddingReference, IsWithinTheBoundOfItsPrecision) {
  const auto path = modelFile(kWeights);
  NPUSPEECH_REQUIRE(path, kWeights);
  const auto x = array("_x"), expected = array("_emb");
  NPUSPEECH_REQUIRE(x && expected, kReference);
  const std::vector<float> frames = framesOf(x->values);
  for (const Precision precision : {Precision::Float32, Precision::Int8}) {
    auto weights = SpeakerEmbeddingWeights::load(*path, precision);
    ASSERT_TRUE(weights) << weights.error().message;
    SpeakerEmbedding network(*weights);
    const double distance = cosineDistance(embed(network, frames), expected->values);
    EXPECT_LT(distance, precision == Precision::Float32 ? 1e-6 : 3e-3);
    RecordProperty(precision == Precision::Float32 ? "float32" : "int8", std::to_string(distance));
  }
}

TEST_P(SpeakerEmbeddingReference, HeadIsExact) {
  const auto path = modelFile(kWeights);
  NPUSPEECH_REQUIRE(path, kWeights);
  const auto x = array("_x"), mean = array("_fbank_mean"), expected = array("_head_frame10");
  NPUSPEECH_REQUIRE(x && mean && expected, kReference);
  auto weights = SpeakerEmbeddingWeights::load(*path, Precision::Float32);
  ASSERT_TRUE(weights) << weights.error().message;
  std::vector<float> frames = framesOf(x->values);
  for (size_t i = 0; i < frames.size(); ++i) frames[i] -= mean->values[i % kBins];
  // Ten layers see ten frames ahead.
  std::vector<float> out(30 * EmbeddingHead::kOutputs);
  EmbeddingHead((*weights)->head, Precision::Float32).run(frames.data(), 30, out.data());
  constexpr size_t kChannels = EmbeddingHead::kChannels, kHeight = EmbeddingHead::kOutputs / kChannels;
  for (size_t c = 0; c < kChannels; ++c)
    for (size_t f = 0; f < kHeight; ++f)
      ASSERT_NEAR(std::max(out[10 * EmbeddingHead::kOutputs + f * kChannels + c], 0.0f),
                  expected->values[c * kHeight + f], 1e-3f);
}

INSTANTIATE_TEST_SUITE_P(Clips, SpeakerEmbeddingReference, ::testing::Values("a", "b", "c"));

}  // namespace
}  // namespace npuspeech::test
