// SPDX-License-Identifier: LGPL-2.1-or-later
// CAM++ with the published weights against reference values.
#include "speech/diar/speaker_embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "speech/diar/fbank.h"
#include "tests/support/npy.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

constexpr const char* kWeights = "diarization/speaker-embedding.safetensors";
constexpr const char* kReference = "reference/diarization/ref_campplus.npz";

double cosineDistance(std::span<const float> a, std::span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return 1 - ab / std::sqrt(aa * bb);
}

TEST(SpeakerEmbeddingReference, IsWithinTheBoundOfItsPrecision) {
  const auto path = modelFile(kWeights);
  NPUSPEECH_REQUIRE(path, kWeights);
  for (const Precision precision : {Precision::Float32, Precision::Int8}) {
    auto weights = SpeakerEmbeddingWeights::load(*path, precision);
    ASSERT_TRUE(weights) << weights.error().message;
    SpeakerEmbedding network(*weights);
    for (const std::string clip : {"a", "b", "c"}) {
      const auto x = readNpz(sharedFile(kReference), clip + "_x");
      NPUSPEECH_REQUIRE(x, kReference);
      const auto expected = readNpz(sharedFile(kReference), clip + "_emb");
      ASSERT_TRUE(expected);
      std::vector<float> samples = x->values;
      for (float& sample : samples) sample /= 32768;
      std::vector<float> frames(
          static_cast<size_t>(Fbank::framesOf(static_cast<int64_t>(samples.size())) * Fbank::kBins));
      Fbank().run(samples, frames.data());
      std::vector<float> embedding(SpeakerEmbedding::kSize);
      network.run(frames, std::span<float, SpeakerEmbedding::kSize>(embedding));
      const double distance = cosineDistance(embedding, expected->values);

      EXPECT_LT(distance, precision == Precision::Float32 ? 1e-6 : 1e-2) << clip;
    }
  }
}

}  // namespace
}  // namespace npuspeech::test
