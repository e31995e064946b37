// SPDX-License-Identifier: LGPL-2.1-or-later
// Speech too quiet for the voice activity detector, known by its voice.
#include "speech/diar/quiet_speech.h"

#include <algorithm>

#include "speech/diar/unit_vector.h"

namespace npuspeech::diar {

void QuietSpeech::find(const SpeakerItems& items, const SpeakerClusters& clusters) {
  speech_.assign(clusters.centroids().size(), 0.0);
  for (int item = 0; item < items.size(); ++item)
    speech_[static_cast<size_t>(clusters.nearest()[item])] +=
        items[item].speechShares - kLeastSpeech * items[item].count;
  speakers_.clear();
  for (size_t cluster = 0; cluster < speech_.size(); ++cluster)
    if (speech_[cluster] >= 0) speakers_.push_back(clusters.centroids()[cluster]);
}

void QuietSpeech::recognise(HeardWindow& window, double cut) const {
  for (LocalSpeaker& voice : window.speakers) {
    voice.isRecognised =
        voice.isEmbedded && std::any_of(speakers_.begin(), speakers_.end(), [&](const auto& speaker) {
          return 1 - cosine(voice.embedding, speaker) <= cut;
        });
  }
}

void addRecognised(const HeardWindow& window, int64_t startFrame, std::span<uint8_t> isSpeech) {
  const int64_t first = std::max(window.startFrame, startFrame);
  const int64_t end = std::min(window.endFrame(), startFrame + static_cast<int64_t>(isSpeech.size()));
  for (int voice = 0; voice < kLocalSpeakers; ++voice) {
    if (!window.speakers[voice].isRecognised) continue;
    for (int64_t frame = first; frame < end; ++frame) {
      const int activity =
          activityOfFrame(static_cast<int>(frame - window.startFrame), window.activityFrames());
      if (window.activities[static_cast<size_t>(activity * kLocalSpeakers + voice)] > kSpeaks)
        isSpeech[static_cast<size_t>(frame - startFrame)] = 1;
    }
  }
}

}  // namespace npuspeech::diar
