// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of attention_i8 and its packed form.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/attention_i8/attention_i8.h"

namespace npuspeech {
namespace {

/// Rounds `count` floats to scale * [-limit, limit], `stride` apart; returns the scale.
template <class Int>
float quantize(const float* x, size_t stride, size_t count, float limit, Int* out) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(x[i * stride]));
  const float inverse = largest >= 1e-30f ? limit / largest : 0.0f;
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<Int>(std::nearbyint(x[i * stride] * inverse));
  return inverse > 0 ? largest / limit : 0.0f;
}

}  // namespace

AttentionI8Head attentionI8Head(const void* packed, int keys, int headDim) {
  const size_t padded = attentionI8PaddedKeys(keys), dim = static_cast<size_t>(headDim);
  const auto* start = static_cast<const unsigned char*>(packed);
  const auto* scales = start + padded * dim;
  const auto* values = scales + padded * 8;
  return {reinterpret_cast<const int8_t*>(start), reinterpret_cast<const float*>(scales),
          reinterpret_cast<const int32_t*>(scales + padded * 4), reinterpret_cast<const int16_t*>(values),
          reinterpret_cast<const float*>(values + padded * dim * 2)};
}

void packAttentionI8(const AttentionF32& p, int head, void* packed) {
  const size_t keys = static_cast<size_t>(p.keys), padded = attentionI8PaddedKeys(p.keys);
  const size_t dim = static_cast<size_t>(p.headDim), column = static_cast<size_t>(head) * dim;
  const AttentionI8Head views = attentionI8Head(packed, p.keys, p.headDim);
  auto* outKeys = const_cast<int8_t*>(views.keys);
  auto* scales = const_cast<float*>(views.scales);
  auto* offsets = const_cast<int32_t*>(views.offsets);
  auto* values = const_cast<int16_t*>(views.values);
  auto* columnScales = const_cast<float*>(views.columnScales);

  int8_t row[128];
  for (size_t j = 0; j < padded; ++j) {
    std::fill_n(row, dim, int8_t{0});
    scales[j] = j < keys ? quantize(p.k + j * p.kStride + column, 1, dim, 127, row) : 0.0f;
    int sum = 0;
    for (size_t d = 0; d < dim; ++d) {
      sum += row[d];
      outKeys[j / 16 * 16 * dim + d / 4 * 64 + j % 16 * 4 + d % 4] = row[d];
    }
    offsets[j] = -128 * sum;
  }

  // Row by row, not column by column: a column of V touches a cache line per key.
  float inverse[128];
  std::fill_n(columnScales, dim, 0.0f);
  for (size_t j = 0; j < keys; ++j)
    for (size_t d = 0; d < dim; ++d)
      columnScales[d] = std::max(columnScales[d], std::fabs(p.v[j * p.vStride + column + d]));
  for (size_t d = 0; d < dim; ++d) {
    inverse[d] = columnScales[d] >= 1e-30f ? 2047.0f / columnScales[d] : 0.0f;
    columnScales[d] = inverse[d] > 0 ? columnScales[d] / 2047.0f : 0.0f;
  }
  for (size_t j = 0; j < padded; ++j)
    for (size_t d = 0; d < dim; ++d)
      values[d / 16 * 16 * padded + j / 2 * 32 + d % 16 * 2 + j % 2] =
          j < keys ? static_cast<int16_t>(std::nearbyint(p.v[j * p.vStride + column + d] * inverse[d]))
                   : int16_t{0};
}

void attentionI8Scalar(const AttentionF32& p, int head, int firstQuery, int queryCount, const void* packed,
                       void* scratch) {
  const size_t keys = static_cast<size_t>(p.keys), padded = attentionI8PaddedKeys(p.keys);
  const size_t dim = static_cast<size_t>(p.headDim), column = static_cast<size_t>(head) * dim;
  const AttentionI8Head views = attentionI8Head(packed, p.keys, p.headDim);
  auto* weights = static_cast<float*>(scratch);  // [keys]
  for (size_t i = static_cast<size_t>(firstQuery); i < static_cast<size_t>(firstQuery + queryCount); ++i) {
    int8_t q[128];
    const float scale = quantize(p.q + i * p.qStride + column, 1, dim, 127, q) * p.scale;
    float max = -INFINITY;
    for (size_t j = 0; j < keys; ++j) {
      int32_t dot = 0;
      for (size_t d = 0; d < dim; ++d)
        dot += q[d] * views.keys[j / 16 * 16 * dim + d / 4 * 64 + j % 16 * 4 + d % 4];
      weights[j] = static_cast<float>(dot) * (scale * views.scales[j]) + (p.keyBias ? p.keyBias[j] : 0.0f);
      max = std::max(max, weights[j]);
    }
    float total = 0;
    for (size_t j = 0; j < keys; ++j) total += weights[j] = std::exp(weights[j] - max);
    const float unit = std::min(32767.0f, (1048576.0f - static_cast<float>(keys)) / total);
    int32_t sumOfWeights = 0;
    for (size_t j = 0; j < keys; ++j) {
      weights[j] = std::nearbyint(weights[j] * unit);
      sumOfWeights += static_cast<int32_t>(weights[j]);
    }
    for (size_t d = 0; d < dim; ++d) {
      int32_t sum = 0;
      for (size_t j = 0; j < keys; ++j)
        sum += static_cast<int32_t>(weights[j]) *
               views.values[d / 16 * 16 * padded + j / 2 * 32 + d % 16 * 2 + j % 2];
      p.out[i * p.outStride + column + d] =
          static_cast<float>(sum) * (views.columnScales[d] / static_cast<float>(sumOfWeights));
    }
  }
}

}  // namespace npuspeech
