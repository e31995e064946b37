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

size_t keyAt(size_t key, size_t d, size_t dim) {
  return key / 16 * 16 * dim + d / 4 * 64 + key % 16 * 4 + d % 4;
}

size_t valueAt(size_t key, size_t d, size_t dim, size_t padded) {
  const size_t first = key / kAttentionI8Block * kAttentionI8Block;
  const size_t count = std::min<size_t>(kAttentionI8Block, padded - first);
  return first * dim + d / 16 * 16 * count + (key - first) / 4 * 64 + d % 16 * 4 + key % 4;
}

void pack(const AttentionF32& p, int head, void* packed) {
  const size_t keys = static_cast<size_t>(p.keys), padded = attentionI8PaddedKeys(p.keys);
  const size_t dim = static_cast<size_t>(p.headDim), column = static_cast<size_t>(head) * dim;
  const AttentionI8Head out = attentionI8Head(packed, p.keys, p.headDim);
  for (size_t j = 0; j < padded; ++j) {
    int8_t row[128] = {};
    out.scales[j] = j < keys ? quantize(p.k + j * p.kStride + column, 1, dim, 127, row) : 0.0f;
    out.offsets[j] = 0;
    for (size_t d = 0; d < dim; ++d) {
      out.offsets[j] -= 128 * row[d];
      out.keys[keyAt(j, d, dim)] = row[d];
    }
  }
  for (size_t first = 0; first < padded; first += kAttentionI8Block)
    for (size_t d = 0; d < dim; ++d) {
      const size_t count = std::min<size_t>(kAttentionI8Block, padded - first);
      int8_t values[kAttentionI8Block] = {};
      out.valueScales[first / kAttentionI8Block * dim + d] = quantize(
          p.v + first * p.vStride + column + d, p.vStride, std::min(count, keys - first), 127, values);
      for (size_t j = 0; j < count; ++j) out.values[valueAt(first + j, d, dim, padded)] = values[j];
    }
}

void run(const AttentionF32& p, int head, int firstQuery, int queryCount, const void* packed) {
  const size_t keys = static_cast<size_t>(p.keys), padded = attentionI8PaddedKeys(p.keys);
  const size_t dim = static_cast<size_t>(p.headDim), column = static_cast<size_t>(head) * dim;
  const AttentionI8Head in = attentionI8Head(packed, p.keys, p.headDim);
  for (size_t i = static_cast<size_t>(firstQuery); i < static_cast<size_t>(firstQuery + queryCount); ++i) {
    int8_t q[128];
    const float scale = quantize(p.q + i * p.qStride + column, 1, dim, 127, q) * p.scale;
    float max = -INFINITY, total = 0, out[128] = {};
    for (size_t first = 0; first < keys; first += kAttentionI8Block) {
      const size_t count = std::min<size_t>(kAttentionI8Block, keys - first);
      float scores[kAttentionI8Block], before = max, own = -INFINITY;
      for (size_t j = 0; j < count; ++j) {
        int32_t dot = 0;
        for (size_t d = 0; d < dim; ++d) dot += q[d] * in.keys[keyAt(first + j, d, dim)];
        scores[j] = static_cast<float>(dot) * in.scales[first + j] * scale +
                    (p.keyBias ? p.keyBias[first + j] : 0.0f);
        own = std::max(own, scores[j]);
      }
      if (own == -INFINITY) continue;
      max = std::max(max, own);
      const float down = std::exp(before - max), up = std::exp(own - max);
      int32_t sums[128] = {}, sum = 0;
      for (size_t j = 0; j < count; ++j) {
        const auto weight = static_cast<int32_t>(
            std::nearbyint(kAttentionI8Unit * std::exp(scores[j] - own) + kAttentionI8Dither[j]));
        sum += weight;
        for (size_t d = 0; d < dim; ++d) sums[d] += weight * in.values[valueAt(first + j, d, dim, padded)];
      }
      total = total * down + static_cast<float>(sum) * up;
      const float* const scales = in.valueScales + first / kAttentionI8Block * dim;
      for (size_t d = 0; d < dim; ++d) out[d] = out[d] * down + static_cast<float>(sums[d]) * scales[d] * up;
    }
    for (size_t d = 0; d < dim; ++d) p.out[i * p.outStride + column + d] = out[d] / total;
  }
}

}  // namespace

AttentionI8Head attentionI8Head(const void* packed, int keys, int headDim) {
  const size_t padded = attentionI8PaddedKeys(keys), dim = static_cast<size_t>(headDim);
  auto* start = static_cast<unsigned char*>(const_cast<void*>(packed));
  unsigned char* scales = start + padded * dim;
  unsigned char* values = scales + padded * 8;
  return {reinterpret_cast<int8_t*>(start), reinterpret_cast<float*>(scales),
          reinterpret_cast<int32_t*>(scales + padded * 4), reinterpret_cast<int8_t*>(values),
          reinterpret_cast<float*>(values + padded * dim)};
}

extern const AttentionI8Kernel kAttentionI8Scalar;
const AttentionI8Kernel kAttentionI8Scalar = {pack, run};

}  // namespace npuspeech
