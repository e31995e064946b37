// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of rectify_rows, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage keeps
// its instructions out of other object files.
#pragma once

#include "kernels/rectify_rows/rectify_rows.h"

namespace npuspeech {
namespace {

/// Writes the rectified row to `y` and returns its largest value.
template <bool kScaled>
float rectifyRow(const RectifyRows& p, const float* in, float* y) {
  const int columns = p.columns, whole = columns / kLanes * kLanes, rest = columns - whole;
  const F32 zero = broadcast(0);
  F32 high0 = zero, high1 = zero;
  const auto take = [&](int c) {
    F32 x = load(in + c);
    if constexpr (kScaled) x = fma(x, load(p.factors + c), load(p.offsets + c));
    x = max(x, zero);
    store(y + c, x);
    return x;
  };
  int c = 0;
  for (; c + 2 * kLanes <= whole; c += 2 * kLanes) {
    high0 = max(high0, take(c));
    high1 = max(high1, take(c + kLanes));
  }
  for (; c < whole; c += kLanes) high0 = max(high0, take(c));
  if (rest > 0) {
    F32 x = loadFirst(in + c, rest);
    if constexpr (kScaled) x = fma(x, loadFirst(p.factors + c, rest), loadFirst(p.offsets + c, rest));
    x = max(x, zero);
    storeFirst(y + c, x, rest);
    high1 = max(high1, x);
  }
  return maxOf(max(high0, high1));
}

void rectify(const RectifyRows& p, float* scratch) {
  const int whole = p.columns / kLanes * kLanes, rest = p.columns - whole;
  for (int row = 0; row < p.rows; ++row) {
    const size_t r = static_cast<size_t>(row);
    const float* in = p.in + r * p.inStride;
    float* const y = p.out ? p.out + r * p.outStride : scratch;
    const float high = p.factors ? rectifyRow<true>(p, in, y) : rectifyRow<false>(p, in, y);
    if (!p.values) continue;
    const bool empty = !(high >= 1e-30f);
    p.scales[r] = {empty ? 0.0f : high / 255.0f, 0};
    const F32 inverse = broadcast(empty ? 0.0f : 255.0f / high);
    uint8_t* const values = p.values + r * p.valuesStride;
    for (int c = 0; c < whole; c += kLanes) storeBytes(values + c, toInt(load(y + c) * inverse));
    if (rest > 0) {
      uint8_t bytes[kLanes];
      storeBytes(bytes, toInt(loadFirst(y + whole, rest) * inverse));
      for (int i = 0; i < (rest + 3) / 4 * 4; ++i) values[whole + i] = i < rest ? bytes[i] : uint8_t{0};
    }
  }
}

}  // namespace
}  // namespace npuspeech
