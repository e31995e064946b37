// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_f32 for AArch64.
#include "kernels/simd/neon.h"

#include "kernels/attention_f32/attention_f32_body.h"

namespace npuspeech {

extern const AttentionF32Kernel kAttentionF32Neon;
const AttentionF32Kernel kAttentionF32Neon = {packedSize, pack, run};

}  // namespace npuspeech
