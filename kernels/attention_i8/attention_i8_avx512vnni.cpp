// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_i8 for AVX512-VNNI.
#include "kernels/simd/dot_avx512vnni.h"

#include "kernels/attention_i8/attention_i8_body.h"

namespace npuspeech {

extern const AttentionI8Kernel kAttentionI8Avx512Vnni;
const AttentionI8Kernel kAttentionI8Avx512Vnni = {pack, run};

}  // namespace npuspeech
