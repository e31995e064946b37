// SPDX-License-Identifier: LGPL-2.1-or-later
// Agglomerative clustering by the mean distance between members.
#include "speech/diar/average_linkage.h"

#include <algorithm>
#include <limits>

namespace npuspeech {

double AverageLinkage::distance(size_t a, size_t b) const {
  return 1 - dots_[a * items_ + b] / (counts_[a] * counts_[b]);
}

void AverageLinkage::findNearest(size_t item) {
  nearestDistance_[item] = std::numeric_limits<double>::infinity();
  for (size_t other = 0; other < items_; ++other) {
    if (other == item || !isThere_[other]) continue;
    const double d = distance(item, other);
    if (d >= nearestDistance_[item]) continue;
    nearestDistance_[item] = d;
    nearest_[item] = other;
  }
}

void AverageLinkage::run(std::span<const double> dots, std::span<const double> counts) {
  items_ = counts.size();
  dots_.assign(dots.begin(), dots.end());
  counts_.assign(counts.begin(), counts.end());
  nearestDistance_.resize(items_);
  nearest_.assign(items_, 0);
  isThere_.assign(items_, 1);
  joins_.clear();
  for (size_t item = 0; item < items_; ++item) findNearest(item);
  while (joins_.size() + 1 < items_) {
    size_t best = items_;
    for (size_t item = 0; item < items_; ++item)
      if (isThere_[item] && (best == items_ || nearestDistance_[item] < nearestDistance_[best])) best = item;
    const size_t other = nearest_[best];
    joins_.push_back({static_cast<int>(std::min(best, other)), static_cast<int>(std::max(best, other)),
                      nearestDistance_[best]});
    join(std::min(best, other), std::max(best, other));
  }
}

/// The mean over a joined cluster is never nearer than both parts were, so that only clusters whose nearest
/// one is gone have to look again.
void AverageLinkage::join(size_t into, size_t from) {
  isThere_[from] = 0;
  counts_[into] += counts_[from];
  for (size_t other = 0; other < items_; ++other) {
    if (!isThere_[other] || other == into) continue;
    dots_[into * items_ + other] += dots_[from * items_ + other];
    dots_[other * items_ + into] = dots_[into * items_ + other];
  }
  findNearest(into);
  for (size_t other = 0; other < items_; ++other)
    if (isThere_[other] && other != into && (nearest_[other] == into || nearest_[other] == from))
      findNearest(other);
}

}  // namespace npuspeech
