// SPDX-License-Identifier: LGPL-2.1-or-later
// matmul_i8 for AVX512-VNNI.
#include "kernels/simd/dot_avx512vnni.h"

#include "kernels/matmul_i8/matmul_i8_body.h"

namespace npuspeech {

void matmulI8Avx512Vnni(const MatmulI8& p, void* scratch) {
  matmul(p, static_cast<unsigned char*>(scratch));
}

}  // namespace npuspeech
