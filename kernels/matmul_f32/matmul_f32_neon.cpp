// SPDX-License-Identifier: LGPL-2.1-or-later
// matmul_f32 for AArch64.
#include "kernels/simd/neon.h"

#include "kernels/matmul_f32/matmul_f32_body.h"

namespace npuspeech {

void matmulF32Neon(const MatmulF32& p, float* scratch) {
  matmul(p, scratch);
}

}  // namespace npuspeech
