// SPDX-License-Identifier: LGPL-2.1-or-later
// The voices that were heard so far, in bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "speech/diar/window_geometry.h"

namespace npuspeech::diar {

/// Sets of embeddings that belong together. A new embedding is an item of its own; once there are too many,
/// the two most alike of the older half become one. Sums and counts are all that average linkage needs, so
/// that clusters of items are what clusters of their members would be. Not thread-safe. Allocates in the
/// constructor only.
class SpeakerItems {
 public:
  struct Item {
    /// Of unit embeddings.
    std::array<double, kEmbedding> sum{};
    /// How many embeddings, and from how many frames of clean speech.
    double count = 0, cleanFrames = 0;
    /// The sum of the shares of speech in what the embeddings are of.
    double speechShares = 0;
    /// The speaker's id, or -1 while nobody has one.
    int id = -1;
  };

  explicit SpeakerItems(int capacity);
  void clear();
  /// `embedding`: of length 1, kEmbedding numbers. There may be room for kLocalSpeakers beyond the capacity.
  void add(std::span<const float> embedding, double cleanFrames, double speechShare = 1);
  /// Joins items until no more than the capacity are left. The one with more clean speech gives the id.
  void limit();

  int size() const { return static_cast<int>(order_.size()); }
  /// The items from the oldest to the newest.
  const Item& operator[](int index) const { return items_[order_[index]]; }
  void setId(int index, int id) { items_[order_[index]].id = id; }
  /// Writes [size][size], the dot products of all sums.
  void dots(std::vector<double>& out) const;
  /// The sum of all counts.
  double total() const;

 private:
  double& dotOf(size_t a, size_t b) { return dots_[a * items_.size() + b]; }
  double dotOf(size_t a, size_t b) const { return dots_[a * items_.size() + b]; }
  void join(size_t into, size_t from);

  int capacity_;
  std::vector<Item> items_;    // places, of which order_ tells those in use
  std::vector<double> dots_;   // [places][places]
  std::vector<size_t> order_;  // from the oldest item to the newest
  std::vector<size_t> free_;   // places that are not in use
};

}  // namespace npuspeech::diar
