// SPDX-License-Identifier: LGPL-2.1-or-later
// matmul_i8 for AArch64 with dot products.
#include "kernels/simd/dot_neon.h"

#include "kernels/matmul_i8/matmul_i8_body.h"

namespace npuspeech {

void matmulI8NeonDot(const MatmulI8& p, void* scratch) {
  matmul(p, static_cast<unsigned char*>(scratch));
}

}  // namespace npuspeech
