// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of decode_attention_i8.
#include "kernels/decode_attention_i8/decode_attention_i8.h"

namespace npuspeech {

DecodeAttentionI8Function decodeAttentionI8Scalar, decodeAttentionI8Avx2, decodeAttentionI8AvxVnni,
    decodeAttentionI8Avx512Vnni, decodeAttentionI8Neon, decodeAttentionI8NeonDot;

namespace {

constexpr Variant<DecodeAttentionI8Function> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512Vnni, decodeAttentionI8Avx512Vnni},
    {Isa::AvxVnni, decodeAttentionI8AvxVnni},
    {Isa::Avx2, decodeAttentionI8Avx2},
#elif defined(__aarch64__)
    {Isa::NeonDot, decodeAttentionI8NeonDot},
    {Isa::Neon, decodeAttentionI8Neon},
#endif
    {Isa::Scalar, decodeAttentionI8Scalar},
};

}  // namespace

std::span<const Variant<DecodeAttentionI8Function>> decodeAttentionI8Variants() {
  return kVariants;
}

void decodeAttentionI8(const DecodeAttentionI8& attention) {
  static DecodeAttentionI8Function* const best = bestVariant(decodeAttentionI8Variants());
  best(attention);
}

}  // namespace npuspeech
