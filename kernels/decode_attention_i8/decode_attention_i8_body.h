// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of decode_attention_i8: attention_i8's for a tile of one query. Internal linkage keeps its
// instructions out of other object files.
#pragma once

#include "kernels/attention_i8/attention_i8_body.h"
#include "kernels/decode_attention_i8/decode_attention_i8.h"

namespace npuspeech {
namespace {

inline void decode(const DecodeAttentionI8& p) {
  const float max = attendTile<1>(attentionI8Head(p.packed, p.keys, p.headDim), p.keyBias, p.keys, p.headDim,
                                  p.scale, p.q, 0, 1, p.out, 0, p.weights);
  if (!p.weights) return;
  const int whole = p.keys / kLanes * kLanes, rest = p.keys - whole;
  const F32 offset = broadcast(max);
  F32 last = broadcast(0), sum = last;
  if (rest > 0) sum = last = exp2(loadFirst(p.weights + whole, rest, -INFINITY) - offset);
  for (int j = 0; j < whole; j += kLanes) {
    const F32 e = exp2(load(p.weights + j) - offset);
    store(p.weights + j, e);
    sum = sum + e;
  }
  const F32 inverse = broadcast(1.0f / sumOf(sum));
  for (int j = 0; j < whole; j += kLanes) store(p.weights + j, load(p.weights + j) * inverse);
  if (rest > 0) storeFirst(p.weights + whole, last * inverse, rest);
}

}  // namespace
}  // namespace npuspeech
