// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/sinc_filters.h"

#include <algorithm>
#include <cmath>

namespace npuspeech {

AlignedVector<float> makeSincFilters(const SincBands& bands) {
  constexpr double kLeastHz = 50, kMostHz = 8000;
  const size_t count = bands.lowHz.size(), half = bands.window.size(), taps = 2 * half + 1;
  AlignedVector<float> filters(2 * count * taps);
  for (size_t k = 0; k < count; ++k) {
    const double low = kLeastHz + std::fabs(static_cast<double>(bands.lowHz[k]));
    const double high =
        std::clamp(low + kLeastHz + std::fabs(static_cast<double>(bands.bandHz[k])), kLeastHz, kMostHz);
    const double width = high - low;
    float *even = filters.data() + k * taps, *odd = filters.data() + (count + k) * taps;
    even[half] = 1;
    odd[half] = 0;
    for (size_t t = 0; t < half; ++t) {
      const double time = static_cast<double>(bands.times[t]);
      const double factor = static_cast<double>(bands.window[t]) / (time / 2) / (2 * width);
      even[t] = even[taps - 1 - t] =
          static_cast<float>((std::sin(high * time) - std::sin(low * time)) * factor);
      odd[t] = static_cast<float>((std::cos(low * time) - std::cos(high * time)) * factor);
      odd[taps - 1 - t] = -odd[t];
    }
  }
  return filters;
}

}  // namespace npuspeech
