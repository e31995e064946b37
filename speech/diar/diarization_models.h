// SPDX-License-Identifier: LGPL-2.1-or-later
// What diarization needs of networks.
#pragma once

#include <cstdint>
#include <span>

#include "speech/diar/window_geometry.h"

namespace npuspeech::diar {

/// The networks of one stream. Samples are mono, at 16 kHz, full scale 1. Called by one thread at a time.
class DiarizationModels {
 public:
  virtual ~DiarizationModels() = default;
  /// Writes how surely each voice speaks, [activityFrames(samples.size())][kLocalSpeakers], in [0, 1]. There
  /// are a multiple of kHop samples, at most kWindow.
  virtual void segment(std::span<const float> samples, std::span<float> activities) = 0;
  /// Writes the filter bank, [filterBankFrames(samples.size())][kMelBins].
  virtual void filterBank(std::span<const float> samples, std::span<float> frames) = 0;
  /// Writes what the voice in these frames of the filter bank is like, [kEmbedding], of any length. There are
  /// at least 30 frames.
  virtual void embed(std::span<const float> frames, std::span<float> embedding) = 0;

  /// Samples of a frame of detectSpeech().
  static constexpr int kSpeechFrame = 512;
  /// Writes for each frame the probability that anybody speaks.
  virtual void detectSpeech(std::span<const float> samples, std::span<float> probabilities) = 0;
  /// What comes next to detectSpeech() does not follow what came before.
  virtual void restart() = 0;
};

}  // namespace npuspeech::diar
