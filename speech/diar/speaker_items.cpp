// SPDX-License-Identifier: LGPL-2.1-or-later
// The voices that were heard so far, in bounded memory.
#include "speech/diar/speaker_items.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace npuspeech::diar {

SpeakerItems::SpeakerItems(int capacity)
    : capacity_(capacity),
      items_(static_cast<size_t>(capacity) + kLocalSpeakers),
      dots_(items_.size() * items_.size()) {
  order_.reserve(items_.size());
  free_.reserve(items_.size());
  clear();
}

void SpeakerItems::clear() {
  order_.clear();
  free_.resize(items_.size());
  std::iota(free_.rbegin(), free_.rend(), size_t{0});
}

void SpeakerItems::add(std::span<const float> embedding, double cleanFrames, double speechShare) {
  const size_t place = free_.back();
  free_.pop_back();
  Item& item = items_[place];
  std::copy(embedding.begin(), embedding.end(), item.sum.begin());
  item.count = 1;
  item.cleanFrames = cleanFrames;
  item.speechShares = speechShare;
  item.id = -1;
  order_.push_back(place);
  for (const size_t other : order_) {
    const auto& sum = items_[other].sum;
    dotOf(place, other) = dotOf(other, place) =
        std::inner_product(sum.begin(), sum.end(), item.sum.begin(), 0.0);
  }
}

void SpeakerItems::limit() {
  while (size() > capacity_) {
    size_t first = 0, second = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i + 1 < static_cast<size_t>(capacity_) / 2; ++i) {
      for (size_t j = i + 1; j < static_cast<size_t>(capacity_) / 2; ++j) {
        const size_t a = order_[i], b = order_[j];
        const double distance = 1 - dotOf(a, b) / (items_[a].count * items_[b].count);
        if (distance >= least) continue;
        least = distance;
        first = i;
        second = j;
      }
    }
    join(order_[first], order_[second]);
    free_.push_back(order_[second]);
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(second));
  }
}

void SpeakerItems::join(size_t into, size_t from) {
  Item& item = items_[into];
  const Item& other = items_[from];
  if (other.cleanFrames > item.cleanFrames) item.id = other.id;
  for (size_t i = 0; i < item.sum.size(); ++i) item.sum[i] += other.sum[i];
  item.count += other.count;
  item.cleanFrames += other.cleanFrames;
  item.speechShares += other.speechShares;
  const double own = dotOf(into, into) + 2 * dotOf(into, from) + dotOf(from, from);
  for (const size_t place : order_) dotOf(place, into) = dotOf(into, place) += dotOf(from, place);
  dotOf(into, into) = own;
}

void SpeakerItems::dots(std::vector<double>& out) const {
  out.clear();
  for (const size_t a : order_)
    for (const size_t b : order_) out.push_back(dotOf(a, b));
}

double SpeakerItems::total() const {
  double count = 0;
  for (const size_t place : order_) count += items_[place].count;
  return count;
}

}  // namespace npuspeech::diar
