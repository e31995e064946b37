// SPDX-License-Identifier: LGPL-2.1-or-later
// decode_attention_f32 for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/decode_attention_f32/decode_attention_f32_body.h"

namespace npuspeech {

void decodeAttentionF32Avx2(const DecodeAttentionF32& p) {
  decodeAttention(p);
}

}  // namespace npuspeech
