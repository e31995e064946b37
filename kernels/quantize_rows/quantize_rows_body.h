// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of quantize_rows, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage keeps
// its instructions out of other object files.
#pragma once

#include "kernels/layer_norm_f32/layer_norm_f32_body.h"
#include "kernels/quantize_rows/quantize_rows.h"

namespace npuspeech {
namespace {

/// Computes how a row is quantised from its extremes, with the same arithmetic as the scalar body.
struct RowQuantizer {
  float scale, inverse;
  int32_t zeroPoint;
};
inline RowQuantizer rowQuantizer(float low, float high) {
  const float extent = high - low;
  const bool empty = !(extent >= 1e-30f);
  const float inverse = empty ? 0.0f : 255.0f / extent;
  return {empty ? 0.0f : extent / 255.0f, inverse, static_cast<int32_t>(nearbyintf(-low * inverse))};
}

void quantize(const QuantizeRows& p, float* scratch) {
  const int whole = p.columns / kLanes * kLanes, rest = p.columns - whole;
  for (int row = 0; row < p.rows; ++row) {
    const float* in = p.in + static_cast<size_t>(row) * p.inStride;
    uint8_t* out = p.out + static_cast<size_t>(row) * p.outStride;
    if (p.gamma) {
      layerNorm({in, p.inStride, p.gamma, p.beta, scratch, 0, 1, p.columns});
      in = scratch;
    }
    F32 low0 = loadFirst(in + whole, rest), low1 = low0, high0 = low0, high1 = low0;
    low0 = min(low0, broadcast(0));
    high0 = max(high0, broadcast(0));
    int c = 0;
    for (; c + 2 * kLanes <= whole; c += 2 * kLanes) {
      const F32 x0 = load(in + c), x1 = load(in + c + kLanes);
      low0 = min(low0, x0);
      low1 = min(low1, x1);
      high0 = max(high0, x0);
      high1 = max(high1, x1);
    }
    for (; c < whole; c += kLanes) {
      low0 = min(low0, load(in + c));
      high0 = max(high0, load(in + c));
    }
    const RowQuantizer q = rowQuantizer(-maxOf(broadcast(0) - min(low0, low1)), maxOf(max(high0, high1)));
    p.scales[row] = {q.scale, q.zeroPoint};

    const F32 inverse = broadcast(q.inverse);
    const I32 zeroPoint = broadcastInt(q.zeroPoint);
    for (c = 0; c < whole; c += kLanes) storeBytes(out + c, add(toInt(load(in + c) * inverse), zeroPoint));
    if (rest > 0) {
      uint8_t bytes[kLanes];
      storeBytes(bytes, add(toInt(loadFirst(in + c, rest) * inverse), zeroPoint));
      for (int i = 0; i < (rest + 3) / 4 * 4; ++i) out[c + i] = i < rest ? bytes[i] : uint8_t{0};
    }
  }
}

}  // namespace
}  // namespace npuspeech
