// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of decode_attention_i8.
#include <algorithm>
#include <cmath>

#include "kernels/decode_attention_i8/decode_attention_i8.h"

namespace npuspeech {

extern const AttentionI8Kernel kAttentionI8Scalar;

void decodeAttentionI8Scalar(const DecodeAttentionI8& p) {
  AttentionF32 attention;
  attention.q = p.q;
  attention.keyBias = p.keyBias;
  attention.out = p.out;
  attention.scale = p.scale;
  attention.heads = attention.queries = 1;
  attention.headDim = p.headDim;
  attention.keys = p.keys;
  kAttentionI8Scalar.run(attention, 0, 0, 1, p.packed);
  if (!p.weights) return;

  const size_t keys = static_cast<size_t>(p.keys), dim = static_cast<size_t>(p.headDim);
  const AttentionI8Head head = attentionI8Head(p.packed, p.keys, p.headDim);
  float largest = 0, max = -INFINITY;
  for (size_t d = 0; d < dim; ++d) largest = std::max(largest, std::fabs(p.q[d]));
  const float inverse = largest >= 1e-30f ? 127.0f / largest : 0.0f;
  const float scale = inverse > 0 ? largest / 127.0f * p.scale : 0.0f;
  for (size_t j = 0; j < keys; ++j) {
    int32_t dot = 0;
    for (size_t d = 0; d < dim; ++d)
      dot += static_cast<int32_t>(std::nearbyint(p.q[d] * inverse)) *
             head.keys[j / 16 * 16 * dim + d / 4 * 64 + j % 16 * 4 + d % 4];
    p.weights[j] = static_cast<float>(dot) * head.scales[j] * scale + (p.keyBias ? p.keyBias[j] : 0.0f);
    max = std::max(max, p.weights[j]);
  }
  float total = 0;
  for (size_t j = 0; j < keys; ++j) total += p.weights[j] = std::exp(p.weights[j] - max);
  for (size_t j = 0; j < keys; ++j) p.weights[j] /= total;
}

}  // namespace npuspeech
