// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_i8 for AArch64 with dot products.
#include "kernels/simd/dot_neon.h"

#include "kernels/attention_i8/attention_i8_body.h"

namespace npuspeech {

extern const AttentionI8Kernel kAttentionI8NeonDot;
const AttentionI8Kernel kAttentionI8NeonDot = {pack, run};

}  // namespace npuspeech
