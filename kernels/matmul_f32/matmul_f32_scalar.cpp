// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of matmul_f32 and its packed layout.
#include <cmath>

#include "kernels/matmul_f32/matmul_f32.h"

namespace npuspeech {

void packMatmulF32(const float* weights, int columns, int depth, float* packed) {
  const size_t depthSize = static_cast<size_t>(depth);
  for (int first = 0; first < columns; first += kMatmulF32Panel)
    for (size_t d = 0; d < depthSize; ++d)
      for (int c = first; c < first + kMatmulF32Panel; ++c)
        *packed++ = c < columns ? weights[static_cast<size_t>(c) * depthSize + d] : 0.0f;
}

void matmulF32Scalar(const MatmulF32& p, float*) {
  for (int row = 0; row < p.rows; ++row) {
    const size_t r = static_cast<size_t>(row);
    const float* a = p.a + r * p.aStride;
    for (int first = 0; first < p.columns; first += kMatmulF32Panel) {
      const float* w = p.weights + static_cast<size_t>(first) * static_cast<size_t>(p.depth);
      double sums[kMatmulF32Panel] = {};
      for (int d = 0; d < p.depth; ++d, w += kMatmulF32Panel)
        for (int c = 0; c < kMatmulF32Panel; ++c)
          sums[c] += static_cast<double>(a[d]) * static_cast<double>(w[c]);
      for (int c = 0; c < kMatmulF32Panel && first + c < p.columns; ++c) {
        const size_t column = static_cast<size_t>(first + c);
        double x = sums[c] + (p.bias ? static_cast<double>(p.bias[column]) : 0.0);
        if (p.activation == Activation::Gelu) x = 0.5 * x * (1.0 + std::erf(x * 0.70710678118654752440));
        if (p.residual) x += static_cast<double>(p.residual[r * p.residualStride + column]);
        p.out[r * p.outStride + column] = static_cast<float>(x);
      }
    }
  }
}

}  // namespace npuspeech
