// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of attention_f32. It reads K and V where they are: nothing is packed.
#include <algorithm>
#include <cmath>

#include "kernels/attention_f32/attention_f32.h"

namespace npuspeech {
namespace {

size_t packedSize(int, int) {
  return 0;
}

void pack(const AttentionF32&, int, float*) {}

void run(const AttentionF32& p, int head, int firstQuery, int queryCount, const float*, float* scratch) {
  const size_t dim = static_cast<size_t>(p.headDim), keys = static_cast<size_t>(p.keys);
  const size_t column = static_cast<size_t>(head) * dim;
  float* weights = scratch;  // [keys]
  for (int i = firstQuery; i < firstQuery + queryCount; ++i) {
    const float* q = p.q + static_cast<size_t>(i) * p.qStride + column;
    float* out = p.out + static_cast<size_t>(i) * p.outStride + column;
    float max = -INFINITY;
    for (size_t j = 0; j < keys; ++j) {
      const float* k = p.k + j * p.kStride + column;
      double dot = 0;
      for (size_t d = 0; d < dim; ++d) dot += static_cast<double>(q[d]) * static_cast<double>(k[d]);
      weights[j] = p.scale * static_cast<float>(dot) + (p.keyBias ? p.keyBias[j] : 0.0f);
      max = std::max(max, weights[j]);
    }
    double total = 0;
    for (size_t j = 0; j < keys; ++j) {
      weights[j] = std::exp(weights[j] - max);
      total += static_cast<double>(weights[j]);
    }
    for (size_t d = 0; d < dim; ++d) {
      double sum = 0;
      for (size_t j = 0; j < keys; ++j)
        sum += static_cast<double>(weights[j]) * static_cast<double>(p.v[j * p.vStride + column + d]);
      out[d] = static_cast<float>(sum / total);
    }
  }
}

}  // namespace

extern const AttentionF32Kernel kAttentionF32Scalar;
const AttentionF32Kernel kAttentionF32Scalar = {packedSize, pack, run};

}  // namespace npuspeech
