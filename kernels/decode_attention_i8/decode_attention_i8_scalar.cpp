// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of decode_attention_i8.
#include <algorithm>
#include <cmath>

#include "kernels/decode_attention_i8/decode_attention_i8.h"

namespace npuspeech {

void decodeAttentionI8Scalar(const DecodeAttentionI8& p, void*) {
  const size_t keys = static_cast<size_t>(p.keys), padded = attentionI8PaddedKeys(p.keys);
  const size_t dim = static_cast<size_t>(p.headDim);
  const AttentionI8Head views = attentionI8Head(p.packed, p.keys, p.headDim);
  int8_t q[128];
  float largest = 0;
  for (size_t d = 0; d < dim; ++d) largest = std::max(largest, std::fabs(p.q[d]));
  const float inverse = largest >= 1e-30f ? 127.0f / largest : 0.0f;
  for (size_t d = 0; d < dim; ++d) q[d] = static_cast<int8_t>(std::nearbyint(p.q[d] * inverse));
  const float scale = inverse > 0 ? largest / 127.0f * p.scale : 0.0f;

  float max = -INFINITY;
  for (size_t j = 0; j < keys; ++j) {
    int32_t dot = 0;
    for (size_t d = 0; d < dim; ++d)
      dot += q[d] * views.keys[j / 16 * 16 * dim + d / 4 * 64 + j % 16 * 4 + d % 4];
    p.weights[j] = static_cast<float>(dot) * (scale * views.scales[j]) + (p.keyBias ? p.keyBias[j] : 0.0f);
    max = std::max(max, p.weights[j]);
  }
  float total = 0;
  for (size_t j = 0; j < keys; ++j) total += p.weights[j] = std::exp(p.weights[j] - max);
  const float unit = std::min(32767.0f, (1048576.0f - static_cast<float>(keys)) / total);
  int32_t sums[128] = {}, sumOfWeights = 0;
  for (size_t j = 0; j < keys; ++j) {
    const int32_t weight = static_cast<int32_t>(std::nearbyint(p.weights[j] * unit));
    sumOfWeights += weight;
    p.weights[j] /= total;
    for (size_t d = 0; d < dim; ++d)
      sums[d] += weight * views.values[d / 16 * 16 * padded + j / 2 * 32 + d % 16 * 2 + j % 2];
  }
  for (size_t d = 0; d < dim; ++d)
    p.out[d] = static_cast<float>(sums[d]) * (views.columnScales[d] / static_cast<float>(sumOfWeights));
}

}  // namespace npuspeech
