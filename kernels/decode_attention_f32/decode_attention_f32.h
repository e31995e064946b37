// SPDX-License-Identifier: LGPL-2.1-or-later
// Attention of one query on a cache of keys and values, for one head, as in the decoder. Memory bounds its
// speed.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/variant.h"

namespace npuspeech {

/// For one head: weights_j = softmax_j(scale * q . k_j + keyBias_j); out = sum_j weights_j v_j. headDim is a
/// multiple of 16, at most 128. Nothing is allocated. Error bound: 1e-5 relative to the largest |v|.
struct DecodeAttentionF32 {
  const float* q = nullptr;         // [headDim]
  const float* k = nullptr;         // [keys][headDim], row stride kStride
  const float* v = nullptr;         // [keys][headDim], row stride vStride
  size_t kStride = 0, vStride = 0;  // floats from row to row
  const float* keyBias = nullptr;   // [keys], or null
  float* weights = nullptr;         // [keys] out: the weight of each key; also the kernel's working memory
  float* out = nullptr;             // [headDim]
  float scale = 1;
  int headDim = 64, keys = 0;
};

using DecodeAttentionF32Function = void(const DecodeAttentionF32&);
std::span<const Variant<DecodeAttentionF32Function>> decodeAttentionF32Variants();
void decodeAttentionF32(const DecodeAttentionF32& attention);

}  // namespace npuspeech
