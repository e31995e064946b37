// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of decode_attention_f32, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage
// keeps its instructions out of other object files.
#pragma once

#include <math.h>

#include "kernels/decode_attention_f32/decode_attention_f32.h"
#include "kernels/simd/math.h"

namespace npuspeech {
namespace {

/// Computes out = sum over keys of weights * v, for kVectors vectors of columns, which stay in registers.
template <int kVectors>
void weightedSum(const DecodeAttentionF32& p, int column) {
  F32 even[kVectors], odd[kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kVectors; ++i) even[i] = odd[i] = broadcast(0);
  const float* v = p.v + column;
  int j = 0;
  for (; j + 2 <= p.keys; j += 2, v += 2 * p.vStride) {
    const F32 w0 = broadcast(p.weights[j]), w1 = broadcast(p.weights[j + 1]);
#pragma GCC unroll 8
    for (int i = 0; i < kVectors; ++i) {
      even[i] = fma(w0, load(v + i * kLanes), even[i]);
      odd[i] = fma(w1, load(v + p.vStride + i * kLanes), odd[i]);
    }
  }
  if (j < p.keys)
#pragma GCC unroll 8
    for (int i = 0; i < kVectors; ++i) even[i] = fma(broadcast(p.weights[j]), load(v + i * kLanes), even[i]);
#pragma GCC unroll 8
  for (int i = 0; i < kVectors; ++i) store(p.out + column + i * kLanes, even[i] + odd[i]);
}

void decodeAttention(const DecodeAttentionF32& p) {
  // Scores in units of log 2, so that the exponential needs no further scaling.
  const float scale = p.scale * kLog2E;
  float maxScore = -INFINITY;
  const float* k = p.k;
  for (int j = 0; j < p.keys; ++j, k += p.kStride) {
    F32 dot0 = broadcast(0), dot1 = dot0;
    for (int d = 0; d < p.headDim; d += 16) {
#pragma GCC unroll 4
      for (int i = 0; i < 16; i += 2 * kLanes) {
        dot0 = fma(load(p.q + d + i), load(k + d + i), dot0);
        if constexpr (kLanes < 16) dot1 = fma(load(p.q + d + i + kLanes), load(k + d + i + kLanes), dot1);
      }
    }
    float score = scale * sumOf(dot0 + dot1);
    if (p.keyBias) score += p.keyBias[j] * kLog2E;
    p.weights[j] = score;
    maxScore = score > maxScore ? score : maxScore;
  }

  const int whole = p.keys / kLanes * kLanes, rest = p.keys - whole;
  F32 sum = broadcast(0);
  for (int j = 0; j < whole; j += kLanes) {
    const F32 e = exp2(load(p.weights + j) - broadcast(maxScore));
    store(p.weights + j, e);
    sum = sum + e;
  }
  if (rest > 0) {
    const F32 e = exp2(loadFirst(p.weights + whole, rest, -INFINITY) - broadcast(maxScore));
    storeFirst(p.weights + whole, e, rest);
    sum = sum + e;
  }
  const F32 inverse = broadcast(1.0f / sumOf(sum));
  for (int j = 0; j < whole; j += kLanes) store(p.weights + j, load(p.weights + j) * inverse);
  if (rest > 0) storeFirst(p.weights + whole, loadFirst(p.weights + whole, rest) * inverse, rest);

  int d = 0;
  for (; d + 4 * kLanes <= p.headDim; d += 4 * kLanes) weightedSum<4>(p, d);
  for (; d < p.headDim; d += kLanes) weightedSum<1>(p, d);
}

}  // namespace
}  // namespace npuspeech
