// SPDX-License-Identifier: LGPL-2.1-or-later
// matmul_f32 for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/matmul_f32/matmul_f32_body.h"

namespace npuspeech {

void matmulF32Avx2(const MatmulF32& p, float* scratch) {
  matmul(p, scratch);
}

}  // namespace npuspeech
