// SPDX-License-Identifier: LGPL-2.1-or-later
// decode_attention_i8 for AArch64 with dot products.
#include "kernels/simd/dot_neon.h"

#include "kernels/decode_attention_i8/decode_attention_i8_body.h"

namespace npuspeech {

void decodeAttentionI8NeonDot(const DecodeAttentionI8& p) {
  decode(p);
}

}  // namespace npuspeech
