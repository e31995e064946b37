// SPDX-License-Identifier: LGPL-2.1-or-later
// Agglomerative clustering by the mean distance between members.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace npuspeech {

/// Joins the two nearest clusters again and again until one is left. An item is a set of unit vectors, known
/// by how many they are and by the dot products of the sets' sums; the distance of two sets is the mean
/// cosine distance of their members, so that items may themselves be clusters and the result is still exact.
/// Not thread-safe. Keeps its working memory from call to call.
class AverageLinkage {
 public:
  /// Cluster `from` becomes part of cluster `into`, which has the smaller number. A cluster has the number of
  /// its first item.
  struct Join {
    int into = 0, from = 0;
    double distance = 0;
  };

  /// Clusters `counts.size()` items. `dots`: [items][items], symmetric, products of the items' sums.
  void run(std::span<const double> dots, std::span<const double> counts);
  /// The joins in order; their distances do not decrease, but for rounding.
  std::span<const Join> joins() const { return joins_; }

 private:
  double distance(size_t a, size_t b) const;
  void findNearest(size_t item);
  void join(size_t into, size_t from);

  size_t items_ = 0;
  std::vector<double> dots_, counts_, nearestDistance_;
  std::vector<size_t> nearest_;
  std::vector<char> isThere_;
  std::vector<Join> joins_;
};

}  // namespace npuspeech
