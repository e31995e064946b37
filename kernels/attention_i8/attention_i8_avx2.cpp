// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_i8 for AVX2.
#include "kernels/simd/dot_avx2.h"

#include "kernels/attention_i8/attention_i8_body.h"

namespace npuspeech {

extern const AttentionI8Kernel kAttentionI8Avx2;
const AttentionI8Kernel kAttentionI8Avx2 = {pack, run};

}  // namespace npuspeech
