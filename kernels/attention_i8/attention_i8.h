// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_f32 in integers: 8-bit queries and keys, 16-bit probabilities, 12-bit values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned.h"
#include "kernels/attention_f32/attention_f32.h"
#include "kernels/variant.h"

namespace npuspeech {

/// The packed keys and values of one head, in this order, each part 64-byte aligned; np is keys rounded up to
/// 32:
///   int8   keys      [np / 16][headDim / 4][16][4]   round(k / scale), scale = max |k| of the key / 127; 0
///   past the end float  scales    [np]                            of each key int32  offsets   [np] -128 *
///   sum of the key's values: undoes the queries' offset int16  values    [headDim / 16][np / 2][16][2]
///   round(v / scale), scale = max |v| of the column / 2047 float  columnScales [headDim]
/// decode_attention_i8 reads the same form, so that cross attention packs once per window.
constexpr size_t attentionI8PaddedKeys(int keys) {
  return static_cast<size_t>((keys + 31) / 32) * 32;
}
constexpr size_t attentionI8PackedSize(int keys, int headDim) {
  const size_t padded = attentionI8PaddedKeys(keys), dim = static_cast<size_t>(headDim);
  return padded * dim * 3 + padded * 8 + dim * 4;
}
struct AttentionI8Head {
  const int8_t* keys;
  const float* scales;
  const int32_t* offsets;
  const int16_t* values;
  const float* columnScales;
};
AttentionI8Head attentionI8Head(const void* packed, int keys, int headDim);
/// Packs head `head` of p.k and p.v into attentionI8PackedSize bytes, 64-byte aligned. p.q and p.out are not
/// used.
void packAttentionI8(const AttentionF32& p, int head, void* packed);

/// Computes what attention_f32 does for head `head` and the queries [firstQuery, firstQuery + queryCount),
/// from the head's packed K and V; p.k and p.v are not read. Queries are quantised per row as keys are; the
/// integer dot product is exact; the softmax is float32; probabilities are rounded to S times themselves, S
/// such that neither one of them passes 32767 nor their sum 2^20 (so that sums with 12-bit values stay exact
/// in 32 bits) and normalised by the sum of what they were rounded to. Variants agree within 1e-3 of the
/// largest |v| of the column; the distance to attention_f32 is that of int8 scores: about 1 % of the norm of
/// the result on a model's own data.
using AttentionI8Function = void(const AttentionF32& p, int head, int firstQuery, int queryCount,
                                 const void* packed, void* scratch);
std::span<const Variant<AttentionI8Function>> attentionI8Variants();

/// Bytes of scratch that one thread needs, aligned to 64.
constexpr size_t attentionI8ScratchSize(int keys) {
  return static_cast<size_t>((keys + 255) / 256 * 256) * 14 * 6;
}

/// Memory that attentionI8 reuses from call to call; grows to the largest problem seen. One per caller.
struct AttentionI8Scratch {
  AlignedVector<unsigned char> packed;
};

/// All heads, split over the pool's threads. The contract of the operands is that of attentionF32.
void attentionI8(ThreadPool& pool, const AttentionF32& attention, AttentionI8Scratch& scratch);

}  // namespace npuspeech
