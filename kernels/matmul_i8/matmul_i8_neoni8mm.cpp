// SPDX-License-Identifier: LGPL-2.1-or-later
// matmul_i8 for AArch64 with 8-bit matrix multiply.
#include "kernels/simd/mmla_neon.h"

#include "kernels/matmul_i8/matmul_i8_body.h"

namespace npuspeech {

MatmulI8Function matmulI8NeonDot;

void matmulI8NeonI8mm(const MatmulI8& p, void* scratch) {
  // A row alone would leave half of every product unused.
  if (p.rows == 1) return matmulI8NeonDot(p, scratch);
  matmul(p, static_cast<unsigned char*>(scratch));
}

}  // namespace npuspeech
