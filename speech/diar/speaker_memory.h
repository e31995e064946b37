// SPDX-License-Identifier: LGPL-2.1-or-later
// What a session remembers of its speakers, window after window.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/local_speakers.h"
#include "speech/diar/quiet_speech.h"
#include "speech/diar/speaker_clusters.h"
#include "speech/diar/speaker_ids.h"
#include "speech/diar/speaker_items.h"
#include "speech/diar/window_speakers.h"

namespace npuspeech::diar {

/// Speaker `from` was found to be speaker `into`.
struct SpeakerMerge {
  int from = 0, into = 0;
};

/// Clusters all voices anew with every window, and gives those of the newest 30 s their ids by that. Costs
/// and takes the same however long the session is. Not thread-safe. Hardly allocates once warm.
class SpeakerMemory {
 public:
  /// Windows whose voices may still change their speaker, and those that can be read.
  static constexpr int64_t kRevised = 60, kKept = 72;

  explicit SpeakerMemory(const ClusterOptions& options);
  void reset();

  /// The place for the next window. It holds an old one, to be overwritten.
  HeardWindow& next() { return windows_[static_cast<size_t>(size_ % kKept)]; }
  /// Takes the window that was written to next().
  void take();

  /// How many windows were taken.
  int64_t size() const { return size_; }
  /// One of the newest kKept.
  const HeardWindow& operator[](int64_t index) const { return windows_[static_cast<size_t>(index % kKept)]; }
  /// What the last window made certain: speakers that were found twice.
  std::span<const SpeakerMerge> merges() const { return merges_; }
  int idsMade() const { return ids_.made(); }

 private:
  struct Gone {  // a speaker whose voices are with others now
    int id;
    Centroid voice;
    int64_t since;
  };
  void giveIds();
  void noteMerges();

  ClusterOptions options_;
  std::vector<HeardWindow> windows_;
  int64_t size_ = 0;
  SpeakerItems items_;
  SpeakerClusters clusters_;
  SpeakerIds ids_;
  WindowSpeakers speakers_;
  QuietSpeech quietSpeech_;
  std::vector<WindowSpeakers::Speakers> assigned_;  // to clusters, of the windows that may change
  std::vector<int> clusterIds_, idsBefore_;
  std::vector<Centroid> voicesBefore_;
  std::vector<Gone> gone_;
  std::vector<SpeakerMerge> merges_;
};

}  // namespace npuspeech::diar
