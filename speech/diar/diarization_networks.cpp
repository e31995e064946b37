// SPDX-License-Identifier: LGPL-2.1-or-later
// The networks of diarization, from their files.
#include "speech/diar/diarization_networks.h"

#include <algorithm>

namespace npuspeech {

static_assert(Fbank::kHop == diar::kFrame && Fbank::kWindow == diar::kFilterBankSamples);
static_assert(SpeakerEmbedding::kSize == diar::kEmbedding && Fbank::kBins == diar::kMelBins);
static_assert(SileroVad::kFrame == diar::DiarizationModels::kSpeechFrame);

Result<DiarizationWeights> DiarizationWeights::load(const std::string& folder, Precision precision) {
  DiarizationWeights weights;
  auto segmentation = SegmentationWeights::load(folder + "/speaker-segmentation.safetensors");
  if (!segmentation) return segmentation.error();
  auto embedding = SpeakerEmbeddingWeights::load(folder + "/speaker-embedding.safetensors", precision);
  if (!embedding) return embedding.error();
  weights.segmentation = std::move(*segmentation);
  weights.embedding = std::move(*embedding);
  return weights;
}

DiarizationNetworks::DiarizationNetworks(const DiarizationWeights& weights)
    : segmentation_(weights.segmentation),
      embedding_(weights.embedding),
      speech_(weights.voiceActivity ? std::make_unique<SpeechDetector>(weights.voiceActivity) : nullptr) {}

void DiarizationNetworks::segment(std::span<const float> samples, std::span<float> activities) {
  segmentation_.run(samples, activities);
}

void DiarizationNetworks::filterBank(std::span<const float> samples, std::span<float> frames) {
  filterBank_.run(samples, frames.data());
}

void DiarizationNetworks::embed(std::span<const float> frames, std::span<float> embedding) {
  embedding_.run(frames, embedding.first<SpeakerEmbedding::kSize>());
}

void DiarizationNetworks::detectSpeech(std::span<const float> samples, std::span<float> probabilities) {
  if (speech_)
    speech_->run(samples, probabilities);
  else
    std::fill(probabilities.begin(), probabilities.end(), 1.0f);
}

void DiarizationNetworks::restart() {
  if (speech_) speech_->reset();
}

}  // namespace npuspeech
