// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of rectify_rows.
#include <algorithm>
#include <cmath>

#include "kernels/rectify_rows/rectify_rows.h"

namespace npuspeech {

void rectifyRowsScalar(const RectifyRows& p, float* scratch) {
  const size_t columns = static_cast<size_t>(p.columns);
  for (size_t r = 0; r < static_cast<size_t>(p.rows); ++r) {
    const float* in = p.in + r * p.inStride;
    float* const y = p.out ? p.out + r * p.outStride : scratch;
    float high = 0;
    for (size_t c = 0; c < columns; ++c) {
      const float x = p.factors ? std::fma(in[c], p.factors[c], p.offsets[c]) : in[c];
      y[c] = x > 0 ? x : 0;
      high = std::max(high, y[c]);
    }
    if (!p.values) continue;
    const bool empty = !(high >= 1e-30f);
    const float inverse = empty ? 0.0f : 255.0f / high;
    p.scales[r] = {empty ? 0.0f : high / 255.0f, 0};
    uint8_t* const values = p.values + r * p.valuesStride;
    for (size_t c = 0; c < columns; ++c)
      values[c] = static_cast<uint8_t>(std::min(static_cast<int>(std::nearbyint(y[c] * inverse)), 255));
    for (size_t c = columns; c % 4 != 0; ++c) values[c] = 0;
  }
}

}  // namespace npuspeech
