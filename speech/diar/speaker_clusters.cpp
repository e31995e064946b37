// SPDX-License-Identifier: LGPL-2.1-or-later
// How many speakers there are, and what each one's voice is like.
#include "speech/diar/speaker_clusters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "speech/diar/unit_vector.h"

namespace npuspeech::diar {
namespace {

void writeUnit(const std::array<double, kEmbedding>& sum, Centroid& out) {
  const double length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
  for (size_t i = 0; i < sum.size(); ++i) out[i] = length > 0 ? static_cast<float>(sum[i] / length) : 0.0f;
}

}  // namespace

int nearestCentroid(std::span<const float> unit, std::span<const Centroid> centroids) {
  int best = -1;
  float most = 0;
  for (size_t i = 0; i < centroids.size(); ++i) {
    const float here = cosine(unit, centroids[i]);
    if (best >= 0 && here <= most) continue;
    best = static_cast<int>(i);
    most = here;
  }
  return best;
}

void SpeakerClusters::find(const SpeakerItems& items, const ClusterOptions& options) {
  const auto size = static_cast<size_t>(items.size());
  centroids_.clear();
  nearest_.assign(size, -1);
  if (size == 0) return;
  items.dots(dots_);
  counts_.resize(size);
  for (size_t i = 0; i < size; ++i) counts_[i] = items[static_cast<int>(i)].count;
  linkage_.run(dots_, counts_);

  const double fewest = std::min(options.fewestWindows, items.size());
  const size_t joins = joinsFor(options, fewest);
  clusterOf_.resize(size);
  std::iota(clusterOf_.begin(), clusterOf_.end(), 0);
  sizes_ = counts_;
  for (const AverageLinkage::Join& join : linkage_.joins().first(joins)) {
    std::replace(clusterOf_.begin(), clusterOf_.end(), join.from, join.into);
    sizes_[join.into] += std::exchange(sizes_[join.from], 0.0);
  }
  keepLarge(items, options, fewest);

  centroids_.resize(kept_.size());
  std::array<double, kEmbedding> sum{};
  for (size_t k = 0; k < kept_.size(); ++k) {
    sum.fill(0);
    for (size_t i = 0; i < size; ++i) {
      if (clusterOf_[i] != kept_[k]) continue;
      const auto& part = items[static_cast<int>(i)].sum;
      std::transform(sum.begin(), sum.end(), part.begin(), sum.begin(), std::plus<>());
    }
    writeUnit(sum, centroids_[k]);
  }
  for (size_t i = 0; i < size; ++i) {
    Centroid voice;
    writeUnit(items[static_cast<int>(i)].sum, voice);
    nearest_[i] = nearestCentroid(voice, centroids_);
  }
}

/// How many joins to make: all up to the cut; where that leaves too many speakers, as many more as it takes.
size_t SpeakerClusters::joinsFor(const ClusterOptions& options, double fewest) {
  sizes_ = counts_;
  const auto isLarge = [fewest](double count) { return count >= fewest; };
  auto large = std::count_if(counts_.begin(), counts_.end(), isLarge);
  size_t made = 0;
  for (const AverageLinkage::Join& join : linkage_.joins()) {
    if (join.distance > options.cut && large <= options.count.most) break;
    large -= isLarge(sizes_[join.into]) + isLarge(sizes_[join.from]);
    sizes_[join.into] += std::exchange(sizes_[join.from], 0.0);
    large += isLarge(sizes_[join.into]);
    ++made;
  }
  return made;
}

void SpeakerClusters::keepLarge(const SpeakerItems& items, const ClusterOptions& options, double fewest) {
  kept_.clear();
  for (size_t i = 0; i < sizes_.size(); ++i)
    if (sizes_[i] > 0) kept_.push_back(static_cast<int>(i));
  const auto large =
      std::count_if(kept_.begin(), kept_.end(), [&](int cluster) { return sizes_[cluster] >= fewest; });
  // The largest, and of those as large the first ones, in their old order.
  std::stable_sort(kept_.begin(), kept_.end(), [&](int a, int b) { return sizes_[a] > sizes_[b]; });
  const auto most = static_cast<size_t>(std::max(options.count.most, 1));
  dropped_.assign(kept_.begin() + std::min(std::max<std::ptrdiff_t>(large, 1), std::ssize(kept_)),
                  kept_.end());
  kept_.resize(std::min(kept_.size() - dropped_.size(), most));
  const auto least = std::min(static_cast<size_t>(std::max(options.count.least, 1)), most);
  while (kept_.size() < least && split(items)) continue;
  for (size_t i = 0; i < dropped_.size() && kept_.size() < least; ++i) kept_.push_back(dropped_[i]);
  std::sort(kept_.begin(), kept_.end());
}

/// Halves the largest cluster that can be, by its two voices that are the least alike. A lower cut would part
/// from it a few odd windows, which nobody would hear as a speaker. Returns false where none can be.
bool SpeakerClusters::split(const SpeakerItems& items) {
  const auto size = static_cast<int>(clusterOf_.size());
  int whole = -1, first = -1, second = -1;
  for (const int cluster : kept_) {
    const bool isOne = std::count(clusterOf_.begin(), clusterOf_.end(), cluster) < 2;
    if (!isOne && (whole < 0 || sizes_[cluster] > sizes_[whole])) whole = cluster;
  }
  if (whole < 0) return false;
  double farthest = -1;
  for (int a = 0; a < size; ++a) {
    for (int b = a + 1; b < size; ++b) {
      if (clusterOf_[a] != whole || clusterOf_[b] != whole) continue;
      const double distance = 1 - dots_[static_cast<size_t>(a * size + b)] / (counts_[a] * counts_[b]);
      if (distance <= farthest) continue;
      farthest = distance;
      first = a;
      second = b;
    }
  }
  std::array<Centroid, 2> halves;
  writeUnit(items[first].sum, halves[0]);
  writeUnit(items[second].sum, halves[1]);
  constexpr int kRounds = 4;
  inSecond_.assign(clusterOf_.size(), 0);
  for (int round = 0; round < kRounds; ++round) {
    std::array<std::array<double, kEmbedding>, 2> sums{};
    for (int item = 0; item < size; ++item) {
      if (clusterOf_[item] != whole) continue;
      Centroid voice;
      writeUnit(items[item].sum, voice);
      inSecond_[item] =
          item == second || (item != first && cosine(voice, halves[1]) > cosine(voice, halves[0]));
      auto& sum = sums[static_cast<size_t>(inSecond_[item])];
      std::transform(sum.begin(), sum.end(), items[item].sum.begin(), sum.begin(), std::plus<>());
    }
    for (size_t half = 0; half < halves.size(); ++half) writeUnit(sums[half], halves[half]);
  }
  // A cluster has the number of its first item.
  const bool keepsSecond = inSecond_[whole] != 0;
  int other = -1;
  for (int item = 0; item < size; ++item) {
    if (clusterOf_[item] != whole || (inSecond_[item] != 0) == keepsSecond) continue;
    if (other < 0) other = item;
    clusterOf_[item] = other;
    sizes_[other] += counts_[item];
    sizes_[whole] -= counts_[item];
  }
  kept_.push_back(other);
  return true;
}

}  // namespace npuspeech::diar
