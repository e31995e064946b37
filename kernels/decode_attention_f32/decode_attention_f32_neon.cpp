// SPDX-License-Identifier: LGPL-2.1-or-later
// decode_attention_f32 for AArch64.
#include "kernels/simd/neon.h"

#include "kernels/decode_attention_f32/decode_attention_f32_body.h"

namespace npuspeech {

void decodeAttentionF32Neon(const DecodeAttentionF32& p) {
  decodeAttention(p);
}

}  // namespace npuspeech
