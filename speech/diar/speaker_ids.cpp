// SPDX-License-Identifier: LGPL-2.1-or-later
// Ids that stay with their speakers while clusters come, go and change.
#include "speech/diar/speaker_ids.h"

#include <algorithm>

namespace npuspeech::diar {

void SpeakerIds::begin(int clusters) {
  clusters_ = clusters;
  voted_.clear();
  votes_.clear();
}

size_t SpeakerIds::columnOf(int id) {
  const auto at = std::find(voted_.begin(), voted_.end(), id);
  const auto column = static_cast<size_t>(at - voted_.begin());
  if (at == voted_.end()) voted_.push_back(id);
  return column;
}

void SpeakerIds::vote(int cluster, int id, double weight) {
  if (cluster < 0 || id < 0 || id == retired_ || weight <= 0) return;
  votes_.push_back({cluster, columnOf(id), weight});
}

void SpeakerIds::retire(int id) {
  if (id == made_ - 1) retired_ = id;
}

std::span<const int> SpeakerIds::decide() {
  const size_t columns = voted_.size();
  scores_.assign(static_cast<size_t>(clusters_) * columns, 0.0);
  for (const Vote& vote : votes_) scores_[vote.cluster * columns + vote.column] += vote.weight;
  columns_.resize(static_cast<size_t>(clusters_));
  assignment_.solve(scores_, clusters_, static_cast<int>(columns), columns_);
  ids_.assign(static_cast<size_t>(clusters_), -1);
  for (size_t cluster = 0; cluster < ids_.size(); ++cluster) {
    const int column = columns_[cluster];
    if (column >= 0 && scores_[cluster * columns + static_cast<size_t>(column)] > 0)
      ids_[cluster] = voted_[static_cast<size_t>(column)];
  }
  for (int& id : ids_) {
    if (id >= 0) continue;
    if (made_ < most_) {
      id = made_++;
      continue;
    }
    int other = 0;  // all are made: one that nobody has now
    while (std::find(ids_.begin(), ids_.end(), other) != ids_.end()) ++other;
    id = other;
  }
  return ids_;
}

}  // namespace npuspeech::diar
