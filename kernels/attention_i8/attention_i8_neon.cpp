// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_i8 for AArch64.
#include "kernels/simd/dot_neon.h"

#include "kernels/attention_i8/attention_i8_body.h"

namespace npuspeech {

extern const AttentionI8Kernel kAttentionI8Neon;
const AttentionI8Kernel kAttentionI8Neon = {pack, run};

}  // namespace npuspeech
