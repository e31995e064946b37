// SPDX-License-Identifier: LGPL-2.1-or-later
// The networks of diarization, from their files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "speech/audio/silero_vad.h"
#include "speech/audio/speech_detector.h"
#include "speech/diar/diarization_models.h"
#include "speech/diar/fbank.h"
#include "speech/diar/segmentation.h"
#include "speech/diar/speaker_embedding.h"

namespace npuspeech {

/// Their weights. Any number of streams may share them.
struct DiarizationWeights {
  std::shared_ptr<const SegmentationWeights> segmentation;
  std::shared_ptr<const SpeakerEmbeddingWeights> embedding;
  /// Null takes all sound for speech.
  std::shared_ptr<const SileroWeights> voiceActivity;

  /// Reads speaker-segmentation.safetensors and speaker-embedding.safetensors of a folder. Errors: NotFound,
  /// BadFile.
  static Result<DiarizationWeights> load(const std::string& folder, Precision precision = Precision::Int8);
};

/// The networks of one stream.
class DiarizationNetworks : public diar::DiarizationModels {
 public:
  explicit DiarizationNetworks(const DiarizationWeights& weights);

  void segment(std::span<const float> samples, std::span<float> activities) override;
  void filterBank(std::span<const float> samples, std::span<float> frames) override;
  void embed(std::span<const float> frames, std::span<float> embedding) override;
  void detectSpeech(std::span<const float> samples, std::span<float> probabilities) override;
  void restart() override;

 private:
  Segmentation segmentation_;
  Fbank filterBank_;
  SpeakerEmbedding embedding_;
  std::unique_ptr<SpeechDetector> speech_;
};

}  // namespace npuspeech
