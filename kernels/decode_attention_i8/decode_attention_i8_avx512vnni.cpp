// SPDX-License-Identifier: LGPL-2.1-or-later
// decode_attention_i8 for AVX512-VNNI.
#include "kernels/simd/dot_avx512vnni.h"

#include "kernels/decode_attention_i8/decode_attention_i8_body.h"

namespace npuspeech {

void decodeAttentionI8Avx512Vnni(const DecodeAttentionI8& p) {
  decode(p);
}

}  // namespace npuspeech
