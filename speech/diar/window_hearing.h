// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound cut into overlapping windows, and what the networks hear in each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/diarization_models.h"
#include "speech/diar/local_speakers.h"
#include "speech/diar/telephone_band.h"

namespace npuspeech::diar {

/// Keeps the newest window of a run of sound. Not thread-safe. Allocates in the constructor only.
class WindowHearing {
 public:
  /// `models` must outlive this.
  explicit WindowHearing(DiarizationModels& models);

  /// Begins a new run.
  void restart();
  /// Takes the first of these samples, up to the end of the present hop. Returns how many.
  size_t take(std::span<const float> samples);
  /// Whether the hop is full: then hear() is due, and no more is taken before.
  bool isFull() const { return newSamples_ == kHop; }
  /// How many samples of the present hop were taken.
  int newSamples() const { return newSamples_; }
  /// Writes what is heard in the window that ends with this hop, all but where it starts. `isSpeech`: written
  /// for each frame of labels of the hop.
  void hear(HeardWindow& window, std::span<uint8_t, kHopFrames> isSpeech);

 private:
  void detectSpeech(std::span<uint8_t, kHopFrames> isSpeech);
  void embed(LocalSpeaker& speaker);

  DiarizationModels& models_;
  std::vector<float> samples_;  // the window so far: the newest size_ of them, then room for a hop
  int size_ = 0, newSamples_ = 0;
  std::vector<float> bank_;  // [bankFrames_][kMelBins] of the window
  int bankFrames_ = 0;
  std::vector<uint8_t> isSpeech_;     // of frames of the window, with room for a hop
  std::vector<float> speechSamples_;  // not a whole frame yet
  std::vector<float> probabilities_;
  float lastProbability_ = 0;                   // of the frame that ended last
  int64_t speechFrames_ = 0, labelFrames_ = 0;  // of the run, so far
  std::vector<int> chosen_;
  std::vector<float> chosenFrames_;
  BandMeter band_;
};

}  // namespace npuspeech::diar
