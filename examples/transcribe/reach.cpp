// SPDX-License-Identifier: LGPL-2.1-or-later
// How far a stream came, by its timestamps.
#include "reach.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace {
// Frames of one stream are closer to each other.
constexpr int64_t kNearNs = 10'000'000'000;
// Timestamps jitter by less.
constexpr int64_t kGapNs = 100'000'000;
}  // namespace

void Reach::add(int64_t startNs, int64_t endNs) {
  const int64_t lastNs = std::exchange(lastNs_, startNs);
  if (endNs < 0) endNs = startNs + std::clamp<int64_t>(startNs - lastNs, 0, kNearNs);
  if (startNs > endNs_ + kNearNs && std::abs(startNs - lastNs) >= kNearNs) return;
  if (endNs_ > 0 && startNs > endNs_ + kGapNs) gapsNs_ += startNs - endNs_;
  endNs_ = std::max(endNs_, endNs);
}
