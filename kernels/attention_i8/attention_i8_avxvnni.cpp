// SPDX-License-Identifier: LGPL-2.1-or-later
// attention_i8 for AVX-VNNI.
#include "kernels/simd/dot_avxvnni.h"

#include "kernels/attention_i8/attention_i8_body.h"

namespace npuspeech {

extern const AttentionI8Kernel kAttentionI8AvxVnni;
const AttentionI8Kernel kAttentionI8AvxVnni = {pack, run};

}  // namespace npuspeech
