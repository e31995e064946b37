// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of decode_attention_i8.
#include "kernels/decode_attention_i8/decode_attention_i8.h"

#include "kernels/scratch.h"

namespace npuspeech {

DecodeAttentionI8Function decodeAttentionI8Scalar, decodeAttentionI8Avx2, decodeAttentionI8AvxVnni,
    decodeAttentionI8Avx512Vnni, decodeAttentionI8Neon, decodeAttentionI8NeonDot;

namespace {

constexpr Variant<DecodeAttentionI8Function> kVariants[] = {
    {Isa::Scalar, decodeAttentionI8Scalar},
};

}  // namespace

std::span<const Variant<DecodeAttentionI8Function>> decodeAttentionI8Variants() {
  return kVariants;
}

void decodeAttentionI8(const DecodeAttentionI8& attention) {
  static DecodeAttentionI8Function* const best = bestVariant(decodeAttentionI8Variants());
  best(attention, threadScratch(attentionI8ScratchSize(attention.keys)));
}

}  // namespace npuspeech
