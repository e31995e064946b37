// SPDX-License-Identifier: LGPL-2.1-or-later
// How many speakers there are, and what each one's voice is like.
#include "speech/diar/speaker_clusters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace npuspeech::diar {
namespace {

void writeUnit(const std::array<double, kEmbedding>& sum, Centroid& out) {
  const double length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
  for (size_t i = 0; i < sum.size(); ++i) out[i] = length > 0 ? static_cast<float>(sum[i] / length) : 0.0f;
}

}  // namespace

float cosine(std::span<const float> a, std::span<const float> b) {
  std::array<float, 8> sums{};  // several, so that the compiler computes side by side
  for (size_t i = 0; i < kEmbedding; i += sums.size())
    for (size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += a[i + lane] * b[i + lane];
  return std::accumulate(sums.begin(), sums.end(), 0.0f);
}

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
  keepLarge(options, fewest);

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

/// How many joins to make: all up to the cut. Where that leaves too many speakers, as many more as it takes;
/// where it leaves too few, as many as still leave enough, small ones counted in where it must be.
size_t SpeakerClusters::joinsFor(const ClusterOptions& options, double fewest) {
  const auto joins = linkage_.joins();
  sizes_ = counts_;
  const auto isLarge = [fewest](double count) { return count >= fewest; };
  Stage stage{static_cast<int>(counts_.size()),
              static_cast<int>(std::count_if(counts_.begin(), counts_.end(), isLarge))};
  stages_.assign(1, stage);
  size_t wanted = 0;
  for (const AverageLinkage::Join& join : joins) {
    --stage.clusters;
    stage.large -= isLarge(sizes_[join.into]) + isLarge(sizes_[join.from]);
    sizes_[join.into] += std::exchange(sizes_[join.from], 0.0);
    stage.large += isLarge(sizes_[join.into]);
    stages_.push_back(stage);
    if (join.distance <= options.cut && wanted + 2 == stages_.size()) ++wanted;
  }
  while (stages_[wanted].large > options.count.most && wanted + 1 < stages_.size()) ++wanted;
  if (std::max(stages_[wanted].large, 1) >= options.count.least) return wanted;
  for (size_t fewer = wanted + 1; fewer-- > 0;)
    if (stages_[fewer].large >= options.count.least && stages_[fewer].large <= options.count.most)
      return fewer;
  while (wanted > 0 && stages_[wanted].clusters < options.count.least) --wanted;
  return wanted;
}

void SpeakerClusters::keepLarge(const ClusterOptions& options, double fewest) {
  kept_.clear();
  for (size_t i = 0; i < sizes_.size(); ++i)
    if (sizes_[i] > 0) kept_.push_back(static_cast<int>(i));
  const auto large = static_cast<size_t>(
      std::count_if(kept_.begin(), kept_.end(), [&](int cluster) { return sizes_[cluster] >= fewest; }));
  const auto least = static_cast<size_t>(std::max(options.count.least, 1));
  const auto most = static_cast<size_t>(std::max(options.count.most, 1));
  const size_t keep = std::min({std::max(large, least), most, kept_.size()});
  // The largest, and of those as large the first ones, in their old order.
  std::vector<int>& order = kept_;
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return sizes_[a] > sizes_[b]; });
  order.resize(keep);
  std::sort(order.begin(), order.end());
}

}  // namespace npuspeech::diar
