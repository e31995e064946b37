// SPDX-License-Identifier: LGPL-2.1-or-later
// Attention of one query on keys and values packed by attention_i8, one head: the decoder's cross attention.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/attention_i8/attention_i8.h"
#include "kernels/variant.h"

namespace npuspeech {

/// decode_attention_f32 on packed integers, two bytes of memory where that one reads eight: the arithmetic
/// and the accuracy are attention_i8's. headDim is a multiple of 16, at most 128. Nothing is allocated.
struct DecodeAttentionI8 {
  const float* q = nullptr;        // [headDim]
  const void* packed = nullptr;    // of packAttentionI8
  const float* keyBias = nullptr;  // [keys], or null
  float* weights = nullptr;        // [keys] out: what each key counted, before rounding; or null
  float* out = nullptr;            // [headDim]
  float scale = 1;
  int headDim = 64, keys = 0;
};

using DecodeAttentionI8Function = void(const DecodeAttentionI8&);
std::span<const Variant<DecodeAttentionI8Function>> decodeAttentionI8Variants();
/// On the calling thread.
void decodeAttentionI8(const DecodeAttentionI8& attention);

}  // namespace npuspeech
