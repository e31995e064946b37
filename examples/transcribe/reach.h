// SPDX-License-Identifier: LGPL-2.1-or-later
// How far a stream came, by its timestamps.
#pragma once

#include <cstdint>

/// Single frames far from those around them have timestamps that are damaged, and do not count.
class Reach {
 public:
  /// An unknown end, which is negative, counts as if the frame before were as long.
  void add(int64_t startNs, int64_t endNs);
  int64_t endNs() const { return endNs_; }
  /// How much is missing in between.
  int64_t gapsNs() const { return gapsNs_; }

 private:
  int64_t lastNs_ = 0, endNs_ = 0, gapsNs_ = 0;
};
