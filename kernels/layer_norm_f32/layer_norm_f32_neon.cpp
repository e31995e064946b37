// SPDX-License-Identifier: LGPL-2.1-or-later
// layer_norm_f32 for AArch64.
#include "kernels/simd/neon.h"

#include "kernels/layer_norm_f32/layer_norm_f32_body.h"

namespace npuspeech {

void layerNormF32Neon(const LayerNormF32& p) {
  layerNorm(p);
}

}  // namespace npuspeech
