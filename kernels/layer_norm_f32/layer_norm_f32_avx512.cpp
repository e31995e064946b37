// SPDX-License-Identifier: LGPL-2.1-or-later
// layer_norm_f32 for AVX-512.
#include "kernels/simd/avx512.h"

#include "kernels/layer_norm_f32/layer_norm_f32_body.h"

namespace npuspeech {

void layerNormF32Avx512(const LayerNormF32& p) {
  layerNorm(p);
}

}  // namespace npuspeech
