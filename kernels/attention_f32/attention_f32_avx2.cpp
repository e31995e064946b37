// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_f32 for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/attention_f32/attention_f32_body.h"

namespace npuspeech {

extern const AttentionF32Kernel kAttentionF32Avx2;
const AttentionF32Kernel kAttentionF32Avx2 = {packedSize, pack, run};

}  // namespace npuspeech
