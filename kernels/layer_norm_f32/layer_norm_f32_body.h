// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of layer_norm_f32, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage keeps
// its instructions out of other object files.
#pragma once

#include <math.h>

#include "kernels/layer_norm_f32/layer_norm_f32.h"

namespace npuspeech {
namespace {

void layerNorm(const LayerNormF32& p) {
  const int whole = p.columns / kLanes * kLanes, rest = p.columns - whole;
  const float count = static_cast<float>(p.columns);
  for (int row = 0; row < p.rows; ++row) {
    const float* in = p.in + static_cast<size_t>(row) * p.inStride;
    float* out = p.out + static_cast<size_t>(row) * p.outStride;

    F32 sum0 = loadFirst(in + whole, rest), sum1 = broadcast(0);
    int c = 0;
    for (; c + 2 * kLanes <= whole; c += 2 * kLanes) {
      sum0 = sum0 + load(in + c);
      sum1 = sum1 + load(in + c + kLanes);
    }
    for (; c < whole; c += kLanes) sum0 = sum0 + load(in + c);
    const float meanOfRow = sumOf(sum0 + sum1) / count;
    const F32 mean = broadcast(meanOfRow);

    // Around the mean, not as a difference of squares: a row may lie far from zero.
    F32 d = loadFirst(in + whole, rest, meanOfRow) - mean;
    F32 squares0 = d * d, squares1 = broadcast(0);
    for (c = 0; c + 2 * kLanes <= whole; c += 2 * kLanes) {
      d = load(in + c) - mean;
      squares0 = fma(d, d, squares0);
      d = load(in + c + kLanes) - mean;
      squares1 = fma(d, d, squares1);
    }
    for (; c < whole; c += kLanes) {
      d = load(in + c) - mean;
      squares0 = fma(d, d, squares0);
    }
    const F32 scale = broadcast(1.0f / sqrtf(sumOf(squares0 + squares1) / count + 1e-5f));

    for (c = 0; c < whole; c += kLanes)
      store(out + c, fma((load(in + c) - mean) * scale, load(p.gamma + c), load(p.beta + c)));
    if (rest > 0)
      storeFirst(out + c,
                 fma((loadFirst(in + c, rest) - mean) * scale, loadFirst(p.gamma + c, rest),
                     loadFirst(p.beta + c, rest)),
                 rest);
  }
}

}  // namespace
}  // namespace npuspeech
