// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of decode_attention_f32.
#include <algorithm>
#include <cmath>

#include "kernels/decode_attention_f32/decode_attention_f32.h"

namespace npuspeech {

void decodeAttentionF32Scalar(const DecodeAttentionF32& p) {
  const size_t dim = static_cast<size_t>(p.headDim), keys = static_cast<size_t>(p.keys);
  float max = -INFINITY;
  for (size_t j = 0; j < keys; ++j) {
    double dot = 0;
    for (size_t d = 0; d < dim; ++d)
      dot += static_cast<double>(p.q[d]) * static_cast<double>(p.k[j * p.kStride + d]);
    p.weights[j] = p.scale * static_cast<float>(dot) + (p.keyBias ? p.keyBias[j] : 0.0f);
    max = std::max(max, p.weights[j]);
  }
  double total = 0;
  for (size_t j = 0; j < keys; ++j) {
    p.weights[j] = std::exp(p.weights[j] - max);
    total += static_cast<double>(p.weights[j]);
  }
  for (size_t j = 0; j < keys; ++j)
    p.weights[j] = static_cast<float>(static_cast<double>(p.weights[j]) / total);
  for (size_t d = 0; d < dim; ++d) {
    double sum = 0;
    for (size_t j = 0; j < keys; ++j)
      sum += static_cast<double>(p.weights[j]) * static_cast<double>(p.v[j * p.vStride + d]);
    p.out[d] = static_cast<float>(sum);
  }
}

}  // namespace npuspeech
