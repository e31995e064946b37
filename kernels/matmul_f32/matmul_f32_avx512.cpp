// SPDX-License-Identifier: LGPL-2.1-or-later
// matmul_f32 for AVX-512.
#include "kernels/simd/avx512.h"

#include "kernels/matmul_f32/matmul_f32_body.h"

namespace npuspeech {

void matmulF32Avx512(const MatmulF32& p, float* scratch) {
  matmul(p, scratch);
}

}  // namespace npuspeech
