// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/moments.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace npuspeech {

Moments rectified(const Moments& x) {
  Moments result = x;
  for (size_t c = 0; c < x.mean.size(); ++c) {
    const double mean = static_cast<double>(x.mean[c]), variance = static_cast<double>(x.variance[c]);
    const double deviation = std::sqrt(std::max(variance, 1e-30)), position = mean / deviation;
    const double above = std::erfc(-position / std::numbers::sqrt2) / 2;  // the part of x above 0
    const double density = std::exp(-position * position / 2) / std::sqrt(2 * std::numbers::pi);
    const double first = mean * above + deviation * density;
    const double second = (mean * mean + variance) * above + mean * deviation * density;
    result.mean[c] = static_cast<float>(first);
    result.variance[c] = static_cast<float>(std::max(second - first * first, 0.0));
  }
  return result;
}

Moments sum(const Moments& a, const Moments& b) {
  Moments result = a;
  for (size_t c = 0; c < a.mean.size(); ++c) {
    result.mean[c] += b.mean[c];
    result.variance[c] += b.variance[c];
  }
  return result;
}

}  // namespace npuspeech
