// SPDX-License-Identifier: LGPL-2.1-or-later
// layer_norm_f32 for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/layer_norm_f32/layer_norm_f32_body.h"

namespace npuspeech {

void layerNormF32Avx2(const LayerNormF32& p) {
  layerNorm(p);
}

}  // namespace npuspeech
