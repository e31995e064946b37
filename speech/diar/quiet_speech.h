// SPDX-License-Identifier: LGPL-2.1-or-later
// Speech too quiet for the voice activity detector, known by its voice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/local_speakers.h"
#include "speech/diar/speaker_clusters.h"

namespace npuspeech::diar {

/// Knows who was heard to speak. People far from a microphone are missed for seconds, but sound like
/// themselves; music and noise sound like nobody. Not thread-safe. Keeps its working memory.
class QuietSpeech {
 public:
  /// `clusters`: of these items.
  void find(const SpeakerItems& items, const SpeakerClusters& clusters);
  /// Writes which voices of the window are no farther than `cut` from somebody who was heard to speak.
  void recognise(HeardWindow& window, double cut) const;

 private:
  std::vector<double> speech_;      // of each cluster: its speech beyond the least that makes a speaker
  std::vector<Centroid> speakers_;  // who were heard to speak
};

/// Sets those frames, of which the first is `startFrame`, in which a recognised voice of the window speaks.
void addRecognised(const HeardWindow& window, int64_t startFrame, std::span<uint8_t> isSpeech);

}  // namespace npuspeech::diar
