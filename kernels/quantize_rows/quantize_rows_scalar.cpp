// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of quantize_rows.
#include <algorithm>
#include <cmath>

#include "kernels/quantize_rows/quantize_rows.h"

namespace npuspeech {

void quantizeRowsScalar(const QuantizeRows& p, float* scratch) {
  const size_t columns = static_cast<size_t>(p.columns);
  for (size_t r = 0; r < static_cast<size_t>(p.rows); ++r) {
    const float* in = p.in + r * p.inStride;
    if (p.gamma) {
      double mean = 0, variance = 0;
      for (size_t c = 0; c < columns; ++c) mean += static_cast<double>(in[c]);
      mean /= p.columns;
      for (size_t c = 0; c < columns; ++c)
        variance += (static_cast<double>(in[c]) - mean) * (static_cast<double>(in[c]) - mean);
      const double scale = 1.0 / std::sqrt(variance / p.columns + 1e-5);
      for (size_t c = 0; c < columns; ++c)
        scratch[c] =
            static_cast<float>((static_cast<double>(in[c]) - mean) * scale * static_cast<double>(p.gamma[c]) +
                               static_cast<double>(p.beta[c]));
      in = scratch;
    }
    float low = 0, high = 0;
    for (size_t c = 0; c < columns; ++c) {
      low = std::min(low, in[c]);
      high = std::max(high, in[c]);
    }
    const float extent = high - low;
    const bool empty = !(extent >= 1e-30f);
    const float inverse = empty ? 0.0f : 255.0f / extent;
    const int zeroPoint = static_cast<int>(std::nearbyint(-low * inverse));
    p.scales[r] = {empty ? 0.0f : extent / 255.0f, zeroPoint};
    uint8_t* out = p.out + r * p.outStride;
    for (size_t c = 0; c < columns; ++c)
      out[c] = static_cast<uint8_t>(
          std::clamp(static_cast<int>(std::nearbyint(in[c] * inverse)) + zeroPoint, 0, 255));
    for (size_t c = columns; c % 4 != 0; ++c) out[c] = 0;
  }
}

}  // namespace npuspeech
