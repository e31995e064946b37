// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of decode_attention_f32.
#include "kernels/decode_attention_f32/decode_attention_f32.h"

namespace npuspeech {

DecodeAttentionF32Function decodeAttentionF32Scalar, decodeAttentionF32Avx2, decodeAttentionF32Avx512,
    decodeAttentionF32Neon;

namespace {

constexpr Variant<DecodeAttentionF32Function> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, decodeAttentionF32Avx512},
    {Isa::Avx2, decodeAttentionF32Avx2},
#elif defined(__aarch64__)
    {Isa::Neon, decodeAttentionF32Neon},
#endif
    {Isa::Scalar, decodeAttentionF32Scalar},
};

}  // namespace

std::span<const Variant<DecodeAttentionF32Function>> decodeAttentionF32Variants() {
  return kVariants;
}

void decodeAttentionF32(const DecodeAttentionF32& attention) {
  static DecodeAttentionF32Function* const best = bestVariant(decodeAttentionF32Variants());
  best(attention);
}

}  // namespace npuspeech
