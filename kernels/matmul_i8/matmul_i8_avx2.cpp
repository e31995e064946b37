// SPDX-License-Identifier: LGPL-2.1-or-later
// matmul_i8 for AVX2.
#include "kernels/simd/dot_avx2.h"

#include "kernels/matmul_i8/matmul_i8_body.h"

namespace npuspeech {

void matmulI8Avx2(const MatmulI8& p, void* scratch) {
  matmul(p, static_cast<unsigned char*>(scratch));
}

}  // namespace npuspeech
