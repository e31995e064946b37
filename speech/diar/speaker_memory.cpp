// SPDX-License-Identifier: LGPL-2.1-or-later
// What a session remembers of its speakers, window after window.
#include "speech/diar/speaker_memory.h"

#include <algorithm>

namespace npuspeech::diar {
namespace {

constexpr int kItems = 128;
/// Voices that are not clustered are unsure, and say little about ids.
constexpr double kUnsure = 0.1;
/// Clusters that are near the cut join and part again within a few windows. After 10 s they have joined.
constexpr int64_t kMergedFor = 20;

}  // namespace

SpeakerMemory::SpeakerMemory(const ClusterOptions& options)
    : options_(options), windows_(kKept), items_(kItems), ids_(options.count.most) {
  for (HeardWindow& window : windows_) window.activities.reserve(kMostActivityFrames * kLocalSpeakers);
  assigned_.reserve(kRevised);
}

void SpeakerMemory::reset() {
  size_ = 0;
  items_.clear();
  ids_ = SpeakerIds(options_.count.most);
  clusterIds_.clear();
  idsBefore_.clear();
  gone_.clear();
  merges_.clear();
}

void SpeakerMemory::take() {
  merges_.clear();
  HeardWindow& window = next();
  ++size_;
  for (LocalSpeaker& speaker : window.speakers) {
    speaker.id = -1;
    speaker.isRecognised = false;
    if (speaker.isEmbedded && speaker.cleanFrames >= kCleanToCluster)
      items_.add(speaker.embedding, speaker.cleanFrames, speaker.speechShare);
  }
  items_.limit();
  if (items_.size() == 0) return;
  voicesBefore_.assign(clusters_.centroids().begin(), clusters_.centroids().end());
  idsBefore_.swap(clusterIds_);
  clusters_.find(items_, options_);
  giveIds();
  quietSpeech_.find(items_, clusters_);
  for (int64_t index = std::max<int64_t>(0, size_ - kRevised); index < size_; ++index)
    quietSpeech_.recognise(windows_[static_cast<size_t>(index % kKept)], options_.cut);
  noteMerges();
}

void SpeakerMemory::giveIds() {
  const int64_t first = std::max<int64_t>(0, size_ - kRevised);
  assigned_.clear();
  for (int64_t index = first; index < size_; ++index)
    assigned_.push_back(speakers_.assign((*this)[index], clusters_.centroids()));

  ids_.begin(static_cast<int>(clusters_.centroids().size()));
  for (int item = 0; item < items_.size(); ++item)
    ids_.vote(clusters_.nearest()[item], items_[item].id, items_[item].cleanFrames);
  for (int64_t index = first; index < size_; ++index) {
    for (int voice = 0; voice < kLocalSpeakers; ++voice) {
      const LocalSpeaker& speaker = (*this)[index].speakers[voice];
      const int cluster = assigned_[index - first][voice];
      if (cluster < 0 || speaker.cleanFrames >= kCleanToCluster) continue;
      if (speaker.id >= 0)
        ids_.vote(cluster, speaker.id, kUnsure * speaker.cleanFrames);
      else
        ids_.lean(cluster, kUnsure * speaker.cleanFrames);
    }
  }
  const auto ids = ids_.decide();
  clusterIds_.assign(ids.begin(), ids.end());

  for (int item = 0; item < items_.size(); ++item) items_.setId(item, clusterIds_[clusters_.nearest()[item]]);
  for (int64_t index = first; index < size_; ++index) {
    HeardWindow& window = windows_[static_cast<size_t>(index % kKept)];
    for (int voice = 0; voice < kLocalSpeakers; ++voice) {
      const int cluster = assigned_[index - first][voice];
      window.speakers[voice].id = cluster >= 0 ? clusterIds_[cluster] : -1;
    }
  }
}

void SpeakerMemory::noteMerges() {
  const auto isThere = [&](int id) {
    return std::find(clusterIds_.begin(), clusterIds_.end(), id) != clusterIds_.end();
  };
  for (size_t i = 0; i < idsBefore_.size(); ++i)
    if (!isThere(idsBefore_[i])) gone_.push_back({idsBefore_[i], voicesBefore_[i], size_});
  std::erase_if(gone_, [&](const Gone& gone) {
    if (isThere(gone.id)) return true;
    if (size_ - gone.since < kMergedFor) return false;
    merges_.push_back({gone.id, clusterIds_[nearestCentroid(gone.voice, clusters_.centroids())]});
    ids_.retire(gone.id);
    return true;
  });
}

}  // namespace npuspeech::diar
