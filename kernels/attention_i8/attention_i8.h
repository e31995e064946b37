// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_f32 in integers: queries, keys and values of 8 bits, and probabilities of 7 bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned.h"
#include "kernels/attention_f32/attention_f32.h"
#include "kernels/variant.h"

namespace npuspeech {

/// The number of keys in a block. Blocks are processed one after the other, so that a block's scores stay in
/// L1.
inline constexpr int kAttentionI8Block = 256;

/// The packed keys and values of one head, in this order, each part 64-byte aligned; np is keys rounded up to
/// 32:
/// - int8 keys [np / 16][headDim / 4][16][4]: round(k / scale), scale = max |k| of the key / 127; 0 past the
/// end
/// - float scales [np]: of each key; 0 past the end
/// - int32 offsets [np]: -128 * sum of the key's values, which undoes an offset of the queries
/// - int8 values, blocks of [headDim / 16][block keys / 4][16][4], the last one as long as np leaves it:
///   round(v / scale), scale = max |v| of the column in the block / 127
/// - float valueScales [blocks][headDim]
/// decode_attention_i8 reads the same form, so that cross attention packs once per window.
constexpr size_t attentionI8PaddedKeys(int keys) {
  return static_cast<size_t>((keys + 31) / 32) * 32;
}
/// The size in bytes of the packed keys and values of one head.
constexpr size_t attentionI8PackedSize(int keys, int headDim) {
  const size_t padded = attentionI8PaddedKeys(keys), dim = static_cast<size_t>(headDim);
  const size_t blocks = (padded + kAttentionI8Block - 1) / kAttentionI8Block;
  return padded * (2 * dim + 8) + blocks * dim * 4;
}
/// The parts of a head's packed memory, as described above.
struct AttentionI8Head {
  int8_t* keys;
  float* scales;
  int32_t* offsets;
  int8_t* values;
  float* valueScales;
};
/// Returns the parts of packed memory. Only `pack` may write to them.
AttentionI8Head attentionI8Head(const void* packed, int keys, int headDim);

/// The weight of a block's largest score. With the rounding of kAttentionI8Dither none exceeds 127, so that
/// weights are signed and unsigned bytes alike.
inline constexpr float kAttentionI8Unit = 126;

/// What is added to the weight of each key of a block before it is rounded, between -0.5 and 0.5: the
/// multiples of the golden ratio, less what is whole, so that neighbours differ as much as they can (Roberts,
/// "The Unreasonable Effectiveness of Quasirandom Sequences", 2018). Rounded to the nearest, many small
/// weights would all become 0, and with them the part of the result that they make together. Like this, of
/// keys with a weight of 0.2, each fifth gets a weight of 1, and keys that follow each other have much alike
/// values.
extern const std::array<float, kAttentionI8Block> kAttentionI8Dither;

/// A body of the kernel. Queries are quantised per row in the same way as keys, and their integer dot product
/// is exact. The softmax is in float32: the weight of key j of a block is
/// round(kAttentionI8Unit * exp(score - the largest score of the block) + kAttentionI8Dither[j]), and sums
/// over a block are exact. Sums of blocks are added in float32, and divided by the sum of the weights. Bodies
/// agree within 4e-3 of the norm of the result: where exp() differs in its last bits a single weight may be
/// rounded otherwise. The distance to attention_f32 is about 1 % of the norm of the result on a model's own
/// data.
struct AttentionI8Kernel {
  /// Packs head `head` of p.k and p.v into attentionI8PackedSize() bytes, 64-byte aligned. All bodies give
  /// the same bytes. p.q and p.out are not used.
  void (*pack)(const AttentionF32& p, int head, void* packed);
  /// Computes head `head` for the queries [firstQuery, firstQuery + queryCount) from packed keys and values.
  /// p.k and p.v are not used.
  void (*run)(const AttentionF32& p, int head, int firstQuery, int queryCount, const void* packed);
};
/// A body, and the instruction set that it needs.
struct AttentionI8Variant {
  Isa isa;
  AttentionI8Kernel kernel;
};
/// All bodies, best first.
std::span<const AttentionI8Variant> attentionI8Variants();

/// Packs with the best body that is enabled.
void packAttentionI8(const AttentionF32& p, int head, void* packed);

/// Memory that attentionI8() reuses from call to call. It grows to the largest problem seen. Each caller has
/// its own.
struct AttentionI8Scratch {
  AlignedVector<unsigned char> packed;
};

/// Computes all heads on the pool's threads with `body`; null stands for the best body that is enabled. The
/// operands are those of attentionF32().
void attentionI8(ThreadPool& pool, const AttentionF32& attention, AttentionI8Scratch& scratch,
                 const AttentionI8Kernel* body = nullptr);

}  // namespace npuspeech
