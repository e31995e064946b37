// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of layer_norm_f32.
#include <cmath>

#include "kernels/layer_norm_f32/layer_norm_f32.h"

namespace npuspeech {

void layerNormF32Scalar(const LayerNormF32& p) {
  for (int row = 0; row < p.rows; ++row) {
    const float* in = p.in + static_cast<size_t>(row) * p.inStride;
    float* out = p.out + static_cast<size_t>(row) * p.outStride;
    double mean = 0, variance = 0;
    for (int c = 0; c < p.columns; ++c) mean += static_cast<double>(in[c]);
    mean /= p.columns;
    for (int c = 0; c < p.columns; ++c)
      variance += (static_cast<double>(in[c]) - mean) * (static_cast<double>(in[c]) - mean);
    variance /= p.columns;
    const double scale = 1.0 / std::sqrt(variance + 1e-5);
    for (int c = 0; c < p.columns; ++c)
      out[c] =
          static_cast<float>((static_cast<double>(in[c]) - mean) * scale * static_cast<double>(p.gamma[c]) +
                             static_cast<double>(p.beta[c]));
  }
}

}  // namespace npuspeech
