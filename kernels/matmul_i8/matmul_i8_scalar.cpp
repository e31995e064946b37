// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of matmul_i8 and its packed layout.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/matmul_i8/matmul_i8.h"

namespace npuspeech {
namespace {

constexpr size_t roundUp(int value, int unit) {
  return static_cast<size_t>((value + unit - 1) / unit * unit);
}

/// One quad of a column, of which `left` values are there, or none where `from` is null.
void packQuad(const int8_t* from, int left, int8_t* to) {
  for (int i = 0; i < kMatmulI8Quad; ++i)
    to[i] = from && i < left ? std::max<int8_t>(from[i], -127) : int8_t{0};
}

/// To the nearest whole number, halves to even, for |x| up to 2^22: behind the addition no bits are left for
/// the fraction. The compiler makes vector code of it, which it does not of std::nearbyint.
float roundToWhole(float x) {
  constexpr float kWholeOnly = 0x1.8p23f;
  return (x + kWholeOnly) - kWholeOnly;
}

}  // namespace

MatmulI8Weights matmulI8Weights(const void* packed, int columns, int depth) {
  const size_t padded = roundUp(columns, kMatmulI8Panel);
  const auto* values = static_cast<const int8_t*>(packed);
  const int8_t* scales = values + padded * roundUp(depth, kMatmulI8Quad);
  return {values, reinterpret_cast<const float*>(scales),
          reinterpret_cast<const int32_t*>(scales + padded * sizeof(float)), columns, depth};
}

void packMatmulI8(const int8_t* weights, const float* scales, int columns, int depth, void* packed) {
  const MatmulI8Weights views = matmulI8Weights(packed, columns, depth);
  auto* values = const_cast<int8_t*>(views.values);
  auto* outScales = const_cast<float*>(views.scales);
  auto* sums = const_cast<int32_t*>(views.sums);
  const size_t size = static_cast<size_t>(depth);
  for (int first = 0; first < columns; first += kMatmulI8Panel)
    for (int d = 0; d < depth; d += kMatmulI8Quad)
      for (int c = first; c < first + kMatmulI8Panel; ++c, values += kMatmulI8Quad)
        packQuad(c < columns ? weights + static_cast<size_t>(c) * size + static_cast<size_t>(d) : nullptr,
                 depth - d, values);
  for (int c = 0; c < static_cast<int>(roundUp(columns, kMatmulI8Panel)); ++c) {
    int sum = 0;
    if (c < columns)
      for (int d = 0; d < depth; ++d)
        sum += std::max<int8_t>(weights[static_cast<size_t>(c) * size + static_cast<size_t>(d)], -127);
    outScales[c] = c < columns ? scales[c] : 0.0f;
    // Two signed halves, as pairwise products of 16 bits take them: low + 128 * high.
    sums[c] = static_cast<int32_t>(static_cast<uint32_t>(sum & 127) | static_cast<uint32_t>(sum >> 7) << 16);
  }
}

void packMatmulI8(const float* weights, int columns, int depth, void* packed) {
  const size_t size = static_cast<size_t>(depth);
  std::vector<int8_t> values(static_cast<size_t>(columns) * size);
  std::vector<float> scales(static_cast<size_t>(columns));
  for (size_t c = 0; c < scales.size(); ++c) {
    float largest = 0;
    for (size_t d = 0; d < size; ++d) largest = std::max(largest, std::fabs(weights[c * size + d]));
    scales[c] = largest / 127.0f;
    const float inverse = largest >= 1e-30f ? 127.0f / largest : 0.0f;
    for (size_t d = 0; d < size; ++d)
      values[c * size + d] = static_cast<int8_t>(roundToWhole(weights[c * size + d] * inverse));
  }
  packMatmulI8(values.data(), scales.data(), columns, depth, packed);
}

void matmulI8Scalar(const MatmulI8& p, void*) {
  const MatmulI8Weights& w = p.weights;
  const size_t panelSize = roundUp(w.depth, kMatmulI8Quad) * kMatmulI8Panel;
  for (size_t r = 0; r < static_cast<size_t>(p.rows); ++r) {
    const uint8_t* a = p.a + r * p.aStride;
    for (size_t c = 0; c < static_cast<size_t>(w.columns); ++c) {
      const int8_t* column = w.values + c / kMatmulI8Panel * panelSize + c % kMatmulI8Panel * kMatmulI8Quad;
      int32_t sum = 0;
      for (size_t d = 0; d < static_cast<size_t>(w.depth); ++d)
        sum += (a[d] - p.rowScales[r].zeroPoint) *
               column[d / kMatmulI8Quad * kMatmulI8Panel * kMatmulI8Quad + d % kMatmulI8Quad];
      float x = static_cast<float>(sum) * (p.rowScales[r].scale * w.scales[c]);
      if (p.bias) x += p.bias[c];
      if (p.activation == Activation::Gelu) x = 0.5f * x * (1.0f + std::erf(x * 0.70710678f));
      if (p.residual) x += p.residual[r * p.residualStride + c];
      p.out[r * p.outStride + c] = x;
    }
  }
}

}  // namespace npuspeech
