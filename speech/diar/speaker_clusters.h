// SPDX-License-Identifier: LGPL-2.1-or-later
// How many speakers there are, and what each one's voice is like.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "speech/diar/average_linkage.h"
#include "speech/diar/speaker_items.h"

namespace npuspeech::diar {

/// What is known of the number of speakers.
struct SpeakerCount {
  /// As many are found at least, once there are as many embeddings, and at most.
  int least = 1, most = 1'000'000;
};

/// How similarity makes a speaker.
struct ClusterOptions {
  /// Clusters whose mean cosine distance is greater are different speakers.
  double cut = 0.62;
  /// Fewer windows are no speaker, unless there are no others.
  int fewestWindows = 2;
  SpeakerCount count;
};

using Centroid = std::array<float, kEmbedding>;

/// The index of the centroid that is the nearest; -1 where there is none.
int nearestCentroid(std::span<const float> unit, std::span<const Centroid> centroids);

/// Finds the speakers among items. Not thread-safe. Keeps its working memory from call to call.
class SpeakerClusters {
 public:
  void find(const SpeakerItems& items, const ClusterOptions& options);
  /// The mean voice of each speaker, of length 1.
  std::span<const Centroid> centroids() const { return centroids_; }
  /// For each item the speaker whose mean voice is the nearest.
  std::span<const int> nearest() const { return nearest_; }

 private:
  size_t joinsFor(const ClusterOptions& options, double fewest);
  void keepLarge(const SpeakerItems& items, const ClusterOptions& options, double fewest);
  bool split(const SpeakerItems& items);

  AverageLinkage linkage_;
  std::vector<double> dots_, counts_, sizes_;
  std::vector<int> clusterOf_, kept_, dropped_, nearest_;
  std::vector<char> inSecond_;
  std::vector<Centroid> centroids_;
};

}  // namespace npuspeech::diar
