// SPDX-License-Identifier: LGPL-2.1-or-later
// Attention of one query on keys and values packed by attention_i8, for one head, as in the decoder's cross
// attention.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/attention_i8/attention_i8.h"
#include "kernels/variant.h"

namespace npuspeech {

/// Computes what decode_attention_f32 does from packed integers, and reads two bytes where that one reads
/// eight. Arithmetic and accuracy are those of attention_i8. headDim is a multiple of 16, at most 128.
/// Nothing is allocated.
struct DecodeAttentionI8 {
  const float* q = nullptr;        // [headDim]
  const void* packed = nullptr;    // one head, packed by packAttentionI8()
  const float* keyBias = nullptr;  // [keys], or null
  float* weights = nullptr;        // [keys] out: the weight of each key before rounding; or null
  float* out = nullptr;            // [headDim]
  float scale = 1;
  int headDim = 64, keys = 0;
};

using DecodeAttentionI8Function = void(const DecodeAttentionI8&);
std::span<const Variant<DecodeAttentionI8Function>> decodeAttentionI8Variants();
/// Computes on the calling thread with the best body that is enabled.
void decodeAttentionI8(const DecodeAttentionI8& attention);

}  // namespace npuspeech
